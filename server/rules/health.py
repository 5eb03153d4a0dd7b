"""Until when records about people's health are kept: so many days after the last duty that asked for them has ended."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from server.rules.calendar import add_days
from server.rules.duties.windows import DutyRule
from server.rules.rulebook import Rulebook

DAYS = "health_days"


class _AnyKind(Protocol):
    @property
    def health(self) -> bool: ...


def health_kinds(kinds: Mapping[str, _AnyKind]) -> frozenset[str]:
    """The kinds of records that say something of a person's health, contacts or travels."""
    return frozenset(name for name, kind in kinds.items() if kind.health)


def ended_on(duties: Iterable[DutyRule], site_kind: str, health: Collection[str], today: str) -> str | None:
    """The first day on which no duty asks for health data any more at such sites; of all duties, where none ever did. None
    while one does, or will again."""
    here = [rule for rule in duties if site_kind in rule.site_kinds]
    asking = [rule for rule in here if rule.evidence in health] or here
    ends = [rule.valid_to for rule in asking]
    if not ends or any(end is None or end > today for end in ends):
        return None
    return max(end for end in ends if end is not None)


def erased_from(book: Rulebook, today: str) -> dict[str, tuple[str, str]]:
    """The kinds of sites whose duties have ended: on which day, and from which day on their health data is erased. Nothing
    without the rule."""
    try:
        days = round(book.number(DAYS, today))
    except LookupError:
        return {}
    health = health_kinds(book.kinds.kinds)
    kinds = {kind for rule in book.duties for kind in rule.site_kinds}
    ended = {kind: ended_on(book.duties, kind, health, today) for kind in sorted(kinds)}
    return {kind: (end, add_days(end, days)) for kind, end in ended.items() if end is not None}

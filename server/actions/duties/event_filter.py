"""Which new facts duties of events ask by, or are answered by: seen by the few fields that their conditions name, because
every fact of every push is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

import msgspec
from msgspec.structs import astuple

from server.actions.duties.touches import Touch
from server.rules.calendar import local_date_of
from server.rules.duties.conditions import Condition, Surrounding
from server.rules.duties.matching import Fact
from server.rules.duties.windows import DutyRule
from server.rules.rulebook import Rulebook

_Fits = Callable[[str, bytes], bool]  # on a local date, a body
_NOTHING = msgspec.Raw(b"")


class EventFilter:
    """What some duties of events look for. Each condition is tried once for each set of values that it sees."""

    def __init__(self, book: Rulebook, rules: Iterable[DutyRule]) -> None:
        asked: dict[str, set[str]] = {}
        for rule in rules:
            asked.setdefault(rule.evidence, set()).add(rule.mode.when)
            if rule.mode.trigger is not None:
                asked.setdefault(rule.mode.trigger.kind, set()).add(rule.mode.trigger.when)
        self._fits = {kind: self._fits_one(book, kind, texts) for kind, texts in asked.items()}

    @property
    def kinds(self) -> Iterable[str]:
        """The kinds of facts that are looked for."""
        return self._fits.keys()

    def is_met(self, touch: Touch) -> bool:
        """Whether this new fact fits one of the conditions on its kind."""
        assert touch.came is not None and touch.body is not None
        return self._fits[touch.kind](date_of(touch.came), touch.body)

    def _fits_one(self, book: Rulebook, kind: str, texts: set[str]) -> _Fits:
        if "" in texts:
            return lambda _, __: True
        conditions = [found for text in sorted(texts) if (found := book.condition(kind, text)) is not None]
        around = cache(lambda today: surrounding(book, today))
        if any(condition.is_calculated for condition in conditions):
            return lambda today, body: _holds(conditions, body, around(today))
        return _by_values(conditions, around)


def date_of(fact: Fact) -> str:
    """The local date on which conditions are held against a fact."""
    return local_date_of((fact.earliest_ms + fact.latest_ms) // 2)


def surrounding(book: Rulebook, today: str) -> Surrounding:
    """What conditions ask of a local date."""
    return Surrounding(today, cache(lambda code: book.kinds.number(code, today)))


def _by_values(conditions: list[Condition], around: Callable[[str], Surrounding]) -> _Fits:
    names = sorted({name for condition in conditions for name in condition.names})
    members = [f"value_{i}" for i in range(len(names))]
    fields = [(member, msgspec.Raw, _NOTHING) for member in members]
    seen = msgspec.defstruct("Seen", fields, rename=dict(zip(members, names, strict=True)), gc=False)
    decode = msgspec.json.Decoder(seen).decode
    known: dict[tuple[object, ...], bool] = {}

    def fits(today: str, body: bytes) -> bool:
        key = (today, *map(bytes, astuple(decode(body))))
        found = known.get(key)
        if found is None:
            found = known[key] = _holds(conditions, body, around(today))
        return found

    return fits


def _holds(conditions: Iterable[Condition], body: bytes, around: Surrounding) -> bool:
    said = msgspec.json.decode(body)
    return any(condition.holds(said, around) for condition in conditions)

"""Which new facts duties of events ask by, or are answered by: seen by the few fields that their conditions name, because
every fact of every push is asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import cache

import msgspec
from msgspec.structs import astuple

from server.rules.calendar import local_date_of
from server.rules.duties.conditions import Condition, Surrounding
from server.rules.duties.matching import Fact
from server.rules.duties.windows import DutyRule

_Fits = Callable[[str, bytes], bool]  # on a local date, a body
_NOTHING = msgspec.Raw(b"")
_KNOWN_MAX = 4096


class EventFilter:
    """What duties of events look for. Each condition is tried once for each set of values that it sees; `condition` gives
    those on a kind, `number` a threshold of a local date."""

    def __init__(
        self,
        rules: Iterable[DutyRule],
        condition: Callable[[str, str], Condition | None],
        number: Callable[[str, str], float | None],
    ) -> None:
        asked: dict[str, set[str]] = {}
        for rule in rules:
            if rule.mode.trigger is not None:
                asked.setdefault(rule.evidence, set()).add(rule.mode.when)
                asked.setdefault(rule.mode.trigger.kind, set()).add(rule.mode.trigger.when)
        self._condition = condition
        self._around = cache(lambda today: Surrounding(today, cache(lambda code: number(code, today))))
        self._fits = {kind: self._fits_one(kind, texts) for kind, texts in asked.items()}

    @property
    def kinds(self) -> Collection[str]:
        """The kinds of facts that are looked for."""
        return self._fits.keys()

    def around(self, today: str) -> Surrounding:
        """What conditions ask of a local date."""
        return self._around(today)

    def is_met(self, kind: str, fact: Fact, body: bytes) -> bool:
        """Whether this fact fits one of the conditions on its kind."""
        return self._fits[kind](date_of(fact), body)

    def _fits_one(self, kind: str, texts: set[str]) -> _Fits:
        if "" in texts:
            return lambda _, __: True
        conditions = [found for text in sorted(texts) if (found := self._condition(kind, text)) is not None]
        if any(condition.is_calculated for condition in conditions):
            return lambda today, body: _holds(conditions, body, self._around(today))
        return _by_values(conditions, self._around)


def date_of(fact: Fact) -> str:
    """The local date on which conditions are held against a fact."""
    return local_date_of((fact.earliest_ms + fact.latest_ms) // 2)


def _by_values(conditions: list[Condition], around: Callable[[str], Surrounding]) -> _Fits:
    names = sorted({name for condition in conditions for name in condition.names})
    members = [f"value_{i}" for i in range(len(names))]
    fields = [(member, msgspec.Raw, _NOTHING) for member in members]
    seen = msgspec.defstruct("Seen", fields, rename=dict(zip(members, names, strict=True)), gc=False)
    decode = msgspec.json.Decoder(seen).decode
    known: dict[tuple[object, ...], bool] = {}  # of values that come over and over

    def fits(today: str, body: bytes) -> bool:
        key = (today, *map(bytes, astuple(decode(body))))
        found = known.get(key)
        if found is None:
            if len(known) == _KNOWN_MAX:
                known.clear()
            found = known[key] = _holds(conditions, body, around(today))
        return found

    return fits


def _holds(conditions: Iterable[Condition], body: bytes, around: Surrounding) -> bool:
    said = msgspec.json.decode(body)
    return any(condition.holds(said, around) for condition in conditions)

"""Merging an edit into a register, field by field (SPEC: Merge).

No value is ever dropped in silence: where two devices differ, a rule chooses which one shows, both are kept,
and a person decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Rule = Literal["latest", "keep"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who gave a field its value: the record's rev with it, device, number in the device's stream, estimated
    time of the event, entry."""

    rev: int
    device: str
    n: int
    event_ms: int
    entry: str


@dataclass(frozen=True, slots=True)
class Contest:
    """Two values for one field. `kept` shows now; both wait for a person."""

    field: str
    kept: Any
    other: Any
    kept_entry: str
    other_entry: str


@dataclass(frozen=True, slots=True)
class Merged:
    """What an edit came to: the record's fields and their stamps after it, and the outcome's name."""

    state: dict[str, Any]
    stamps: dict[str, Stamp]
    outcome: str
    contested: list[Contest]


def merge(
    state: Mapping[str, Any],
    stamps: Mapping[str, Stamp],
    base: int,
    changes: Mapping[str, Any],
    stamp: Stamp,
    rules: Mapping[str, str],
) -> Merged:
    """An edit, made on version `base`, laid over `state`. Nothing that is passed in changes.

    Field by field, the first that fits:
    1. The device had seen the last value (its stamp's rev ≤ `base`), or nobody wrote one: the edit's value
       is taken.
    2. The last writer is the same device: its entry with the higher `n` is taken, whichever arrived first.
    3. Both values are equal: nothing changes.
    4. Contested. Rule `latest`: the later of (event_ms, entry id) stands; `keep`, and for fields without a
       rule: the server's value is kept. Both are reported.

    Outcome: `contested` if any field is; else `applied` if nobody else's value came after `base`; else
    `merged`.
    """
    merged = Merged(dict(state), dict(stamps), "applied", [])
    for name, value in changes.items():
        last = stamps.get(name)
        if last is None or last.rev <= base:
            _write(merged, name, value, stamp)
        elif last.device == stamp.device:
            if stamp.n > last.n:
                _write(merged, name, value, stamp)
        elif not _same(state.get(name), value):
            _contest(merged, name, value, last, stamp, rules.get(name, "keep"))
    return Merged(merged.state, merged.stamps, _outcome(merged, stamps, base, stamp), merged.contested)


def _write(merged: Merged, name: str, value: Any, stamp: Stamp) -> None:
    merged.state[name] = value
    merged.stamps[name] = stamp


def _contest(merged: Merged, name: str, value: Any, last: Stamp, stamp: Stamp, rule: str) -> None:
    here = merged.state.get(name)
    if rule == "latest" and (stamp.event_ms, stamp.entry) > (last.event_ms, last.entry):
        merged.contested.append(Contest(name, value, here, stamp.entry, last.entry))
        _write(merged, name, value, stamp)
    else:
        merged.contested.append(Contest(name, here, value, last.entry, stamp.entry))


def _outcome(merged: Merged, before: Mapping[str, Stamp], base: int, stamp: Stamp) -> str:
    if merged.contested:
        return "contested"
    others = any(last.rev > base and last.device != stamp.device for last in before.values())
    return "merged" if others else "applied"


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: Python holds True and 1 to be equal."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)

"""What facts came, went or moved: between which instants windows have to be looked at again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from server.actions.duties.weigh_coverage import COVERAGE_KINDS
from server.rules.duties.matching import Fact


class Touch(NamedTuple):
    """Facts of a kind came, went or moved between two instants. `subject`: a worker's or a place's id, or a kind of
    places, None: any.
    `went`: what was there proves nothing any more. `came`: the one new fact that this is all about, `body`: what it says."""

    kind: str
    subject: str | None
    from_ms: int
    to_ms: int
    went: bool = False
    came: Fact | None = None
    body: bytes | None = None


def merged(touches: Iterable[Touch]) -> list[Touch]:
    """Touches of one kind and place as one stretch of time: a push of many facts looks at few windows. Whom a pass or a
    reading is about makes no difference: coverage asks of everybody."""
    found: dict[tuple[str, str | None, bool], Touch] = {}
    for touch in touches:
        subject = None if touch.kind in COVERAGE_KINDS else touch.subject
        key = (touch.kind, subject, touch.went)
        known = found.get(key, touch)
        first, last = min(known.from_ms, touch.from_ms), max(known.to_ms, touch.to_ms)
        found[key] = Touch(touch.kind, subject, first, last, touch.went)
    return list(found.values())

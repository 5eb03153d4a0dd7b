"""What facts came, went or moved: between which instants windows have to be looked at again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

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


def merged(touches: Iterable[Touch], of_people: bool = False) -> list[Touch]:
    """Touches of one kind and place as one stretch of time: a push of many facts looks at few windows. Whom a pass or a
    reading is about makes no difference (`of_people`): coverage asks of everybody."""
    found: dict[tuple[str, str | None, bool], list[int]] = {}
    for kind, subject, from_ms, to_ms, went, _, _ in touches:
        span = found.setdefault((kind, None if of_people else subject, went), [from_ms, to_ms])
        if from_ms < span[0]:
            span[0] = from_ms
        if to_ms > span[1]:
            span[1] = to_ms
    return [
        Touch(kind, subject, from_ms, to_ms, went)
        for (kind, subject, went), (from_ms, to_ms) in found.items()
    ]

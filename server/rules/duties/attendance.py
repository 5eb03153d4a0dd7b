"""Coverage that follows each fact. An Attendance is what the facts of one worker say about the windows of a day; a Tally is
how many people are what in one window, and gives its evidence.

An Attendance is joined fact by fact, in any order, and joining a fact twice is joining it once. A fact that went cannot be
taken out: what is left is then joined again from nothing. It answers as `coverage.weigh` does, which looks at all facts of
all people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from server.rules.duties.coverage import (
    AT_THE_GATE,
    MEASURED_BY,
    Pass,
    Reading,
    Span,
    how_measured,
    is_enough,
    is_of_day,
    when,
)
from server.rules.duties.judge import EVIDENCE_KEPT, TIME_UNCERTAIN, Evidence

# What one person is in one window. The names are those of Present and Measured; `HELD`: a pass is kept.
SURELY, MAYBE, TIMELY, LATE, BACKFILLED, UNCERTAIN, KEPT, HELD = (1 << i for i in range(8))
_MEASURED = {"timely": TIMELY, "late": LATE, "backfilled": BACKFILLED, "uncertain": UNCERTAIN, "kept": KEPT}
_CERTAIN = TIMELY | LATE | BACKFILLED
_STAYS = _CERTAIN | UNCERTAIN | KEPT | HELD
# What facts have shown so far. Each of the first four pairs is for `surely` and for `maybe`: seen that day, seen in the
# window; the same by readings at the gate, which prove nothing about somebody who was sent out.
_SEEN = (1 << 8, 1 << 9)
_SEEN_IN = (1 << 10, 1 << 11)
_GATE = (1 << 12, 1 << 13)
_GATE_IN = (1 << 14, 1 << 15)
_OUT = (1 << 16, 1 << 17)  # an `out` that speaks against `surely`, and one that speaks against `maybe`

# Five numbers a window: the bits above; then for `surely` and for `maybe` the last way back in before the window opens and
# the last way out, in ms (0: none).
Attendance = list[int]
Tally = dict[int, int]  # how many people are what
_WIDTH = 5


def nobody(spans: Sequence[Span]) -> Attendance:
    """The Attendance of somebody of whom nothing is known, for windows with these times."""
    return [0] * (_WIDTH * len(spans))


def join(attendance: Attendance, spans: Sequence[Span], fact: Pass | Reading) -> None:
    """Add a fact of the same worker."""
    for at, span in zip(range(0, len(attendance), _WIDTH), spans, strict=True):
        if isinstance(fact, Reading):
            attendance[at] |= _shown_by_reading(fact, span)
            continue
        if fact.kept and is_of_day(fact, span):
            attendance[at] |= HELD
        if fact.direction == "in":
            attendance[at] |= _presence(fact.earliest_ms, fact.latest_ms, span, (_SEEN, _SEEN_IN), fact.kept)
            _note_back(attendance, at, fact, span)
        elif fact.direction == "out":
            attendance[at] |= _shown_by_leaving(fact, span)
            _note_out(attendance, at, fact, span)


def united(some: Iterable[Attendance]) -> Attendance:
    """What one person's several records come to."""
    first, *others = some
    found = list(first)
    for other in others:
        for i, value in enumerate(other):
            found[i] = found[i] | value if i % _WIDTH == 0 else max(found[i], value)
    return found


def standing(attendance: Attendance, index: int) -> int:
    """What a person is in one of the windows, as bits (SURELY, MAYBE, TIMELY …); 0: nothing."""
    bits, *times = attendance[_WIDTH * index : _WIDTH * (index + 1)]
    surely = _was_there(bits, times[0], times[1], 0)
    maybe = surely or _was_there(bits, times[2], times[3], 1)
    return bits & _STAYS | (SURELY if surely else 0) | (MAYBE if maybe else 0)


def count(tally: Tally, what: int, change: int) -> None:
    """Count people who are this in a window, or (`change` below 0) count them no more."""
    if what:
        tally[what] = tally.get(what, 0) + change
        if not tally[what]:
            del tally[what]


def evidence(tally: Tally, share: float, expected: bool = True, unnamed: int = 0) -> Evidence:
    """What people counted so say about one window: the answer of `coverage.weigh`. `expected`: whether anybody has to be
    measured at all; `unnamed`: readings that are kept and do not say of whom."""
    there = {what: n for what, n in tally.items() if what & MAYBE}
    fulfilled, why = "none", None
    for kind, known in (("backfilled", _CERTAIN), ("late", TIMELY | LATE), ("timely", TIMELY)):
        if is_enough(sum(there.values()), _having(there, known), share):
            fulfilled = kind
    surely = {what: n for what, n in there.items() if what & SURELY}
    if fulfilled == "none":
        why = _why_uncertain(there, surely, share, unnamed)
        fulfilled = "none" if why is None else "uncertain"
    needed = surely if fulfilled == "none" else there
    return Evidence(fulfilled, sum(needed.values()), _having(needed, _CERTAIN), expected, why)


def _why_uncertain(
    there: Mapping[int, int], surely: Mapping[int, int], share: float, unnamed: int
) -> str | None:
    if not there:
        return None
    need = sum(surely.values())
    if not surely or is_enough(need, _having(surely, _CERTAIN | UNCERTAIN), share):
        known = _CERTAIN | KEPT | HELD
        return EVIDENCE_KEPT if all(what & known for what in there) else TIME_UNCERTAIN
    have = _having(surely, _CERTAIN | UNCERTAIN | KEPT)
    return EVIDENCE_KEPT if is_enough(need, min(need, have + unnamed), share) else None


def _having(people: Mapping[int, int], any_of: int) -> int:
    return sum(n for what, n in people.items() if what & any_of)


def _was_there(bits: int, back_ms: int, out_ms: int, sure: int) -> bool:
    """`sure`: 0 whether somebody certainly was there, 1 whether they may have been."""
    was_sent_out = bits & _OUT[sure]
    seen = bits & _SEEN[sure] or (bits & _GATE[sure] and not was_sent_out)
    seen_in = bits & _SEEN_IN[sure] or (bits & _GATE_IN[sure] and not was_sent_out)
    return bool(seen and (seen_in or not out_ms or back_ms > out_ms))


def _shown_by_reading(reading: Reading, span: Span) -> int:
    how = how_measured(reading, span)
    seen, seen_in = (_GATE, _GATE_IN) if reading.slot in AT_THE_GATE else (_SEEN, _SEEN_IN)
    bits = _MEASURED[how] if how is not None else 0
    if reading.kind != MEASURED_BY:
        return bits
    return bits | _presence(*when(reading), span, (seen, seen_in), reading.kept)


def _presence(lo: int, hi: int, span: Span, bits: tuple[tuple[int, int], tuple[int, int]], kept: bool) -> int:
    """What being somewhere within an interval shows. What is kept shows only that somebody may have been there."""
    start, opens, deadline = span.day_starts_ms, span.opens_ms, span.deadline_ms
    (seen_surely, seen_maybe), (in_surely, in_maybe) = bits
    shown = 0
    if not kept and start <= lo and hi <= deadline:
        shown |= seen_surely | (in_surely if opens <= lo else 0)
    if start <= hi and lo <= deadline:
        shown |= seen_maybe | (in_maybe if opens <= hi else 0)
    return shown


def _shown_by_leaving(one: Pass, span: Span) -> int:
    if not is_of_day(one, span):
        return 0
    is_sure = span.day_starts_ms <= one.earliest_ms and one.latest_ms <= span.deadline_ms
    return _OUT[0] | (_OUT[1] if is_sure and not one.kept else 0)


def _note_back(attendance: Attendance, at: int, one: Pass, span: Span) -> None:
    lo, hi = one.earliest_ms, one.latest_ms
    if hi < span.day_starts_ms:
        return
    if hi < span.opens_ms and not one.kept:
        attendance[at + 1] = max(attendance[at + 1], lo)
    if lo < span.opens_ms:
        attendance[at + 3] = max(attendance[at + 3], hi)


def _note_out(attendance: Attendance, at: int, one: Pass, span: Span) -> None:
    lo, hi = one.earliest_ms, one.latest_ms
    if hi >= span.day_starts_ms and lo < span.opens_ms:
        attendance[at + 2] = max(attendance[at + 2], hi)
    if lo >= span.day_starts_ms and hi < span.opens_ms and not one.kept:
        attendance[at + 4] = max(attendance[at + 4], lo)

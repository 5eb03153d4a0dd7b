"""The intervals of a push's new entries, in the light of their neighbours in the chain; and of earlier entries that this
push dates better (SPEC: Time)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.sync.estimate_times import Dates
from server.actions.sync.read_push import Line
from server.base.db import bulk_update
from server.models.device import StreamHead
from server.models.entry import LogEntry
from sync_protocol import stream as streams
from sync_protocol.header import Attested
from sync_protocol.intervals import (
    UNKNOWN_MS,
    BootTies,
    Floor,
    Interval,
    Span,
    Written,
    boot_span,
    settle,
    with_floor,
)

NEIGHBOURS = 50  # stored entries on each side that a new one is held against
LOOSE_MS = 5_000  # an interval that is wider is narrowed when a push ties its boot better
_RETIMED_MAX = 1_000  # of those, at one push; the next one goes on


class Stored(NamedTuple):
    """What the log knows of the time of a stored entry."""

    id: str
    n: int
    kind: str
    act: str
    record_id: str
    outcome: str
    hash: bytes
    grade: str
    earliest_ms: int
    latest_ms: int
    doubt: bool
    not_before_ms: int | None
    received_ms: int
    floor_ms: int | None
    boot_number: int | None
    up_ms: int | None


_TIMED = tuple(getattr(LogEntry, name) for name in Stored._fields)


class Timed(NamedTuple):
    """A stored entry whose interval is another now. `before`: its earliest and latest moment so far."""

    id: str
    kind: str
    act: str
    record_id: str
    outcome: str
    interval: Interval
    before: tuple[int, int]


@dataclass(slots=True)
class Settled:
    """The intervals of new entries by hash, and the stored ones that changed with them."""

    fresh: dict[str, Interval] = field(default_factory=dict)
    changed: list[Timed] = field(default_factory=list)


def settle_times(
    session: Session,
    head: StreamHead,
    known: streams.Stream,
    dates: Dates,
    attested: Attested | None,
    fresh: Sequence[Line],
) -> Settled:
    """Date the new lines of one stream, in order of `n`. `known`: the stream before they came.

    1. This push says through which number nothing was written before it.
    2. The new entries are settled together with those stored entries next to them that could contradict or tighten
       them; where none can, none is read.
    3. Where this push ties its boot better, earlier entries of that boot with loose intervals are dated again.
    """
    floors = [Floor(*one) for one in head.floors]
    if attested is not None:
        floors.append(Floor(attested.n + attested.unsent, dates.t_ms, dates.arrival_ms))
    settled = Settled()
    written = _written(dates, floors, fresh)
    if written:
        stored = _neighbours(session, head, known, written, fresh)
        _settle_among(settled, written, fresh, stored, known)
    if dates.narrowed is not None and dates.arrival_ms - dates.t_ms <= LOOSE_MS:
        _narrow(session, head, dates, settled)
    _note_ends(head, settled, fresh)
    return settled


def remember_floor(head: StreamHead, dates: Dates, attested: Attested | None, whole_to: int) -> None:
    """Keep what this push said of its stream, for entries still to come."""
    if attested is None:
        return
    floor = Floor(attested.n + attested.unsent, dates.t_ms, dates.arrival_ms)
    floors = with_floor([Floor(*one) for one in head.floors], floor, whole_to)
    packed = [list(one) for one in floors]
    if packed != head.floors:
        head.floors = packed


def save_times(session: Session, scope_id: str, changed: Sequence[Timed]) -> None:
    """Write the intervals of stored entries."""
    columns = ("earliest_ms", "latest_ms", "event_ms", "bound_ms", "doubt", "not_before_ms", "grade")
    rows = [
        (
            *(one.interval.earliest_ms, one.interval.latest_ms, one.interval.event_ms, one.interval.bound_ms),
            *(one.interval.doubt, one.interval.not_before_ms or None, one.interval.grade, scope_id, one.id),
        )
        for one in changed
    ]
    table: Any = LogEntry.__table__
    bulk_update(session, table, ("scope_id", "id"), columns, rows)


def _written(dates: Dates, floors: Sequence[Floor], fresh: Sequence[Line]) -> list[Written]:
    written: list[Written] = []
    before: Line | None = None
    for line in fresh:
        entry = line.entry
        assert entry is not None
        follows = before is not None and before.entry is not None and entry.n == before.entry.n + 1
        follows = follows and before is not None and entry.prev == before.hash
        written.append(dates.written(entry, follows, floors))
        before = line
    return written


def _neighbours(
    session: Session,
    head: StreamHead,
    known: streams.Stream,
    written: Sequence[Written],
    fresh: Sequence[Line],
) -> list[Stored]:
    """The stored entries just before and after the new ones; none where the new ones certainly come after all of them."""
    first, last = fresh[0].entry, fresh[-1].entry
    assert first is not None and last is not None
    if known.n == 0 and not known.islands:
        return []
    earliest_ms = min(one.estimate.lo if one.estimate is not None else one.not_before_ms for one in written)
    in_order = head.tail_ms is not None and max(earliest_ms, written[0].not_before_ms) >= head.tail_ms
    if in_order and not known.islands and first.n == known.n + 1:
        return []
    near = LogEntry.n.between(first.n - NEIGHBOURS, last.n + NEIGHBOURS)
    query = sa.select(*_TIMED).where(
        LogEntry.scope_id == head.scope_id, LogEntry.device_id == head.device_id, near
    )
    return [Stored._make(row) for row in session.execute(query.order_by(LogEntry.n, LogEntry.received_ms))]


def _settle_among(
    settled: Settled,
    written: Sequence[Written],
    fresh: Sequence[Line],
    stored: Sequence[Stored],
    known: streams.Stream,
) -> None:
    """Settle new and stored entries in the order of their numbers."""
    prevs = {island.lo: island.prev for island in known.islands}
    new = {line.entry.n: (line, one) for line, one in zip(fresh, written, strict=True) if line.entry}
    old = {row.n: row for row in stored if row.n not in new}
    numbers = sorted(new.keys() | old.keys())
    hashes = {n: new[n][0].hash if n in new else old[n].hash.hex() for n in numbers}
    rows: list[Written] = []
    for n in numbers:
        if n in new:
            line, one = new[n]
            follows = line.entry is not None and line.entry.prev == hashes.get(n - 1, "-")
            rows.append(one if one.follows == follows else one._replace(follows=follows))
        else:
            prev = prevs.get(n)
            follows = n - 1 in hashes and not known.forked and (prev is None or prev == hashes[n - 1])
            rows.append(_of_row(old[n], follows))
    for n, interval in zip(numbers, settle(rows), strict=True):
        if n in new:
            settled.fresh[new[n][0].hash] = interval
        elif _moved(old[n], interval):
            settled.changed.append(_timed(old[n], interval))
    for line, one in zip(fresh, written, strict=True):  # a second entry at a number that is taken, by itself
        if line.hash not in settled.fresh:
            settled.fresh[line.hash] = settle([one._replace(follows=False)])[0]


def _narrow(session: Session, head: StreamHead, dates: Dates, settled: Settled) -> None:
    """Date the loose entries of this push's boot again, by all that is known of it now."""
    if head.loose_n is None:
        return
    ties = next(boot.ties for boot in dates.boots.values() if boot.number == dates.narrowed)
    query = sa.select(*_TIMED).where(
        LogEntry.scope_id == head.scope_id,
        LogEntry.device_id == head.device_id,
        LogEntry.n >= head.loose_n,
        LogEntry.boot_number == dates.narrowed,
        LogEntry.latest_ms - LogEntry.earliest_ms > LOOSE_MS,
    )
    changed = {one.id: one for one in settled.changed}
    found = session.execute(query.order_by(LogEntry.n).limit(_RETIMED_MAX))
    rows = [Stored._make(row) for row in found]
    for stored in rows:
        row = _as_changed(stored, changed.get(stored.id))
        interval = narrowed(row, ties) if row is not None else None
        if row is not None and interval is not None and _moved(row, interval):
            changed[row.id] = _timed(stored, interval)
    settled.changed = list(changed.values())
    head.loose_n = rows[-1].n + 1 if len(rows) == _RETIMED_MAX else None


def _as_changed(row: Stored, changed: Timed | None) -> Stored | None:
    """A stored entry with the interval that this push gave it already; None if that is in doubt: then it stays so."""
    if changed is None:
        return row
    interval = changed.interval
    if interval.doubt:
        return None
    return row._replace(earliest_ms=interval.earliest_ms, latest_ms=interval.latest_ms, doubt=False)


def narrowed(row: Stored, ties: BootTies) -> Interval | None:
    """The interval of a stored entry by the ties of its boot; None where they say nothing of it."""
    span = boot_span(ties, row.up_ms) if row.up_ms is not None else None
    if span is None:
        return None
    written = _of_row(row, follows=False)._replace(grade="anchored", estimate=span, doubt=False)
    interval = settle([written])[0]
    if interval.doubt:
        return interval
    lo, hi = max(interval.earliest_ms, row.earliest_ms), min(interval.latest_ms, row.latest_ms)
    tight = not row.doubt and lo <= hi  # what the order in the chain had tightened stays tight
    return interval._replace(earliest_ms=lo, latest_ms=hi) if tight else interval


def _of_row(row: Stored, follows: bool) -> Written:
    span = Span(row.earliest_ms, row.latest_ms)
    proved = row.not_before_ms or UNKNOWN_MS
    return Written(follows, row.grade, span, proved, row.received_ms, row.floor_ms or UNKNOWN_MS, row.doubt)


def _timed(row: Stored, interval: Interval) -> Timed:
    before = (row.earliest_ms, row.latest_ms)
    return Timed(row.id, row.kind, row.act, row.record_id, row.outcome, interval, before)


def _moved(row: Stored, interval: Interval) -> bool:
    return (row.earliest_ms, row.latest_ms, row.doubt) != (
        interval.earliest_ms,
        interval.latest_ms,
        interval.doubt,
    )


def _note_ends(head: StreamHead, settled: Settled, fresh: Iterable[Line]) -> None:
    """Remember after which moment nothing was written, and from which number on times are loose."""
    latest = [interval.latest_ms for interval in settled.fresh.values()]
    if latest:
        head.tail_ms = max(latest) if head.tail_ms is None else max(head.tail_ms, *latest)
    loose = [
        line.entry.n
        for line in fresh
        if line.entry is not None and line.entry.at.boot and _is_loose(settled.fresh, line.hash)
    ]
    if loose:
        head.loose_n = min(loose) if head.loose_n is None else min(head.loose_n, *loose)


def _is_loose(intervals: Mapping[str, Interval], key: str) -> bool:
    return intervals[key].latest_ms - intervals[key].earliest_ms > LOOSE_MS

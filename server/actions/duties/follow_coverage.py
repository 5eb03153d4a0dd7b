"""Coverage that is kept for each day, so that a push looks only at its own facts, however many the day has. Called under the
scope's lock. It gives the evidence that `weigh_coverage` gives by looking at all facts again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.duties.log_evidence import facts_between
from server.actions.duties.touches import Touch
from server.actions.duties.weigh_coverage import (
    EVERYBODY,
    STAFF,
    Asked,
    asked_of,
    coverage_evidence,
    reaching,
    shown_by,
)
from server.actions.records.count_people import UnusualPerson, unusual_people
from server.base.db import bulk_insert, bulk_select, bulk_update
from server.models.coverage import CoverageDay, CoverageWorker, forget_days
from server.models.entry import ANY_KIND, KeptEvidence
from server.models.site import Site
from server.models.window import AnyWindow, Window
from server.rules.calendar import add_days, local_date_of, midnight_ms
from server.rules.duties.attendance import (
    Attendance,
    Tally,
    count,
    evidence,
    join,
    nobody,
    standing,
    united,
)
from server.rules.duties.coverage import MEASURED_BY, Span
from server.rules.duties.judge import Evidence
from server.rules.duties.periods import LONG_MS
from server.rules.rulebook import PASSES, Rulebook

_WORKERS: Any = CoverageWorker.__table__
_KEY = ("scope_id", "local_date", "worker")
_read = msgspec.msgpack.Decoder(list[int]).decode


@dataclass(slots=True)
class Day:
    """A kept day, as far as it was read. `people`: what is known of each worker looked up, as it is now; `stored`: as it is
    in the table. `tallies` is in the order of `windows`."""

    local_date: str
    windows: dict[str, Span]
    tallies: list[Tally]
    people: dict[str, Attendance] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    is_changed: bool = False

    @property
    def from_ms(self) -> int:
        return min(span.day_starts_ms for span in self.windows.values())

    @property
    def to_ms(self) -> int:
        return max(span.end_ms for span in self.windows.values())

    def is_touched(self, touch: Touch) -> bool:
        return touch.from_ms <= self.to_ms and self.from_ms <= touch.to_ms

    def set(self, worker: str, now: Attendance) -> None:
        """What is known of a worker is this now: they are counted as that, and no longer as before."""
        before = self.people.get(worker)
        if now == before:
            return
        for i, tally in enumerate(self.tallies):
            was, is_now = (standing(one, i) if one is not None else 0 for one in (before, now))
            if was != is_now:
                count(tally, was, -1)
                count(tally, is_now, 1)
        self.people[worker] = now
        self.is_changed = True


def follow_coverage(
    session: Session,
    site: Site,
    touches: Sequence[Touch],
    windows: Sequence[AnyWindow],
    now_ms: int,
    book: Rulebook,
) -> dict[str, Evidence]:
    """Bring the kept days up to the facts that came, went and moved; gives the evidence for these windows, by window id.

    1. Days that are kept and touched are read, and those of the windows. A day whose windows are other than it was kept
       for, and a recent one that is not kept, is made again from its records.
    2. A new fact is joined to what is known of its worker. Of a worker whose facts went or moved, all facts of the day are
       read again.
    3. What changed is written. Windows of days that are too old to be kept are weighed by all facts of the day; what was
       kept of such a day is deleted when it is touched, because it is not what the records say any more.
    """
    since = _kept_since(now_ms, book)
    recent = [window for window in windows if window.local_date >= since]
    older = [window for window in windows if window.local_date < since]
    asked = {window.id: asked_of(window, site.alert, book) for window in recent}
    dates = {window.local_date for window in recent}
    stored = _kept_days(session, site.id, dates, touches)
    days = {date: day for date, day in stored.items() if date >= since}
    too_old = {date for date, day in stored.items() if date < since and any(map(day.is_touched, touches))}
    outdated = {window.local_date for window in recent if not _is_kept(days, window, asked[window.id])}
    unusual = unusual_people(session, site.id) if recent or days else []
    current = [day for date, day in days.items() if date not in outdated]
    changed = _by_worker(touches)
    _read_people(session, site.id, current, {*changed, *_workers(unusual)})
    _apply(session, site.id, current, changed)
    for local_date in sorted(outdated):
        days[local_date] = make_day(session, site, local_date, book)
    if gone := outdated | too_old:
        forget_days(session, site.id, gone)
    _save(session, site.id, days.values(), outdated)
    found = _evidence(session, site.id, recent, asked, days, unusual)
    return found | coverage_evidence(session, site.id, site.alert, older, book)


def kept_evidence(
    session: Session, site: Site, windows: Sequence[AnyWindow], now_ms: int, book: Rulebook
) -> dict[str, Evidence]:
    """The evidence for these windows: by the days that are kept, and where one is not, by all facts of the day. Keeps
    nothing."""
    since = _kept_since(now_ms, book)
    asked = {window.id: asked_of(window, site.alert, book) for window in windows}
    dates = {window.local_date for window in windows if window.local_date >= since}
    days = _kept_days(session, site.id, dates, ()) if dates else {}
    kept = [window for window in windows if _is_kept(days, window, asked[window.id])]
    known = {window.id for window in kept}
    others = [window for window in windows if window.id not in known]
    found = coverage_evidence(session, site.id, site.alert, others, book)
    if kept:
        unusual = unusual_people(session, site.id)
        _read_people(session, site.id, days.values(), set(_workers(unusual)))
        found.update(_evidence(session, site.id, kept, asked, days, unusual))
    return found


def make_day(session: Session, site: Site, local_date: str, book: Rulebook) -> Day:
    """A day made from its records: all its coverage windows, all its facts."""
    codes = {rule.code for rule in book.duties if rule.judging == "coverage"}
    midnight = midnight_ms(local_date)
    query = sa.select(Window).where(
        Window.scope_id == site.id,
        Window.opens_ms.between(midnight - LONG_MS, midnight + LONG_MS),
        Window.local_date == local_date,
        Window.duty.in_(codes),
    )
    windows = {window.id: asked_of(window, site.alert, book).span for window in session.scalars(query)}
    day = Day(local_date, dict(sorted(windows.items())), [{} for _ in windows])
    _join_facts(session, site.id, [day], None)
    return day


def stored_days(session: Session, scope_id: str) -> Iterator[Day]:
    """The days of a site that are kept, with everybody in them."""
    own = sa.select(CoverageDay).where(CoverageDay.scope_id == scope_id)
    for row in session.scalars(own.order_by(CoverageDay.local_date)):
        day = _day_of(row)
        people = sa.select(CoverageWorker.worker, CoverageWorker.attendance).where(
            CoverageWorker.scope_id == scope_id, CoverageWorker.local_date == row.local_date
        )
        day.people = {worker: _read(attendance) for worker, attendance in session.execute(people)}
        yield day


def made_again(session: Session, scope_id: str, stored: Day) -> Day:
    """A stored day as its records say it is, for the same windows."""
    day = Day(stored.local_date, stored.windows, [{} for _ in stored.windows])
    _join_facts(session, scope_id, [day], None)
    return day


def _kept_since(now_ms: int, book: Rulebook) -> str:
    """The first local date whose coverage is kept. One day of `coverage_days` is left for those that are being deleted."""
    try:
        days = int(book.number("coverage_days", local_date_of(now_ms)))
    except LookupError:  # no reference data yet
        days = 0
    return add_days(local_date_of(now_ms), 2 - days)


def _kept_days(
    session: Session, scope_id: str, dates: Collection[str], touches: Sequence[Touch]
) -> dict[str, Day]:
    """The kept days of these dates, and those that are touched."""
    wanted: sa.ColumnElement[bool] = CoverageDay.local_date.in_(dates)
    if touches:
        first, last = min(touch.from_ms for touch in touches), max(touch.to_ms for touch in touches)
        wanted = sa.or_(wanted, sa.and_(CoverageDay.from_ms <= last, CoverageDay.to_ms >= first))
    query = sa.select(CoverageDay).where(CoverageDay.scope_id == scope_id, wanted)
    rows = session.scalars(query, execution_options={"populate_existing": True})
    return {row.local_date: _day_of(row) for row in rows}


def _day_of(row: CoverageDay) -> Day:
    windows = {
        key: Span(start, opens, due, deadline, closes, tuple(admits), *evidence)  # none in days of before
        for key, start, opens, due, deadline, closes, admits, *evidence in row.windows
    }
    return Day(row.local_date, windows, [dict(map(tuple, tally)) for tally in row.tallies])


def _is_kept(days: Mapping[str, Day], window: AnyWindow, asked: Asked) -> bool:
    day = days.get(window.local_date)
    return day is not None and day.windows.get(window.id) == asked.span


def _by_worker(touches: Iterable[Touch]) -> dict[str, list[Touch]]:
    found: dict[str, list[Touch]] = {}
    for touch in touches:
        if touch.subject is not None:
            found.setdefault(touch.subject, []).append(touch)
    return found


def _workers(unusual: Iterable[UnusualPerson]) -> Iterator[str]:
    for person in unusual:
        yield from person.workers


def _read_people(session: Session, scope_id: str, days: Iterable[Day], workers: Collection[str]) -> None:
    keys = [(scope_id, day.local_date, worker) for day in days for worker in sorted(workers)]
    by_date = {day.local_date: day for day in days}
    for index, attendance in bulk_select(session, _WORKERS, _KEY, ("attendance",), keys):
        _, local_date, worker = keys[index]
        day = by_date[local_date]
        day.stored[worker] = attendance
        day.people[worker] = _read(attendance)


def _apply(
    session: Session, scope_id: str, days: Sequence[Day], changed: Mapping[str, Sequence[Touch]]
) -> None:
    again = {worker for worker, some in changed.items() if any(touch.came is None for touch in some)}
    for day in days:
        spans = list(day.windows.values())
        for worker, touches in changed.items():
            if worker in again:
                continue
            now = list(day.people.get(worker) or nobody(spans))
            for touch in touches:
                if touch.came is not None and day.is_touched(touch):
                    join(now, spans, shown_by(touch.kind, worker, touch.came))
            if any(now):
                day.set(worker, now)
    if again:
        moved = [touch for worker in again for touch in changed[worker]]
        _join_facts(session, scope_id, [day for day in days if any(map(day.is_touched, moved))], again)


def _join_facts(
    session: Session, scope_id: str, days: Sequence[Day], workers: Collection[str] | None
) -> None:
    """Set what is known of these workers (None: of everybody) on these days to what their records say."""
    days = [day for day in days if day.windows]
    if not days:
        return
    kinds = {PASSES, MEASURED_BY, *(span.evidence for day in days for span in day.windows.values())}
    first, last = min(day.from_ms for day in days), max(day.to_ms for day in days)
    facts = facts_between(session, [scope_id], kinds, first, last, workers)
    own: dict[str, list[Any]] = {worker: [] for worker in workers or ()}
    for kind in kinds:
        for subject, fact in facts.get((scope_id, kind), []):
            if subject is not None:
                own.setdefault(subject, []).append(shown_by(kind, subject, fact))
    for day in days:
        spans = list(day.windows.values())
        for worker, shown in own.items():
            now = nobody(spans)
            for fact in shown:
                join(now, spans, fact)
            if any(now) or worker in day.people:
                day.set(worker, now)


def _save(session: Session, scope_id: str, days: Iterable[Day], made: Collection[str]) -> None:
    fresh: list[tuple[Any, ...]] = []
    changed: list[tuple[Any, ...]] = []
    for day in days:
        gone = []
        if not day.is_changed and day.local_date not in made:
            continue
        for worker, now in day.people.items():
            key, value = (scope_id, day.local_date, worker), msgspec.msgpack.encode(now)
            before = day.stored.get(worker)
            if not any(now):
                gone += [worker] if before is not None else []
            elif before is None:
                fresh.append((*key, value))
            elif before != value:
                changed.append((value, *key))
        _save_day(session, scope_id, day, is_new=day.local_date in made)
        if gone:
            own = (CoverageWorker.scope_id == scope_id, CoverageWorker.local_date == day.local_date)
            session.execute(sa.delete(CoverageWorker).where(*own, CoverageWorker.worker.in_(gone)))
    bulk_insert(session, _WORKERS, (*_KEY, "attendance"), fresh)
    bulk_update(session, _WORKERS, _KEY, ("attendance",), changed)


def _save_day(session: Session, scope_id: str, day: Day, is_new: bool) -> None:
    tallies = [sorted(tally.items()) for tally in day.tallies]
    if is_new:
        windows = [[key, *astuple(span)] for key, span in day.windows.items()]
        session.execute(
            sa.insert(CoverageDay).values(
                scope_id=scope_id,
                local_date=day.local_date,
                from_ms=day.from_ms,
                to_ms=day.to_ms,
                windows=windows,
                tallies=tallies,
            )
        )
        return
    own = (CoverageDay.scope_id == scope_id, CoverageDay.local_date == day.local_date)
    session.execute(sa.update(CoverageDay).where(*own).values(tallies=tallies))


def _evidence(
    session: Session,
    scope_id: str,
    windows: Sequence[AnyWindow],
    asked: Mapping[str, Asked],
    days: Mapping[str, Day],
    unusual: Sequence[UnusualPerson],
) -> dict[str, Evidence]:
    if not windows:
        return {}
    unnamed = _unnamed(session, scope_id, [asked[window.id].span for window in windows])
    found = {}
    for window in windows:
        one, day = asked[window.id], days[window.local_date]
        expected = one.whom != STAFF or any(person.is_staff for person in unusual)
        tally = _tally(day, list(day.windows).index(window.id), one.whom, unusual)
        found[window.id] = evidence(tally, one.share, expected, reaching(one.span, unnamed))
    return found


def _tally(day: Day, index: int, whom: str, unusual: Sequence[UnusualPerson]) -> Tally:
    """How many people are what: of the canteen's staff, of everybody else, or of all."""
    tally = {} if whom == STAFF else dict(day.tallies[index])
    for person in unusual:
        own = [day.people[worker] for worker in person.workers if worker in day.people]
        if whom != STAFF:
            for one in own:
                count(tally, standing(one, index), -1)
        if own and (whom == EVERYBODY or person.is_staff == (whom == STAFF)):
            count(tally, standing(united(own), index), 1)
    return tally


def _unnamed(session: Session, scope_id: str, spans: Sequence[Span]) -> list[tuple[str, int, int]]:
    """Of which kind readings are that are kept and do not say of whom, and when they may have been taken."""
    query = sa.select(KeptEvidence.kind, KeptEvidence.earliest_ms, KeptEvidence.latest_ms).where(
        KeptEvidence.scope_id == scope_id,
        KeptEvidence.kind.in_({ANY_KIND, *(span.evidence for span in spans)}),
        KeptEvidence.subject.is_(None),
        KeptEvidence.latest_ms >= min(span.opens_ms for span in spans),
        KeptEvidence.earliest_ms < max(span.end_ms for span in spans),
    )
    return [(kind, lo, hi) for kind, lo, hi in session.execute(query)]

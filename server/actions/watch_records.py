"""Once a day, look through each site's records of the last days for signals."""

from __future__ import annotations

from collections import defaultdict

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from server.actions.feed import body_place
from server.models.entry import LogEntry
from server.models.media import MediaPromise
from server.models.record import Record
from server.models.scope import take_scopes
from server.models.signal import SiteSignal
from server.models.site import Site
from server.models.window import Window
from server.rules.calendar import DAY_MS, add_days, local_date_of, midnight_ms
from server.rules.rulebook import Rulebook
from server.rules.signals import Limits, Reading, Signal, find_signals
from server.seal import Seals

DAYS = 7  # how far back records that arrive late still matter
_decode = msgspec.json.Decoder()


def watch_records(session: Session, seals: Seals, now_ms: int, book: Rulebook, limit: int = 20) -> int:
    """Find the signals of up to `limit` sites that were not looked at today. Gives how many were."""
    today = local_date_of(now_ms)
    due = sa.select(Site.id).where(Site.watched_on < today).order_by(Site.watched_on, Site.id).limit(limit)
    scopes = take_scopes(session, list(session.scalars(due)))
    for scope in scopes:
        site = session.get_one(Site, scope.scope_id)
        found = _find(session, seals, site.id, today, limits_of(book, today))
        first = add_days(today, -DAYS)
        gone = sa.delete(SiteSignal).where(SiteSignal.scope_id == site.id, SiteSignal.local_date >= first)
        session.execute(gone)
        numbers: dict[str, int] = defaultdict(int)
        for signal in found:
            numbers[signal.local_date] += 1
            key = {"scope_id": site.id, "local_date": signal.local_date, "n": numbers[signal.local_date]}
            session.add(SiteSignal(**key, code=signal.code, figures=dict(signal.figures), found_ms=now_ms))
        site.watched_on = today
    session.flush()
    return len(scopes)


def limits_of(book: Rulebook, local_date: str) -> Limits:
    """The thresholds as they hold on a local date."""
    whole = ("signal_people_min", "signal_values_max", "thermometer_per_minute_max", "signal_perfect_days")
    counts = (round(book.number(code, local_date)) for code in whole)
    normal = (book.number(code, local_date) for code in ("signal_normal_from", "signal_normal_below"))
    return Limits(*counts, *normal)


def _find(session: Session, seals: Seals, site_id: str, today: str, limits: Limits) -> list[Signal]:
    from_day = add_days(today, -max(DAYS, limits.perfect_days))
    readings, passes = _facts(session, seals, site_id, from_day, today)
    query = sa.select(Window.local_date, Window.state).where(
        Window.scope_id == site_id,
        Window.opens_ms.between(midnight_ms(from_day), midnight_ms(today)),
        Window.local_date < today,
    )
    days: dict[str, list[str]] = defaultdict(list)
    for day, state in session.execute(query):
        days[day].append(state)
    first = add_days(today, -DAYS)
    reused = _reused_photos(session, site_id, midnight_ms(first), today)
    return [one for one in find_signals(readings, passes, days, reused, limits) if one.local_date >= first]


def _reused_photos(session: Session, site_id: str, from_ms: int, today: str) -> dict[str, int]:
    """How many photos of each day are promised by another entry too, of this site or of any other."""
    mine, other = aliased(MediaPromise), aliased(MediaPromise)
    another = sa.and_(other.sha256 == mine.sha256, other.entry_id != mine.entry_id)
    query = (
        sa.select(LogEntry.event_ms, mine.sha256)
        .join(mine, sa.and_(mine.scope_id == LogEntry.scope_id, mine.entry_id == LogEntry.id))
        .where(LogEntry.scope_id == site_id, LogEntry.event_ms >= from_ms)
        .where(sa.exists().where(another))
    )
    photos: dict[str, set[str]] = defaultdict(set)
    for event_ms, sha256 in session.execute(query):
        photos[local_date_of(event_ms)].add(sha256)
    return {day: len(found) for day, found in photos.items() if day < today}


def _facts(
    session: Session, seals: Seals, site_id: str, from_day: str, today: str
) -> tuple[list[Reading], list[tuple[str, str]]]:
    """What was measured before today, with who received it when; and who passed the gate on which day."""
    columns = (Record.id, Record.kind, Record.subject, Record.slot, Record.body, Record.event_ms)
    query = (
        sa.select(*columns, Record.backfilled, LogEntry.device_id, LogEntry.received_ms)
        .outerjoin(LogEntry, sa.and_(LogEntry.scope_id == Record.scope_id, LogEntry.id == Record.id))
        .where(
            Record.scope_id == site_id,
            Record.kind.in_(("temperature_check", "gate_pass")),
            Record.event_ms.between(midnight_ms(from_day), midnight_ms(today) + DAY_MS),
            Record.counts.is_(True),
            Record.deleted_ms.is_(None),
        )
    )
    readings, passes = [], []
    for row in session.execute(query):
        event_ms = row.event_ms or 0
        if local_date_of(event_ms) >= today:
            continue
        if row.kind == "gate_pass":
            passes.append((row.subject or "", local_date_of(event_ms)))
            continue
        celsius = float(_decode.decode(seals.open(body_place(row.id), row.body))["celsius"])
        told = (row.subject or "", celsius, row.slot or "", row.device_id or "", event_ms)
        readings.append(Reading(*told, row.received_ms or event_ms, bool(row.backfilled)))
    return readings, passes

"""Once a day, look through each site's records of the last days for signals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from server.actions.records.count_people import people_of
from server.actions.records.segments import read_bodies
from server.actions.signals.read_gate import gate_limits, read_gate
from server.actions.signals.read_newcomers import read_newcomers
from server.base.seal import Seals
from server.models.entry import LogEntry
from server.models.media import MediaPromise
from server.models.record import IN_FORCE, CaseFile, Record
from server.models.scope import Scope, take_scopes
from server.models.signal import SiteSignal
from server.models.site import Site
from server.models.window import Window
from server.rules.calendar import MINUTE_MS, add_days, dates_from, local_date_of, midnight_ms
from server.rules.gate import GATE_CODES, MENDED_BY_RECORDS, gate_signals
from server.rules.rulebook import Rulebook
from server.rules.signals import Chlorine, Limits, Reading, Records, Signal, find_signals, metres_between

_decode = msgspec.json.Decoder()


def sites_to_watch(now_ms: int) -> sa.Select[str]:
    """Ids of the sites that were not looked at today."""
    return sa.select(Site.id).where(Site.watched_on < local_date_of(now_ms))


def find_new_signals(
    session: Session, seals: Seals, now_ms: int, book: Rulebook, limit: int = 20
) -> list[Scope]:
    """Find the signals of up to `limit` sites that were not looked at today. Gives their locked scopes.

    What a gate says of a day stays as it was found while some device has not reported past that day.
    """
    today = local_date_of(now_ms)
    due = sites_to_watch(now_ms).order_by(Site.watched_on, Site.id).limit(limit)
    scopes = take_scopes(session, list(session.scalars(due)))
    for scope in scopes:
        site = session.get_one(Site, scope.scope_id)
        first = _first_day(session, site, today, book)
        found = _find(session, seals, site, first, today, book)
        through_ms = scope.watermark_ms or 0
        found += _at_gate(session, seals, site, dates_from(first, today), through_ms, book)
        found.sort(key=lambda signal: (signal.local_date, signal.code))
        again = sa.or_(SiteSignal.code.not_in(GATE_CODES), SiteSignal.local_date < local_date_of(through_ms))
        own = (SiteSignal.scope_id == site.id, SiteSignal.local_date >= first)
        session.execute(sa.delete(SiteSignal).where(*own, again))
        kept = sa.select(SiteSignal.local_date, sa.func.max(SiteSignal.n)).where(*own)
        numbers: dict[str, int] = defaultdict(
            int, session.execute(kept.group_by(SiteSignal.local_date)).all()
        )
        for signal in found:
            numbers[signal.local_date] += 1
            key = {"scope_id": site.id, "local_date": signal.local_date, "n": numbers[signal.local_date]}
            session.add(SiteSignal(**key, code=signal.code, figures=dict(signal.figures), found_ms=now_ms))
        site.watched_on = today
    session.flush()
    return list(scopes)


def limits_of(book: Rulebook, local_date: str) -> Limits:
    """The thresholds as they hold on a local date."""

    def number(code: str) -> float:
        return book.number(code, local_date)

    return Limits(
        people_min=round(number("signal_people_min")),
        values_max=round(number("signal_values_max")),
        per_minute_max=round(number("thermometer_per_minute_max")),
        perfect_days=round(number("signal_perfect_days")),
        normal_from=number("signal_normal_from"),
        normal_below=number("signal_normal_below"),
        fever_above=number("retest_above"),
        fever_readings=round(number("retest_high_of_three")),
        slot_slack_ms=round(number("signal_slot_slack_min") * MINUTE_MS),
        site_radius_m=number("site_radius_m"),
    )


def _first_day(session: Session, site: Site, today: str, book: Rulebook) -> str:
    """From which day on a site is looked through, within bounds: the last days always, each day of which something came in
    since it was looked at, and each with people on no roster, or without a test, which may have been mended."""
    days, most = (round(book.number(code, today)) for code in ("signal_days", "signal_late_days"))
    usual, bound = add_days(today, -days), add_days(today, -most)
    if not site.watched_on:
        return usual
    came = sa.select(sa.func.min(LogEntry.event_ms)).where(
        LogEntry.scope_id == site.id,
        LogEntry.event_ms.between(midnight_ms(bound), midnight_ms(usual)),
        LogEntry.received_ms >= midnight_ms(site.watched_on),
    )
    oldest_ms = session.scalar(came)
    strangers = sa.select(sa.func.min(SiteSignal.local_date)).where(
        SiteSignal.scope_id == site.id, SiteSignal.code.in_(MENDED_BY_RECORDS), SiteSignal.local_date >= bound
    )
    came_on = usual if oldest_ms is None else local_date_of(oldest_ms)
    return max(bound, min(usual, came_on, session.scalar(strangers) or usual))


def _at_gate(
    session: Session, seals: Seals, site: Site, days: Sequence[str], through_ms: int, book: Rulebook
) -> list[Signal]:
    """What the gate says of these days, as far as all devices have reported."""
    known = [day for day in days if day < local_date_of(through_ms)]
    if not known:
        return []
    limits = gate_limits(book, site.kind, days)
    found = read_gate(session, seals, site.id, midnight_ms(known[0]), through_ms)
    if limits.tested_within_ms:
        new = read_newcomers(session, seals, site.id, found.roster, known, limits.new_days)
        found = replace(found, newcomers=new)
    return gate_signals(found, limits, known, through_ms)


def _find(session: Session, seals: Seals, site: Site, first: str, today: str, book: Rulebook) -> list[Signal]:
    limits = limits_of(book, today)
    from_day = min(first, add_days(today, -limits.perfect_days))
    people = people_of(session, site.id)
    facts = _facts(session, seals, site, people, from_day, today)
    days, slots = _windows(session, site.id, from_day, today, book)
    cases: dict[str, list[int]] = defaultdict(list)
    opened = sa.select(CaseFile.worker_id, CaseFile.opened_ms).where(CaseFile.scope_id == site.id)
    for worker_id, opened_ms in session.execute(opened.where(CaseFile.opened_ms >= midnight_ms(from_day))):
        cases[people.get(worker_id, worker_id)].append(opened_ms)
    records = Records(
        facts.readings,
        set(facts.passes),
        days,
        _reused_photos(session, site.id, midnight_ms(first), today),
        slots,
        cases,
        facts.rounds,
        _chlorine(session, seals, site.id, round(book.number("signal_supply_days", today)), today),
    )
    return [one for one in find_signals(records, limits, today) if one.local_date >= first]


def _windows(
    session: Session, site_id: str, from_day: str, today: str, book: Rulebook
) -> tuple[dict[str, list[str]], dict[tuple[str, str], tuple[int, int]]]:
    """The states of each day's windows, and when each slot in which people are measured opens and closes."""
    coverage = {rule.code for rule in book.duties if rule.judging == "coverage"}
    columns = (Window.local_date, Window.state, Window.duty, Window.slot, Window.opens_ms, Window.closes_ms)
    query = sa.select(*columns).where(
        Window.scope_id == site_id,
        Window.opens_ms.between(midnight_ms(from_day), midnight_ms(today)),
        Window.local_date < today,
    )
    days: dict[str, list[str]] = defaultdict(list)
    slots: dict[tuple[str, str], tuple[int, int]] = {}
    for day, state, duty, slot, opens_ms, closes_ms in session.execute(query):
        days[day].append(state)
        if duty in coverage:
            low, high = slots.get((day, slot), (opens_ms, closes_ms))
            slots[day, slot] = (min(low, opens_ms), max(high, closes_ms))
    return days, slots


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


@dataclass(slots=True)
class _Facts:
    readings: list[Reading] = field(default_factory=list)
    passes: list[tuple[str, str]] = field(default_factory=list)
    rounds: list[tuple[int, float]] = field(default_factory=list)


def _facts(
    session: Session, seals: Seals, site: Site, people: Mapping[str, str], from_day: str, today: str
) -> _Facts:
    """What was measured before today and on which tablet, who passed the gate on which day, and how far from the site
    rounds were handed in."""
    columns = (Record.id, Record.seq, Record.kind, Record.subject, Record.slot, Record.body, Record.event_ms)
    query = (
        sa.select(*columns, Record.backfilled, LogEntry.device_id)
        .outerjoin(LogEntry, sa.and_(LogEntry.scope_id == Record.scope_id, LogEntry.id == Record.id))
        .where(*_counted(site.id, ("temperature_check", "gate_pass", "inspection_round"), from_day, today))
    )
    facts, read = _Facts(), []
    for row in session.execute(query):
        if row.kind == "gate_pass":
            person = people.get(row.subject or "", row.subject or "")
            facts.passes.append((person, local_date_of(row.event_ms)))
        else:
            read.append(row)
    for row, said in zip(read, read_bodies(session, seals, site.id, read), strict=True):
        person, body = people.get(row.subject or "", row.subject or ""), _decode.decode(said)
        if row.kind == "temperature_check":
            fields = (person, float(body["celsius"]), row.slot or "", row.device_id or "")
            facts.readings.append(Reading(*fields, row.event_ms, bool(row.backfilled)))
        elif body.get("latitude_deg") is not None and site.latitude_deg is not None:
            here, there = (
                (site.latitude_deg, site.longitude_deg or 0.0),
                (body["latitude_deg"], body["longitude_deg"]),
            )
            facts.rounds.append((row.event_ms, metres_between(here, there) - (body.get("accuracy_m") or 0.0)))
    return facts


def _chlorine(session: Session, seals: Seals, site_id: str, days: int, today: str) -> Chlorine:
    """What was used and what was issued in the last days; logs and issues without a concentration say nothing."""
    kinds = ("disinfection_log", "supply_movement")
    query = sa.select(Record.id, Record.seq, Record.kind, Record.slot, Record.body)
    used_g = issued_g = 0.0
    rows = session.execute(query.where(*_counted(site_id, kinds, add_days(today, -days), today))).all()
    for row, said in zip(rows, read_bodies(session, seals, site_id, rows), strict=True):
        body = _decode.decode(said)
        mg_l = body.get("concentration_mg_l") or 0.0
        if row.kind == "disinfection_log":
            used_g += (body.get("amount_l") or 0.0) * mg_l / 1000
        elif row.slot == "issued":
            issued_g += body["amount"] * mg_l / 1000
    return Chlorine(used_g, issued_g, days)


def _counted(
    site_id: str, kinds: Sequence[str], from_day: str, today: str
) -> tuple[sa.ColumnElement[bool], ...]:
    """The facts of these kinds that count, of the days before today."""
    return (
        Record.scope_id == site_id,
        Record.kind.in_(kinds),
        Record.event_ms >= midnight_ms(from_day),
        Record.event_ms < midnight_ms(today),
        IN_FORCE,
    )

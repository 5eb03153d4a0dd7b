"""When was it written? What the server knows of a device's clocks at one push, and what that says of each entry
(SPEC: Time)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.sync.read_push import Envelope
from server.models.device import Boot, Device, Exchange
from sync_protocol import intervals
from sync_protocol.header import Clock
from sync_protocol.intervals import UNKNOWN_MS, BootTies, Floor, Span, Tie, Written

_TIES_MAX = 2_000  # pushes looked at for an entry that names neither a beacon nor a boot


class KnownBoot(NamedTuple):
    """A boot by the number that log rows have, and its ties."""

    number: int
    ties: BootTies


@dataclass(frozen=True, slots=True)
class Dates:
    """What is known about a device's clocks at one push. `arrival_ms`: when the whole request had come, `t_ms`: no
    earlier its clock was read. `ties`: its pushes in order of arrival, up to this one; of lines that a file brought, only
    `last`. `narrowed`: this push says more of its boot than was known. `is_own`: the server wrote the lines itself, now."""

    arrival_ms: int
    t_ms: int
    beacons: dict[str, int]
    boots: dict[str, KnownBoot]
    ties: Sequence[Tie] = ()
    last: Tie | None = None
    pulled_ms: int | None = None  # when the header's beacon was handed out, if a pull's answer brought it
    narrowed: int | None = None
    is_own: bool = False

    def written(self, entry: Envelope, follows: bool, floors: Sequence[Floor]) -> Written:
        """What is known of one entry by itself."""
        at: Any = entry.at  # both readers give the same members
        if self.is_own:
            here = Span(self.arrival_ms, self.arrival_ms)
            return Written(follows, intervals.ANCHORED, here, self.arrival_ms, self.arrival_ms)
        beacon_ms = self.beacons.get(at.beacon) if at.beacon else None
        floor = intervals.floor_of(floors, entry.n)
        floor_ms = floor.t_ms if floor is not None else UNKNOWN_MS
        boot = self.boots.get(at.boot) if at.boot else None
        around = intervals.ties_around(self.ties, beacon_ms, floor) if self.last is None else ()
        grade, span = intervals.estimate(at, boot.ties if boot is not None else None, around, self.last)
        not_before_ms = max(beacon_ms or UNKNOWN_MS, floor_ms)
        return Written(follows, grade, span, not_before_ms, self.arrival_ms, floor_ms)

    def boot_number(self, entry: Envelope) -> int | None:
        """How log rows name the boot of an entry."""
        boot = self.boots.get(entry.at.boot) if entry.at.boot else None
        return boot.number if boot is not None else None


def estimate_times(
    session: Session,
    device: Device,
    exchange: Exchange,
    clock: Clock,
    entries: Sequence[Envelope],
    arrival_ms: int,
) -> Dates:
    """Tie the device's clocks to the server's by this push, remember the tie, and look up what dates its entries.

    1. The beacons that header and entries carry come in one statement; the header's gives T.
    2. This push ties the boot that it names; the boots in which the entries were written come in one statement.
    3. Where entries name no boot, the pushes around them come in one statement.
    """
    tokens = {entry.at.beacon for entry in entries if entry.at.beacon} | ({clock.beacon} - {None})
    known = _beacons(session, device.id, tokens)
    beacons = {token: at_ms for token, (at_ms, _) in known.items()}
    beacon_ms, verb = known.get(clock.beacon or "", (None, ""))
    t_ms = intervals.push_time(arrival_ms, beacon_ms)
    exchange.t_ms, exchange.wall_ms = t_ms, clock.wall_ms
    tie = Tie(t_ms, arrival_ms, clock.wall_ms, clock.boot, clock.up_ms)
    names = {entry.at.boot for entry in entries if entry.at.boot} | ({clock.boot} - {None})
    boots = _boots(session, device.id, names, arrival_ms)
    narrowed = _tie(session, device.id, tie, boots)
    pulled_ms = beacon_ms if verb == "pull" else None
    ties = [*_ties(session, device.id, entries, beacons, arrival_ms), tie]
    return Dates(arrival_ms, t_ms, beacons, boots, ties, pulled_ms=pulled_ms, narrowed=narrowed)


def estimate_carried_times(
    session: Session, device_id: str, entries: Sequence[Envelope], received_ms: int
) -> Dates:
    """As `estimate_times`, of entries that somebody carried here: their device is not there to be tied to the server's
    clock, so that only earlier ties count."""
    tokens = {entry.at.beacon for entry in entries if entry.at.beacon}
    boots = _boots(session, device_id, {entry.at.boot for entry in entries if entry.at.boot}, received_ms)
    query = _pushes(device_id).order_by(Exchange.at_ms.desc()).limit(1)
    last = next(map(_tie_of, session.execute(query)), None)
    beacons = {token: at_ms for token, (at_ms, _) in _beacons(session, device_id, tokens).items()}
    return Dates(received_ms, received_ms, beacons, boots, last=last)


def own_dates(now_ms: int) -> Dates:
    """Of entries that the server writes itself."""
    return Dates(now_ms, now_ms, {}, {}, is_own=True)


def _tie(session: Session, device_id: str, tie: Tie, boots: dict[str, KnownBoot]) -> int | None:
    """Let this push tie the boot that it names. Gives the boot's number where that says more than was known."""
    if tie.boot is None or tie.up_ms is None:
        return None
    known = boots[tie.boot]
    ties = intervals.with_tie(known.ties, tie)
    if ties == known.ties:
        return None
    boots[tie.boot] = KnownBoot(known.number, ties)
    row = session.get_one(Boot, (device_id, tie.boot))
    row.at_ms = tie.arrival_ms
    row.lower, row.upper = [list(one) for one in ties.lower], [list(one) for one in ties.upper]
    return known.number


def _boots(
    session: Session, device_id: str, names: Collection[str | None], arrival_ms: int
) -> dict[str, KnownBoot]:
    """The boots of these names; one that was never heard of gets a number."""
    if not names:
        return {}
    query = sa.select(Boot).where(Boot.device_id == device_id, Boot.boot.in_(names))
    rows = {row.boot: row for row in session.scalars(query)}
    fresh = sorted(name for name in names if name is not None and name not in rows)
    if fresh:
        highest = session.scalar(sa.select(sa.func.max(Boot.number)).where(Boot.device_id == device_id)) or 0
        for number, name in enumerate(fresh, start=highest + 1):
            rows[name] = Boot(device_id=device_id, boot=name, number=number, lower=[], upper=[])
            rows[name].at_ms = arrival_ms
            session.add(rows[name])
        session.flush()
    return {name: KnownBoot(row.number, boot_ties(row)) for name, row in rows.items()}


def boot_ties(row: Boot) -> BootTies:
    """The ties of a boot as they are stored."""
    lower, upper = ([(up_ms, at_ms) for up_ms, at_ms in rows] for rows in (row.lower, row.upper))
    return BootTies(tuple(lower), tuple(upper))


def _ties(
    session: Session,
    device_id: str,
    entries: Iterable[Envelope],
    beacons: dict[str, int],
    arrival_ms: int,
) -> list[Tie]:
    """The earlier pushes from the last one before the earliest entry without a boot on, in order of arrival."""
    starts = [beacons.get(entry.at.beacon or "", UNKNOWN_MS) for entry in entries if entry.at.boot is None]
    if not starts:
        return []
    before = sa.select(sa.func.max(Exchange.at_ms)).where(
        Exchange.device_id == device_id, Exchange.t_ms.is_not(None), Exchange.at_ms <= min(starts)
    )
    since = Exchange.at_ms >= sa.func.coalesce(before.scalar_subquery(), UNKNOWN_MS)
    query = _pushes(device_id).where(since, Exchange.at_ms < arrival_ms)
    rows = session.execute(query.order_by(Exchange.at_ms.desc()).limit(_TIES_MAX)).all()
    return [_tie_of(row) for row in reversed(rows)]


def _pushes(device_id: str) -> sa.Select[int | None, int, int | None]:
    return sa.select(Exchange.t_ms, Exchange.at_ms, Exchange.wall_ms).where(
        Exchange.device_id == device_id, Exchange.t_ms.is_not(None)
    )


def _tie_of(row: sa.Row[int | None, int, int | None]) -> Tie:
    t_ms, at_ms, wall_ms = row
    assert t_ms is not None and wall_ms is not None, "a push has both"
    return Tie(t_ms, at_ms, wall_ms)


def _beacons(session: Session, device_id: str, tokens: Collection[str | None]) -> dict[str, tuple[int, str]]:
    """When the beacons that this device was given were handed out, and in answer to what."""
    if not tokens:
        return {}
    query = sa.select(Exchange.beacon, Exchange.at_ms, Exchange.verb)
    rows = session.execute(query.where(Exchange.beacon.in_(tokens), Exchange.device_id == device_id))
    return {token: (at_ms, verb) for token, at_ms, verb in rows}

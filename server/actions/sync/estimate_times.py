"""When was it written? What the server knows of a device's clocks at one push, and what that says of each entry
(SPEC: Time)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.sync.open_exchange import KnownBoot, Opened
from server.actions.sync.read_push import Envelope
from server.models.device import Boot, Exchange
from sync_protocol import intervals
from sync_protocol.header import Clock
from sync_protocol.intervals import UNKNOWN_MS, BootTies, Floor, Span, Tie, Written

_BOOT: Any = Boot.__table__
_TIES_MAX = 2_000  # pushes looked at for an entry that names neither a beacon nor a boot


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
        by_wall = at.boot is None and self.last is None
        around = intervals.ties_around(self.ties, beacon_ms, floor) if by_wall else ()
        grade, span = intervals.estimate(at, boot.ties if boot is not None else None, around, self.last)
        not_before_ms = max(beacon_ms or UNKNOWN_MS, floor_ms)
        return Written(follows, grade, span, not_before_ms, self.arrival_ms, floor_ms)

    def boot_number(self, entry: Envelope) -> int | None:
        """How log rows name the boot of an entry."""
        boot = self.boots.get(entry.at.boot) if entry.at.boot else None
        return boot.number if boot is not None else None


def estimate_times(
    session: Session, opened: Opened, clock: Clock, entries: Sequence[Envelope], arrival_ms: int
) -> Dates:
    """Tie the device's clocks to the server's by this push, remember the tie, and gather what dates its entries.

    1. Of the beacons that header and entries carry, the header's gives T.
    2. This push ties the boot that it names.
    3. Where entries name no boot, the pushes around them come in one statement.
    """
    beacons = {token: at_ms for token, (at_ms, _) in opened.beacons.items()}
    beacon_ms, verb = opened.beacons.get(clock.beacon or "", (None, ""))
    t_ms = intervals.push_time(arrival_ms, beacon_ms)
    tie = Tie(t_ms, arrival_ms, clock.wall_ms, clock.boot, clock.up_ms)
    boots, narrowed = _tied_boots(opened, named_boots(entries, clock), tie)
    pulled_ms = beacon_ms if verb == "pull" else None
    ties = [*_ties(session, opened.device.id, entries, beacons, arrival_ms), tie]
    return Dates(arrival_ms, t_ms, beacons, boots, ties, pulled_ms=pulled_ms, narrowed=narrowed)


def estimate_carried_times(
    session: Session, opened: Opened, entries: Sequence[Envelope], received_ms: int
) -> Dates:
    """As `estimate_times`, of entries that somebody carried here: their device is not there to be tied to the server's
    clock, so that only earlier ties count."""
    boots, _ = _tied_boots(opened, named_boots(entries), Tie(received_ms, received_ms, received_ms))
    query = _pushes(opened.device.id).order_by(Exchange.at_ms.desc()).limit(1)
    last = next(map(_tie_of, session.execute(query)), None)
    beacons = {token: at_ms for token, (at_ms, _) in opened.beacons.items()}
    return Dates(received_ms, received_ms, beacons, boots, last=last)


def named_boots(entries: Iterable[Envelope], clock: Clock | None = None) -> set[str]:
    """The boots that entries and header name."""
    own = {clock.boot} if clock is not None and clock.boot else set()
    return own | {entry.at.boot for entry in entries if entry.at.boot}


def named_beacons(entries: Iterable[Envelope], clock: Clock | None = None) -> set[str]:
    """The beacons that entries and header carry."""
    own = {clock.beacon} if clock is not None and clock.beacon else set()
    return own | {entry.at.beacon for entry in entries if entry.at.beacon}


def own_dates(now_ms: int) -> Dates:
    """Of entries that the server writes itself."""
    return Dates(now_ms, now_ms, {}, {}, is_own=True)


def _tied_boots(opened: Opened, names: Collection[str], tie: Tie) -> tuple[dict[str, KnownBoot], int | None]:
    """The boots of these names, the one that the push names tied by it; one that was never heard of gets a number. And
    that boot's number where the push says more than was known."""
    boots, narrowed = dict(opened.boots), None
    fresh = sorted(name for name in names if name not in boots)
    for number, name in enumerate(fresh, start=opened.highest_boot + 1):
        boots[name] = KnownBoot(number, BootTies())
    if tie.boot and tie.up_ms is not None:
        known = boots[tie.boot]
        ties = intervals.with_tie(known.ties, tie)
        if ties != known.ties:
            narrowed, boots[tie.boot] = known.number, KnownBoot(known.number, ties)
    for name, boot in boots.items():
        key, stored = {"device_id": opened.device.id, "boot": name}, _stored_boot(boot, tie.arrival_ms)
        if name not in opened.boots:
            opened.writes.insert(_BOOT, {**key, "number": boot.number, **stored})
        elif boot is not opened.boots[name]:
            opened.writes.update(_BOOT, key, stored)
    return boots, narrowed


def _stored_boot(boot: KnownBoot, at_ms: int) -> dict[str, Any]:
    lower, upper = ([list(one) for one in ties] for ties in (boot.ties.lower, boot.ties.upper))
    return {"lower": lower, "upper": upper, "at_ms": at_ms}


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

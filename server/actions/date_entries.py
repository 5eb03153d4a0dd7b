"""When was it written? The server's own estimate for each entry of a push, with its provable bounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.read_push import Envelope
from server.models.device import Anchor, Device, Exchange
from sync_protocol import time_bounds
from sync_protocol.entry import Clock
from sync_protocol.time_bounds import TimeBounds


@dataclass(frozen=True, slots=True)
class Dates:
    """What is known about a device's clocks at one push."""

    received_ms: int
    anchors: dict[str, time_bounds.Anchor]
    beacons: dict[str, int]
    wall_offset_ms: int
    steady: bool

    def of(self, entry: Envelope) -> TimeBounds:
        """The time of one entry: estimate ± bound, grade, not before, not after, backfilled."""
        at: Any = entry.at  # both readers give the same members
        return time_bounds.estimate(
            at,
            self.received_ms,
            self.beacons.get(at.beacon) if at.beacon else None,
            self.anchors.get(at.boot) if at.boot else None,
            self.wall_offset_ms,
            self.steady,
        )


def date_entries(
    session: Session, device: Device, clock: Clock, entries: Iterable[Envelope], received_ms: int
) -> Dates:
    """Tie the device's clocks to the server's, remember the tie, and look up the beacons that the entries
    carry.

    1. This exchange ties the current boot; the tightest tie of each boot is kept.
    2. The ties of the boots in which the entries were written, and the beacons they carry, come in one
       statement each.
    3. A wall clock is steady when it is off by the same as at the last exchange.
    """
    boots = {clock.boot or ""} | {entry.at.boot for entry in entries if entry.at.boot}
    tokens = {entry.at.beacon for entry in entries if entry.at.beacon}
    anchors = _anchors(session, device.id, boots)
    _tie(session, device.id, clock, anchors, received_ms)
    offset = received_ms - clock.wall_ms
    steady = time_bounds.is_steady(device.wall_offset_ms, offset)
    device.wall_offset_ms = offset
    return Dates(received_ms, anchors, _beacons(session, device.id, tokens), offset, steady)


def date_carried(session: Session, device_id: str, entries: Iterable[Envelope], received_ms: int) -> Dates:
    """As `date_entries`, of entries that somebody carried here: their device is not there to be tied to the server's
    clock, so that only earlier ties count."""
    boots = {entry.at.boot for entry in entries if entry.at.boot}
    tokens = {entry.at.beacon for entry in entries if entry.at.beacon}
    return Dates(
        received_ms, _anchors(session, device_id, boots), _beacons(session, device_id, tokens), 0, False
    )


def _tie(
    session: Session, device_id: str, clock: Clock, anchors: dict[str, time_bounds.Anchor], received_ms: int
) -> None:
    if clock.boot is None or clock.up_ms is None:
        return
    known = anchors.get(clock.boot)
    fresh = time_bounds.tie(clock.up_ms, received_ms, 0)
    anchor = fresh if known is None else time_bounds.tighter(known, fresh)
    if anchor != known:
        row = Anchor(
            device_id=device_id,
            boot=clock.boot,
            offset_ms=anchor.offset_ms,
            bound_ms=anchor.bound_ms,
            at_ms=received_ms,
        )
        session.merge(row)
    anchors[clock.boot] = anchor


def _anchors(session: Session, device_id: str, boots: set[str]) -> dict[str, time_bounds.Anchor]:
    query = sa.select(Anchor.boot, Anchor.offset_ms, Anchor.bound_ms, Anchor.at_ms)
    rows = session.execute(query.where(Anchor.device_id == device_id, Anchor.boot.in_(boots)))
    return {row.boot: time_bounds.Anchor(row.offset_ms, row.bound_ms, row.at_ms) for row in rows}


def _beacons(session: Session, device_id: str, tokens: set[str]) -> dict[str, int]:
    if not tokens:
        return {}
    query = sa.select(Exchange.beacon, Exchange.at_ms)
    rows = session.execute(query.where(Exchange.beacon.in_(tokens), Exchange.device_id == device_id))
    return dict(rows.all())

"""How many people are on a site now and were through the day, as far as its devices have reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.devices.refresh_watermark import reporting_of
from server.actions.signals.read_gate import (
    VEHICLES,
    VISITORS,
    read_gate,
    read_vehicles,
    read_visitors,
    tests_asked,
)
from server.actions.signals.read_newcomers import read_newcomers
from server.base.seal import Seals
from server.models.record import IN_FORCE, Record
from server.models.site import Site
from server.rules.calendar import DAY_MS, HOUR_MS, local_date_of, midnight_ms
from server.rules.gate import HourCount, head_counts, living_here, mask_share
from server.rules.newcomers import Newcomer, came_new, has_test
from server.rules.rulebook import PASSES, Rulebook

_COUNTED = (PASSES, VISITORS, VEHICLES)


@dataclass(frozen=True, slots=True)
class HeadCount:
    """The people of one local date up to `until_ms` (None: nobody reports there; before midnight: nothing of the day is
    known yet). `hours`: those that have begun; what comes after `until_ms` is not counted. `unknown`: hours of the day that
    have begun since, of which some device has not reported. `early`: records that came from those hours. `live_here`:
    people who sleep there. `masks`: who came in with one, and of how many it is said. `new_people`: who
    came in for the first time today, `new_untested` of them without the test that is asked; both as far as is known."""

    local_date: str
    until_ms: int | None
    hours: Sequence[HourCount]
    unknown: Sequence[int]
    early: int
    live_here: int
    masks: tuple[int, int]
    new_people: int
    new_untested: int

    @property
    def now(self) -> HourCount | None:
        """The last count that is known."""
        return self.hours[-1] if self.hours else None


def head_count(session: Session, seals: Seals, book: Rulebook, site_id: str, now_ms: int) -> HeadCount:
    """The people on a site on the local date of `now_ms`."""
    reports = reporting_of(session, [site_id], book, now_ms)[site_id]
    until_ms = reports.watermark(_COUNTED) if reports.reporters else None
    known_ms = min(until_ms or 0, now_ms)
    day = local_date_of(now_ms)
    start_ms = midnight_ms(day)
    found = read_gate(session, seals, site_id, start_ms, start_ms + DAY_MS)
    visitors = read_visitors(session, seals, site_id, start_ms, start_ms + DAY_MS)
    vehicles = read_vehicles(session, seals, site_id, start_ms, start_ms + DAY_MS)
    hours = head_counts(found, visitors, day, known_ms, vehicles)
    begun = (now_ms - start_ms) // HOUR_MS + 1
    within_ms = tests_asked(book, session.get_one(Site, site_id).kind, [day]).get(day)
    came: list[Newcomer] = []
    if within_ms is not None:
        new_days = round(book.number("newcomer_d", day))
        new = read_newcomers(session, seals, site_id, found.roster, [day], new_days)
        came = [one for one in new if came_new(one, day, new_days)]
    return HeadCount(
        local_date=day,
        until_ms=until_ms,
        hours=hours,
        unknown=range(len(hours), begun),
        early=_came_early(session, site_id, max(known_ms, start_ms), start_ms + DAY_MS),
        live_here=len(living_here(found.roster, day)),
        masks=mask_share(one for one in found.passes if one.at_ms < known_ms),
        new_people=len(came),
        new_untested=sum(not has_test(one, within_ms or 0) for one in came),
    )


def _came_early(session: Session, site_id: str, from_ms: int, to_ms: int) -> int:
    """How many passes have come of a time of which not every device has reported."""
    query = sa.select(sa.func.count()).where(
        Record.scope_id == site_id,
        Record.kind.in_(_COUNTED),
        Record.event_ms >= from_ms,
        Record.event_ms < to_ms,
        IN_FORCE,
    )
    return session.scalar(query) or 0

"""The tick's first part: windows for the next two days, and those that exist brought up to changed rules."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.duties.plan_long import Long, has_periods, rolling_windows
from server.actions.duties.site_profile import make_profile
from server.actions.records.feed import publish
from server.actions.records.site_record import Around, around_sites, site_put
from server.actions.records.window_record import window_put
from server.base.db import raise_if_lost, savepoint
from server.models.camera import Camera, cameras_of
from server.models.scope import Scope, take_scopes
from server.models.site import SITES, Site
from server.models.tx import Tx
from server.models.window import Window, insert_windows, long_windows, plain_window, set_decision
from server.rules.calendar import DAY_MS, add_days, local_date_of, midnight_ms
from server.rules.duties.camera_windows import InUse, at_cameras
from server.rules.duties.judge import PLACE_CLOSED
from server.rules.duties.modes import Mode
from server.rules.duties.place_windows import at_places
from server.rules.duties.transition import REASON_MAX, StoredWindow, reopen, revise
from server.rules.duties.windows import PERIOD, Key, PlannedWindow, SiteProfile, plan
from server.rules.rulebook import Rulebook

AHEAD_MS = 48 * 3600 * 1000
ROLLED_MS = 400 * DAY_MS  # how far back the last window of weeks or months is looked for
BACK_DAYS = 31  # how far back a late suspension or holiday still changes windows, and a gap is filled
_STOPPED = "stopped"
_log = logging.getLogger("gongdi.windows")


@dataclass(frozen=True, slots=True)
class _Planning:
    """What is planned: a locked site."""

    site: Site
    scope: Scope
    around: Around
    cameras: Sequence[Camera]
    long: Sequence[Window]  # its windows of weeks and months


@dataclass(slots=True)
class Planner:
    """Plans each day once for all sites that are alike, by the rules of `book`."""

    book: Rulebook
    known: dict[tuple[SiteProfile, str], list[PlannedWindow]] = field(default_factory=dict)

    def profile(self, planning: _Planning, local_date: str) -> SiteProfile:
        kinds = [place.kind for place in planning.around.places]
        return make_profile(planning.site, kinds, planning.around.suspensions, self.book, local_date)

    def mode_on(self, duty: str, local_date: str) -> Mode | None:
        """How a duty without slots is judged on a local date."""
        rule = self.book.mode_rule(duty, local_date)
        return rule.mode if rule is not None else None

    def day(self, planning: _Planning, local_date: str) -> list[PlannedWindow]:
        """By kinds of places: sites whose places are of the same kinds are alike."""
        profile = replace(self.profile(planning, local_date), site_id="")
        planned = self.known.get((profile, local_date))
        if planned is None:
            planned = plan(profile, self.book.duties, self.book.holidays, local_date)
            self.known[profile, local_date] = planned
        return planned


def due_sites(now_ms: int, book: Rulebook) -> sa.Select[str]:
    """Ids of sites whose windows do not reach two days ahead, or were planned by other rules."""
    until = local_date_of(now_ms + AHEAD_MS)
    return sa.select(Site.id).where(sa.or_(Site.planned_until < until, Site.planned_stamp != book.stamp))


def plan_windows(
    tx: Tx,
    limit: int = 50,
    after: str = "",
    planner: Planner | None = None,
    hold_s: float = math.inf,
) -> dict[str, Any]:
    """Make and revise the windows of up to `limit` sites that need it, from the one after id `after` on. `planner`: what
    was planned for others by the same rules; `hold_s`: after the first site that ends later than this, the rest is left.

    A site needs it when its windows do not reach two days ahead, or were planned by other rules. Sites whose
    scope is locked by another process are left to it or to the next tick. One that fails is undone, logged and
    counted, and does not stop the rest. Gives {"sites", "made", "revised", "failed", "last"}; `last` is the id to go
    on after, empty at the end. Doing it twice changes nothing the second time.
    """
    session, until, began_s = tx.session, local_date_of(tx.now_ms + AHEAD_MS), time.perf_counter()
    query = due_sites(tx.now_ms, tx.book).order_by(Site.id).limit(limit)
    wanted = list(session.scalars(query.where(Site.id > after) if after else query))
    did: dict[str, Any] = {"sites": 0, "made": 0, "revised": 0, "failed": 0}
    did["last"] = wanted[-1] if len(wanted) == limit else ""
    scopes = take_scopes(session, wanted)
    planner, last = planner or Planner(tx.book), ""
    for planning in _plannings(tx, scopes):
        scope = planning.scope
        if last and time.perf_counter() - began_s > hold_s:
            did["last"] = last
            break
        last = scope.scope_id
        try:
            with savepoint(session):
                made, revised = _plan_site(tx, planner, planning, until)
        except Exception as error:  # whatever is wrong with one site must not stop the others
            raise_if_lost(error)
            _log.exception("windows were not made", extra={"fields": {"site": scope.scope_id}})
            did["failed"] += 1
            continue
        did["sites"] += 1
        did["made"] += made
        did["revised"] += revised
    return did


def plan_again(tx: Tx, scope: Scope) -> None:
    """Plan one site at once, because something about it has changed. The scope is locked."""
    (planning,) = _plannings(tx, [scope])
    planning.site.planned_stamp = ""
    _plan_site(tx, Planner(tx.book), planning, local_date_of(tx.now_ms + AHEAD_MS))


def _plannings(tx: Tx, scopes: Sequence[Scope]) -> Iterator[_Planning]:
    """What is known of these sites, each part of it read in one statement."""
    session, site_ids = tx.session, [scope.scope_id for scope in scopes]
    rows = session.scalars(SITES, {"site_ids": site_ids}, execution_options={"populate_existing": True})
    sites = {site.id: site for site in rows}
    around, cameras = around_sites(session, site_ids), cameras_of(session, site_ids)
    long: Mapping[str, Sequence[Window]] = {}
    if has_periods(tx.book):
        long = long_windows(session, site_ids, tx.now_ms - ROLLED_MS)
    for scope in scopes:
        one = scope.scope_id
        yield _Planning(sites[one], scope, around[one], cameras[one], long.get(one, ()))


def _plan_site(tx: Tx, planner: Planner, planning: _Planning, until: str) -> tuple[int, int]:
    """How many windows were made and how many revised. The scope is locked."""
    session, now_ms, site = tx.session, tx.now_ms, planning.site
    dates = list(_dates(site, now_ms, planner.book.stamp, until))
    long = _long(planning, dates, now_ms)
    kinds = {one.key: one for date in dates for one in planner.day(planning, date)}
    kinds |= {one.key: one for one in _of_long(tx, planner, planning, long, until)}
    cameras = [InUse(one.code, one.from_ms, one.to_ms) for one in planning.cameras]
    kinds = {one.key: one for one in at_cameras(kinds.values(), cameras, planner.mode_on)}
    apart = {rule.code for rule in planner.book.duties if rule.judging == "log" or rule.mode.per == "place"}
    places = [place.value() for place in planning.around.places]
    planned = {one.key: one for one in at_places(kinds.values(), places, apart)}
    stored = _stored(session, site.id, dates) | {window.key: window for window in long.recent}
    adopted = _adopt(stored, planned, now_ms)
    new = [
        plain_window(site.id, one)
        for key, one in planned.items()
        if key not in stored and one.excused != PLACE_CLOSED and _is_owed(planner.book, site, one, now_ms)
    ]
    by_kind: dict[Key, PlannedWindow] = {}
    if stored.keys() - planned.keys():  # a window of before places had ids is asked of their kind
        by_kind = {one.key: one for one in at_places(kinds.values(), places, ())}
    changed = [
        one
        for key, one in stored.items()
        if _revise(one, planned.get(key) or by_kind.get(key), now_ms) or one in adopted
    ]
    insert_windows(session, new)
    site.planned_until, site.planned_stamp = max(until, site.planned_until), planner.book.stamp
    puts = [*map(window_put, new), *map(window_put, changed)]
    site_record = site_put(site, planning.around, now_ms)
    publish(session, planning.scope, tx.seals, now_ms, [site_record, *puts])
    return len(new), len(changed)


def _adopt(stored: dict[Key, Window], planned: Mapping[Key, PlannedWindow], now_ms: int) -> list[Window]:
    """Windows to come that were planned before places had ids are the first place's of their kind from now on. Those that
    have opened stay as they were asked: one record of any place of the kind."""
    adopted = []
    for key, window in list(stored.items()):
        if window.place_id or not window.place or window.opens_ms <= now_ms or key in planned:
            continue
        asked = (window.duty, window.place, window.local_date, window.slot)
        for one in planned.values():
            is_same = asked == (one.duty, one.place, one.local_date, one.slot)
            if is_same and one.key not in stored and one.excused != PLACE_CLOSED:
                window.place_id = one.place_id
                stored[one.key] = stored.pop(key)
                adopted.append(window)
                break
    return adopted


def _dates(site: Site, now_ms: int, stamp: str, until: str) -> Iterator[str]:
    """The local dates to plan: those not planned yet (also where the scheduler was stopped), and when
    rules or suspensions changed, those of the last month as well."""
    today = local_date_of(now_ms)
    made_on = local_date_of(site.made_ms) if site.made_ms else add_days(today, -1)
    if not site.planned_until:
        first = min(made_on, today)
    elif site.planned_stamp != stamp:
        first = add_days(today, -BACK_DAYS)
    else:
        first = add_days(site.planned_until, 1)
    first = max(first, made_on, add_days(today, -BACK_DAYS))
    while first <= until:
        yield first
        first = add_days(first, 1)


def _long(planning: _Planning, dates: Sequence[str], now_ms: int) -> Long:
    if not dates:
        return Long((), ())
    since_ms = now_ms - BACK_DAYS * DAY_MS
    return Long(planning.long, [window for window in planning.long if window.closes_ms >= since_ms])


def _of_long(
    tx: Tx, planner: Planner, planning: _Planning, long: Long, until: str
) -> Iterator[PlannedWindow]:
    """What planning gives for these windows now, however long ago they opened, and what follows the last record."""
    asked = {(window.duty, window.local_date) for window in long.recent}
    for local_date in sorted({local_date for _, local_date in asked}):
        for one in planner.day(planning, local_date):
            if one.slot == PERIOD and (one.duty, one.local_date) in asked:  # not those of a day
                yield one
    yield from rolling_windows(
        lambda local_date: planner.profile(planning, local_date), planner.book, long, tx.now_ms, until
    )


def _is_owed(book: Rulebook, site: Site, planned: PlannedWindow, now_ms: int) -> bool:
    """No window is added afterwards for what was not asked when it would have opened: not before the site was registered,
    and not by a rule that came later to a date that had its windows. One that runs from the last record may begin with
    it."""
    if planned.opens_ms < site.made_ms:
        return False
    rule = book.mode_rule(planned.duty, planned.local_date) if planned.slot == PERIOD else None
    if rule is not None and rule.mode.rolling is not None:
        return True
    return planned.local_date > site.planned_until or planned.opens_ms > now_ms


_OPENED = sa.select(Window).where(
    Window.scope_id == sa.bindparam("site_id"),
    Window.opens_ms >= sa.bindparam("since_ms"),
    Window.trigger_id.is_(None),
)


def _stored(session: Session, site_id: str, dates: Sequence[str]) -> dict[Key, Window]:
    if not dates:
        return {}
    given = {"site_id": site_id, "since_ms": midnight_ms(dates[0])}
    rows = session.scalars(_OPENED, given, execution_options={"populate_existing": True})
    return {row.key: row for row in rows if dates[0] <= row.local_date <= dates[-1]}


def _revise(window: Window, planned: PlannedWindow | None, now_ms: int) -> bool:
    """Bring a stored window up to what planning gives now; whether it changed. An open one is judged at its
    deadline, one that was decided by its lack is looked at again at once, because its flag depends on it."""
    if planned is not None and planned.excused:
        planned = replace(planned, excused=planned.excused[:REASON_MAX])
    if window.opens_ms <= now_ms and _STOPPED in (window.reason, planned and planned.excused):
        return False  # a stage has no dates: what it is now says nothing of a window that opened before
    revised = revise(_as_stored(window), planned, now_ms)
    if revised is None:
        return False
    decided = reopen(window, revised, now_ms)
    window.opens_ms, window.due_ms = revised.opens_ms, revised.due_ms
    window.grace_s, window.closes_ms = revised.grace_s, revised.closes_ms
    set_decision(window, decided)
    return True


def _as_stored(window: Window) -> StoredWindow:
    return StoredWindow(
        window.state,
        window.reason,
        window.opens_ms,
        window.due_ms,
        window.grace_s,
        window.closes_ms,
        window.need,
    )

"""Windows are made two days ahead, once, whatever is repeated, interrupted or done by two at once."""

from __future__ import annotations

from dataclasses import replace
from threading import Thread

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.duties.plan_windows import plan_windows
from server.actions.reference.load_reference import seed_rows, tx_of
from server.base.db import read, write
from server.models import Heartbeat, HeldEntry, Place, Record, Scope, Site
from server.models.window import window_id
from server.rules.rulebook import Rulebook, rulebook
from server.workflows.scheduler import tick
from tests.server.planning import HOUR_MS, MIDNIGHT_MS, make, new_site, seals_of, window, windows

DAY_MS = 24 * HOUR_MS


def test_windows_reach_two_days_ahead_and_no_further(app: Flask) -> None:
    site = new_site(app)
    make(app, MIDNIGHT_MS)
    assert {one.local_date for one in windows(app, site)} == {"2026-11-23", "2026-11-24", "2026-11-25"}


def test_making_windows_twice_makes_them_once_and_publishes_nothing_new(app: Flask) -> None:
    site = new_site(app)
    first = make(app, MIDNIGHT_MS)
    seq = _seq(app, site)
    assert first["made"] > 0
    assert make(app, MIDNIGHT_MS)["sites"] == 0
    _plan_again(app, site)
    again = make(app, MIDNIGHT_MS)
    assert (again["sites"], again["made"], again["revised"]) == (1, 0, 0)
    assert _seq(app, site) == seq


def test_a_window_is_served_as_a_record_of_its_site_with_the_same_id(app: Flask) -> None:
    site = new_site(app)
    make(app, MIDNIGHT_MS)
    made = window(app, site, "DISINFECT", "canteen", "2026-11-23", "morning")
    assert made.place_id is not None
    assert made.id == window_id(site, "DISINFECT", made.place_id, "2026-11-23", "morning")
    with app.app_context(), read() as session:
        kinds = {
            row.id: row.kind for row in session.scalars(sa.select(Record).where(Record.scope_id == site))
        }
    assert kinds[made.id] == "window"
    assert kinds[site] == "site"
    assert len(kinds) == 1 + len(windows(app, site))


def test_nothing_is_asked_of_the_time_before_a_site_was_registered(app: Flask) -> None:
    registered_ms = MIDNIGHT_MS + 9 * HOUR_MS
    site = new_site(app, at_ms=registered_ms)
    make(app, registered_ms)
    assert min(one.opens_ms for one in windows(app, site)) >= registered_ms


def test_a_gap_after_the_scheduler_slept_is_filled(app: Flask) -> None:
    site = new_site(app)
    make(app, MIDNIGHT_MS)
    make(app, MIDNIGHT_MS + 7 * DAY_MS)
    dates = sorted({one.local_date for one in windows(app, site)})
    assert (dates[0], dates[-1], len(dates)) == ("2026-11-23", "2026-12-02", 10)


def test_a_shift_that_ends_after_midnight_belongs_to_the_date_on_which_it_began(app: Flask) -> None:
    site = new_site(app)
    make(app, MIDNIGHT_MS, _with_a_night_shift())
    night = window(app, site, "TEMP", "", "2026-11-23", "night")
    assert night.opens_ms == MIDNIGHT_MS + 22 * HOUR_MS
    assert night.due_ms == MIDNIGHT_MS + 30 * HOUR_MS
    assert night.check_ms == night.deadline_ms
    assert window(app, site, "TEMP", "", "2026-11-24", "night").opens_ms >= night.deadline_ms


def test_an_interrupted_transaction_leaves_nothing_and_the_next_makes_everything(app: Flask) -> None:
    site = new_site(app)
    with pytest.raises(RuntimeError, match="power"):
        _make_and_die(app)
    assert windows(app, site) == []
    make(app, MIDNIGHT_MS)
    assert windows(app, site)


def test_a_site_that_cannot_be_planned_does_not_stop_the_others(app: Flask) -> None:
    broken, whole = new_site(app, "甲"), new_site(app, "乙")
    with app.app_context(), write() as session:
        session.execute(sa.update(Place).where(Place.site_id == broken).values(names=[]))
    did = make(app, MIDNIGHT_MS)
    assert (did["sites"], did["failed"]) == (1, 1)
    assert windows(app, broken) == []
    assert windows(app, whole)


def test_more_sites_than_one_transaction_takes_are_all_planned(app: Flask) -> None:
    sites = [new_site(app, f"工地 {number}") for number in range(3)]
    after, rounds = "", 0
    while rounds == 0 or after:
        with app.app_context(), write() as session:
            tx = tx_of(session, seals_of(app), MIDNIGHT_MS)
            after = plan_windows(tx, limit=2, after=after)["last"]
        rounds += 1
    assert rounds == 2
    assert all(windows(app, site) for site in sites)


def test_a_tick_done_twice_does_everything_once_and_leaves_its_heartbeat(app: Flask) -> None:
    site = new_site(app)
    assert tick(app, MIDNIGHT_MS)["windows"]["sites"] == 1
    before = len(windows(app, site))
    assert tick(app, MIDNIGHT_MS)["windows"] == {}
    assert len(windows(app, site)) == before
    with app.app_context(), read() as session:
        assert [beat.at_ms for beat in session.scalars(sa.select(Heartbeat))] == [MIDNIGHT_MS]


def test_an_entry_that_cannot_be_settled_is_put_off_and_does_not_stop_the_tick(app: Flask) -> None:
    site = new_site(app)
    with app.app_context(), write() as session:  # it waits, and the log does not have it
        waiting = HeldEntry(scope_id=site, entry_id=site, reason="needs", waits_for=[])
        waiting.until_ms = MIDNIGHT_MS
        session.add(waiting)
    did = tick(app, MIDNIGHT_MS)
    assert did["windows"]["made"] > 0
    with app.app_context(), read() as session:
        assert session.scalars(sa.select(Heartbeat)).one().did == did
        until_ms = session.get_one(HeldEntry, (site, site)).until_ms
    assert until_ms is not None
    assert until_ms > MIDNIGHT_MS


def test_a_part_of_the_tick_that_fails_is_counted_and_does_not_stop_the_others(app: Flask) -> None:
    site = new_site(app)
    with app.app_context(), write() as session:
        session.execute(sa.text("DROP TABLE flag_step"))
    did = tick(app, MIDNIGHT_MS)
    assert did["steps"] == {"failed": 1}
    assert len(windows(app, site)) == did["windows"]["made"]
    assert "tombstones" in did["house"]


def test_a_window_past_its_deadline_is_silent_while_no_tablet_has_reported(app: Flask) -> None:
    site = new_site(app)
    tick(app, MIDNIGHT_MS)
    did = tick(app, MIDNIGHT_MS + 13 * HOUR_MS)
    assert did["judged"]["silent"] > 0
    assert window(app, site, "DISINFECT", "canteen", "2026-11-23", "morning").state == "silent"


def test_two_schedulers_at_once_make_every_window_once(app: Flask, second_app: Flask) -> None:
    sites = [new_site(app, f"工地 {number}") for number in range(6)]
    did: list[dict[str, dict[str, int]]] = []
    both = [Thread(target=lambda one=one: did.append(tick(one, MIDNIGHT_MS))) for one in (app, second_app)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    tick(app, MIDNIGHT_MS)  # what one of them held may have been left by the other
    counts = [len(windows(app, site)) for site in sites]
    assert len(did) == 2
    assert len(set(counts)) == 1
    assert all(not part.get("failed") for one in did for part in one.values())
    with app.app_context(), read() as session:
        records = session.scalar(
            sa.select(sa.func.count()).select_from(Record).where(Record.kind == "window")
        )
    assert records == sum(counts)


def _make_and_die(app: Flask) -> None:
    with app.app_context(), write() as session:
        plan_windows(tx_of(session, seals_of(app), MIDNIGHT_MS))
        raise RuntimeError("the power went")


def _seq(app: Flask, site_id: str) -> int:
    with app.app_context(), read() as session:
        return session.get_one(Scope, site_id).seq


def _plan_again(app: Flask, site_id: str) -> None:
    with app.app_context(), write() as session:
        session.get_one(Site, site_id).planned_until = ""


def _with_a_night_shift() -> Rulebook:
    book = rulebook("night", dict(seed_rows()))
    temp = next(rule for rule in book.duties if rule.code == "TEMP")
    night = replace(temp.slots[-1], code="night", opens="22:00", due="06:00", grace_s=0)
    return replace(book, duties=(replace(temp, slots=(*temp.slots[-1:], night)),))

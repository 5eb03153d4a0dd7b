"""A tablet's clock is only a claim: a wrong one raises no flag, and proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from flask import Flask

from server.actions.audit.rebuild import check_scope
from server.base.clock import from_iso
from server.base.db import read
from server.models import LogEntry, Record
from server.models.record import CaseFile
from server.rules.calendar import instant_ms
from sync_protocol.client.tablet import Tablet
from sync_protocol.client.transport import Request, Response, WsgiTransport
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import DAY, at, planned_field
from tests.stories.slots import LOG, standing, windows

MINUTE, HOUR, DAY_MS = 60_000, 3_600_000, 86_400_000


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def disinfect(field: Field, tablet: Tablet, time: str) -> str:
    field.cast.clock.set(instant_ms(DAY, time))
    return tablet.add(field.scope, "disinfection_log", LOG)


def entry(field: Field, key: str) -> LogEntry:
    with field.app.app_context(), read() as session:
        return session.get_one(LogEntry, (field.cast.site_a, key))


@pytest.mark.parametrize("boot", ["boot-1", None])
@pytest.mark.parametrize("skew_ms", [-30_000, -10 * MINUTE, -DAY_MS, 2 * DAY_MS])
def test_work_just_after_the_window_opened_meets_it_whatever_the_clock_says(
    field: Field, skew_ms: int, boot: str | None
) -> None:
    tablet = field.tablet("first")
    clock = field.clocks["first"]
    clock.skew_ms, clock.boot = skew_ms, boot
    field.cast.clock.set(instant_ms(DAY, "06:05"))
    assert tablet.sync().ok
    key = disinfect(field, tablet, "06:08")
    at(field, "06:30")
    assert tablet.sync().ok
    assert standing(field) == ("met", None)
    written = entry(field, key)
    assert written.earliest_ms <= instant_ms(DAY, "06:08") <= written.latest_ms
    assert not written.backfilled and not written.doubt
    assert windows(field, local_date="2026-11-23").get("morning") is None


def test_a_record_that_may_lie_outside_goes_to_review_and_is_judged_again_when_its_boot_is_tied_better(
    field: Field,
) -> None:
    tablet = field.tablet("first")
    field.clocks["first"].restart()
    field.cast.clock.set(instant_ms(DAY, "06:00") + 30_000)
    tablet.add(field.scope, "disinfection_log", LOG)
    field.cast.clock.advance(10_000)
    with tablet._exchange.store.transaction():  # a push without a beacon, as of a client of 2026.1
        tablet._exchange.store.set_note("beacon", "unknown")
    assert tablet.push().problem is None
    assert standing(field) == ("review", "time_uncertain")
    field.cast.clock.advance(1_000)
    assert tablet.sync().ok
    assert standing(field) == ("met", None)


def test_a_clock_set_back_after_the_deadline_meets_nothing_that_its_beacon_excludes(field: Field) -> None:
    tablet = field.tablet("first")
    field.clocks["first"].boot = None
    field.cast.clock.set(instant_ms(DAY, "12:40"))
    assert tablet.sync().ok
    at(field, "12:41")
    assert standing(field)[0] == "missed"
    field.clocks["first"].skew_ms = -4 * HOUR
    disinfect(field, tablet, "12:45")
    field.clocks["first"].skew_ms = 0
    assert tablet.sync().ok
    at(field, "12:50")
    assert standing(field)[0] == "missed"


def test_a_clock_that_was_moved_unseen_is_in_doubt_and_says_so_on_the_tablet(field: Field) -> None:
    tablet = field.tablet("first")
    clock = field.clocks["first"]
    clock.boot = None
    clock.skew_ms = -9 * HOUR
    key = disinfect(field, tablet, "07:00")
    clock.skew_ms = 0
    field.cast.clock.set(instant_ms(DAY, "08:00"))
    assert tablet.sync().ok
    assert entry(field, key).doubt
    (shown,) = tablet.list("disinfection_log")
    assert shown.body["at"]["doubt"] is True


def test_what_was_written_down_later_counts_when_it_was_done_apart_from_met(field: Field) -> None:
    tablet = field.tablet("first")
    field.cast.clock.set(instant_ms(DAY, "13:00"))
    key = tablet.add(field.scope, "disinfection_log", LOG, observed_ms=instant_ms(DAY, "08:00"))
    at(field, "13:01")
    assert tablet.sync().ok
    at(field, "13:02")
    assert standing(field)[0] == "backfilled"
    assert standing(field, "afternoon")[0] == "open"
    assert entry(field, key).observed_ms == instant_ms(DAY, "08:00")
    (shown,) = tablet.list("disinfection_log")
    assert (shown.body["backfilled"], shown.body["observed"][:16]) == (True, f"{DAY}T08:00")


def test_work_of_long_ago_is_kept_and_meets_nothing(field: Field) -> None:
    tablet = field.tablet("first")
    field.cast.clock.set(instant_ms("2026-11-27", "08:00"))
    tablet.add(field.scope, "disinfection_log", LOG, observed_ms=instant_ms(DAY, "08:00"))
    assert tablet.sync().ok
    at(field, "08:01", "2026-11-27")
    assert standing(field)[0] == "missed"
    assert len(tablet.list("disinfection_log")) == 1


def test_a_correction_keeps_the_time_of_what_it_corrects_and_its_voiding_restores_that(field: Field) -> None:
    tablet = field.tablet("first")
    first = disinfect(field, tablet, "07:00")
    assert tablet.sync().ok
    field.cast.clock.set(instant_ms(DAY, "13:00"))
    second = tablet.amend(field.scope, first, {**LOG, "amount_l": 5.0})
    assert tablet.sync().ok
    assert (standing(field)[0], windows(field)["morning"].evidence) == ("met", second)
    assert standing(field, "afternoon")[0] == "open"
    tablet.void(field.scope, second, "写错了")
    assert tablet.sync().ok
    assert (standing(field)[0], windows(field)["morning"].evidence) == ("met", first)


def test_corrections_go_with_what_they_correct_when_that_is_dated_better(field: Field) -> None:
    tablet = field.tablet("first")
    field.clocks["first"].restart()
    field.cast.clock.set(instant_ms(DAY, "07:00"))
    first = tablet.add(field.scope, "disinfection_log", LOG)
    field.cast.clock.advance(60_000)
    second = tablet.amend(field.scope, first, {**LOG, "amount_l": 5.0})
    field.cast.clock.advance(60_000)
    third = tablet.amend(field.scope, second, {**LOG, "amount_l": 6.0})
    field.cast.clock.advance(10_000)
    with tablet._exchange.store.transaction():  # a push without a beacon, as of a client of 2026.1
        tablet._exchange.store.set_note("beacon", "unknown")
    assert tablet.push().problem is None
    loose = entry(field, first).earliest_ms
    field.cast.clock.advance(1_000)
    assert tablet.sync().ok
    timed = entry(field, first)
    assert timed.earliest_ms > loose
    with field.app.app_context(), read() as session:
        records = [session.get_one(Record, (field.cast.site_a, key)) for key in (first, second, third)]
        assert {(one.earliest_ms, one.latest_ms) for one in records} == {(timed.earliest_ms, timed.latest_ms)}
        assert not list(check_scope(session, field.app.extensions["gongdi"].seals, field.cast.site_a))


class _Slow(WsgiTransport):
    """A network on which requests take `delay_ms`."""

    def __init__(self, field: Field) -> None:
        super().__init__(field.app)
        self._clock, self.delay_ms = field.cast.clock, 0

    def send(self, request: Request) -> Response:
        self._clock.advance(self.delay_ms)
        return super().send(request)


def test_a_void_and_a_clock_go_with_their_entries_when_those_are_dated_better(field: Field) -> None:
    network = _Slow(field)
    tablet = field.tablet("first", transport=network)
    field.cast.clock.set(instant_ms(DAY, "06:50"))
    worker = tablet.add(field.scope, "worker", WORKER)
    key = tablet.add(field.scope, "disinfection_log", LOG)
    assert tablet.sync().ok
    field.clocks["first"].restart()
    field.cast.clock.set(instant_ms(DAY, "07:00"))
    case = tablet.add(field.scope, "case", {"worker": worker, "cause": "symptom"})
    tablet.void(field.scope, key, "写错了")
    network.delay_ms = 50_000
    assert tablet.push().problem is None
    loose = entry(field, case).latest_ms
    network.delay_ms = 0
    assert tablet.sync().ok
    assert entry(field, case).latest_ms < loose
    with field.app.app_context(), read() as session:
        opened_ms = session.get_one(CaseFile, (field.cast.site_a, case)).opened_ms
        assert not list(check_scope(session, field.app.extensions["gongdi"].seals, field.cast.site_a))
    assert opened_ms == entry(field, case).latest_ms
    assert tablet.sync().ok
    (record,) = tablet.list("disinfection_log")
    assert abs(instant_ms(DAY, "07:00") - from_iso(record.body["void"]["time"])) < 5_000


def test_work_that_counts_for_nothing_says_when_it_was_written_down_as_well_as_is_known(field: Field) -> None:
    network = _Slow(field)
    tablet = field.tablet("first", transport=network)
    field.clocks["first"].restart()
    field.cast.clock.set(instant_ms(DAY, "07:00"))
    key = tablet.add(field.scope, "disinfection_log", LOG, observed_ms=field.cast.clock.now_ms() - 3 * DAY_MS)
    network.delay_ms = 50_000
    assert tablet.push().problem is None
    network.delay_ms = 0
    assert tablet.sync().ok and tablet.sync().ok
    (record,) = tablet.list("disinfection_log")
    assert from_iso(record.body["at"]["latest"]) == entry(field, key).latest_ms
    with field.app.app_context(), read() as session:
        assert not list(check_scope(session, field.app.extensions["gongdi"].seals, field.cast.site_a))


def test_what_one_push_both_releases_and_dates_better_has_the_better_time(field: Field) -> None:
    network = _Slow(field)
    tablet = field.tablet("first", transport=network)
    field.clocks["first"].restart()
    first = disinfect(field, tablet, "06:55")
    field.cast.clock.set(instant_ms(DAY, "07:00"))
    correction = tablet.amend(field.scope, first, {**LOG, "place": "toilet"})
    outbox = tablet._exchange.store
    with outbox.transaction() as sql:  # the file loses a line, and finds it again
        lost = tuple(sql.execute("SELECT * FROM outbox ORDER BY seq LIMIT 1").fetchone())
        sql.execute("DELETE FROM outbox WHERE seq = ?", lost[:1])
    network.delay_ms = 50_000
    assert tablet.push().problem is None
    loose = entry(field, correction)
    assert loose.outcome == "held"
    with outbox.transaction() as sql:
        sql.execute(f"INSERT INTO outbox VALUES ({', '.join('?' * len(lost))})", lost)
    network.delay_ms = 0
    field.cast.clock.advance(1_000)
    assert tablet.push().problem is None
    timed = entry(field, correction)
    assert timed.outcome == "applied" and timed.latest_ms < loose.latest_ms
    with field.app.app_context(), read() as session:
        record = session.get_one(Record, (field.cast.site_a, correction))
        assert (record.earliest_ms, record.latest_ms) == (timed.earliest_ms, timed.latest_ms)
        assert not list(check_scope(session, field.app.extensions["gongdi"].seals, field.cast.site_a))


class _Overtaken(_Slow):
    """A network on which the first push is under way for twenty seconds, and something is written meanwhile."""

    written: Callable[[], str] | None = None

    def send(self, request: Request) -> Response:
        self.delay_ms = 0
        if self.written is not None and request.url.endswith("/push"):
            write, self.written = self.written, None
            self._clock.advance(1_000)
            write()
            self.delay_ms = 19_000
        return super().send(request)


def test_what_the_order_in_the_chain_tightens_is_dated_by_its_boot_in_the_same_push(field: Field) -> None:
    network = _Overtaken(field)
    tablet = field.tablet("first", transport=network)
    field.clocks["first"].restart()
    field.cast.clock.set(instant_ms(DAY, "06:00") + 1_000)
    first = tablet.add(field.scope, "disinfection_log", LOG)
    field.cast.clock.advance(2_000)
    assert tablet.pull().problem is None  # the beacon of the push is of now
    field.cast.clock.advance(6_000)
    network.written = partial(tablet.add, field.scope, "disinfection_log", LOG)
    assert (
        tablet.push().sent == 2
    )  # what was written meanwhile goes up next, by a push that ties the boot well
    dated = entry(field, first)
    assert dated.latest_ms - dated.earliest_ms < 1_000
    assert dated.earliest_ms <= instant_ms(DAY, "06:00") + 1_000 <= dated.latest_ms
    assert standing(field) == ("met", None)


def test_a_correction_that_moves_to_another_place_counts_at_its_own_time(field: Field) -> None:
    tablet = field.tablet("first")
    first = disinfect(field, tablet, "07:00")
    assert tablet.sync().ok
    field.cast.clock.set(instant_ms(DAY, "07:30"))
    tablet.amend(field.scope, first, {**LOG, "place": "office"})
    assert tablet.sync().ok
    assert standing(field)[0] == "open"

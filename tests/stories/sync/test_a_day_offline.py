"""The main job: a tablet's day without a network reaches the server, and another tablet's comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_exchanges, verify_scope
from server.base.clock import from_iso
from server.base.db import read
from server.models.scope import Scope
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field


@pytest.fixture
def field(cast: Cast, tmp_path: Path) -> Field:
    return Field(cast, tmp_path)


def test_what_one_tablet_wrote_offline_is_on_the_other_after_both_have_synced(field: Field) -> None:
    first, second = field.tablet("first"), field.tablet("second", field.second_inspector())
    worker = first.add(field.scope, "worker", WORKER)
    field.cast.clock.advance(3_600_000)
    check = {"worker": worker, "celsius": 36.5, "slot": "before_work", "point": "gate"}
    first.add(field.scope, "temperature_check", check)
    log = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}
    first.add(field.scope, "disinfection_log", log)
    second.add(field.scope, "disinfection_log", {**log, "place": "toilet"})
    field.cast.clock.advance(3_600_000)
    assert all(tablet.sync().ok for tablet in (first, second, first))
    for tablet in (first, second):
        assert [item.body["certificate_masked"] for item in tablet.list("worker")] == ["411***********8104"]
        assert [item.body["celsius"] for item in tablet.list("temperature_check")] == [36.5]
        assert sorted(item.body["place"] for item in tablet.list("disinfection_log")) == ["canteen", "toilet"]
        assert all(item.state == "synced" for item in tablet.list("disinfection_log"))
    assert first.status().unsent == 0


def test_an_entry_written_an_hour_before_the_exchange_is_dated_by_the_tablets_boot_and_not_by_its_wrong_clock(
    field: Field,
) -> None:
    tablet = field.tablet("first")
    field.clocks["first"].skew_ms = 3 * 86_400_000
    written_ms = field.cast.clock.now_ms()
    tablet.add(
        field.scope, "disinfection_log", {"place": "canteen", "agent": "alcohol", "operator": "王师傅"}
    )
    field.cast.clock.advance(3_600_000)
    assert tablet.sync().ok
    assert tablet.sync().ok
    (item,) = tablet.list("disinfection_log")
    assert item.body["at"]["grade"] == "anchored"
    assert abs(from_iso(item.body["at"]["time"]) - written_ms) <= item.body["at"]["bound_ms"] + 1_000


def test_two_inspectors_who_change_one_worker_keep_both_values_and_agree(field: Field) -> None:
    first, second = field.tablet("first"), field.tablet("second", field.second_inspector())
    worker = first.add(field.scope, "worker", WORKER)
    assert all(tablet.sync().ok for tablet in (first, second))
    first.edit(field.scope, worker, {"team": "木工班"})
    field.cast.clock.advance(60_000)
    second.edit(field.scope, worker, {"team": "架子班", "trade": "030"})
    assert all(tablet.sync().ok for tablet in (first, second, first))
    for tablet in (first, second):
        (item,) = tablet.list("worker")
        assert (item.body["team"], item.body["trade"]) == ("架子班", "030")
        assert item.body["contested"] == ["team"]


def test_the_log_proves_itself_and_the_state_follows_from_it(field: Field) -> None:
    tablet = field.tablet("first")
    worker = tablet.add(field.scope, "worker", WORKER)
    tablet.edit(field.scope, worker, {"phone": "13999999999"})
    log = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}
    fact = tablet.add(field.scope, "disinfection_log", log)
    tablet.amend(field.scope, fact, {**log, "concentration_mg_l": 500})
    gone = tablet.add(field.scope, "disinfection_log", {**log, "place": "toilet"})
    tablet.void(field.scope, gone, "写错了")
    assert tablet.sync().ok
    assert tablet.refused() == []
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), read() as session:
        scope = session.get_one(Scope, field.cast.site_a)
        assert list(verify_scope(session, seals, scope)) == []
        assert list(verify_exchanges(session, seals)) == []
        assert list(check_scope(session, seals, field.cast.site_a)) == []

"""The second half of the main job: slots that were met raise nothing, missed ones go to 质安科 and then to 监察支队,
and a site whose tablet did not report is silent, never missed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.verify_log import verify_scope
from server.actions.devices.revoke_device import revoke_device
from server.actions.reference.name_codes import read_names
from server.base.clock import from_iso
from server.base.db import read, write
from server.models import Device, Flag, FlagEvent, Site, Window
from server.models.scope import Scope
from server.rules.calendar import instant_ms
from server.workflows.scheduler import tick
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.stages import reach_reference
from tests.stories.field import WORKER, Field

DAY = "2026-11-24"
LOG = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    """Site A has a canteen to disinfect and people to measure; its windows are made."""
    cast.clock.set(instant_ms("2026-11-23", "23:00"))
    reach_reference(app)
    with app.app_context(), write() as session:
        session.get_one(Site, cast.site_b).stage = "completed"
        session.get_one(Site, cast.site_a).made_ms = cast.clock.now_ms()
    tick(app, cast.clock.now_ms())
    return Field(cast, tmp_path)


def _at(field: Field, time: str, date: str = DAY) -> None:
    field.cast.clock.set(instant_ms(date, time))


def _tick(field: Field) -> None:
    tick(field.app, field.cast.clock.now_ms())


def _windows(field: Field, duty: str) -> dict[str, Window]:
    with field.app.app_context(), read() as session:
        query = sa.select(Window).where(Window.duty == duty, Window.local_date == DAY)
        return {window.slot: window for window in session.scalars(query)}


def _flags(field: Field, **given: str) -> list[dict[str, Any]]:
    answer = field.cast.client("brigade").get("/api/v1/flags", query_string=given)
    assert answer.status_code == 200
    items: list[dict[str, Any]] = answer.get_json()["items"]
    return items


def _measure(tablet: Tablet, scope: str, worker: str, slot: str) -> None:
    body = {"worker": worker, "celsius": 36.4, "slot": slot, "point": "gate"}
    tablet.add(scope, "temperature_check", body)


def test_a_site_whose_slots_were_met_has_no_flag(field: Field) -> None:
    tablet = field.tablet("first")
    _at(field, "06:30")
    worker = tablet.add(field.scope, "worker", WORKER)
    _measure(tablet, field.scope, worker, "before_work")
    tablet.add(field.scope, "disinfection_log", LOG)
    _at(field, "09:10")
    assert tablet.sync().ok
    _tick(field)
    temp, canteen = _windows(field, "TEMP"), _windows(field, "DISINFECT")
    assert (temp["before_work"].state, temp["before_work"].need, temp["before_work"].have) == ("met", 1, 1)
    assert canteen["morning"].state == "met"
    assert [flag for flag in _flags(field) if flag["duty"] in ("TEMP", "DISINFECT")] == []


def test_a_tablet_that_reported_in_without_a_record_makes_it_missed_and_the_section_gets_a_flag(
    field: Field,
) -> None:
    tablet = field.tablet("first")
    _at(field, "12:40")
    assert tablet.sync().ok
    _tick(field)
    assert _windows(field, "DISINFECT")["morning"].state == "missed"
    (flag,) = _flags(field, duty="DISINFECT")
    assert (flag["state"], flag["unit"]) == ("open", "zhian")
    shown = field.cast.client("section").get(f"/api/v1/flags/{flag['id']}").get_json()
    assert [window["state"] for window in shown["windows"]] == ["missed"]
    assert tablet.sync().ok
    assert {item.body["duty"] for item in tablet.list("flag")} >= {"DISINFECT"}


def test_the_second_step_passes_the_flag_to_the_brigade_once(field: Field) -> None:
    tablet = field.tablet("first")
    _at(field, "12:40")
    assert tablet.sync().ok
    _tick(field)
    _at(field, "12:41", "2026-11-25")
    _tick(field)
    _tick(field)
    (flag,) = _flags(field, duty="DISINFECT", unit="jiancha")
    assert flag["level"] == 2
    with field.app.app_context(), read() as session:
        steps = list(session.scalars(sa.select(FlagEvent.action).where(FlagEvent.flag_id == flag["id"])))
    assert steps.count("step_brigade") == 1


def test_a_tablet_that_was_not_heard_from_makes_it_silent_and_never_missed(field: Field) -> None:
    field.tablet("first")
    _at(field, "13:00")
    _tick(field)
    assert {window.state for window in _windows(field, "DISINFECT").values()} == {"silent", "open"}
    _at(field, "20:00")
    _tick(field)
    assert [flag["duty"] for flag in _flags(field)] == ["SILENT"]


def test_a_late_sync_of_a_timely_record_meets_the_silent_window_and_withdraws_the_flag(field: Field) -> None:
    tablet = field.tablet("first")
    _at(field, "06:30")
    worker = tablet.add(field.scope, "worker", {**WORKER, "canteen_staff": True})
    _measure(tablet, field.scope, worker, "before_work")
    tablet.add(field.scope, "disinfection_log", LOG)
    _at(field, "11:30")
    _measure(tablet, field.scope, worker, "meal")
    _at(field, "15:30")
    _tick(field)
    assert [flag["state"] for flag in _flags(field, duty="SILENT")] == ["open"]
    assert _windows(field, "DISINFECT")["morning"].state == "silent"
    assert tablet.sync().ok
    _tick(field)
    assert _windows(field, "DISINFECT")["morning"].state == "met"
    assert [flag["state"] for flag in _flags(field, duty="SILENT")] == ["withdrawn"]


def test_of_two_tablets_the_silent_one_leaves_the_window_silent_and_in_review_when_it_is_revoked(
    field: Field,
) -> None:
    first, _ = field.tablet("first"), field.tablet("second", field.second_inspector())
    _at(field, "12:40")
    assert first.sync().ok
    _tick(field)
    assert _windows(field, "DISINFECT")["morning"].state == "silent"
    with field.app.app_context(), write() as session:
        lost = session.scalars(sa.select(Device.id).where(Device.name == "second")).one()
        revoke_device(session, lost, field.cast.clock.now_ms())
    _tick(field)
    morning = _windows(field, "DISINFECT")["morning"]
    assert (morning.state, morning.reason) == ("review", "device_lost")


def test_evidence_after_missed_goes_to_review_and_never_closes_by_itself(field: Field) -> None:
    tablet = field.tablet("first")
    _at(field, "12:40")
    assert tablet.sync().ok
    _tick(field)
    observed_ms = from_iso("2026-11-24T08:40:00.000+08:00")
    tablet.add(field.scope, "disinfection_log", LOG, observed_ms=observed_ms)
    assert tablet.sync().ok
    _tick(field)
    assert _windows(field, "DISINFECT")["morning"].state == "review"
    assert [flag["state"] for flag in _flags(field, duty="DISINFECT")] == ["open"]


def test_a_record_before_the_window_opens_does_not_meet_it(field: Field) -> None:
    tablet = field.tablet("first")
    _at(field, "05:00")
    tablet.add(field.scope, "disinfection_log", LOG)
    _at(field, "12:40")
    assert tablet.sync().ok
    _tick(field)
    assert _windows(field, "DISINFECT")["morning"].state == "missed"


def test_a_voided_record_proves_nothing_any_more(field: Field) -> None:
    tablet = field.tablet("first")
    _at(field, "07:00")
    fact = tablet.add(field.scope, "disinfection_log", LOG)
    assert tablet.sync().ok
    assert _windows(field, "DISINFECT")["morning"].state == "met"
    tablet.void(field.scope, fact, "写错了")
    assert tablet.sync().ok
    assert _windows(field, "DISINFECT")["morning"].state == "open"


def test_a_corrected_record_of_the_same_place_still_meets_its_window(field: Field) -> None:
    tablet = field.tablet("first")
    _at(field, "07:00")
    fact = tablet.add(field.scope, "disinfection_log", LOG)
    _at(field, "13:00")
    amended = tablet.amend(field.scope, fact, {**LOG, "concentration_mg_l": 500})
    assert tablet.sync().ok
    _tick(field)
    morning = _windows(field, "DISINFECT")["morning"]
    assert (morning.state, morning.evidence) == ("met", amended)


def test_a_server_that_was_down_over_a_deadline_judges_by_what_came_and_not_by_when_it_woke(
    field: Field,
) -> None:
    tablet = field.tablet("first")
    _at(field, "07:00")
    tablet.add(field.scope, "disinfection_log", LOG)
    _at(field, "09:00", "2026-11-26")
    assert tablet.sync().ok
    _tick(field)
    states = {slot: window.state for slot, window in _windows(field, "DISINFECT").items()}
    assert states["morning"] == "met"
    assert states["afternoon"] == "missed"


def test_a_second_push_before_the_tick_does_not_lose_the_flag_of_a_missed_window(field: Field) -> None:
    tablet = field.tablet("first")
    _at(field, "06:30")
    present = {"worker": "01980a1e-0000-7000-8000-00000000000a", "direction": "in", "method": "face"}
    tablet.add(field.scope, "gate_pass", present)
    _at(field, "09:10")
    assert tablet.sync().ok
    tablet.add(field.scope, "gate_pass", {**present, "direction": "out"})
    assert tablet.sync().ok
    _tick(field)
    assert _windows(field, "TEMP")["before_work"].state == "missed"
    assert [flag["state"] for flag in _flags(field, duty="TEMP")] == ["open"]


def test_another_record_of_the_same_slot_replaces_a_voided_one(field: Field) -> None:
    tablet = field.tablet("first")
    _at(field, "07:00")
    first = tablet.add(field.scope, "disinfection_log", LOG)
    _at(field, "07:30")
    second = tablet.add(field.scope, "disinfection_log", LOG)
    assert tablet.sync().ok
    tablet.void(field.scope, first, "记了两次")
    assert tablet.sync().ok
    morning = _windows(field, "DISINFECT")["morning"]
    assert (morning.state, morning.evidence) == ("met", second)


def test_windows_that_turn_from_silent_to_missed_leave_the_silent_site_flag(field: Field) -> None:
    tablet = field.tablet("first")
    _at(field, "14:00")
    _tick(field)
    assert [flag["state"] for flag in _flags(field, duty="SILENT")] == ["open"]
    _at(field, "14:10")
    assert tablet.sync().ok
    _tick(field)
    assert [flag["state"] for flag in _flags(field, duty="SILENT")] == ["withdrawn"]
    with field.app.app_context(), read() as session:
        count = sa.select(Flag.duty, Flag.windows)
        held = dict(session.execute(count.order_by(Flag.duty)).all())
    assert held == {"DISINFECT": 1, "SILENT": 0, "TEMP": 1}
    (flag,) = _flags(field, duty="SILENT")
    last = field.cast.client("brigade").get(f"/api/v1/flags/{flag['id']}").get_json()["events"][-1]
    with field.app.app_context(), read() as session:
        words = read_names(session).event(last["action"], last["detail"]["reason"])
    assert words == "系统撤回: 已恢复联系, 各时段另行判定", "that nothing was wrong would be false"


def test_the_last_event_of_a_flag_cannot_be_cut_off_unseen(field: Field) -> None:
    tablet = field.tablet("first")
    _at(field, "12:40")
    assert tablet.sync().ok
    _tick(field)
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), write() as session:
        event = session.scalars(
            sa.select(FlagEvent).order_by(FlagEvent.flag_id, FlagEvent.n.desc()).limit(1)
        ).one()
        session.delete(event)
    with field.app.app_context(), read() as session:
        faults = list(verify_scope(session, seals, session.get_one(Scope, field.cast.site_a)))
    assert (event.flag_id, event.n) in [(fault.device, fault.line) for fault in faults]


def test_an_event_of_a_flag_that_was_changed_is_found(field: Field) -> None:
    tablet = field.tablet("first")
    _at(field, "12:40")
    assert tablet.sync().ok
    _tick(field)
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), write() as session:
        event = session.scalars(sa.select(FlagEvent).where(FlagEvent.action == "opened").limit(1)).one()
        event.detail = {**event.detail, "severity": "nothing"}
    with field.app.app_context(), read() as session:
        faults = list(verify_scope(session, seals, session.get_one(Scope, field.cast.site_a)))
    assert [fault.device for fault in faults] == [event.flag_id]

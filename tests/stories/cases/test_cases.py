"""A fever at the gate: isolated, reported, or flagged for not having been reported, by what the tablets have said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.actions.audit.rebuild import check_scope, repair_scope
from server.actions.reference.edit_rows import NewRow, edit_rows
from server.actions.reference.load_reference import tx_of
from server.base.clock import to_iso
from server.base.db import read, write
from server.models.record import CaseFile
from server.rules.calendar import instant_ms
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import DAY, at, planned_field, show

REPORTS = ("community_reported", "headquarters_reported", "bureau_reported")


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def _case_at(field: Field, tablet: Tablet, time: str) -> str:
    field.cast.clock.set(instant_ms(DAY, time))
    worker = tablet.add(field.scope, "worker", WORKER)
    body = {"worker": worker, "cause": "fever", "celsius": 37.9, "isolation_place": "隔离室 1"}
    return tablet.add(field.scope, "case", body)


def _report(field: Field, tablet: Tablet, case: str, time: str) -> None:
    field.cast.clock.set(instant_ms(DAY, time))
    tablet.edit(field.scope, case, dict.fromkeys(REPORTS, to_iso(instant_ms(DAY, time))))


def _sync(field: Field, tablet: Tablet, time: str) -> None:
    field.cast.clock.set(instant_ms(DAY, time))
    assert tablet.sync().ok
    at(field, time)


def _flags(field: Field) -> list[dict[str, Any]]:
    listed = field.cast.client("brigade").get("/api/v1/flags", query_string={"duty": "CASE"}).get_json()
    return list(listed["items"])


def _actions(field: Field) -> list[str]:
    (flag,) = _flags(field)
    return [event["action"] for event in show(field.cast.client("brigade"), flag["id"])["events"]]


def test_a_case_that_was_reported_offline_in_time_raises_nothing_however_late_it_arrives(
    field: Field,
) -> None:
    tablet = field.tablet("first")
    case = _case_at(field, tablet, "08:00")
    _report(field, tablet, case, "08:40")
    at(field, "11:00")
    _sync(field, tablet, "13:00")
    assert _flags(field) == []


def test_a_case_is_not_unreported_while_its_tablet_is_silent(field: Field) -> None:
    tablet = field.tablet("first")
    _case_at(field, tablet, "08:00")
    _sync(field, tablet, "08:01")
    at(field, "12:00")
    assert _flags(field) == [], "what was reported since may wait on the tablet"
    _sync(field, tablet, "12:10")
    assert _actions(field)[:2] == ["opened", "case_overdue"]


def test_an_unreported_case_is_warned_of_once_and_then_goes_to_the_brigade(field: Field) -> None:
    tablet = field.tablet("first")
    _case_at(field, tablet, "08:00")
    _sync(field, tablet, "09:05")
    (flag,) = _flags(field)
    assert (flag["severity"], flag["unit"]) == ("severe", "zhian")
    at(field, "09:06")
    assert _actions(field).count("case_unreported") == 1
    _sync(field, tablet, "10:05")
    at(field, "10:06")
    at(field, "10:30")
    assert [_actions(field).count(name) for name in ("case_unreported", "case_overdue", "step_brigade")] == [
        1,
        1,
        1,
    ]
    assert _flags(field)[0]["unit"] == "jiancha"
    evidence = show(field.cast.client("brigade"), flag["id"])["entries"]
    assert [entry["kind"] for entry in evidence] == ["case"]


@pytest.mark.parametrize(("named", "called"), [("zhijianzhan", "zhijianzhan"), ("shizheng", "zhian")])
def test_past_the_limit_the_unit_is_called_that_the_step_names(field: Field, named: str, called: str) -> None:
    """A company never reviews: what names it goes where its flags go."""
    with field.app.app_context(), write() as session:
        tx = tx_of(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())
        (row,) = [one for one in tx.book.rows["case_steps"] if one["code"] == "CASE"]
        edit_rows(tx, [NewRow("case_steps", {**row, "unit": named, "from": DAY})])
    tablet = field.tablet("first")
    _case_at(field, tablet, "08:00")
    _sync(field, tablet, "10:05")
    at(field, "10:06")
    at(field, "10:30")
    assert _actions(field).count("step_brigade") == 1
    assert _flags(field)[0]["unit"] == called


def test_a_flag_is_withdrawn_when_another_tablet_brings_the_report(field: Field) -> None:
    tablet = field.tablet("first")
    case = _case_at(field, tablet, "08:00")
    _sync(field, tablet, "09:05")
    _report(field, tablet, case, "09:10")
    _sync(field, tablet, "09:12")
    at(field, "09:13")
    (flag,) = _flags(field)
    assert flag["state"] == "withdrawn"


def test_a_late_report_leaves_the_flag_to_people(field: Field) -> None:
    tablet = field.tablet("first")
    case = _case_at(field, tablet, "08:00")
    _sync(field, tablet, "10:05")
    _report(field, tablet, case, "10:40")
    _sync(field, tablet, "10:41")
    (flag,) = _flags(field)
    assert flag["state"] == "open"


def test_a_case_that_was_opened_by_mistake_is_voided_and_asks_for_nothing(field: Field) -> None:
    tablet = field.tablet("first")
    case = _case_at(field, tablet, "08:00")
    tablet.void(field.scope, case, "录入错误")
    _sync(field, tablet, "12:00")
    assert _flags(field) == []


def test_an_outcome_needs_its_evidence(field: Field) -> None:
    tablet = field.tablet("first")
    case = _case_at(field, tablet, "08:00")
    tablet.edit(field.scope, case, {"outcome": "cleared"})
    report = tablet.sync()
    assert report.ok
    assert [(one.code, one.act) for one in tablet.refused()] == [("body_invalid", "edit")]
    tablet.edit(field.scope, case, {"outcome": "cleared", "evidence": "两次核酸阴性报告"})
    assert tablet.sync().ok
    (held,) = tablet.list("case")
    assert held.body["outcome"] == "cleared"


def test_two_tablets_that_disagree_about_an_outcome_leave_both_to_a_person(field: Field) -> None:
    first = field.tablet("one")
    case = _case_at(field, first, "08:00")
    assert first.sync().ok
    second = field.tablet("another", field.second_inspector())
    first.edit(field.scope, case, {"isolation_place": "隔离室 2"})
    second.edit(field.scope, case, {"isolation_place": "隔离室 3"})
    field.cast.clock.advance(1_000)
    assert first.sync().ok and second.sync().ok and first.sync().ok
    (held,) = first.list("case")
    assert (held.body["isolation_place"], held.body["contested"]) == ("隔离室 3", ["isolation_place"])


def test_cases_follow_from_the_log_and_hold_nothing_in_the_clear(field: Field) -> None:
    tablet = field.tablet("first")
    case = _case_at(field, tablet, "08:00")
    _report(field, tablet, case, "08:30")
    _sync(field, tablet, "09:00")
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), read() as session:
        assert list(check_scope(session, seals, field.cast.site_a)) == []
        row = session.get_one(CaseFile, (field.cast.site_a, case))
        assert row.reported_ms == instant_ms(DAY, "08:30") and b"fever" not in row.state
    with field.app.app_context(), write() as session:
        session.get_one(CaseFile, (field.cast.site_a, case)).reported_ms = None
    with field.app.app_context(), write() as session:
        differing = [one.what for one in check_scope(session, seals, field.cast.site_a)]
        assert differing == ["register"]
        repair_scope(session, seals, field.cast.site_a, field.cast.clock.now_ms())
    with field.app.app_context(), read() as session:
        assert list(check_scope(session, seals, field.cast.site_a)) == []

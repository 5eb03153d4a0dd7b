"""One person, two records: two tablets that did not know of each other registered the same certificate. The person is
counted once, a person at the console merges the records or takes that back, and everybody sees what came of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from server.actions.audit.rebuild import check_scope, repair_scope
from server.actions.audit.verify_log import verify_exchanges, verify_scope
from server.base.db import read, write
from server.models import Quarantine, Record, Scope, Window, Worker
from server.rules.calendar import instant_ms
from sync_protocol.client.people import doubled
from sync_protocol.client.tablet import Tablet
from tests.server.cast import PASSWORD, Cast
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import DAY, at, planned_field
from tests.stories.wire import WireDevice

READING = {"celsius": 36.5, "point": "gate", "slot": "before_work"}
PASS = {"direction": "in", "method": "manual"}


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def twins(field: Field, **differing: Any) -> tuple[Tablet, str, Tablet, str]:
    """Two inspectors, offline, register one person; the pass of the morning names one record, the reading the other.
    `differing`: what the second one wrote otherwise. Gives both tablets with their records."""
    first, second = field.tablet("one"), field.tablet("another", field.second_inspector())
    field.cast.clock.set(instant_ms(DAY, "06:00"))
    one = first.add(field.scope, "worker", WORKER)
    first.add(field.scope, "gate_pass", {**PASS, "worker": one}, needs=[one])
    field.cast.clock.advance(600_000)
    other = second.add(field.scope, "worker", {**WORKER, **differing})
    second.add(field.scope, "temperature_check", {**READING, "worker": other}, needs=[other])
    field.cast.clock.set(instant_ms(DAY, "12:40"))
    assert first.sync().ok and second.sync().ok and first.sync().ok
    return first, one, second, other


def _console(field: Field, name: str) -> FlaskClient:
    client = field.app.test_client()
    form = {"name": name, "password": PASSWORD, "form_token": _token(client.get("/console/login").text)}
    assert client.post("/console/login", data=form).status_code == 303
    return client


def _token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def _merge(client: FlaskClient, field: Field, kept: str, reason: str = "同一身份证, 录了两次") -> int:
    form = {
        "form_token": _token(client.get("/console/questions/people").text),
        "kept": kept,
        "reason": reason,
    }
    path = f"/console/questions/people/{field.cast.site_a}/merge"
    field.cast.clock.advance(1_000)
    return client.post(path, data=form).status_code


def _undo(client: FlaskClient, reason: str = "原来是两个人") -> int:
    page = client.get("/console/questions/people").text
    action = re.search(r'action="(/console/questions/people/[^"]+/undo)"', page)
    assert action is not None
    return client.post(action[1], data={"form_token": _token(page), "reason": reason}).status_code


def _morning(field: Field) -> tuple[str, int | None, int | None]:
    """State, need and have of the day's first measuring."""
    query = sa.select(Window).where(
        *(Window.scope_id == field.cast.site_a, Window.duty == "TEMP"),
        *(Window.local_date == DAY, Window.slot == "before_work"),
    )
    with field.app.app_context(), read() as session:
        window = session.scalars(query).one()
        return window.state, window.need, window.have


def _unsound(field: Field) -> list[Any]:
    """What does not follow from the log, or is wrong with it."""
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), read() as session:
        scope = session.get_one(Scope, field.cast.site_a)
        faults = [*verify_scope(session, seals, scope), *verify_exchanges(session, seals)]
        return [*check_scope(session, seals, scope.scope_id), *faults]


def _people(tablet: Tablet) -> dict[str, Any]:
    """Who is on the roster, and what each was merged into."""
    assert tablet.sync().ok
    return {item.id: item.body.get("merged_into") for item in tablet.list("worker")}


def test_a_person_whose_pass_names_one_record_and_whose_reading_the_other_was_measured(field: Field) -> None:
    twins(field)
    at(field, "12:41")
    assert _morning(field) == ("met", 1, 1)


def test_a_cook_is_a_cook_under_whichever_record_says_so(field: Field) -> None:
    twins(field, canteen_staff=True)
    at(field, "12:41")
    state, need, _ = _morning(field)
    assert need == 0 and state != "met", "the canteen's staff have a duty of their own"


def test_the_pair_is_shown_with_what_differs_and_without_whole_numbers(field: Field) -> None:
    twins(field, name="买买提吐尔逊", team="木工班")
    section = _console(field, "section")
    page = section.get("/console/questions/people").text
    for text in ("买买提·吐尔逊", "买买提吐尔逊", "钢筋一班", "木工班", "411***********8104"):
        assert text in page
    assert WORKER["certificate_number"] not in page and WORKER["phone"] not in page
    assert "进场日期" not in page, "what is alike need not be compared"
    assert "(1)" in section.get("/console/questions").text


def test_records_are_merged_and_that_is_undone_and_each_tablet_follows(field: Field) -> None:
    first, one, second, other = twins(field)
    section = _console(field, "section")
    assert _merge(section, field, one, reason=" ") == 422
    assert _merge(section, field, one) == 303
    assert _people(first) == _people(second) == {one: None, other: one}
    assert _merge(section, field, one) == _merge(section, field, other) == 404, (
        "there is nothing to merge any more"
    )
    page = section.get("/console/questions/people").text
    assert "同一身份证, 录了两次" in page and "质安科孙丽" in page
    at(field, "12:50")
    assert _morning(field) == ("met", 1, 1)
    assert _unsound(field) == []
    assert "共 1 人" in section.get(f"/console/sites/{field.cast.site_a}/people").text

    assert _undo(section, reason="") == 422
    assert _undo(section) == 303
    assert _people(first) == _people(second) == {one: None, other: None}
    assert _unsound(field) == []
    page = section.get("/console/questions/people").text
    assert "原来是两个人" in page and "撤销合并" not in page
    assert _merge(section, field, other) == 303
    assert _people(first) == _people(second) == {one: other, other: None}
    assert _unsound(field) == []


def test_three_records_become_one_at_a_time(field: Field) -> None:
    first, one, _, other = twins(field)
    third = first.add(field.scope, "worker", {**WORKER, "team": "瓦工班"})
    assert first.sync().ok
    section = _console(field, "section")
    assert _merge(section, field, third) == 303
    assert _people(first) == {one: third, other: third, third: None}
    assert _unsound(field) == []


def test_what_is_written_of_a_merged_record_stays_merged_and_counts(field: Field) -> None:
    first, one, second, other = twins(field)
    assert _merge(_console(field, "section"), field, one) == 303
    second.edit(field.scope, other, {"team": "架子班"})
    field.cast.clock.set(instant_ms(DAY, "17:00"))
    second.add(field.scope, "temperature_check", {**READING, "slot": "after_work", "worker": other})
    assert second.sync().ok
    assert _people(first) == {one: None, other: one}
    assert _unsound(field) == []
    query = sa.select(Window.need, Window.have).where(Window.duty == "TEMP", Window.slot == "after_work")
    with field.app.app_context(), read() as session:
        found = session.execute(
            query.where(Window.local_date == DAY, Window.scope_id == field.cast.site_a)
        ).one()
    assert tuple(found) == (1, 1)


def test_a_record_that_was_voided_stays_void_when_its_merge_is_undone(field: Field) -> None:
    first, one, _, other = twins(field)
    section = _console(field, "section")
    assert _merge(section, field, one) == 303
    first.sync()
    first.void(field.scope, other, "重复登记")
    assert first.sync().ok
    assert _undo(section) == 303
    assert first.sync().ok
    (voided,) = [item.body for item in first.list("worker") if item.id == other]
    assert (voided["voided"], voided.get("merged_into")) == (True, None)
    with field.app.app_context(), read() as session:
        assert session.get_one(Record, (field.cast.site_a, other)).counts is False
    assert _unsound(field) == []


def test_a_lost_merge_is_found_and_put_right_from_the_log(field: Field) -> None:
    first, one, _, other = twins(field)
    assert _merge(_console(field, "section"), field, one) == 303
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), write() as session:
        session.get_one(Worker, (field.cast.site_a, other)).merged_into = None
    assert _unsound(field) != []
    with field.app.app_context(), write() as session:
        repair_scope(session, seals, field.cast.site_a, field.cast.clock.now_ms())
    assert _unsound(field) == []
    assert _people(first) == {one: None, other: one}


def test_who_has_left_is_no_second_person(field: Field) -> None:
    first, one, _, _ = twins(field)
    first.edit(field.scope, one, {"exited_on": DAY})
    assert first.sync().ok
    assert "没有。" in _console(field, "section").get("/console/questions/people").text
    at(field, "12:50")
    assert _morning(field) == ("met", 1, 1)


def test_a_tablet_cannot_merge(field: Field) -> None:
    _, one, _, other = twins(field)
    device = WireDevice(field)
    body = {"kept": one, "other": other, "reason": "同一人"}
    (outcome,) = device.outcomes(device.line("worker_merge", body))
    assert (outcome["outcome"], outcome["code"]) == ("refused", "kind_not_allowed")
    with field.app.app_context(), read() as session:
        assert session.scalars(sa.select(Quarantine.code)).all() == ["kind_not_allowed"]
        assert session.get_one(Worker, (field.cast.site_a, other)).merged_into is None


def test_a_tablet_cannot_undo(field: Field) -> None:
    _, one, _, _ = twins(field)
    assert _merge(_console(field, "section"), field, one) == 303
    with field.app.app_context(), read() as session:
        merge = session.scalars(sa.select(Record.id).where(Record.kind == "worker_merge")).one()
    device = WireDevice(field)
    (outcome,) = device.outcomes(device.line("worker_merge", {}, act="void", record=merge, reason="不是"))
    assert (outcome["outcome"], outcome["code"]) == ("refused", "kind_not_allowed")


@pytest.mark.parametrize("name", ["contractor", "competitor", "admin"])
def test_merging_is_nobody_elses_business(field: Field, name: str) -> None:
    _, one, _, _ = twins(field)
    client = _console(field, name)
    assert client.get("/console/questions/people").status_code == 404
    token = _token(client.get("/console/sites").text)
    path = f"/console/questions/people/{field.cast.site_a}/merge"
    assert client.post(path, data={"form_token": token, "kept": one, "reason": "x"}).status_code == 404


def test_a_tablet_sees_the_pair_and_is_warned_before_it_registers_a_third(field: Field) -> None:
    first, one, second, other = twins(field, name="买买提吐尔逊")
    for tablet in (first, second):
        (pair,) = doubled(tablet.list("worker")).values()
        assert {item.id for item in pair} == {one, other}
        assert {item.id for item in tablet.same_person(field.scope, WORKER)} == {one, other}
        assert tablet.same_person(field.scope, {**WORKER, "certificate_type": "hmt_residence"}) == []
        assert tablet.same_person(field.scope, {**WORKER, "certificate_number": "410703199001011234"}) == []
    assert _merge(_console(field, "section"), field, one) == 303
    assert first.sync().ok
    assert doubled(first.list("worker")) == {}
    assert [item.id for item in first.same_person(field.scope, WORKER)] == [one]


def test_a_tablet_is_warned_of_what_it_wrote_itself_and_has_not_sent(field: Field) -> None:
    tablet = field.tablet("alone")
    assert tablet.same_person(field.scope, WORKER) == []
    mine = tablet.add(field.scope, "worker", WORKER)
    assert [item.id for item in tablet.same_person(field.scope, WORKER)] == [mine]
    assert tablet.same_person(f"site:{field.cast.site_b}", WORKER) == []

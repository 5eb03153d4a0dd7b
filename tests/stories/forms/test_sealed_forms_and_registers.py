"""A form may hold what names people, and it may be a register that several people edit."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from schemas.forms.tables import tables_from_json
from server.actions.forms.publish_form import publish_form
from server.actions.questions.settle_questions import open_questions, settle_question
from server.actions.reference.load_reference import tx_of
from server.actions.sync.log_lines import is_in_segment
from server.base.db import read, write
from server.models import FormRegister, LogEntry, LogSegment, Record, Segment, User
from server.models.access import viewer_of
from tests.stories.field import Field
from tests.stories.forms.conftest import Run
from tests.stories.forms.workbooks import LABEL, only_form
from tests.stories.kinds.desk import at_the_console

PHONE = "13812345678"
MASK = "bind::gongdi:mask"
VISIT = {"name": "王小明", "phone": PHONE, "purposes": ["goods", "work"]}
LAMP = {"name": "3 号灯", "standing": "works"}


def publish(field: Field, code: str, survey: list[dict[str, Any]], **head: str) -> None:
    sheets = only_form(settings_2={"form_id": code, "form_title": head.pop("title")}, gongdi_2=head)
    sheets["survey"] = survey
    sheets["choices"] = [
        {"list_name": "purposes", "name": "goods", LABEL: "送货"},
        {"list_name": "purposes", "name": "work", LABEL: "施工"},
        {"list_name": "state", "name": "works", LABEL: "正常"},
        {"list_name": "state", "name": "broken", LABEL: "损坏"},
    ]
    with field.app.app_context(), write() as session:
        tx = tx_of(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())
        publish_form(tx, tables_from_json(sheets))


@pytest.fixture
def visits(field: Field) -> Field:
    survey = [
        {"type": "text", "name": "name", LABEL: "姓名", "required": "yes"},
        {"type": "text", "name": "phone", LABEL: "手机号", "bind::gongdi:pattern": "phone", MASK: "phone"},
        {"type": "select_multiple purposes", "name": "purposes", LABEL: "事由"},
    ]
    publish(field, "visit", survey, title="来访", sealed="yes")
    return field


@pytest.fixture
def lamps(field: Field) -> Field:
    survey = [
        {"type": "text", "name": "name", LABEL: "名称", "required": "yes"},
        {"type": "select_one state", "name": "standing", LABEL: "状态", "required": "yes"},
        {"type": "text", "name": "note", LABEL: "备注"},
    ]
    publish(field, "lamp", survey, title="路灯", nature="register", sealed="no")
    return field


def test_a_sealed_form_is_sealed_at_rest_and_its_numbers_come_down_masked(visits: Field, run: Run) -> None:
    tablet = visits.tablet("first")
    entry = tablet.add(visits.scope, "visit", VISIT)
    assert tablet.sync().ok and tablet.refused() == []
    (item,) = visits.tablet("second").list("visit")
    assert (item.body["name"], item.body["phone"]) == ("王小明", "138****5678")
    with visits.app.app_context(), read() as session:
        key = (visits.cast.site_a, entry)
        segment = session.scalars(sa.select(Segment)).one()
        assert session.get_one(Record, key).body == b""
        assert is_in_segment(session.get_one(LogEntry, key).raw)
        piece = session.scalars(sa.select(LogSegment)).one()
        for stored in (piece.lines, segment.lines):
            assert stored[:1] == b"\x01" and PHONE.encode() not in stored
    for command in (("verify-log",), ("rebuild", "--check")):
        assert run(*command).exit_code == 0


def test_its_records_are_listed_with_their_masks_to_those_who_may_see_people(visits: Field) -> None:
    tablet = visits.tablet("first")
    tablet.add(visits.scope, "visit", VISIT)
    assert tablet.sync().ok
    path = f"/console/sites/{visits.cast.site_a}/records/visit"
    page = at_the_console(visits, "section").get(path).text
    for title, text in (("姓名", "王小明"), ("手机号", "138****5678"), ("事由", "送货、施工")):
        assert f'<td data-label="{title}">{text}</td>' in page
    assert PHONE not in page
    for name in ("contractor", "competitor", "admin"):
        assert at_the_console(visits, name).get(path).status_code == 404


def test_a_register_is_added_edited_and_rebuilt(lamps: Field, run: Run) -> None:
    tablet = lamps.tablet("first")
    record = tablet.add(lamps.scope, "lamp", LAMP)
    assert tablet.sync().ok and tablet.refused() == []
    tablet.edit(lamps.scope, record, {"standing": "broken"})
    assert tablet.sync().ok and tablet.refused() == []
    (item,) = lamps.tablet("second").list("lamp")
    assert (item.body["standing"], item.rev) == ("broken", 2)
    with lamps.app.app_context(), read() as session:
        assert session.get_one(FormRegister, (lamps.cast.site_a, record)).kind == "lamp"
    page = at_the_console(lamps, "section").get(f"/console/sites/{lamps.cast.site_a}/records/lamp").text
    assert '<td data-label="状态">损坏</td>' in page
    assert run("rebuild", "--check").exit_code == 0


def test_two_who_changed_the_same_field_are_asked_about(lamps: Field) -> None:
    first, second = lamps.tablet("first"), lamps.tablet("second")
    record = first.add(lamps.scope, "lamp", LAMP)
    assert first.sync().ok and second.sync().ok
    first.edit(lamps.scope, record, {"note": "灯罩破了"})
    second.edit(lamps.scope, record, {"note": "灯杆歪了"})
    assert first.sync().ok and second.sync().ok
    seals, now_ms = lamps.app.extensions["gongdi"].seals, lamps.cast.clock.now_ms()
    with lamps.app.app_context(), write() as session:
        viewer = viewer_of(session, session.get_one(User, lamps.cast.users["section"]))
        (question,) = open_questions(session, seals, viewer)
        assert (question.kind, {question.kept, question.other}) == ("lamp", {"灯罩破了", "灯杆歪了"})
        tx, contest = tx_of(session, seals, now_ms), question.contest
        settle_question(tx, viewer, contest.entry_id, "note", "other", "现场看过")
    assert first.sync().ok
    (item,) = first.list("lamp")
    assert item.body["note"] == question.other
    with lamps.app.app_context(), read() as session:
        forms = session.scalars(sa.select(LogEntry.form).where(LogEntry.kind == "lamp")).all()
    assert forms == [1, 1, 1, 1]

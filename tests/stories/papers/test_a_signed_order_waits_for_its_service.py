"""A signed order takes effect when it is served: until then the term of the rectification waits, and the bureau is asked to
serve it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.actions.audit.verify_flags import flag_faults
from server.base.db import read
from server.models import Scope
from server.rules.calendar import instant_ms
from server.workflows.scheduler import tick
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, moved, show
from tests.stories.papers.office import ORDER, RECORD, SERVICE, Desk, answered_field

Office = tuple[Field, str, Desk]
LATER = "2026-12-08"


@pytest.fixture
def office(app: Flask, cast: Cast, tmp_path: Path) -> Office:
    """What was found on site is on record, and the order was given."""
    field, flag = answered_field(app, cast, tmp_path)
    field.cast.clock.set(instant_ms(DAY, "14:00"))
    desk = Desk(field, "section")
    assert desk.sign(desk.draft(flag, "inspection_record", **RECORD)).status_code == 303
    moved(field.cast.client("section"), flag, "order_rectification", note="换装线路")
    return field, flag, desk


def signed(desk: Desk, flag: str) -> str:
    paper = desk.draft(flag, "order", **ORDER)
    assert desk.sign(paper).status_code == 303
    return paper


def step(field: Field, flag: str, code: str) -> Any:
    return next(
        (one for one in show(field.cast.client("section"), flag)["steps"] if one["step"] == code), None
    )


def proved(field: Field) -> None:
    """The flags of all scopes still follow from their histories."""
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), read() as session:
        for scope in session.query(Scope):
            assert list(flag_faults(session, seals, scope)) == []


def test_the_term_waits_visibly_until_the_order_is_served(office: Office) -> None:
    field, flag, desk = office
    paper = signed(desk, flag)
    assert step(field, flag, "rectify")["done"] is not None
    serve = step(field, flag, "serve")
    assert (serve["unit"], serve["done"]) == ("zhian", None)
    assert "送达已签发的文书" in desk.get(f"/flags/{flag}").text
    seen = Desk(field, "contractor").get(f"/flags/{flag}").text
    assert "整改期限从文书送达时起算, 现在还没有送达" in seen and "逾期" not in seen
    field.cast.clock.set(instant_ms(DAY, "16:00"))
    assert desk.serve(paper, **SERVICE).status_code == 303
    assert step(field, flag, "serve")["done"] is not None
    rectify = step(field, flag, "rectify")
    assert rectify["done"] is None and rectify["due"].startswith("2026-11-27T17:00")
    proved(field)


def test_a_contractor_who_was_not_served_is_not_overdue(office: Office) -> None:
    field, flag, desk = office
    signed(desk, flag)
    field.cast.clock.set(instant_ms(LATER, "09:00"))
    tick(field.app, field.cast.clock.now_ms())
    events = [one["action"] for one in show(field.cast.client("section"), flag)["events"]]
    assert "step_rectify" not in events and "step_serve" in events
    proved(field)


def test_an_order_without_a_paper_runs_as_before(office: Office) -> None:
    field, flag, desk = office
    desk.draft(flag, "order", **ORDER)
    assert step(field, flag, "rectify")["done"] is None and step(field, flag, "serve") is None


def test_after_the_paper_was_voided_the_order_gives_its_time_anew(office: Office) -> None:
    field, flag, desk = office
    paper = signed(desk, flag)
    field.cast.clock.set(instant_ms("2026-11-26", "10:00"))
    desk = Desk(field, "section")
    assert desk.void(paper, "当事人名称有误").status_code == 303
    assert step(field, flag, "serve")["done"] is not None
    rectify = step(field, flag, "rectify")
    assert rectify["done"] is None and rectify["due"].startswith("2026-11-29T10:00")
    proved(field)


def test_a_second_paper_does_not_stop_the_term_of_one_that_was_served(office: Office) -> None:
    field, flag, desk = office
    first = signed(desk, flag)
    field.cast.clock.set(instant_ms(DAY, "16:00"))
    assert desk.serve(first, **SERVICE).status_code == 303
    second = signed(desk, flag)
    assert step(field, flag, "rectify")["done"] is None and step(field, flag, "serve")["done"] is None
    assert desk.void(second, "不需要").status_code == 303
    assert step(field, flag, "serve")["done"] is not None
    assert step(field, flag, "rectify")["due"].startswith("2026-11-27T17:00")


def test_of_two_unserved_papers_the_one_that_is_left_is_still_to_be_served(office: Office) -> None:
    field, flag, desk = office
    first, second = signed(desk, flag), signed(desk, flag)
    assert desk.void(first, "重复").status_code == 303
    assert step(field, flag, "serve")["done"] is None and step(field, flag, "rectify")["done"] is not None
    field.cast.clock.set(instant_ms(DAY, "16:00"))
    assert desk.serve(second, **SERVICE).status_code == 303
    assert step(field, flag, "serve")["done"] is not None
    proved(field)


def test_a_term_that_was_over_before_the_service_leaves_the_bureau_asked(office: Office) -> None:
    field, flag, desk = office
    paper = signed(desk, flag)
    field.cast.clock.set(instant_ms("2026-11-27", "18:00"))
    desk = Desk(field, "section")
    assert desk.serve(paper, **{**SERVICE, "at": "2026-11-27T17:30"}).status_code == 303
    assert step(field, flag, "serve")["done"] is None and step(field, flag, "rectify")["done"] is not None

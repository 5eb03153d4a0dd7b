"""Numbers are taken at signing and never again; service starts the terms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.rules.calendar import instant_ms
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, moved, show
from tests.stories.papers.office import ORDER, RECORD, SERVICE, Desk, answered_field, paper_row


@pytest.fixture
def office(app: Flask, cast: Cast, tmp_path: Path) -> tuple[Field, str, Desk]:
    field, flag = answered_field(app, cast, tmp_path)
    field.cast.clock.set(instant_ms(DAY, "14:00"))
    moved(field.cast.client("section"), flag, "order_rectification", note="换装线路")
    desk = Desk(field, "section")
    assert desk.sign(desk.draft(flag, "inspection_record", **RECORD)).status_code == 303
    return field, flag, desk


def order(desk: Desk, flag: str) -> str:
    paper = desk.draft(flag, "order", **ORDER)
    assert desk.sign(paper).status_code == 303
    return paper


def test_a_void_number_is_listed_and_not_given_again(office: tuple[Field, str, Desk]) -> None:
    field, flag, desk = office
    first = order(desk, flag)
    assert desk.void(first, "").status_code == 422
    assert desk.void(first, "当事人名称有误").status_code == 303
    second = order(desk, flag)
    assert paper_row(field, second).number == "新建责改〔2026〕2号"
    register = desk.get("/papers").text
    for part in ("新建责改〔2026〕1号", "新建责改〔2026〕2号", "已作废", "当事人名称有误"):
        assert part in register, part
    assert "新建责改〔2026〕2号" not in desk.get("/papers?state=void").text
    assert "当事人名称有误" in desk.text(f"/flags/{flag}/file.pdf")


def test_a_draft_that_is_deleted_takes_no_number(office: tuple[Field, str, Desk]) -> None:
    field, flag, desk = office
    gone = desk.draft(flag, "order", **ORDER)
    assert desk.void(gone, "").status_code == 303
    assert desk.get(f"/papers/{gone}").status_code == 404
    assert paper_row(field, order(desk, flag)).n == 1


def test_a_signed_paper_neither_changes_nor_is_signed_again(office: tuple[Field, str, Desk]) -> None:
    field, flag, desk = office
    paper = order(desk, flag)
    before = desk.get(f"/papers/{paper}/paper.pdf").data
    assert desk.sign(paper).status_code == 409
    said = {"field.orders": "别的 | 别的", "basis": "hazard"}
    assert desk.post(f"/papers/{paper}", f"/papers/{paper}/draft", **said).status_code == 409
    field.cast.clock.advance(3_600_000)
    assert desk.get(f"/papers/{paper}/paper.pdf").data == before


@pytest.mark.parametrize(
    ("way", "more", "said"),
    [
        ("direct", {"receiver": ""}, "请填写签收人"),
        ("direct", {"servers": "孙丽"}, "送达人应有两人"),
        ("direct", {"at": "2026-11-24T13:30"}, "送达时间应在签发之后"),
        ("direct", {"at": "2026-11-25T13:30"}, "送达时间应在签发之后"),
        ("left", {}, "请填写拒收的原因"),
        ("post", {}, "邮件号码"),
        ("electronic", {}, "系统内的通知不是送达"),
        ("by_hand", {}, "请选择送达方式"),
    ],
)
def test_a_service_that_would_not_stand_is_refused(
    office: tuple[Field, str, Desk], way: str, more: dict[str, str], said: str
) -> None:
    field, flag, desk = office
    paper = order(desk, flag)
    field.cast.clock.set(instant_ms(DAY, "16:00"))
    answer = desk.serve(paper, **{**SERVICE, "way": way, **more})
    assert answer.status_code == 422 and said in answer.text
    assert paper_row(field, paper).served_ms is None


def _due(field: Field, flag: str) -> Any:
    steps = show(field.cast.client("section"), flag)["steps"]
    return next(step["due"] for step in steps if step["step"] == "rectify")


def test_only_what_is_served_starts_the_printed_term(office: tuple[Field, str, Desk]) -> None:
    field, flag, desk = office
    paper, before = order(desk, flag), _due(field, flag)
    assert _due(field, flag) == before and not before.startswith("2026-11-27T17:00")
    field.cast.clock.set(instant_ms(DAY, "16:00"))
    refused = {**SERVICE, "way": "left", "refusal": "拒绝签收", "witness": "社区李某"}
    assert desk.serve(paper, **refused).status_code == 303
    assert _due(field, flag).startswith("2026-11-27T17:00")
    assert desk.void(paper, "写错").status_code in (404, 409)
    assert paper_row(field, paper).state == "signed"


def test_a_term_that_was_over_before_the_service_does_not_begin(office: tuple[Field, str, Desk]) -> None:
    field, flag, desk = office
    paper, before = order(desk, flag), _due(field, flag)
    field.cast.clock.set(instant_ms("2026-11-27", "18:00"))
    desk = Desk(field, "section")
    assert desk.serve(paper, **{**SERVICE, "at": "2026-11-27T17:30"}).status_code == 303
    assert _due(field, flag) == before
    assert "期限没有起算, 请另作文书" in desk.get(f"/papers/{paper}").text


def test_a_public_notice_serves_after_thirty_days(office: tuple[Field, str, Desk]) -> None:
    field, flag, desk = office
    paper = order(desk, flag)
    field.cast.clock.set(instant_ms(DAY, "16:00"))
    said = {**SERVICE, "way": "notice", "note": "新乡日报 2026-11-24"}
    assert desk.serve(paper, **said).status_code == 303
    assert paper_row(field, paper).served_ms == instant_ms("2026-12-24", "15:00")

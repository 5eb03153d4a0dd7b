"""A paper that a lawyer would object to is not signed: it says what it lacks, and keeps what was typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from server.rules.calendar import instant_ms
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, missed_flag, moved, planned_field
from tests.stories.papers.office import ANSWERS, ORDER, RECORD, Desk, answer, answered_field


@pytest.fixture
def office(app: Flask, cast: Cast, tmp_path: Path) -> tuple[Field, str]:
    return answered_field(app, cast, tmp_path)


def ordering(field: Field, flag: str) -> Desk:
    field.cast.clock.set(instant_ms(DAY, "14:00"))
    moved(field.cast.client("section"), flag, "order_rectification", note="换装线路")
    return Desk(field, "section")


def test_an_order_needs_an_inspection_record_because_a_flag_is_no_evidence(office: tuple[Field, str]) -> None:
    desk = ordering(*office)
    words = {"found": "2026年11月24日", "orders": "线路裸露 | 更换", "evidence": "照片"}
    refused = desk.sign(desk.draft(office[1], "order", **ORDER, **words))
    assert refused.status_code == 422 and "请先作现场检查笔录" in refused.text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"officers": ["sun"]}, "至少 2 名有执法证的执法人员"),
        ({"officers": ["sun", "nobody"]}, "至少 2 名有执法证的执法人员"),
        ({"basis": ""}, "请选择这种文书可用的依据"),
        ({"basis": "notice_2021"}, "请选择这种文书可用的依据"),
        ({"due": "2026-11-28T17:00"}, "工作日的办公时间内"),
        ({"due": "2026-11-27T13:00"}, "工作日的办公时间内"),
        ({"due": "2026-11-24T10:00"}, "整改期限应在现在之后"),
        ({"orders": "线路裸露"}, "每行都要写明 事实 | 整改要求"),
        ({"orders": ""}, "请填写整改事项"),
        ({"broken": ""}, "请填写违反的规定"),
        ({"party_head": ""}, "请填写法定代表人"),
        ({"party_address": ""}, "请填写住所"),
    ],
)
def test_an_order_lacks_something(office: tuple[Field, str], typed: dict[str, object], said: str) -> None:
    field, flag = office
    desk = ordering(field, flag)
    assert desk.sign(desk.draft(flag, "inspection_record", **RECORD)).status_code == 303
    paper = desk.draft(flag, "order", **{**ORDER, **typed})
    refused = desk.sign(paper)
    assert refused.status_code == 422 and said in refused.text
    assert "〔" not in desk.get(f"/papers/{paper}").text.split("<h2>草稿")[0], "no number was taken"


def test_a_duty_without_a_basis_to_order_gets_advice_without_a_remedy(office: tuple[Field, str]) -> None:
    field, flag = office
    desk = ordering(field, flag)
    words = {"found": "2026年11月24日", "orders": "食堂未见消毒用品 | 配足", "due": "2026-11-27T17:00"}
    paper = desk.draft(flag, "advice", **words, basis="notice_2021", officers=["sun", "zhou"])
    assert desk.sign(paper).status_code == 303
    text = desk.text(f"/papers/{paper}/paper.pdf")
    assert "整改建议书" in text and "新建建议〔2026〕1号" in text and "属于行政指导" in text
    for part in ("责令", "复议", "诉讼"):
        assert part not in text, part


def test_a_draft_of_an_office_that_has_answered_nothing_says_so_and_is_not_signed(
    app: Flask, cast: Cast, tmp_path: Path
) -> None:
    field = planned_field(app, cast, tmp_path)
    flag = missed_flag(field)
    desk = ordering(field, flag)
    paper = desk.draft(flag, "order", basis="hazard")
    text = desk.text(f"/papers/{paper}/paper.pdf")
    for part in ("草稿，未编号，不具有效力", "待填〔2026〕", "依法向待填提起行政诉讼"):
        assert part in text, part
    refused = desk.sign(paper)
    assert refused.status_code == 422
    for part in ("受理诉讼的法院", "还没有填写这种文书的文号", "执法人员"):
        assert part in refused.text, part
    set_up = desk.get("/papers/set-up").text
    assert len(re.findall("待填</span>", set_up)) == 12  # six facts, five words of numbers, the officers


def test_a_unit_that_acts_for_the_bureau_was_entrusted_in_writing(
    app: Flask, cast: Cast, tmp_path: Path
) -> None:
    field = planned_field(app, cast, tmp_path)
    answer(field, {key: said for key, said in ANSWERS.items() if key[1] != "entrustment"})
    flag = missed_flag(field, field.tablet("first"))
    field.cast.clock.set(instant_ms(DAY, "14:00"))
    desk = Desk(field, "section")
    refused = desk.sign(desk.draft(flag, "inspection_record", **RECORD))
    assert refused.status_code == 422 and "要有书面委托" in refused.text


def test_whoever_replied_for_the_site_is_no_officer_of_the_recheck(office: tuple[Field, str]) -> None:
    field, flag = office
    desk = ordering(field, flag)
    section = field.cast.client("section")
    assert desk.sign(desk.draft(flag, "inspection_record", **RECORD)).status_code == 303
    assert desk.sign(desk.draft(flag, "order", **ORDER)).status_code == 303
    moved(section, flag, "submit_rectification", note="书面回复")
    moved(field.cast.client("brigade"), flag, "pass_recheck", note="到位")
    paper = desk.draft(flag, "recheck_record", present="王芳", officers=["sun", "zhou"])
    refused = desk.sign(paper)
    assert refused.status_code == 422 and "整改回复的人不能复查" in refused.text
    desk.type(paper, officers=["zhou", "li"])
    assert desk.sign(paper).status_code == 303


def test_a_paper_before_its_move_and_by_who_may_not_write_it_is_refused(office: tuple[Field, str]) -> None:
    field, flag = office
    desk = Desk(field, "section")
    assert desk.start(flag, "order").status_code == 409
    assert desk.start(flag, "unheard_of").status_code == 404
    assert Desk(field, "contractor").start(flag, "inspection_record").status_code == 403
    assert Desk(field, "inspector").start(flag, "transfer_letter").status_code == 403
    assert Desk(field, "inspector").start(flag, "inspection_record").status_code == 303
    paper = desk.draft(flag, "inspection_record", **RECORD)
    for name in ("competitor", "admin", "contractor"):
        assert Desk(field, name).get(f"/papers/{paper}").status_code == 404, name

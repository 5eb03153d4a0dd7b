"""Two companies at one site: an order is addressed to one, and the other reads nothing of it and does not answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask

from server.base.db import write
from server.models import SiteCompany
from tests.server.cast import COMPANY_A, COMPANY_B, Caller, Cast
from tests.stories.field import Field
from tests.stories.flags.cast import act, at, missed_flag, moved, notices, planned_field, show, waiting


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    """Company B works at site A too, under the general contractor A."""
    with app.app_context(), write() as session:
        session.add(SiteCompany(site_id=cast.site_a, company=COMPANY_B, role="006"))
    return planned_field(app, cast, tmp_path)


@pytest.fixture
def flag(field: Field) -> str:
    return missed_flag(field)


def _words(caller: Caller, flag: str) -> str:
    return json.dumps(show(caller, flag), ensure_ascii=False)


def test_an_order_goes_to_the_general_contractor_unless_another_is_named(field: Field, flag: str) -> None:
    section = field.cast.client("section")
    assert moved(section, flag, "order_rectification")["company"] == "甲建筑"
    assert moved(section, flag, "order_rectification", company=COMPANY_B)["company"] == "乙建筑"
    assert moved(section, flag, "order_rectification", note="再次责令")["company"] == "乙建筑", "as before"
    nobodys = act(section, flag, "order_rectification", company="91410700MA40000X00")
    assert (nobodys.status_code, list(nobodys.get_json()["errors"])) == (422, ["/company"])
    assert act(section, flag, "comment", company=COMPANY_A).status_code == 422


def test_another_company_reads_nothing_of_the_answer_and_gives_none(field: Field, flag: str) -> None:
    section, addressed = field.cast.client("section"), field.cast.client("contractor")
    other = field.cast.client("competitor")
    moved(other, flag, "comment", note="乙的备注")
    moved(section, flag, "order_rectification", note="甲应每日消毒")
    refused = act(other, flag, "submit_rectification", note="我来")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "role_not_allowed")
    moved(addressed, flag, "submit_rectification", note="甲已补做")
    moved(section, flag, "fail_recheck", note="甲的记录不全")
    seen, mine = _words(other, flag), _words(addressed, flag)
    for text in ("甲应每日消毒", "甲已补做", "甲的记录不全", "劳资专管员王芳", "甲建筑", COMPANY_A):
        assert text not in seen, text
    assert "施工单位" in seen and "乙的备注" in seen and "劳资专管员赵敏" in seen
    for text in ("甲应每日消毒", "甲已补做", "甲的记录不全", "劳资专管员王芳"):
        assert text in mine, text
    for text in ("乙的备注", "劳资专管员赵敏"):
        assert text not in mine, text
    assert "乙的备注" in _words(section, flag) and "劳资专管员赵敏" in _words(section, flag)


def test_only_the_company_that_is_addressed_is_notified_and_has_it_in_its_list(
    field: Field, flag: str
) -> None:
    section = field.cast.client("section")
    moved(section, flag, "order_rectification", company=COMPANY_B, due="2026-11-25T09:00:00+08:00")
    assert "order_rectification" in notices(field, "competitor")
    assert "order_rectification" not in notices(field, "contractor")
    at(field, "09:01", "2026-11-25")
    assert "step_rectify" in notices(field, "competitor")
    assert "step_rectify" not in notices(field, "contractor")
    assert waiting(field, "contractor") == []
    assert waiting(field, "competitor") == [(flag, "rectify")]

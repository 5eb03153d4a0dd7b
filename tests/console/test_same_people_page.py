"""Two records of one person are compared and merged on a page, and that is taken back there."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import ViewportSize, expect

from tests.axe import serious_findings
from tests.chromium import expect_fits
from tests.console.conftest import DESK, PHONE, OpenPage
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import planned_field
from tests.stories.questions.test_one_person_two_records import twins

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@SIZES
def test_two_records_are_merged_with_a_reason_and_shown_again(
    open_page: OpenPage, field: Field, size: ViewportSize
) -> None:
    twins(field, team="木工班")
    page = open_page("/console/questions", size, "section")
    page.get_by_role("link", name="同一人有几条记录 (1)").click()
    asked = page.get_by_role("group", name="买买提·吐尔逊")
    for part in ("班组", "钢筋一班", "木工班", "411***********8104", "1 条测温、进出场等记录"):
        expect(asked).to_contain_text(part)
    assert serious_findings(page) == []
    expect_fits(page)
    asked.get_by_label("保留这一条").first.check()
    page.get_by_role("button", name="合并", exact=True).press("Enter")
    expect(page.get_by_label("依据或理由")).to_be_focused()  # nothing was sent: the reason lacks
    page.get_by_label("依据或理由").fill("身份证核对一致")
    page.get_by_role("button", name="合并", exact=True).press("Enter")
    done = page.locator("section.question")
    expect(done).to_contain_text("质安科孙丽")
    expect(done).to_contain_text("合并: 身份证核对一致")
    assert serious_findings(page) == []
    expect_fits(page)
    done.get_by_label("理由").fill("是两个人")
    done.get_by_role("button", name="撤销合并").press("Enter")
    expect(done).to_contain_text("撤销: 是两个人")
    expect(page.get_by_role("group", name="买买提·吐尔逊")).to_be_visible()


def test_the_help_page_says_what_is_asked_and_from_when(open_page: OpenPage, field: Field) -> None:
    page = open_page("/console/help", DESK, "section")
    expect(page.get_by_role("row", name="每日测温")).to_contain_text("要求")
    expect(page.get_by_role("row", name="在线监控 CAMERA ")).to_contain_text("要求")
    expect(page.get_by_role("row", name="消毒 DISINFECT")).not_to_contain_text("尚未")

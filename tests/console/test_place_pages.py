"""The places of a site on its page: an administrator adds, renames and closes them; both dormitories have their own rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import ViewportSize, expect

from server.rules.calendar import instant_ms
from tests.chromium import expect_fits
from tests.console.conftest import DESK, PHONE, OpenPage
from tests.server.cast import Cast
from tests.stories.flags.cast import DAY
from tests.stories.places.cast import Dormitories, dormitories

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture
def site(app: Flask, cast: Cast, tmp_path: Path) -> Dormitories:
    found = dormitories(app, cast, tmp_path)
    cast.clock.set(instant_ms(DAY, "08:00"))
    return found


@SIZES
def test_a_place_is_added_renamed_and_closed_on_the_sites_page(
    open_page: OpenPage, site: Dormitories, size: ViewportSize
) -> None:
    page = open_page(f"/console/sites/{site.field.cast.site_a}", size, "admin")
    page.get_by_label("类型").select_option("dormitory")
    page.get_by_label("名称 这里的叫法").fill("三号楼")
    page.get_by_role("button", name="新增场所").press("Enter")
    row = page.get_by_role("row", name="三号楼")
    expect(row).to_be_visible()
    row.get_by_text("改名、面积、停用").click()
    row.get_by_label("新名称").fill("北楼")
    row.get_by_role("button", name="改名").press("Enter")
    renamed = page.get_by_role("row", name="北楼")
    expect(renamed).to_contain_text("三号楼")
    renamed.get_by_text("改名、面积、停用").click()
    expect_fits(page)
    renamed.get_by_role("button", name="停用").press("Enter")
    expect(page.get_by_text("已停用: 北楼")).to_be_visible()
    page.get_by_text("场所更改记录").click()
    expect(page.get_by_role("listitem").filter(has_text="管理员")).to_have_count(3)
    expect_fits(page)


@SIZES
def test_what_may_be_either_dormitory_is_settled_with_a_reason(
    open_page: OpenPage, site: Dormitories, size: ViewportSize
) -> None:
    tablet = site.field.tablet("first")
    site.log(tablet)
    site.report(tablet, "08:30")
    page = open_page("/console/questions", size, "section")
    question = page.locator(".question", has_text="消毒记录 · 宿舍")
    expect_fits(page)
    question.get_by_label("二号楼").check()
    question.get_by_label("依据或理由").fill("电话核实")
    question.get_by_role("button", name="选定").press("Enter")
    expect(page.locator(".question", has_text="消毒记录 · 宿舍")).to_have_count(0)
    page.goto(page.url.replace("questions", f"sites/{site.field.cast.site_a}"))
    for name in ("消毒 宿舍 一号楼 上午", "消毒 宿舍 二号楼 上午"):
        expect(page.get_by_role("rowheader", name=name)).to_be_visible()
    expect_fits(page)

"""The city and one site at a glance, each role its own part of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import ViewportSize, expect

from server.base.db import write
from server.models import SiteSignal
from tests.chromium import expect_fits
from tests.console.conftest import DESK, PHONE, OpenPage
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, at, missed_flag, planned_field

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    made = planned_field(app, cast, tmp_path)
    missed_flag(made)
    figures = {"slot": "before_work", "people": 30, "values": 1}
    key = {"scope_id": cast.site_a, "local_date": DAY, "n": 1, "code": "few_values"}
    with app.app_context(), write() as session:
        session.add(SiteSignal(**key, figures=figures, found_ms=cast.clock.now_ms()))
    return made


@SIZES
def test_the_overview_compares_districts_and_leads_to_the_worst_site(
    open_page: OpenPage, field: Field, size: ViewportSize
) -> None:
    page = open_page("/console/overview", size, "section")
    expect(page.get_by_role("row", name="红旗区").first).to_contain_text("0 / 2")
    expect_fits(page)
    page.get_by_role("heading", name="缺失最多的地点").locator("+ table a").press("Enter")
    expect(page.get_by_role("heading", name="牧野花园")).to_be_visible()
    expect(page.get_by_text("30 人的体温只有 1 种读数")).to_be_visible()
    expect(page.locator(".grid .window-missed")).to_have_count(2)
    expect_fits(page)


def test_a_contractor_sees_the_site_and_not_what_is_suspected(open_page: OpenPage, field: Field) -> None:
    page = open_page(f"/console/sites/{field.cast.site_a}", DESK, "contractor")
    expect(page.get_by_role("heading", name="牧野花园")).to_be_visible()
    expect(page.locator("main").get_by_text("线索")).to_have_count(0)


def test_anothers_site_is_not_found(open_page: OpenPage, field: Field, complaints: list[str]) -> None:
    page = open_page(f"/console/sites/{field.cast.site_a}", DESK, "competitor")
    expect(page.get_by_text("没有找到")).to_be_visible()
    complaints[:] = [line for line in complaints if "404" not in line]


def test_signals_move_a_flag_up_and_show_on_it(open_page: OpenPage, field: Field) -> None:
    page = open_page("/console/waiting", DESK, "section")
    expect(page.get_by_role("columnheader", name="线索")).to_be_visible()
    page.get_by_role("link", name="牧野花园").first.click()
    expect(page.get_by_text("30 人的体温只有 1 种读数")).to_be_visible()


def test_a_silent_tablet_is_one_row_with_its_sites(open_page: OpenPage, field: Field) -> None:
    at(field, "13:00", "2026-11-26")
    page = open_page("/console/overview", DESK, "section")
    expect(page.get_by_role("row", name="first")).to_have_count(1)
    expect(page.get_by_role("row", name="first")).to_contain_text("检查员李华")
    expect(page.get_by_role("row", name="first").get_by_role("link", name="牧野花园")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("admin", "waiting"),
        ("inspector", "waiting"),
        ("admin", "overview"),
        ("inspector", "overview"),
        ("contractor", "overview"),
    ],
)
def test_what_is_not_in_ones_menu_does_not_open_by_its_address(
    open_page: OpenPage, field: Field, name: str, path: str, complaints: list[str]
) -> None:
    page = open_page(f"/console/{path}", DESK, name)
    expect(page.get_by_text("没有找到")).to_be_visible()
    expect(page.get_by_role("navigation").locator(f"a[href='/console/{path}']")).to_have_count(0)
    complaints[:] = [line for line in complaints if "404" not in line]

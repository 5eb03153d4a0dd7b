"""The lists of flags: filters live in the address, deadlines and leads are columns, and phones show no empty label."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect

from server.base.db import write
from server.models import SiteSignal
from tests.console.conftest import DESK, PHONE, OpenPage
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, act, missed_flag, planned_field


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@pytest.fixture
def flag(field: Field) -> str:
    return missed_flag(field)


def test_the_list_says_whose_move_it_is_until_when_and_how_many_leads_there_are(
    open_page: OpenPage, field: Field, flag: str
) -> None:
    key = {"scope_id": field.cast.site_a, "local_date": DAY, "n": 1, "code": "photo_twice"}
    with field.app.app_context(), write() as session:
        session.add(SiteSignal(**key, figures={"photos": 2}, found_ms=field.cast.clock.now_ms()))
    row = open_page("/console/flags", DESK, "section").get_by_role("row", name="消毒")
    expect(row.locator("td[data-label=轮到]")).to_have_text("质安科 科室确认")
    expect(row.locator("td[data-label=期限]")).to_have_text("2026-11-24 16:40")
    expect(row.locator("td[data-label=线索]")).to_have_text("1")
    contractor = open_page("/console/flags", DESK, "contractor")
    expect(contractor.get_by_role("columnheader", name="期限")).to_be_visible()
    expect(contractor.get_by_role("columnheader", name="线索")).to_have_count(0)


def test_what_waits_is_narrowed_and_the_filter_stays_in_the_address(open_page: OpenPage, flag: str) -> None:
    page = open_page("/console/waiting", DESK, "section")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_label("职责").select_option("消毒")
    page.get_by_role("button", name="筛选").press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "duty=DISINFECT" in page.url
    expect(page.get_by_label("职责")).to_have_value("DISINFECT")
    page.get_by_label("程度").select_option("严重")
    page.get_by_role("button", name="筛选").press("Enter")
    expect(page.get_by_text("没有符合条件的标记")).to_be_visible()


def test_what_one_was_given_is_found_again(open_page: OpenPage, field: Field, flag: str) -> None:
    assert act(field.cast.client("section"), flag, "assign").status_code == 200
    page = open_page("/console/waiting?assignee=me", DESK, "section")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(open_page("/console/flags?assignee=nobody", DESK, "section").locator("tbody tr")).to_have_count(1)


def test_a_cell_that_is_empty_has_no_label_on_a_phone(open_page: OpenPage, flag: str) -> None:
    page = open_page("/console/waiting", PHONE, "section")
    empty = page.locator("td[data-label=线索]").first
    expect(empty).to_have_text("")
    expect(empty).not_to_be_visible()
    expect(page.locator("td[data-label=程度]").first).to_be_visible()

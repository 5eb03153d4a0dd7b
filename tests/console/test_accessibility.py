"""Every page of the console, in each part's own eyes, is whole for a screen reader and for weak eyes (axe-core)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import ViewportSize, expect

from tests.axe import serious_findings
from tests.console.conftest import DESK, PHONE, OpenPage
from tests.server.cast import Cast
from tests.server.rosters.people import person
from tests.stories.field import Field
from tests.stories.flags import missed_flag, moved, planned_field
from tests.stories.rosters import people_file, read_at_once
from tests.stories.test_settling import contested_worker

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
_SITE = ("sites", "sites/{site}", "sites/{site}/roster", "notices", "help")
PAGES: dict[str | None, tuple[str, ...]] = {
    "section": ("waiting", "flags", "flags/{flag}", "overview", "questions", *_SITE),
    "contractor": ("waiting", "flags/{flag}", *_SITE),
    None: ("login",),
}


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@SIZES
@pytest.mark.parametrize("name", PAGES, ids=str)
def test_no_page_has_a_serious_finding(
    open_page: OpenPage, field: Field, size: ViewportSize, name: str | None
) -> None:
    flag = missed_flag(field)
    moved(field.cast.client("section"), flag, "order_rectification", note="食堂每日消毒两次")
    contested_worker(field)
    page = open_page("/console/login", size, name)
    found = {}
    for path in PAGES[name]:
        answer = page.goto("/console/" + path.format(flag=flag, site=field.cast.site_a))
        assert answer is not None and answer.status == 200
        found[path] = serious_findings(page)
    assert {path: told for path, told in found.items() if told} == {}


@SIZES
def test_a_roster_with_wrong_rows_has_no_serious_finding(
    open_page: OpenPage, field: Field, size: ViewportSize, tmp_path: Path
) -> None:
    read_at_once(field.cast)
    file = tmp_path / "名册.xlsx"
    file.write_bytes(people_file(person(1), replace(person(2), certificate_number="410702199001010011")))
    page = open_page(f"/console/sites/{field.cast.site_a}/roster", size, "contractor")
    page.get_by_label("名册文件").set_input_files(file)
    page.get_by_role("button", name="上传并预览").press("Enter")
    expect(page.get_by_text("等待提交")).to_be_visible()
    assert serious_findings(page) == []

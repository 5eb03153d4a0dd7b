"""Papers at the console, in a browser: drafted with a photo, signed, printed, served."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, expect

from server.rules.calendar import instant_ms
from tests.axe import serious_findings
from tests.console.conftest import DESK, PHONE, OpenPage
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import DAY
from tests.stories.papers.office import answered_field


@pytest.fixture
def office(app: Flask, cast: Cast, tmp_path: Path) -> tuple[Field, str]:
    field, flag = answered_field(app, cast, tmp_path / "tablet")
    field.cast.clock.set(instant_ms(DAY, "14:00"))
    return field, flag


def draft(page: Page, photo: Path) -> None:
    """From the flag's page to a draft that lacks nothing."""
    page.select_option("select[name=kind]", "inspection_record")
    page.get_by_role("button", name="起草").click()
    expect(page.get_by_role("button", name="签发")).to_be_disabled()
    page.fill("[name='field.began']", "2026-11-24T13:00")
    page.fill("[name='field.ended']", "2026-11-24T13:40")
    page.fill("[name='field.present']", "王芳(劳资专管员)")
    page.fill("[name='field.recorder']", "孙丽")
    page.fill("[name='field.findings']", "食堂配电箱线路裸露, 没有盖板\n食堂未见消毒用品")
    page.get_by_label("孙丽 16070001").check()
    page.get_by_label("周强 16070002").check()
    page.set_input_files("[name=photos]", str(photo))
    page.get_by_role("button", name="保存草稿").click()


def test_a_record_is_drafted_with_a_photo_signed_and_printed(
    office: tuple[Field, str], open_page: OpenPage, tmp_path: Path
) -> None:
    photo = tmp_path / "found.jpg"
    Image.new("RGB", (1600, 1200), (150, 110, 80)).save(photo)
    page = open_page(f"/console/flags/{office[1]}", DESK, "section")
    draft(page, photo)
    expect(page.get_by_role("button", name="签发")).to_be_enabled()
    expect(page.locator("label.choice img")).to_have_count(1)
    assert serious_findings(page) == []
    page.get_by_role("button", name="签发").click()
    expect(page.locator("h1")).to_contain_text("已签发")
    href = page.get_by_role("link", name="现场检查笔录 (PDF)").get_attribute("href")
    printed = page.request.get(str(href)).body()
    assert printed.startswith(b"%PDF") and b"/DCTDecode" in printed, "the photo is inside"


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("section", "papers"),
        ("section", "papers/set-up"),
        ("admin", "papers/set-up"),
        ("admin", "admin/rows/paper_kinds/order"),
        ("admin", "admin/rows/officers/new"),
    ],
)
def test_a_page_of_papers_has_no_serious_finding(
    office: tuple[Field, str], open_page: OpenPage, size: dict[str, int], name: str, path: str
) -> None:
    page = open_page(f"/console/{path}", size, name)
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "it scrolls sideways"

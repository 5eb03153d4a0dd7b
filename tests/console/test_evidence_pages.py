"""What proves a flag can be judged from its page: who wrote what, how sure its time is, its photos, and whether each
device's chain is whole."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import ViewportSize, expect
from werkzeug.http import parse_options_header

from server.base.db import read, write
from server.models import StreamHead, User
from server.models.access import viewer_of
from server.rules.calendar import instant_ms
from server.workflows.receive_media import keep_photo
from sync_protocol.stream import Island, Stream, to_json
from tests.chromium import expect_fits
from tests.console.conftest import DESK, PHONE, OpenPage
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, at, missed_flag, planned_field
from tests.stories.photos import picture

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
LOG = {"place": "toilet", "agent": "chlorine", "operator": "王师傅"}


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@pytest.fixture
def flag(field: Field) -> str:
    """The canteen was missed; another place was done in that time, with two photos of which one arrived."""
    tablet = field.tablet("first")
    here, lost = picture(), picture("PNG")
    media = [
        {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "type": "image/jpeg"}
        for data in (here, lost)
    ]
    field.cast.clock.set(instant_ms(DAY, "09:30"))
    tablet.add(field.scope, "disinfection_log", LOG, media=media)
    store = field.app.extensions["gongdi"].media
    with field.app.app_context():
        with read() as session:
            viewer = viewer_of(session, session.get_one(User, field.cast.users["inspector"]))
        keep_photo(store, viewer, field.cast.site_a, here, field.cast.clock.now_ms())
    return missed_flag(field, tablet)


@SIZES
def test_an_entry_shows_who_when_how_sure_and_its_photos(
    open_page: OpenPage, flag: str, size: ViewportSize
) -> None:
    page = open_page(f"/console/flags/{flag}", size, "section")
    row = page.locator(".entries tbody tr")
    expect(row).to_have_count(1)
    for part in ("检查员李华", "first", "2026-11-24 09:30:00", "已锚定", "自报 09:30", "至 12:40"):
        expect(row).to_contain_text(part)
    shown = row.get_by_role("img", name="消毒记录 第 1 条 照片")
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("naturalWidth", 160)
    expect(row).to_contain_text("照片未到")
    expect_fits(page)


@pytest.mark.parametrize(
    ("stream", "state"),
    [
        (Stream(5, "a" * 64), "完整"),
        (Stream(5, "a" * 64, (Island(9, "b" * 64, 9, "c" * 64),)), "有缺口 3 条"),
        (Stream(5, "a" * 64, forked=True), "分叉"),
    ],
    ids=["whole", "holes", "forked"],
)
def test_each_devices_chain_is_described_in_words(
    open_page: OpenPage, field: Field, flag: str, stream: Stream, state: str
) -> None:
    with field.app.app_context(), write() as session:
        session.execute(sa.update(StreamHead).values(head=to_json(stream), forked=stream.forked))
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    expect(page.locator(".chains")).to_contain_text(f"first {state}")


def test_a_silent_site_names_the_duty_of_each_window(open_page: OpenPage, field: Field) -> None:
    field.tablet("first")
    at(field, "23:00")
    page = open_page("/console/flags?duty=SILENT", DESK, "section")
    page.get_by_role("link", name="牧野花园").first.click()
    expect(page.get_by_role("rowheader", name="消毒 食堂 上午")).to_be_visible()
    expect(page.get_by_role("rowheader", name="每日测温 不分场所 上班前")).to_be_visible()
    page.locator(".more > summary", has_text="时段").press("Enter")
    expect(page.get_by_role("columnheader", name="职责")).to_be_visible()


def test_the_printed_page_has_neither_menu_nor_buttons_and_keeps_its_colours(
    open_page: OpenPage, flag: str
) -> None:
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).not_to_be_visible()
    expect(page.locator(".moves")).not_to_be_visible()
    cell = page.locator(".grid .window-missed")
    expect(cell).to_be_visible()
    assert cell.evaluate("cell => getComputedStyle(cell).printColorAdjust") == "exact"
    heading = page.get_by_role("heading", name="一览")
    assert heading.evaluate("heading => getComputedStyle(heading).breakAfter") == "avoid"


def test_documents_are_named_by_their_number_and_site(open_page: OpenPage, flag: str) -> None:
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    number = f"2026-{flag[-8:].upper()}"
    expect(page.locator(".facts")).to_contain_text(number)
    for link, name in (("档案 (PDF)", "pdf"), ("档案 (.xlsx)", "xlsx")):
        address = page.get_by_role("link", name=link).get_attribute("href")
        assert address is not None
        answer = page.request.get(address)
        assert answer.ok
        _, options = parse_options_header(answer.headers["content-disposition"])
        assert options["filename"] == f"问题标记档案-{number}-牧野花园.{name}"

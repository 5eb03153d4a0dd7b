"""A session that ends while a form is filled in, and the browser's back button, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Page, expect

from server.actions.accounts.log_in import SESSION_MS
from server.base.db import read
from server.models import FlagEvent
from tests.console.conftest import DESK, OpenPage
from tests.server.cast import PASSWORD, Cast
from tests.stories.field import Field
from tests.stories.flags.cast import missed_flag, planned_field
from tests.stories.photos import picture

WORDS = "食堂当日上午未消毒, 请于明日补做并附照片"


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@pytest.fixture
def flag(field: Field) -> str:
    return missed_flag(field)


def _form(page: Page, move: str, words: str) -> None:
    """Open a move and write its words."""
    card = page.locator(".moves details.card", has=page.locator("summary").get_by_text(move, exact=True))
    if not card.is_visible():
        page.locator(".others > summary").press("Enter")
    if card.get_attribute("open") is None:
        card.locator("summary").press("Enter")
    card.locator("textarea").fill(words)


def _press(page: Page, move: str) -> None:
    page.get_by_role("button", name=move, exact=True).press("Enter")


def _log_in(page: Page, name: str) -> None:
    page.get_by_label("用户名").fill(name)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").press("Enter")


def _moves(field: Field, flag: str) -> list[str]:
    with field.app.app_context(), read() as session:
        query = sa.select(FlagEvent.action).where(FlagEvent.flag_id == flag, FlagEvent.actor != "scheduler")
        return list(session.scalars(query.order_by(FlagEvent.n)))


def test_words_that_were_sent_after_the_session_ended_wait_behind_the_log_in(
    open_page: OpenPage, field: Field, flag: str
) -> None:
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    _form(page, "责令限期整改", WORDS)
    field.cast.clock.advance(SESSION_MS)
    _press(page, "责令限期整改")
    expect(page.get_by_role("status")).to_contain_text("已经保存")
    _log_in(page, "section")
    expect(page.get_by_text("已放回下面的表单")).to_be_visible()
    card = page.locator(".moves details.card[open]", has_text="责令限期整改")
    expect(card.locator("textarea")).to_have_value(WORDS)
    _press(page, "责令限期整改")
    expect(page.locator(".timeline")).to_contain_text(WORDS)
    expect(page.get_by_text("已放回下面的表单")).to_have_count(0)
    assert _moves(field, flag) == ["order_rectification"]


def test_words_next_to_a_photo_wait_too(open_page: OpenPage, field: Field, flag: str, tmp_path: Path) -> None:
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    photo = tmp_path / "现场.jpg"
    photo.write_bytes(picture() + b"\0" * 200_000)  # beyond what a form without photos may hold
    _form(page, "备注", WORDS)
    page.get_by_label("照片").last.set_input_files(photo)
    field.cast.clock.advance(SESSION_MS)
    _press(page, "备注")
    _log_in(page, "section")
    expect(
        page.locator(".moves details.card[open]", has_text="备注").locator("textarea").first
    ).to_have_value(WORDS)


def test_going_back_and_pressing_again_is_one_order(open_page: OpenPage, field: Field, flag: str) -> None:
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    _form(page, "责令限期整改", WORDS)
    _press(page, "责令限期整改")
    expect(page.locator(".timeline")).to_contain_text(WORDS)
    field.cast.clock.advance(6_000)
    page.go_back()
    _form(page, "责令限期整改", WORDS)
    _press(page, "责令限期整改")
    expect(page.locator(".timeline")).to_contain_text(WORDS)
    assert _moves(field, flag) == ["order_rectification"]

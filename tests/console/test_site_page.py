"""One site's page: what was found there, what is in store, and, for users with that right, who is ill."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect

from server.base.clock import to_iso
from tests.console.conftest import DESK, OpenPage
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import planned_field


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    """A site with a fever that was reported to nobody yet, a round with a finding, and masks in store."""
    made = planned_field(app, cast, tmp_path)
    tablet = made.tablet("first")
    worker = tablet.add(made.scope, "worker", WORKER)
    case = {"worker": worker, "cause": "fever", "celsius": 38.2, "isolation_place": "三号板房"}
    tablet.add(made.scope, "case", {**case, "community_reported": to_iso(cast.clock.now_ms())})
    seen = tablet.add(
        made.scope, "inspection_round", {"purpose": "special", "result": "findings", "companion": "张安全"}
    )
    finding = {"round": seen, "topic": "canteen", "severity": "ordinary", "description": "窗口未设一米线"}
    tablet.add(made.scope, "inspection_finding", finding)
    for movement, amount in (("received", 500), ("issued", 180), ("counted", 305)):
        tablet.add(made.scope, "supply_movement", {"item": "mask", "movement": movement, "amount": amount})
    assert tablet.sync().ok
    return made


def test_a_round_shows_who_made_it_and_what_was_found(open_page: OpenPage, field: Field) -> None:
    page = open_page(f"/console/sites/{field.cast.site_a}", DESK, "section")
    shown = page.locator(".round")
    for part in ("专项检查", "检查员李华", "发现问题", "张安全", "食堂", "窗口未设一米线"):
        expect(shown).to_contain_text(part)


def test_the_store_is_what_came_less_what_went_alongside_the_last_count(
    open_page: OpenPage, field: Field
) -> None:
    page = open_page(f"/console/sites/{field.cast.site_a}", DESK, "contractor")
    row = page.get_by_role("row", name="口罩")
    expect(row.locator("td")).to_contain_text(["口罩", "500 只", "180 只", "320 只", "305 只"])


@pytest.mark.parametrize("name", ["section", "inspector"])
def test_a_case_names_nobody_in_full_and_no_reading(open_page: OpenPage, field: Field, name: str) -> None:
    page = open_page(f"/console/sites/{field.cast.site_a}", DESK, name)
    row = page.get_by_role("row", name="发热")
    expect(row).to_contain_text("买**")
    expect(row).to_contain_text("未报备齐")
    for hidden in ("买买提", "38.2", "三号板房"):
        expect(page.locator("main")).not_to_contain_text(hidden)


@pytest.mark.parametrize("name", ["contractor", "admin"])
def test_who_may_not_know_learns_of_no_case(open_page: OpenPage, field: Field, name: str) -> None:
    page = open_page(f"/console/sites/{field.cast.site_a}", DESK, name)
    expect(page.get_by_role("heading", name="牧野花园")).to_be_visible()
    for hidden in ("买**", "未报备齐", "三号板房"):
        expect(page.locator("main")).not_to_contain_text(hidden)
    expect(page.locator("main")).not_to_contain_text("健康异常个案")


def test_an_administrator_sees_devices_and_no_round(open_page: OpenPage, field: Field) -> None:
    page = open_page(f"/console/sites/{field.cast.site_a}", DESK, "admin")
    expect(page.locator(".round")).to_have_count(0)
    row = page.get_by_role("row", name="first")
    expect(row).to_contain_text("检查员李华")
    expect(row).to_contain_text("完整")

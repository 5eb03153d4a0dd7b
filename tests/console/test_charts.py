"""Charts are drawn from tables that stay on the page: without scripts nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, ViewportSize, expect

from server.console.pages import COOKIE
from server.field_app.build import ensure_built
from tests.chromium import expect_fits
from tests.console.conftest import DESK, PHONE, OpenPage
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import at, missed_flag, planned_field

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
_PAINTED = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const wanted = [0xb9, 0x35, 0x35];
  for (let at = 0; at < data.length; at += 4)
    if (wanted.every((value, index) => data[at + index] === value)) return true;
  return false;
}"""


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    ensure_built()
    made = planned_field(app, cast, tmp_path)
    missed_flag(made)
    at(made, "14:00")
    return made


@SIZES
@pytest.mark.parametrize("page_of", ["/console/overview", "/console/sites/{site}"])
def test_days_are_drawn_from_their_table(
    open_page: OpenPage, field: Field, size: ViewportSize, page_of: str
) -> None:
    page = open_page(page_of.format(site=field.cast.site_a), size, "section")
    chart = page.get_by_role("img", name="按时、迟做、补录、待复核、失联、缺失; 数字见下表")
    expect(chart.locator("canvas")).to_be_visible()
    assert chart.locator("canvas").evaluate(_PAINTED), "what is missed is red"
    row = page.locator("figure[data-chart=days] + .scroll table tbody tr")
    expect(row.locator("th, td")).to_have_text(["11-24", "0", "0", "0", "2", "0%"])
    expect_fits(page)


def test_districts_are_drawn_by_share(open_page: OpenPage, field: Field) -> None:
    page = open_page("/console/overview", DESK, "section")
    expect(page.get_by_role("img", name="按时完成; 数字见下表").locator("canvas")).to_be_visible()
    expect(page.locator("#districts").get_by_role("row", name="红旗区")).to_contain_text("0.0% 0 / 2")


def test_without_scripts_the_tables_say_it_all(browser: Browser, live_server: str, field: Field) -> None:
    context = browser.new_context(base_url=live_server, java_script_enabled=False)
    token = field.cast.client("section").token
    context.add_cookies([{"name": COOKIE, "value": token, "url": f"{live_server}/console"}])
    page = context.new_page()
    page.goto("/console/overview")
    expect(page.get_by_role("columnheader", name="按时比例")).to_be_visible()
    expect(page.locator("figure")).to_have_count(2)
    expect(page.locator("figure").first).not_to_be_visible()
    context.close()


def test_a_script_is_kept_for_good_and_no_other_file_is_there(app: Flask, field: Field) -> None:
    client = app.test_client()
    with app.test_request_context():
        bundle = app.jinja_env.globals["script_bundle"]("charts")  # type: ignore[operator]
    with client.get(f"/console/scripts/{bundle[0]}", headers={"Accept-Encoding": "gzip"}) as found:
        assert found.status_code == 200
        assert found.headers["Content-Encoding"] == "gzip"
        assert "immutable" in found.headers["Cache-Control"]
    assert client.get("/console/scripts/..%2Fmanifest.json").status_code == 404

"""A form that is filled in at the console, in a browser: answers show and hide fields as on a tablet, and faults are said at
their fields; without scripts all of it is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from server.base.db import write
from server.console.pages import COOKIE
from server.field_app.build import ensure_built
from tests.axe import serious_findings
from tests.console.conftest import PHONE, OpenPage
from tests.server.cast import Cast, set_places
from tests.stories.field import Field
from tests.stories.forms.conftest import Run, field, run
from tests.stories.forms.workbooks import LABEL, as_json, only_form
from tests.stories.photos import picture, sha256

__all__ = ["field", "run"]
SIZES = pytest.mark.parametrize("size", [{"width": 1366, "height": 768}, PHONE], ids=["desk", "phone"])
WATER = [
    {"type": "begin_group", "name": "water", LABEL: "水质", "relevant": "${minutes} > 5"},
    {"type": "decimal", "name": "heat", LABEL: "水温", "bind::gongdi:unit": "℃", "constraint": ". < 40"},
    {"type": "calculate", "name": "double", LABEL: "两倍", "calculation": "${heat} * 2"},
    {"type": "note", "name": "hot", LABEL: "水温偏高, 请复测。", "relevant": "${heat} >= 30"},
    {"type": "end_group"},
    {
        "type": "image",
        "name": "shots",
        LABEL: "照片",
        "bind::gongdi:max": 2,
        "required": "${look} = 'rubbish'",
    },
]


@pytest.fixture
def path(app: Flask, cast: Cast, field: Field, run: Run, tmp_path: Path) -> str:
    """The page of the form."""
    ensure_built()
    sheets = only_form()
    sheets["survey"] += WATER
    sheets["survey"][3]["required_message::中文 (zh)"] = "选了其他, 请写明。"
    sheets["gongdi"][0]["writers"] = "section"
    published = run("form", "publish", str(as_json(tmp_path / "1.json", sheets)))
    assert published.exit_code == 0, published.output
    with app.app_context(), write() as session:
        set_places(session, cast.site_a, ("pond", "东湖"))
    return f"/console/sites/{cast.site_a}/fill/pond_round"


def asked(page: Page, label: str) -> Locator:
    return page.get_by_role("group", name=label, exact=True)


@SIZES
def test_answers_show_and_hide_what_depends_on_them(
    open_page: OpenPage, path: str, size: ViewportSize, app: Flask, field: Field
) -> None:
    page = open_page(path, size, "section")
    why, heat = page.get_by_label("情况", exact=True), page.get_by_label("水温", exact=True)
    expect(why.first).to_be_hidden()
    expect(page.get_by_text("有条件时填写")).to_have_count(0)
    expect(page.get_by_role("heading", name="水质")).to_be_hidden()
    page.get_by_label("场所").last.select_option(label="东湖")
    page.get_by_label("水面").last.select_option("other")
    expect(why.last).to_be_visible()
    why.last.fill("水面有油")
    page.get_by_label("时长").last.fill("7")
    expect(page.get_by_role("heading", name="水质")).to_be_visible()
    heat.last.fill("31.5")
    expect(page.get_by_text("水温偏高")).to_be_visible()
    expect(page.get_by_label("两倍")).to_have_text("63")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious_findings(page) == []
    page.get_by_label("水面").last.select_option("clear")
    expect(why.last).to_be_hidden()
    page.get_by_label("水面").last.select_option("other")
    expect(why.last).to_have_value("水面有油")  # it is there again, as on a tablet
    page.get_by_label("水面").last.select_option("clear")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("status")).to_contain_text("已记录")
    field.cast.clock.advance(1_000)
    (record,) = field.tablet("first").list("pond_round")
    assert {name: record.body.get(name) for name in ("look", "why", "minutes", "heat")} == {
        **{"look": "clear", "why": None, "minutes": 7, "heat": 31.5},
    }


def test_what_is_wrong_is_said_beside_its_field_as_soon_as_it_is_left(open_page: OpenPage, path: str) -> None:
    page = open_page(path, name="section")
    minutes = page.get_by_label("时长").last
    minutes.fill("601")
    expect(page.get_by_role("alert")).to_have_count(0)  # what is half typed is not wrong yet
    minutes.blur()
    expect(asked(page, "时长").get_by_role("alert")).to_contain_text("600")
    expect(minutes).to_have_attribute("aria-invalid", "true")
    minutes.fill("60")
    minutes.blur()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_label("水面").last.select_option("other")
    why = page.get_by_label("情况").last
    expect(asked(page, "情况").get_by_text("必填")).to_be_visible()
    why.fill("x")
    why.fill("")
    why.blur()
    expect(asked(page, "情况").get_by_role("alert")).to_have_text("选了其他, 请写明。")
    page.get_by_label("水面").last.select_option("rubbish")
    expect(asked(page, "照片").get_by_text("必填")).to_be_visible()


def test_the_server_judges_and_its_words_stay_until_the_field_is_changed(
    open_page: OpenPage, path: str, tmp_path: Path, field: Field, complaints: list[str]
) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(picture())
    page = open_page(path, name="section")
    page.get_by_label("照片").last.set_input_files(photo)
    page.get_by_label("水面").last.select_option("other")
    page.get_by_label("时长").last.fill("7")
    page.get_by_role("button", name="保存").click()
    for label in ("场所", "情况"):
        expect(asked(page, label).get_by_role("alert")).to_contain_text("请")
    expect(page.get_by_role("heading", name="水质")).to_be_visible()
    expect(asked(page, "照片").get_by_role("img")).to_be_visible()  # it need not be chosen again
    page.get_by_label("情况").last.fill("水面有油")
    page.get_by_label("情况").last.blur()
    expect(asked(page, "情况").get_by_role("alert")).to_have_count(0)
    page.get_by_label("场所").last.select_option(label="东湖")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("status")).to_contain_text("已记录")
    field.cast.clock.advance(1_000)
    (record,) = field.tablet("first").list("pond_round")
    assert record.body["shots"] == [sha256(picture())]
    complaints[:] = [line for line in complaints if "422" not in line]  # the browser logs the status too


def test_without_scripts_everything_can_be_filled_in(
    browser: Browser, live_server: str, path: str, field: Field
) -> None:
    context = browser.new_context(base_url=live_server, java_script_enabled=False)
    context.add_cookies(
        [{"name": COOKIE, "value": field.cast.client("section").token, "url": f"{live_server}/console"}]
    )
    page = context.new_page()
    page.goto(path)
    for label in ("情况", "水温", "照片"):
        expect(page.get_by_label(label).last).to_be_visible()
    expect(page.get_by_text("有条件时填写")).to_have_count(1)
    page.get_by_label("场所").last.select_option(label="东湖")
    page.get_by_label("水面").last.select_option("clear")
    page.get_by_label("情况").last.fill("不该有")  # the server drops what the form hides
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("status")).to_contain_text("已记录")
    context.close()
    field.cast.clock.advance(1_000)
    (record,) = field.tablet("first").list("pond_round")
    assert "why" not in record.body

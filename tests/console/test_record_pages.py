"""Pages of records in a browser: photos are seen, a parent leads to its children and back, a register is changed."""

from __future__ import annotations

import io
import re

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.axe import serious_findings
from tests.console.conftest import PHONE, OpenPage
from tests.server.office import Office
from tests.stories.field import WORKER, Field
from tests.stories.forms.conftest import field
from tests.stories.forms.workbooks import LABEL
from tests.stories.photos import picture
from tests.stories.records.conftest import publish
from tests.stories.records.test_one_record import LEAK, ROUND

__all__ = ["field"]
SIZES = pytest.mark.parametrize("size", [{"width": 1366, "height": 768}, PHONE], ids=["desk", "phone"])


@pytest.fixture
def site(field: Field) -> str:
    """The address of a site with a record that has a photo, and a child of it that names a person."""
    publish(field, "pond", ROUND, title="池塘", sealed="no", writers="section inspector")
    publish(field, "leak", LEAK, title="渗漏", sealed="no", writers="inspector section")
    lamp = [{"type": "text", "name": "name", LABEL: "灯号", "required": "yes"}]
    publish(field, "lamp", lamp, title="路灯", sealed="no", nature="register", writers="section")
    at = f"sites/{field.cast.site_a}"
    seat = Office(field.app, field.cast).seat("section")
    files = {"shots": (io.BytesIO(picture()), "a.jpg")}
    assert seat.send(f"{at}/fill/pond", title="东湖", heat="31.5", **files).status_code == 303
    assert seat.send(f"{at}/fill/lamp", name="3 号灯").status_code == 303
    field.cast.clock.advance(1_000)
    tablet = field.tablet("first")
    (parent,) = tablet.list("pond")
    worker = tablet.add(field.scope, "worker", WORKER)
    tablet.add(field.scope, "leak", {"of": parent.id, "what": "漏水", "who": worker})
    assert tablet.sync().ok
    return f"/console/{at}"


def expect_sound(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious_findings(page) == []


@SIZES
def test_from_a_record_to_its_children_and_the_people_they_name(
    open_page: OpenPage, site: str, size: ViewportSize
) -> None:
    page = open_page(f"{site}/records/pond", size, "section")
    shown = page.get_by_role("img", name="现场照片 1")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    expect_sound(page)
    page.get_by_role("link", name="详情").click()
    expect(page.get_by_role("heading", name="渗漏")).to_be_visible()
    expect(page.get_by_role("img", name="现场照片 1")).to_be_visible()
    expect_sound(page)
    page.get_by_role("link", name=WORKER["name"]).click()
    expect(page.get_by_role("cell", name="漏水")).to_be_visible()
    expect_sound(page)
    page.get_by_role("link", name="池塘").click()
    expect(page.get_by_role("heading", name="池塘")).to_be_visible()


@SIZES
def test_a_register_is_opened_from_its_list_and_changed(
    open_page: OpenPage, site: str, size: ViewportSize
) -> None:
    page = open_page(f"{site}/records/lamp", size, "section")
    expect(page.get_by_role("main").get_by_text("质安科孙丽").last).to_be_visible()  # its author
    page.get_by_role("link", name=re.compile("修改.*3 号灯")).click()
    name = page.get_by_label("灯号").last
    expect(name).to_have_value("3 号灯")
    name.fill("")
    name.blur()
    expect(page.get_by_role("alert")).to_have_text("缺少这一项, 请填写。")
    expect_sound(page)
    name.fill("4 号灯")
    page.get_by_role("button", name="保存修改").click()
    expect(page.get_by_role("link", name=re.compile("修改.*4 号灯"))).to_be_visible()

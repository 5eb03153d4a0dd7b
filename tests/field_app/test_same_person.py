"""A person who is on the roster already is not registered again without a question, and counts as one person."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.field_app.conftest import ZHANG, bodies, certificate, elsewhere
from tests.field_app.inspector import Inspector
from tests.server.cast import COMPANY_A


def _fill(inspector: Inspector, number: str) -> None:
    page = inspector.page
    inspector.open("名册")
    page.get_by_role("link", name="登记新人员").click()
    page.locator("[name=name]").fill("张叁")
    page.locator("[name=certificate_number]").fill(number)
    page.locator("[name=company]").fill(COMPANY_A)
    page.locator("[name=team]").fill("架子班")
    page.locator("[name=trade]").select_option("030")
    page.get_by_role("button", name="保存").click()


def test_a_tablet_asks_before_it_registers_a_number_that_it_has_pulled(inspector: Inspector) -> None:
    page = inspector.enrol()
    with inspector.cut_off():
        _fill(inspector, str(ZHANG["certificate_number"]))
        asked = page.locator("[data-code=same_person]")
        expect(asked).to_contain_text("张三")
        inspector.expect_unsent(0)
        asked.get_by_role("link", name="张三").click()
        expect(page.get_by_role("heading", name="张三")).to_be_visible()
        inspector.open("名册")
        page.get_by_role("link", name="登记新人员").click()
        page.get_by_role("button", name="保存").click()
        page.get_by_role("button", name="不是同一人, 仍然保存").click()
        expect(page.locator(".people")).to_contain_text("张叁")
        inspector.expect_unsent(1)
    inspector.sync()
    inspector.expect_unsent(0)
    assert bodies(elsewhere(inspector.field, "worker"), "name") == [("张三",), ("张叁",), ("曾小贤",)]
    inspector.open("名册")
    marked = page.locator(".people li", has_text="同一证件有多条")
    expect(marked).to_have_count(2)
    expect(page.get_by_role("heading", name="名册")).to_contain_text("2 人在场")
    inspector.open_worker("张叁")
    expect(page.get_by_text("同一证件有 2 条记录")).to_be_visible()
    inspector.measure("张叁", "365")
    expect(page.locator(".last")).to_contain_text("张叁 36.5 ℃")
    page.locator(".people button", has_text="张三").click()
    expect(page.get_by_role("alert")).to_contain_text("上班前已测 36.5 ℃")


def test_a_number_that_is_nobodys_is_saved_at_once(inspector: Inspector) -> None:
    page = inspector.enrol()
    _fill(inspector, certificate("41070219770101003"))
    expect(page.locator(".people")).to_contain_text("张叁")
    inspector.sync()
    inspector.expect_unsent(0)
    assert bodies(elsewhere(inspector.field, "worker"), "name") == [("张三",), ("张叁",), ("曾小贤",)]

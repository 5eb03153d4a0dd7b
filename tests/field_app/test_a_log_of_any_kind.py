"""The screen that is made from a kind's contract: offered for a kind that has none of its own, filled in, and written again
where the server refused it. And a kind of place that came after the app was built."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, Route, expect

from server.actions.records.feed import publish
from server.actions.records.site_record import site_put
from server.actions.reference.load_reference import mark_changed
from server.base.db import write
from server.field_app.contracts import contracts
from server.models import Reference, Site
from server.models.scope import lock_scope
from tests.field_app.conftest import Inspector, bodies, elsewhere, log_disinfection
from tests.server.cast import set_places

VENTILATION = {
    "title": "通风记录",
    "icon": "fan",
    "nature": "fact",
    "acts": ["add", "amend", "void"],
    "fields": {
        name: contracts()["kinds"][kind]["fields"][name]
        for kind, name in (
            ("disinfection_log", "place"),
            ("disinfection_log", "place_name"),
            ("disinfection_log", "agent"),
            ("temperature_check", "mask_worn"),
            ("disinfection_log", "area_m2"),
            ("case", "isolated"),
        )
    },
}
NEXT = '"supply_movement":{"title"'  # before which the contract of the new kind is put


def _declare(route: Route) -> None:
    """The app's script as it would be built with one more kind."""
    answer = route.fetch()
    said = json.dumps(VENTILATION, ensure_ascii=False, separators=(",", ":")).replace("\\", "\\\\")
    body = answer.text()
    assert body.count(NEXT) == 1
    route.fulfill(response=answer, body=body.replace(NEXT, f'"ventilation_log":{said},{NEXT}'))


def _room(inspector: Inspector, kind: str) -> Page:
    inspector.page.goto(f"{inspector.live.address}/field/#/log/{kind}")
    expect(inspector.page.get_by_role("heading", name=contracts()["kinds"][kind]["title"])).to_be_visible()
    return inspector.page


def test_a_kind_without_a_screen_of_its_own_is_offered_filled_in_and_written_again(
    inspector: Inspector,
) -> None:
    inspector.context.route(re.compile(r"/assets/app-.*\.js$"), _declare)
    page = inspector.enrol()
    inspector.open("通风记录")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".wrong").first).to_contain_text("缺少这一项, 请填写。")
    page.get_by_role("button", name="工人食堂").click()
    page.get_by_role("button", name="酒精").click()
    page.get_by_role("button", name="是", exact=True).click()
    page.locator("[name=area_m2]").fill("20")
    page.locator("[name=isolated]").fill("2026-11-23T07:30")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".entries")).to_contain_text("工人食堂 酒精")
    expect(page.locator("[name=area_m2]")).to_have_value("")
    inspector.sync()  # this server knows no such kind
    expect(page.locator(".refused")).to_contain_text("退回: 通风记录 工人食堂")
    page.get_by_role("button", name="改正后重新填写").click()
    expect(page.locator(".refusal")).to_be_visible()
    expect(page.locator("[name=area_m2]")).to_have_value("20")
    expect(page.get_by_role("button", name="工人食堂")).to_have_attribute("aria-pressed", "true")
    page.locator("[name=area_m2]").fill("25")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".badge")).not_to_contain_text("退回 2 条")


def test_what_it_writes_is_taken_by_the_server_and_shown_to_others(inspector: Inspector) -> None:
    inspector.enrol()
    page = _room(inspector, "disinfection_log")
    page.get_by_role("button", name="一号宿舍").click()
    page.get_by_role("button", name="酒精").click()
    page.locator("[name=operator]").fill("王师傅")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".entries")).to_contain_text("一号宿舍 酒精 王师傅")
    page = _room(inspector, "gate_pass")
    page.get_by_label("找人").fill("张三")
    page.locator(".people button").click()
    page.get_by_role("button", name="进场").click()
    page.get_by_role("button", name="人工").click()
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".entries")).to_contain_text("张三 进场 人工")
    inspector.sync()
    inspector.expect_unsent(0)
    logs = bodies(elsewhere(inspector.field, "disinfection_log"), "place", "place_name", "agent", "operator")
    assert logs == [("dormitory", "一号宿舍", "alcohol", "王师傅")]
    assert bodies(elsewhere(inspector.field, "gate_pass"), "direction", "method") == [("in", "manual")]


def test_what_was_begun_on_it_is_there_again(inspector: Inspector) -> None:
    inspector.enrol()
    page = _room(inspector, "disinfection_log")
    page.locator("[name=operator]").fill("王师傅")
    page = inspector.open_again()
    inspector.open("同步")
    page.get_by_role("link", name="消毒记录").click()
    expect(page.locator("[name=operator]")).to_have_value("王师傅")


def test_it_opens_without_a_network(inspector: Inspector) -> None:
    inspector.enrol()
    with inspector.cut_off():
        page = inspector.open_again()
        expect(page.get_by_role("heading", name="今日")).to_be_visible()
        page.goto(f"{inspector.live.address}/field/#/log/disinfection_log")
        expect(page.get_by_role("heading", name="消毒记录")).to_be_visible()


def test_a_kind_of_place_that_came_later_is_disinfected_like_any_other(inspector: Inspector) -> None:
    field = inspector.field
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    with field.app.app_context(), write() as session:
        data = {"name": "泵房", "living": False, "mark": "P"}
        dates = {"valid_from": "2021-12-01", "valid_to": None}
        session.add(Reference(noun="place_kinds", code="pump_house", data=data, source="x", **dates))
        mark_changed(session)
        site, scope = session.get_one(Site, field.cast.site_a), lock_scope(session, field.cast.site_a)
        assert scope is not None
        set_places(session, site.id, ("canteen", "工人食堂"), ("pump_house", "一号泵房"))
        publish(session, scope, seals, now_ms, [site_put(session, site, [], now_ms)])
    page = inspector.enrol()
    inspector.open("消毒")
    page.get_by_role("button", name="一号泵房").click()
    log_disinfection(page)
    inspector.sync()
    inspector.expect_unsent(0)
    assert bodies(elsewhere(field, "disinfection_log"), "place", "place_name") == [("pump_house", "一号泵房")]

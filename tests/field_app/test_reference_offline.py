"""What an inspector looks up on the way is on the tablet, without a network."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, ViewportSize, expect

from server.actions.records.feed import publish
from server.actions.records.site_record import around_sites, site_put
from server.base.db import write
from server.models import Site
from server.models.scope import lock_scope
from tests.axe import serious_findings
from tests.chromium import expect_fits
from tests.console.conftest import DESK, PHONE
from tests.field_app.inspector import Inspector
from tests.stories.field import Field

HERE = {"latitude": 35.3030, "longitude": 113.9268, "accuracy": 12}


def place_site(field: Field) -> None:
    """Site A lies a hundredth of a degree north of where the tablet will be: 1.1 km."""
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    with field.app.app_context(), write() as session:
        site, scope = session.get_one(Site, field.cast.site_a), lock_scope(session, field.cast.site_a)
        assert scope is not None
        site.latitude_deg, site.longitude_deg = 35.3130, 113.9268
        session.flush()
        put = site_put(site, around_sites(session, [site.id])[site.id], now_ms)
        publish(session, scope, seals, now_ms, [put])


def part(inspector: Inspector, title: str) -> Locator:
    inspector.page.locator("summary", has_text=title).click()
    return inspector.page.locator("details", has=inspector.page.locator("summary", has_text=title))


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_plan_numbers_telephones_and_help_are_read_offline(inspector: Inspector, size: ViewportSize) -> None:
    inspector.enrol()
    with inspector.cut_off():
        page = inspector.open_again()
        inspector.open("资料")
        expect(part(inspector, "报备电话")).to_contain_text("社区")
        numbers = part(inspector, "界限和期限")
        expect(numbers).to_contain_text("体温达到此值不得进场 37.3 °C")
        expect(numbers).to_contain_text("上海市 2022-05-07 餐饮业要求")
        expect(part(inspector, "表单说明")).to_contain_text("看了哪里, 是否按要求改好")
        text = part(inspector, "方案原文")
        expect(text.locator("h3", has_text="一、工作目标")).to_be_visible()
        expect(text).to_contain_text("指导供水企业加强水源地巡查")
        expect_fits(page)
        assert serious_findings(page) == []


def test_a_site_says_how_far_it_is_or_that_nobody_knows(inspector: Inspector) -> None:
    place_site(inspector.field)
    inspector.enrol()
    with inspector.cut_off():
        inspector.open("资料")
        sites = part(inspector, "我的地点和距离")
        sites.get_by_role("button", name="看离我多远").click()
        expect(sites).to_contain_text("不知道现在的位置: 没有允许定位, 或没有信号")
        inspector.context.grant_permissions(["geolocation"])
        inspector.context.set_geolocation(HERE)
        sites.get_by_role("button", name="看离我多远").click()
        expect(sites).to_contain_text("1.1 km")
        expect(sites).to_contain_text("定位误差 12 m")


def test_fields_take_what_a_keyboard_that_listens_brings(inspector: Inspector) -> None:
    page = inspector.enrol()
    page.goto(f"{inspector.live.address}/field/#/log/disinfection_log?place=canteen%20工人食堂")
    for name, mode in (("operator", "text"), ("note", "text"), ("concentration_mg_l", "decimal")):
        field = page.locator(f"[name={name}]")
        for attribute, value in (("type", "text"), ("lang", "zh-CN"), ("inputmode", mode)):
            expect(field).to_have_attribute(attribute, value)
        assert field.evaluate("field => [field.pattern, field.maxLength]") == ["", -1]
    page.locator("[name=concentration_mg_l]").fill("５００。")
    expect(page.locator("[name=concentration_mg_l]")).to_have_value("500")

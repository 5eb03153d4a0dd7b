"""Crowds, pump houses, water and patrols: forms of a pack that came down, filled in without a network at sites that are no
building sites, by an app that was built before and knows none of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from server.actions.packs.load_pack import load_pack
from server.actions.records.segments import Kept, read_bodies
from server.actions.reference.load_reference import tx_of
from server.actions.sites.assign_site import assign_site
from server.actions.sites.register_site import NewSite, register_site
from server.base.db import read, write
from server.files.pack_files import read_pack
from server.models import Record, User
from tests.axe import serious_findings
from tests.field_app.inspector import Inspector

PARK, WATERWORKS = "人民公园", "孟营水厂"
ENTERED, GONE = "2026-11-23T08:00", "2026-11-23T08:20"


def pick(page: Page, field: str, answer: str) -> None:
    page.get_by_role("group", name=field).get_by_role("button", name=answer, exact=True).click()


def crowd(page: Page) -> None:
    page.get_by_role("button", name="儿童乐园").click()
    page.locator("[name=persons]").fill("120")
    pick(page, "保持社交距离", "否")
    expect(page.get_by_text("人员聚集, 请立即疏导")).to_be_visible()
    page.locator("[name=action]").fill("广播劝导, 分流到北门")


def patrol(page: Page) -> None:
    page.get_by_role("button", name="儿童乐园").click()
    pick(page, "有人群聚集", "是")
    page.locator("[name=persons]").fill("30")
    pick(page, "已劝散", "是")


def pump(page: Page) -> None:
    page.get_by_role("button", name="一号泵房").click()
    pick(page, "水泵运行", "正常")
    pick(page, "门已上锁", "是")
    pick(page, "有渗漏", "否")
    page.locator("[name=chlorine_mg_l]").fill("0.3")
    page.locator("[name=meter]").fill("1200")
    page.locator("[name=entered]").fill(ENTERED)
    page.locator("[name=gone]").fill(GONE)


def water(page: Page) -> None:
    page.get_by_role("button", name="一号泵房").click()
    page.get_by_role("group", name="水样").get_by_role("button").nth(1).click()
    page.locator("[name=turbidity_ntu]").fill("0.4")
    page.locator("[name=residual_chlorine_mg_l]").fill("0.35")
    pick(page, "结论", "合格")


FILLED: dict[str, tuple[str, str, Callable[[Page], None], dict[str, Any]]] = {
    "crowd_count": (
        PARK,
        "人流统计",
        crowd,
        {"persons": 120, "distance_kept": "no", "action": "广播劝导, 分流到北门"},
    ),
    "park_patrol": (PARK, "巡逻劝阻", patrol, {"gathering": "yes", "persons": 30, "dispersed": "yes"}),
    "pump_house_round": (
        WATERWORKS,
        "二次供水泵房巡检",
        pump,
        {"leaking": "no", "chlorine_mg_l": 0.3, "meter": 1200},
    ),
    "water_test": (WATERWORKS, "水质检测", water, {"turbidity_ntu": 0.4, "residual_chlorine_mg_l": 0.35}),
}


def open_sites(inspector: Inspector) -> dict[str, str]:
    """The pack is loaded, and the inspector gets a park and a waterworks."""
    field, made = inspector.field, {}
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    with field.app.app_context(), write() as session:
        load_pack(tx_of(session, seals, now_ms), read_pack("notice_2021"))
    given = (
        (PARK, "park", "yuanlin", "zone", "儿童乐园"),
        (WATERWORKS, "waterworks", "sheshi", "pump_house", "一号泵房"),
    )
    with field.app.app_context(), write() as session:
        user = session.get_one(User, field.cast.users["inspector"])
        for name, kind, unit, place, called in given:
            new = NewSite(
                name=name,
                kind=kind,
                district="410702",
                unit=unit,
                stage="building",
                inhabited=False,
                places=[{"kind": place, "name": called}],
            )
            site = register_site(session, seals, now_ms, new)
            assign_site(session, seals, user, site, now_ms)
            made[name] = site.id
    return made


def body_of(inspector: Inspector, site: str, kind: str) -> dict[str, Any]:
    field = inspector.field
    with field.app.app_context(), read() as session:
        row = session.scalars(sa.select(Record).where(Record.scope_id == site, Record.kind == kind)).one()
        (body,) = read_bodies(
            session, field.app.extensions["gongdi"].seals, site, [Kept(row.id, row.seq, row.body)]
        )
    said: dict[str, Any] = json.loads(body)
    return said


@pytest.mark.parametrize("kind", FILLED)
def test_a_form_of_a_pack_is_filled_in_without_a_network(inspector: Inspector, kind: str) -> None:
    name, title, fill, said = FILLED[kind]
    sites, page = open_sites(inspector), inspector.enrol()
    inspector.context.set_offline(True)
    page.get_by_role("combobox", name="地点").select_option(label=name)
    inspector.open(title)
    fill(page)
    assert serious_findings(page) == []
    page.get_by_role("button", name="保存").click()
    inspector.expect_unsent(1)
    inspector.context.set_offline(False)
    inspector.sync()
    inspector.expect_unsent(0)
    body = body_of(inspector, sites[name], kind)
    assert {field: body.get(field) for field in said} == said

"""A second, different plan is loaded alongside the first: nothing assumes one disease, one authority or one set of words."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from server.actions.reference.load_reference import rules_in_force
from server.actions.sites.assign_site import assign_site
from server.actions.sites.register_site import NewSite, register_site
from server.base.db import read, write
from server.files.pack_files import read_pack
from server.models import Flag, Site, User, Window
from server.models.scope import scope_name
from server.rules.calendar import DAY_MS, local_date_of, midnight_ms
from server.workflows.scheduler import tick
from tests.stories.field import Field
from tests.stories.forms.conftest import Run
from tests.stories.kinds.desk import at_the_console
from tests.stories.packs.filling import PHOTO, filled

FIRST, SECOND = "notice_2021", "canteens_2026"
PLACES = ("kitchen", "larder", "dining_room", "cold_store")
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
ANSWERS = {"celsius": 4.0, "least_grams": 150}
OF_THE_FIRST = re.compile("疫情|新冠|核酸|疫区|建设工地|住建局|建筑工")


@pytest.fixture
def canteen(field: Field, run: Run) -> str:
    """Both plans are loaded, and a school's canteen is registered in the evening before its first day. Its id."""
    for pack in (FIRST, SECOND):
        done = run("pack", "load", pack)
        assert done.exit_code == 0, done.output
    clock = field.cast.clock
    with field.app.app_context(), write() as session:
        seals = field.app.extensions["gongdi"].seals
        places = [{"kind": kind, "name": f"{kind} 1"} for kind in PLACES]
        new = NewSite(
            name="第一中学食堂",
            kind="school_canteen",
            district="410702",
            unit="canyin",
            stage="building",
            inhabited=False,
            places=places,
        )
        site = register_site(session, seals, clock.now_ms(), new)
        assign_site(
            session, seals, session.get_one(User, field.cast.users["inspector"]), site, clock.now_ms()
        )
        made = site.id
    clock.set(midnight_ms(local_date_of(clock.now_ms() + DAY_MS)) - MINUTE_MS)
    tick(field.app, clock.now_ms())
    return made


def today(field: Field) -> str:
    return local_date_of(field.cast.clock.now_ms())


def write_down(field: Field, tablet: Any, site: str, kind: str, known: Mapping[str, Any]) -> None:
    with field.app.app_context(), read() as session:
        book = rules_in_force(session).kinds
        form = book.get(kind).form  # type: ignore[union-attr]
        body = filled(book, form, today(field), {**ANSWERS, **known})
    media = [{"sha256": PHOTO, "bytes": 1000, "type": "image/jpeg"}] if PHOTO in str(body) else []
    tablet.add(scope_name("site", site), kind, body, media=media)


def windows(field: Field, site: str, *which: sa.ColumnElement[bool]) -> list[Window]:
    with field.app.app_context(), read() as session:
        query = sa.select(Window).where(Window.scope_id == site, *which)
        return list(session.scalars(query.order_by(Window.opens_ms, Window.duty, Window.place)))


def walk_a_day(field: Field, site: str, celsius: float = 4.0) -> str:
    """Everything that is asked by the time of day is done in its time. The date."""
    clock, tablet = field.cast.clock, field.tablet(f"of {celsius}")
    day = local_date_of(clock.now_ms() + 2 * MINUTE_MS)
    with field.app.app_context(), read() as session:
        evidence = {rule.code: rule.evidence for rule in rules_in_force(session).duties}
    for window in windows(
        field, site, Window.local_date == day, Window.duty.in_(["KITCHEN-ROUND", "FOOD-SAMPLE", "COLD-CHAIN"])
    ):
        clock.set(max(clock.now_ms(), window.opens_ms + MINUTE_MS))
        known = {"place_id": window.place_id, "celsius": celsius}
        write_down(field, tablet, site, evidence[window.duty], known)
        assert tablet.sync().ok
    assert tablet.refused() == []
    clock.set(midnight_ms(day) + DAY_MS + 3 * HOUR_MS)
    assert tablet.sync().ok
    tick(field.app, clock.now_ms())
    return day


def page(field: Field, path: str, name: str = "admin") -> str:
    answer = at_the_console(field, name).get(path)
    assert answer.status_code == 200, answer.text
    text = re.sub(r"<[^>]+>", " ", answer.text[answer.text.index("<main") :])
    return html.unescape(re.sub(r"\s+", " ", text))


def test_a_day_of_a_canteen_is_asked_met_and_shown_by_its_own_plan(field: Field, canteen: str) -> None:
    day = walk_a_day(field, canteen)
    done = windows(field, canteen, Window.local_date == day)
    assert {one.duty for one in done} == {"KITCHEN-ROUND", "FOOD-SAMPLE", "COLD-CHAIN", "COLD-LIMIT"}
    assert [(one.duty, one.slot, one.state) for one in done if one.state != "met"] == []
    city = page(field, f"/console/plan?plan={SECOND}")
    assert "每餐次的食品成品留样" in city and "责任领导：周宁、郑和平" in city
    assert not OF_THE_FIRST.findall(city.replace("新乡市住建局系统 常态化新冠肺炎疫情防控工作实施方案", ""))
    sentence = page(field, f"/console/plan/{SECOND}.2.2.03")
    assert "冷藏温度的上限 8 °C" in sentence and "第一中学食堂" in sentence and "完成" in sentence


def test_the_first_plan_stays_first_and_asks_nothing_of_a_canteen(field: Field, canteen: str) -> None:
    mine = {row["code"] for row in read_pack(SECOND).rows["duties"]}
    mine |= {"KITCHEN-ROUND", "FOOD-SAMPLE", "COLD-CHAIN"}
    assert {one.duty for one in windows(field, canteen)} <= mine
    assert mine.isdisjoint(one.duty for one in windows(field, field.cast.site_a))
    first = page(field, "/console/plan")
    assert "加强建设工地疫情防控" in first and "每餐次" not in first
    assert "校园食堂食品安全巡查工作方案" in first  # the choice of the other one
    assert page(field, f"/console/plan?plan={FIRST}") == first


def test_what_a_measurement_refutes_is_missed_and_counts_for_the_leader_of_its_task(
    field: Field, canteen: str
) -> None:
    day = walk_a_day(field, canteen, celsius=12.0)
    (limit,) = windows(field, canteen, Window.local_date == day, Window.duty == "COLD-LIMIT")
    assert limit.state == "missed" and str(limit.reason).startswith("not_satisfied: 温度应不超过 8, 实为 12")
    field.cast.clock.advance(2 * DAY_MS)
    tick(field.app, field.cast.clock.now_ms())
    with field.app.app_context(), read() as session:
        flags = set(session.scalars(sa.select(Flag.duty).where(Flag.scope_id == canteen)))
        unit = session.get_one(Site, canteen).unit
    assert "COLD-LIMIT" in flags and unit == "canyin"
    said = page(field, f"/console/leading-group?plan={SECOND}")
    assert "（二）冷链温度管理" in said.split("该谁办")[0] and "吴桐" in said
    assert not OF_THE_FIRST.findall(said.replace("新乡市住建局系统 常态化新冠肺炎疫情防控工作实施方案", ""))
    assert "第一中学食堂" not in page(field, f"/console/leading-group?plan={FIRST}")


def test_narrowing_and_returning_keep_the_plan(field: Field, canteen: str) -> None:
    desk = at_the_console(field, "admin")
    narrow = desk.get(f"/console/plan?plan={SECOND}&kind=school_canteen").text
    assert f'<input type="hidden" name="plan" value="{SECOND}">' in narrow and "每餐次" in narrow
    measure = desk.get(f"/console/plan/{SECOND}.2.1.04?kind=school_canteen").text
    back = html.unescape(re.findall(r'class="back"><a href="([^"]+)"', measure)[0])
    assert "每餐次" in desk.get(back).text

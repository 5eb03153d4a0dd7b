"""Deadlines and visits in a calendar, a day's visits as a list with distances, and filters that people keep."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.actions.flags.deadlines import deadlines_between
from server.actions.sites.plan_visits import SITES_A_DAY, Stop, visits_between, visits_of_day
from server.base.db import read, write
from server.models import SavedFilter, Site, User, Visit
from server.models.access import viewer_of
from server.models.scope import fresh_scope
from tests.server.cast import Cast, identity
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, missed_flag, moved, planned_field
from tests.stories.kinds.desk import at_the_console

NEXT = "2026-11-25"
SPOTS = ((35.30, 113.90), (35.33, 113.90), (35.31, 113.90))


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def sites(field: Field, count: int = 3) -> list[str]:
    """So many sites, the first ones with coordinates."""
    found = [identity(f"site {number}") for number in range(count)]
    with field.app.app_context(), write() as session:
        for number, site_id in enumerate(found):
            session.add(fresh_scope("site", site_id))
            here = SPOTS[number] if number < len(SPOTS) else (None, None)
            fields = {"kind": "construction", "district": "410702", "unit": "zhian", "stage": "building"}
            place = {"latitude_deg": here[0], "longitude_deg": here[1]}
            session.add(Site(id=site_id, name=f"第 {number} 处", **fields, **place))
    return found


def form_marks(desk: FlaskClient, page: str) -> dict[str, str]:
    html = desk.get(page).text.partition("<main")[2]
    return dict(re.findall(r'name="(form_token|form_key)" value="([^"]+)"', html)[:2])


def planned(field: Field, desk: FlaskClient, site_ids: list[str], day: str = NEXT) -> TestResponse:
    missed = [f"site={site_id} " for site_id in site_ids]
    return desk.post(
        "/console/visits", data={**form_marks(desk, "/console/today"), "flags": missed, "day": day}
    )


def stops(field: Field, name: str = "section", day: str = NEXT) -> list[Stop]:
    with field.app.app_context(), read() as session:
        viewer = viewer_of(session, session.get_one(User, field.cast.users[name]))
        return visits_of_day(session, viewer, day, field.cast.clock.now_ms())


def days(field: Field, name: str) -> dict[str, int]:
    with field.app.app_context(), read() as session:
        viewer = viewer_of(session, session.get_one(User, field.cast.users[name]))
        found = deadlines_between(session, viewer, "2026-11-01", "2026-11-30")
    return {day: len(some) for day, some in found.items()}


def test_visits_are_in_the_order_of_the_way_with_the_distance_of_each(field: Field) -> None:
    missed_flag(field)
    near, far, middle = sites(field)
    desk = at_the_console(field, "section")
    answer = planned(field, desk, [near, far, middle])
    assert (answer.status_code, answer.location) == (303, f"/console/visits?day={NEXT}")
    order = [(stop.site.id, stop.metres) for stop in stops(field)]
    assert {order[0][0], order[-1][0]} <= {near, far, middle}
    metres = [far for _, far in order if far is not None]
    assert metres[0] == 0 and 3_300 < sum(metres) < 4_500
    page = desk.get(answer.location).text
    assert "直线距离" in page and "公里" in page and "上次检查" in page


def test_a_site_without_coordinates_is_last_and_says_so(field: Field) -> None:
    missed_flag(field)
    known = sites(field, 4)
    desk = at_the_console(field, "section")
    planned(field, desk, [known[3], known[0], known[1]])
    assert (stops(field)[-1].site.id, stops(field)[-1].metres) == (known[3], None)
    assert "未登记坐标" in desk.get(f"/console/visits?day={NEXT}").text


def test_what_waits_at_the_site_is_on_the_list(field: Field) -> None:
    missed_flag(field)
    planned(field, at_the_console(field, "section"), [field.cast.site_a])
    (stop,) = stops(field)
    assert stop.waiting is not None and stop.waiting.items
    assert "消毒" in at_the_console(field, "section").get(f"/console/visits?day={NEXT}").text


def test_a_visit_is_planned_once_and_can_be_dropped(field: Field) -> None:
    missed_flag(field)
    desk = at_the_console(field, "section")
    for _ in range(2):
        planned(field, desk, [field.cast.site_a])
    (stop,) = stops(field)
    marks = form_marks(desk, f"/console/visits?day={NEXT}")
    dropped = desk.post(f"/console/visits/{stop.visit.id}/cancel", data={**marks, "day": NEXT})
    assert dropped.status_code == 303 and stops(field) == []


def test_nobody_drops_or_sees_the_visit_of_another(field: Field) -> None:
    missed_flag(field)
    planned(field, at_the_console(field, "section"), [field.cast.site_a])
    (stop,) = stops(field)
    brigade = at_the_console(field, "brigade")
    marks = form_marks(brigade, "/console/today")
    assert brigade.post(f"/console/visits/{stop.visit.id}/cancel", data=marks).status_code == 404
    assert stops(field, "brigade") == [] and len(stops(field)) == 1
    for name in ("contractor", "inspector", "admin"):
        assert at_the_console(field, name).get("/console/visits").status_code == 404


def test_only_sites_that_one_may_see_are_planned(field: Field) -> None:
    missed_flag(field)
    planned(field, at_the_console(field, "section"), [field.cast.site_b, identity("nothing")])
    assert stops(field) == []


@pytest.mark.parametrize("day", ["", "2026-11-20", "2027-11-25", "2026-13-01", "tomorrow"])
def test_a_visit_is_not_planned_for_a_day_that_cannot_be(field: Field, day: str) -> None:
    missed_flag(field)
    answer = planned(field, at_the_console(field, "section"), [field.cast.site_a], day)
    assert answer.status_code == 422 and "查访日期" in answer.text
    with field.app.app_context(), read() as session:
        assert session.scalars(sa.select(Visit)).all() == []


def test_no_day_has_more_visits_than_can_be_made(field: Field) -> None:
    missed_flag(field)
    answer = planned(field, at_the_console(field, "section"), sites(field, SITES_A_DAY + 1))
    assert answer.status_code == 422 and "一天最多" in answer.text


def test_the_calendar_has_each_partys_own_deadlines_and_visits(field: Field) -> None:
    flag = missed_flag(field)
    assert days(field, "contractor") == {}
    assert days(field, "section")[DAY] >= 1
    moved(field.cast.client("section"), flag, "order_rectification", note="食堂每日消毒两次")
    assert days(field, "contractor") == {"2026-11-27": 1}
    desk = at_the_console(field, "section")
    planned(field, desk, [field.cast.site_a])
    with field.app.app_context(), read() as session:
        viewer = viewer_of(session, session.get_one(User, field.cast.users["section"]))
        assert visits_between(session, viewer, "2026-11-01", "2026-11-30") == {NEXT: ["牧野花园"]}
    page = desk.get(f"/console/calendar?month=2026-11&day={NEXT}").text
    assert "查访: 牧野花园" in page and "查访 1" in page
    contractor = at_the_console(field, "contractor").get("/console/calendar?day=2026-11-27").text
    assert f"/console/flags/{flag}" in contractor


@pytest.mark.parametrize("asked", ["month=2026-13", "day=2026-02-30", "month=x&day=y", "month=2026-02"])
def test_a_calendar_of_any_address_is_a_month(field: Field, asked: str) -> None:
    page = at_the_console(field, "section").get(f"/console/calendar?{asked}")
    assert page.status_code == 200 and page.text.count("<tr>") >= 5


def kept(field: Field) -> dict[str, dict[str, str]]:
    with field.app.app_context(), read() as session:
        return {row.name: row.asked for row in session.scalars(sa.select(SavedFilter))}


def keep(desk: FlaskClient, name: str, page: str = "flags", **asked: str) -> TestResponse:
    marks = form_marks(desk, "/console/flags")
    return desk.post(f"/console/filters/{page}", data={**marks, "name": name, **asked})


def test_a_filter_is_kept_under_ones_own_name_and_leads_back(field: Field) -> None:
    missed_flag(field)
    desk = at_the_console(field, "section")
    answer = keep(desk, "我的消毒", duty="DISINFECT", severity="", state="live", bad="x")
    assert answer.status_code == 303 and "duty=DISINFECT" in answer.location
    assert kept(field) == {"我的消毒": {"duty": "DISINFECT", "state": "live"}}
    page = desk.get(answer.location).text
    assert re.search(r'<a href="[^"]*duty=DISINFECT[^"]*" aria-current="page">我的消毒</a>', page)
    assert "我的消毒" not in at_the_console(field, "brigade").get("/console/flags").text


def test_the_same_name_replaces_and_another_page_has_its_own(field: Field) -> None:
    desk = at_the_console(field, "section")
    keep(desk, "严重", severity="severe")
    keep(desk, "严重", severity="severe", duty="TEMP")
    assert kept(field) == {"严重": {"severity": "severe", "duty": "TEMP"}}
    keep(desk, "今天的", "today", duty="TEMP", state="closed")
    assert kept(field)["今天的"] == {"duty": "TEMP"}
    assert "今天的" not in desk.get("/console/flags").text


@pytest.mark.parametrize(
    ("name", "page", "status"), [("", "flags", 422), ("长" * 41, "flags", 422), ("x", "no", 404)]
)
def test_a_filter_without_a_name_or_of_no_page_is_not_kept(
    field: Field, name: str, page: str, status: int
) -> None:
    assert keep(at_the_console(field, "section"), name, page).status_code == status
    assert kept(field) == {}


def test_one_deletes_ones_own_and_nobody_elses(field: Field) -> None:
    desk, other = at_the_console(field, "section"), at_the_console(field, "brigade")
    keep(desk, "严重", severity="severe")
    found = re.search(r"/console/filters/flags/([0-9a-f-]{36})/forget", desk.get("/console/flags").text)
    assert found is not None
    assert other.post(found[0], data=form_marks(other, "/console/flags")).status_code == 404
    assert desk.post(found[0], data=form_marks(desk, "/console/flags")).status_code == 303
    assert kept(field) == {}

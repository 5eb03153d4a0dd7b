"""The plan page: the text, how the sites stand with each measure, and the way to one site's record."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from server.actions.reference.load_reference import rules_in_force
from server.base.db import read, write
from server.models import Site, Window
from server.models.standing import Standing, ranks_of
from server.rules.calendar import DAY_MS, local_date_of
from server.workflows.scheduler import tick
from tests.stories.field import Field
from tests.stories.forms.conftest import Run
from tests.stories.kinds.desk import at_the_console

DISINFECT = "notice_2021.2.2.14"  # 落实防疫消毒措施。
PATROL = "notice_2021.2.1.07"  # 专人巡逻劝阻


@pytest.fixture
def planned(field: Field) -> Field:
    """Building sites with a day of windows, all of them open, and the next morning."""
    tick(field.app, field.cast.clock.now_ms())
    field.cast.clock.advance(DAY_MS)
    return field


def judge(field: Field, site: str, *states: str) -> None:
    """The site's windows of 消毒 that have opened come to these states, the latest first; the rest of them were met."""
    with field.app.app_context(), write() as session:
        query = sa.select(Window).where(Window.scope_id == site, Window.duty == "DISINFECT")
        query = query.where(Window.opens_ms <= field.cast.clock.now_ms())
        rows = session.scalars(query.order_by(Window.opens_ms.desc(), Window.place))
        for at, window in enumerate(rows):
            window.state, window.check_ms = states[at] if at < len(states) else "met", None


def standing(field: Field) -> Standing:
    """How the two sites stand with 消毒."""
    found = Standing()
    with field.app.app_context(), read() as session:
        ranks = ranks_of(session, sa.select(Site.id), ["DISINFECT"], field.cast.clock.now_ms())
    for site in ranks.values():
        found.add(site["DISINFECT"])
    return found


def numbers(one: Standing) -> tuple[int, int, int, int, int]:
    return one.missed, one.silent, one.late, one.met, one.open


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((), (0, 0, 0, 2, 0)),
        (("missed", "silent", "review"), (1, 0, 0, 1, 0)),
        (("silent", "done_late"), (0, 1, 0, 1, 0)),
        (("backfilled",), (0, 0, 1, 1, 0)),
    ],
)
def test_a_site_counts_once_and_by_its_worst_window(
    planned: Field, states: tuple[str, ...], expected: tuple[int, ...]
) -> None:
    judge(planned, planned.cast.site_a, *states)
    judge(planned, planned.cast.site_b)
    assert numbers(standing(planned)) == expected


def test_what_is_excused_or_void_asks_nothing_and_what_is_long_past_says_nothing(planned: Field) -> None:
    for site in (planned.cast.site_a, planned.cast.site_b):
        judge(planned, site, *["excused", "void"] * 9)
    assert numbers(standing(planned)) == (0, 0, 0, 0, 0)
    judge(planned, planned.cast.site_a, *["missed"] * 9)
    assert standing(planned).missed == 1
    planned.cast.clock.advance(9 * DAY_MS)
    assert numbers(standing(planned)) == (0, 0, 0, 0, 0)


def test_a_window_of_weeks_that_opened_long_ago_says_how_a_site_stands_until_a_day_after_it_closed(
    planned: Field,
) -> None:
    now_ms = planned.cast.clock.now_ms()
    judge(planned, planned.cast.site_b)
    with planned.app.app_context(), write() as session:
        query = sa.select(Window).where(Window.scope_id == planned.cast.site_a, Window.duty == "DISINFECT")
        window = session.scalars(query).first()
        assert window is not None
        window.opens_ms, window.due_ms, window.closes_ms = now_ms - 30 * DAY_MS, now_ms, now_ms + DAY_MS
        window.state, window.check_ms = "missed", None
    assert standing(planned).missed == 1
    planned.cast.clock.advance(2 * DAY_MS + 1)
    assert standing(planned).missed == 0


def test_from_the_city_to_the_sentence_to_the_site_to_the_record(planned: Field) -> None:
    judge(planned, planned.cast.site_a, "missed")
    desk = at_the_console(planned, "section")
    city = desk.get("/console/plan")
    assert city.status_code == 200
    for part in ("王晓河、张付银", "杜绝大规模的人群集聚", "没有自己的措施", "缺失 1"):
        assert part in city.text, part
    link = f"/console/plan/{DISINFECT}"
    assert re.search(rf'href="{link}">落实防疫消毒措施。</a>', city.text)
    sentence = desk.get(link).text
    assert "每类场所每日两次" in sentence and "武汉市 2021 年" in sentence
    site = f"{link}/sites/{planned.cast.site_a}"
    assert sentence.index(site) > 0 and "按区县" in sentence
    page = desk.get(site).text
    assert "缺失" in page and "牧野花园" in page
    with planned.app.app_context(), write() as session:
        query = sa.select(Window).where(Window.scope_id == planned.cast.site_a, Window.duty == "DISINFECT")
        query = query.where(Window.state == "met").order_by(Window.opens_ms.desc())
        met = session.scalars(query).first()
        assert met is not None
        met.evidence = met.id
    records = f"/console/sites/{planned.cast.site_a}/records/disinfection_log"
    assert records in desk.get(site).text
    assert desk.get(records).status_code == 200


def test_what_no_site_is_asked_yet_is_said_and_loading_the_pack_asks_it(field: Field, run: Run) -> None:
    desk = at_the_console(field, "section")
    page = desk.get(f"/console/plan/{PATROL}").text
    assert "专人巡逻劝阻" in page and "尚未要求" in page
    assert run("pack", "load", "notice_2021").exit_code == 0
    with field.app.app_context(), read() as session:
        assert rules_in_force(session).rows["measures"]
    page = desk.get(f"/console/plan/{PATROL}").text
    assert "每日 6 次" in page


def test_it_is_narrowed_to_a_district_a_unit_and_a_kind(planned: Field) -> None:
    desk = at_the_console(planned, "brigade")
    whole, narrow = (desk.get(f"/console/plan/{DISINFECT}{more}").text for more in ("", "?district=410704"))
    assert "牧野花园" in whole and "凤泉新城" in whole
    assert "牧野花园" not in narrow and "凤泉新城" in narrow
    assert "凤泉新城" not in desk.get(f"/console/plan/{DISINFECT}?kind=park").text


def test_a_section_sees_its_districts_and_others_no_plan(planned: Field) -> None:
    text = at_the_console(planned, "section").get(f"/console/plan/{DISINFECT}").text
    assert "牧野花园" in text and "凤泉新城" not in text
    desk = at_the_console(planned, "section")
    assert desk.get(f"/console/plan/{DISINFECT}/sites/{planned.cast.site_b}").status_code == 404
    for name in ("contractor", "inspector"):
        assert at_the_console(planned, name).get("/console/plan").status_code == 404


@pytest.mark.parametrize("path", ["plan/none", "plan/notice_2021.2.2.01", "plan?plan=other"])
def test_what_is_no_measure_has_no_page(field: Field, path: str) -> None:
    assert at_the_console(field, "section").get(f"/console/{path}").status_code == 404


def test_where_nothing_is_asked_it_says_why(field: Field, run: Run) -> None:
    desk = at_the_console(field, "admin")
    assert run("pack", "load", "notice_2021").exit_code == 0
    assert run("site", "add", "某售楼部", "--kind", "sales_office", "--district", "410702").exit_code == 0
    # 线上看房 is written down whenever there is some; of a gathering something is asked only when there is one.
    said = {code: desk.get(f"/console/plan/notice_2021.{code}").text for code in ("2.4.03", "2.1.07")}
    assert "随时记录 1" in said["2.4.03"] and "尚未要求" not in said["2.4.03"]
    assert "发生时要求" in said["2.1.07"]
    tomorrow = local_date_of(field.cast.clock.now_ms() + DAY_MS)
    assert run("pack", "switch", "notice_2021", "--off-from", tomorrow, "--source", "解除").exit_code == 0
    field.cast.clock.advance(3 * DAY_MS)
    page = at_the_console(field, "admin").get(f"/console/plan/{PATROL}").text
    assert "已停用" in page and "每日 6 次" in page and "尚未要求" not in page

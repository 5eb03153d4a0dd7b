"""A plan for a season: its duties end and begin again by dates; and the alert level is raised and lowered by command."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from server.actions.sites.register_site import NewSite, register_site
from server.base.db import read, write
from server.models import Reference, Window
from server.models.audit import AuditEvent
from server.rules.calendar import DAY_MS, add_days, local_date_of
from server.workflows.scheduler import tick
from tests.stories.field import Field
from tests.stories.forms.conftest import Run
from tests.stories.kinds.desk import at_the_console

PACK = "canteens_2026"
ROUND = "KITCHEN-ROUND"


@pytest.fixture
def canteen(field: Field, run: Run) -> str:
    """A school's canteen, whose windows of the next days are made. Its id."""
    assert run("pack", "load", PACK).exit_code == 0
    with field.app.app_context(), write() as session:
        seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
        places = [{"kind": "kitchen", "name": "加工间"}, {"kind": "cold_store", "name": "冰柜"}]
        named = {"name": "第一中学食堂", "kind": "school_canteen", "district": "410702", "unit": "canyin"}
        new = NewSite(**named, stage="building", inhabited=False, places=places)
        made = register_site(session, seals, now_ms, new).id
    tick(field.app, field.cast.clock.now_ms())
    return made


def day(field: Field, later: int) -> str:
    return add_days(local_date_of(field.cast.clock.now_ms()), later)


def asked(field: Field, site: str, duty: str, local_date: str) -> int:
    query = (
        sa.select(sa.func.count())
        .select_from(Window)
        .where(
            Window.scope_id == site,
            Window.duty == duty,
            Window.local_date == local_date,
            Window.state != "void",
        )
    )
    with field.app.app_context(), read() as session:
        return session.scalar(query) or 0


def pass_days(field: Field, days: int) -> None:
    for _ in range(days):
        field.cast.clock.advance(DAY_MS)
        tick(field.app, field.cast.clock.now_ms())


def test_what_was_switched_off_is_asked_no_more_from_that_day_and_again_from_the_other(
    field: Field, canteen: str, run: Run
) -> None:
    tomorrow, off, on = day(field, 1), day(field, 2), day(field, 5)
    assert asked(field, canteen, ROUND, tomorrow) > 0
    done = run("pack", "switch", PACK, "--off-from", off, "--on-from", on, "--source", "放假")
    assert done.exit_code == 0 and "停用 6 项" in done.output and "起用 6 项" in done.output, done.output
    tick(field.app, field.cast.clock.now_ms())
    states = []
    for _ in range(7):
        pass_days(field, 1)
        today = day(field, 0)
        states.append((today, asked(field, canteen, ROUND, today) > 0))
    assert [today for today, is_asked in states if not is_asked] == [off, add_days(off, 1), add_days(off, 2)]
    assert asked(field, canteen, "COLD-LIMIT", off) == 0 < asked(field, canteen, "COLD-LIMIT", on)


def test_what_is_past_stays_and_the_same_again_changes_nothing(field: Field, canteen: str, run: Run) -> None:
    pass_days(field, 1)
    today, off = day(field, 0), day(field, 1)
    before = asked(field, canteen, ROUND, today)
    assert "停用 6 项" in run("pack", "switch", PACK, "--off-from", off, "--source", "放假").output
    assert "停用 0 项" in run("pack", "switch", PACK, "--off-from", off, "--source", "放假").output
    tick(field.app, field.cast.clock.now_ms())
    assert asked(field, canteen, ROUND, today) == before > 0
    again = run("pack", "load", PACK)
    assert again.exit_code == 0 and "没有变化" in again.output, again.output
    assert run("seed", "reference").exit_code == 0
    pass_days(field, 1)
    assert asked(field, canteen, ROUND, off) == 0
    with field.app.app_context(), read() as session:
        ends = session.scalars(
            sa.select(Reference.valid_to).where(Reference.noun == "duties", Reference.code == ROUND)
        )
        assert set(ends) == {off}
        assert session.scalars(sa.select(AuditEvent).where(AuditEvent.what == "pack_switched")).all()


@pytest.mark.parametrize(
    "wrong",
    [
        ("--off-from", "2026-11-01", "--source", "放假"),  # a day that is past
        ("--source", "放假"),
        ("--off-from", "2027-02-01", "--on-from", "2027-01-01", "--source", "放假"),
        ("--off-from", "2027-02-01", "--source", " "),
    ],
)
def test_what_would_change_the_past_or_says_nothing_is_refused(
    field: Field, canteen: str, run: Run, wrong: tuple[str, ...]
) -> None:
    assert run("pack", "switch", PACK, *wrong).exit_code != 0
    assert run("pack", "switch", "notice_2021", "--off-from", "2027-02-01", "--source", "放假").exit_code != 0


def test_at_the_console_one_proposes_a_season_and_another_one_approves_it(field: Field, canteen: str) -> None:
    desk = at_the_console(field, "admin")
    page = f"/console/admin/packs/{PACK}"
    shown = desk.get(page).text
    token = re.findall(r'name="form_token" value="([^"]+)"', shown[shown.index("按日期停用或起用") :])[0]
    off = day(field, 2)
    given = {"way": "off", "day": off, "source": "放假", "reason": "放假期间不开餐", "form_token": token}
    refused = desk.post(f"{page}/season", data={**given, "day": "2026-01-01"})
    assert refused.status_code == 422 and "最早从明天起" in refused.text
    assert desk.post(f"{page}/season", data=given).status_code == 303
    proposals = desk.get("/console/proposals").text
    assert f"自 {off} 停用" in proposals
    tick(field.app, field.cast.clock.now_ms())
    pass_days(field, 2)
    assert asked(field, canteen, ROUND, off) > 0  # nobody approved it


def test_the_alert_level_is_raised_at_one_site_a_district_or_a_kind_and_lowered_again(
    field: Field, run: Run
) -> None:
    tick(field.app, field.cast.clock.now_ms())
    site, tomorrow = field.cast.site_a, day(field, 1)
    normal = asked(field, site, "DISINFECT", tomorrow)
    done = run("site", "alert", "牧野花园", "--level", "raised", "--source", "新防指〔2021〕9号")
    assert done.exit_code == 0 and "1 处中 1 处改为提高" in done.output, done.output
    assert "1 处中 0 处" in run("site", "alert", "牧野花园", "--level", "raised", "--source", "同上").output
    tick(field.app, field.cast.clock.now_ms())
    assert asked(field, site, "DISINFECT", tomorrow) == normal // 2 * 3
    done = run("site", "alert", "--district", "410702", "--level", "normal", "--source", "解除")
    assert "1 处中 1 处改为常态" in done.output
    tick(field.app, field.cast.clock.now_ms())
    assert asked(field, site, "DISINFECT", tomorrow) == normal
    assert (
        "2 处中 2 处"
        in run("site", "alert", "--kind", "construction", "--level", "raised", "--source", "一").output
    )
    for wrong in (
        ("--level", "raised"),
        ("牧野花园", "--kind", "park", "--level", "raised"),
        ("没有", "--level", "raised"),
    ):
        assert run("site", "alert", *wrong, "--source", "一").exit_code != 0
    with field.app.app_context(), read() as session:
        query = sa.select(AuditEvent).where(AuditEvent.what == "alert_changed")
        assert len(session.scalars(query).all()) == 4

"""A plan for emergencies is valid on every day on which it is looked at, and says beforehand when it ends."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.base.db import write
from server.models import Media
from tests.server.cast import Cast
from tests.stories.duties.modes import LABEL, MONDAY, NEXT_MONDAY, Asked, asked_site, sheets
from tests.stories.flags.cast import notices
from tests.stories.kinds.desk import at_the_console

TUESDAY, SUNDAY_AFTER = "2026-11-24", "2026-11-29"
PDF = b"%PDF-1.4 plan"
SHA = hashlib.sha256(PDF).hexdigest()
SURVEY: list[dict[str, Any]] = [
    {"type": "text", "name": "name", LABEL: "名称", "required": "yes"},
    {
        "type": "date",
        "name": "begins",
        LABEL: "有效期自",
        "required": "yes",
        "bind::gongdi:role": "valid_from",
    },
    {"type": "date", "name": "ends", LABEL: "有效期至", "required": "yes", "bind::gongdi:role": "valid_to"},
    {"type": "file", "name": "file", LABEL: "文件"},
]
DUTY = {"code": "PLANS", "name": "应急预案", "judging": "document", "every": "weeks 1"}


@pytest.fixture(params=["fact", "register"])
def asked(app: Flask, cast: Cast, tmp_path: Path, request: pytest.FixtureRequest) -> Asked:
    return asked_site(app, cast, tmp_path, sheets("plan_test", SURVEY, DUTY, nature=request.param))


def plan(ends: str, **more: Any) -> dict[str, Any]:
    return {"name": "应急预案", "begins": "2026-01-01", "ends": ends, **more}


@pytest.mark.parametrize(
    ("ends", "state"),
    [
        ("2027-12-31", ("met", None)),
        ("2026-12-20", ("met", "expiring: 2026-12-20 到期")),
        ("2026-11-29", ("met", "expiring: 2026-11-29 到期")),
        ("2026-11-28", ("missed", "not_valid: 最近一份 2026-11-28 到期")),
    ],
)
def test_a_plan_is_looked_at_on_the_last_day_of_the_week(
    asked: Asked, ends: str, state: tuple[str, str | None]
) -> None:
    tablet = asked.field.tablet("first")
    asked.now("10:00", MONDAY)
    tablet.add(asked.scope, "plan_test", plan(ends))
    asked.report(tablet, "18:00", TUESDAY)
    if state[0] == "met":
        assert asked.state("PLANS") == state
    asked.report(tablet, "10:00", NEXT_MONDAY)
    assert asked.state("PLANS") == state
    assert asked.differences() == []


def test_the_sites_people_are_reminded_once_of_a_plan_that_ends_soon(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    asked.now("10:00", MONDAY)
    tablet.add(asked.scope, "plan_test", plan("2026-12-20"))
    asked.report(tablet, "18:00", TUESDAY)
    for name in ("section", "contractor"):
        assert notices(asked.field, name).count("expiring") == 1
    page = at_the_console(asked.field, "section").get("/console/notices").text
    assert "一份文件将在 30 日内到期" in page and "2026-12-20 到期" in page
    asked.report(tablet, "10:00", NEXT_MONDAY)
    asked.now("11:00", NEXT_MONDAY)
    tablet.add(asked.scope, "plan_test", plan("2026-12-19"))
    asked.report(tablet, "12:00", NEXT_MONDAY)
    assert notices(asked.field, "section").count("expiring") == 1


def test_without_a_plan_the_week_is_missed_and_one_that_comes_later_counts_from_then(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    asked.report(tablet, "18:00", TUESDAY)
    asked.report(tablet, "09:00", NEXT_MONDAY)
    assert asked.state("PLANS") == ("missed", "not_valid")
    asked.now("10:00", NEXT_MONDAY)
    tablet.add(asked.scope, "plan_test", plan("2027-12-31"))
    asked.report(tablet, "11:00", NEXT_MONDAY)
    assert asked.state("PLANS") == ("missed", "not_valid")
    assert asked.state("PLANS", NEXT_MONDAY) == ("met", None)


def test_a_plan_that_was_on_its_way_is_not_called_missing(asked: Asked) -> None:
    first, second = asked.field.tablet("first"), asked.field.tablet("second", asked.field.second_inspector())
    asked.report(second, "18:00", TUESDAY)
    asked.now("10:00", "2026-11-27")
    second.add(asked.scope, "plan_test", plan("2027-12-31"))
    asked.report(first, "10:00", NEXT_MONDAY)
    assert asked.state("PLANS") == ("silent", "not_heard")
    asked.report(second, "11:00", NEXT_MONDAY)
    assert asked.state("PLANS") == ("met", None)


def test_a_plan_whose_file_has_not_arrived_accuses_nobody_and_counts_when_it_has(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    asked.now("10:00", MONDAY)
    media = [{"sha256": SHA, "bytes": len(PDF), "type": "application/pdf"}]
    tablet.add(asked.scope, "plan_test", plan("2027-12-31", file=[SHA]), media=media)
    asked.report(tablet, "18:00", TUESDAY)
    assert asked.state("PLANS") == ("review", "file_pending")
    with asked.field.app.app_context(), write() as session:
        named = {"scope_id": asked.field.cast.site_a, "sha256": SHA, "state": "kept", "bytes": len(PDF)}
        arrived = {"type": "application/pdf", "width": 0, "height": 0, "device_id": tablet.status().device}
        session.add(Media(**named, **arrived, arrived_ms=asked.field.cast.clock.now_ms()))
    asked.report(tablet, "19:00", TUESDAY)
    asked.tick("20:30", TUESDAY)
    assert asked.state("PLANS") == ("met", None)


def test_a_plan_that_was_declared_void_is_none(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    asked.now("10:00", MONDAY)
    entry = tablet.add(asked.scope, "plan_test", plan("2027-12-31"))
    asked.report(tablet, "18:00", MONDAY)
    assert asked.state("PLANS") == ("met", None)
    tablet.void(asked.scope, entry, "不是本工地的")
    asked.report(tablet, "18:00", TUESDAY)
    assert asked.state("PLANS") == ("open", None)

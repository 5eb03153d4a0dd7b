"""The duties of a building site that come with the server (二(二) of the notice): each is met by its form."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.base.db import write
from server.models import Media
from tests.server.cast import Cast, set_places
from tests.stories.duties.modes import MONDAY, Asked, asked_site

TUESDAY = "2026-11-24"
SHA = hashlib.sha256(b"photo").hexdigest()
PHOTO = [SHA]
MEDIA = [{"sha256": SHA, "bytes": 5, "type": "image/jpeg"}]
NAMED = {"name": "孙经理", "phone": "13900000001", "since": "2026-11-01", "until": "2027-11-01"}
RECORDS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "VENTILATE": ("ventilation_log", {"started": "09:00", "minutes": 20, "how": "window"}, {}),
    "CLEAN": ("cleaning_log", {"operator": "王师傅", "waste_removed": "yes"}, {}),
    "GUARD": ("guard_shift", {"guard": "老周", "persons": 1, "started": f"{TUESDAY}T08:00:00+08:00"}, {}),
    "DORM": (
        "dormitory_count",
        {"persons": 6, "m2": 20, "bunks_spaced": "yes", "photo": PHOTO},
        {"persons": 8, "m2": 24, "bunks_spaced": "yes", "photo": PHOTO, "why": "新进班组"},
    ),
    "ONE-GATE": (
        "gate_check",
        {"gates_open": 1, "fence_sound": "yes", "locked": "yes", "photo": PHOTO},
        {"gates_open": 2, "fence_sound": "yes", "locked": "yes", "photo": PHOTO, "why": "临时进料"},
    ),
    "PLAN": (
        "plan_document",
        {
            **{"plan": "emergency", "title": "应急预案", "plan_version": "1", "approved_by": "项目经理"},
            **{"document": PHOTO, "valid_from": "2026-01-01", "valid_to": "2027-12-31"},
        },
        {},
    ),
    "RESPONSIBLE-SITE": ("responsible_person", {"duty_role": "leader", **NAMED}, {}),
    "LIAISON": ("responsible_person", {"duty_role": "reporter", **NAMED}, {}),
    "ROSTER": ("roster_confirmation", {"is_current": True, "persons": 40}, {}),
}
PLACES = {"VENTILATE": "dormitory", "CLEAN": "dormitory", "DORM": "dormitory", "GUARD": "gate"}


@pytest.fixture
def asked(app: Flask, cast: Cast, tmp_path: Path) -> Asked:
    found = asked_site(app, cast, tmp_path)
    with app.app_context(), write() as session:
        found.one, found.two = set_places(session, cast.site_a, ("dormitory", "一号楼"), ("gate", "南门"))
        here = {"scope_id": cast.site_a, "sha256": SHA, "state": "kept", "bytes": 5, "type": "image/jpeg"}
        now_ms = cast.clock.now_ms()
        session.add(Media(**here, width=1, height=1, device_id=cast.site_a, arrived_ms=now_ms))
    found.tick("23:00", "2026-11-22")
    return found


def recorded(asked: Asked, duty: str, body: dict[str, Any]) -> list[tuple[str, str | None]]:
    """The states of the duty's windows of that week, after a tablet has recorded this on Tuesday morning."""
    kind = RECORDS[duty][0]
    tablet = asked.field.tablet("first")
    asked.now("09:00", TUESDAY)
    where = {"dormitory": asked.one, "gate": asked.two}.get(PLACES.get(duty, ""))
    said = {**body, **({"place_id": where} if where else {})}
    tablet.add(asked.scope, kind, said, media=MEDIA if SHA in str(body) else ())
    asked.report(tablet, "09:30", TUESDAY)
    days = (MONDAY, TUESDAY) if duty not in ("VENTILATE", "CLEAN", "GUARD") else (TUESDAY,)
    return [(one.state, one.reason) for one in asked.windows(duty) if one.local_date in days]


@pytest.mark.parametrize("duty", list(RECORDS))
def test_a_record_that_is_in_order_meets_its_window(asked: Asked, duty: str) -> None:
    assert ("met", None) in recorded(asked, duty, RECORDS[duty][1])
    assert asked.differences() == []


@pytest.mark.parametrize(
    ("duty", "says"),
    [("DORM", "居住人数应不超过 6, 实为 8"), ("ONE-GATE", "开放的出入口应为 1, 实为 2")],
)
def test_what_is_not_in_order_is_missed_at_once(asked: Asked, duty: str, says: str) -> None:
    assert ("missed", f"not_satisfied: {says}") in recorded(asked, duty, RECORDS[duty][2])


def test_an_empty_dormitory_is_in_order(asked: Asked) -> None:
    empty = {"persons": 0, "m2": 20, "photo": PHOTO}
    assert ("met", None) in recorded(asked, "DORM", empty)


def test_a_plan_of_another_sort_is_no_plan_for_emergencies(asked: Asked) -> None:
    other = {**RECORDS["PLAN"][1], "plan": "supply"}
    assert recorded(asked, "PLAN", other) == [("open", None)]


@pytest.mark.parametrize(
    ("duty", "other"), [("RESPONSIBLE-SITE", "LIAISON"), ("LIAISON", "RESPONSIBLE-SITE")]
)
def test_who_is_responsible_and_who_reports_are_asked_for_each_by_itself(
    asked: Asked, duty: str, other: str
) -> None:
    assert recorded(asked, duty, RECORDS[other][1]) == [("open", None)]


def test_a_term_that_ends_soon_is_reminded_of(asked: Asked) -> None:
    soon = {**RECORDS["LIAISON"][1], "until": "2026-12-15"}
    assert recorded(asked, "LIAISON", soon) == [("met", "expiring: 2026-12-15 到期")]


def test_the_drill_of_the_notice_is_asked_every_two_months(asked: Asked) -> None:
    (drill,) = asked.windows("DRILL")
    assert (drill.local_date, drill.slot, drill.closes_ms - drill.opens_ms) == (
        MONDAY,
        "period",
        61 * 86_400_000,
    )

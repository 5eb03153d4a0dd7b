"""Passes that do not fit the roster or the rules become leads; two of them, flags: never by what a tablet still holds, and
withdrawn when the roster turns out to have been wrong."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.base.db import read
from server.models import Flag, FlagEvent, SiteSignal
from server.rules.calendar import add_days, instant_ms
from server.workflows.scheduler import tick
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.server.rosters.people import id_number
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import DAY, moved, planned_field

NEXT = add_days(DAY, 1)
GATE = ("not_registered", "came_after_exit", "not_measured_in", "inside_long", "few_masks")
IN = {"direction": "in", "method": "manual", "celsius": 36.5, "mask_worn": True}
OUT = {"direction": "out", "method": "manual"}


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def at(field: Field, time: str, day: str = DAY) -> None:
    field.cast.clock.set(instant_ms(day, time))


def watched(field: Field, day: str, *tablets: Tablet) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The signals about the gate, and the flags REG, EXIT and MASK with their states, as of the morning of a day on
    which these tablets have reported in."""
    at(field, "00:05", day)
    for tablet in tablets:
        assert tablet.sync().ok
    at(field, "00:10", day)
    tick(field.app, field.cast.clock.now_ms())
    signals = sa.select(SiteSignal.local_date, SiteSignal.code).where(SiteSignal.code.in_(GATE))
    flags = (
        sa.select(Flag.duty, Flag.state)
        .where(Flag.duty.in_(("REG", "EXIT", "MASK")))
        .order_by(Flag.opened_ms)
    )
    with field.app.app_context(), read() as session:
        found = session.execute(signals.order_by(SiteSignal.local_date, SiteSignal.n)).all()
        return [(row[0], row[1]) for row in found], [(row[0], row[1]) for row in session.execute(flags)]


def notes(field: Field) -> list[str]:
    query = sa.select(FlagEvent.detail).where(FlagEvent.action == "signal_found")
    with field.app.app_context(), read() as session:
        return [detail["note"] for detail in session.scalars(query.order_by(FlagEvent.at_ms))]


def worker_who_left(field: Field, tablet: Tablet, day: str = "2026-11-20") -> str:
    worker = tablet.add(field.scope, "worker", {**WORKER, "exited_on": day})
    assert tablet.sync().ok
    return worker


def goes(field: Field, tablet: Tablet, worker: str, day: str = DAY, **more: Any) -> None:
    for time, body in (("07:00", {**IN, **more}), ("18:00", OUT)):
        at(field, time, day)
        tablet.add(field.scope, "gate_pass", {**body, "worker": worker})


def test_somebody_who_has_left_and_comes_in_is_flagged_once_and_told_with_figures(field: Field) -> None:
    tablet = field.tablet("first")
    goes(field, tablet, worker_who_left(field, tablet))
    found = ([(DAY, "came_after_exit")], [("EXIT", "open")])
    assert watched(field, NEXT, tablet) == found
    assert watched(field, add_days(DAY, 2), tablet) == found
    assert notes(field) == [f"{DAY} 退场后进场: 1 人已退场, 之后仍有进场或测温记录。"]
    listed = field.cast.client("contractor").get("/api/v1/flags", query_string={"duty": "EXIT"}).get_json()
    assert len(listed["items"]) == 1, "the contractor keeps the roster"


def test_nobody_is_flagged_while_a_tablet_may_hold_what_the_roster_lacks(field: Field) -> None:
    tablet, away = field.tablet("first"), field.tablet("away")
    worker = worker_who_left(field, tablet)
    assert away.sync().ok
    goes(field, tablet, worker)
    at(field, "06:00")
    away.edit(field.scope, worker, {"exited_on": None})  # came back, written without a network
    assert watched(field, NEXT, tablet) == ([], [])
    assert watched(field, add_days(DAY, 2), tablet) == ([], [])
    assert watched(field, add_days(DAY, 3), tablet, away) == ([], []), "the roster has them"


def test_a_flag_is_withdrawn_when_the_roster_turns_out_to_have_the_person(field: Field) -> None:
    tablet = field.tablet("first")
    worker = worker_who_left(field, tablet)
    goes(field, tablet, worker)
    assert watched(field, NEXT, tablet)[1] == [("EXIT", "open")]
    at(field, "09:00", add_days(DAY, 9))  # later than the days that are looked through anyway
    assert tablet.sync().ok
    tablet.edit(field.scope, worker, {"exited_on": None})
    assert watched(field, add_days(DAY, 10), tablet) == ([], [("EXIT", "withdrawn")])


def test_a_flag_that_people_act_upon_is_left_to_them(field: Field) -> None:
    tablet = field.tablet("first")
    worker = worker_who_left(field, tablet)
    goes(field, tablet, worker)
    watched(field, NEXT, tablet)
    section = field.cast.client("section")
    (flag,) = section.get("/api/v1/flags", query_string={"duty": "EXIT"}).get_json()["items"]
    moved(section, flag["id"], "acknowledge")
    due = {"due": f"{add_days(DAY, 4)}T18:00:00+08:00"}
    moved(section, flag["id"], "order_rectification", **due)
    tablet.edit(field.scope, worker, {"exited_on": None})
    assert watched(field, add_days(DAY, 2), tablet) == ([], [("EXIT", "rectifying")])


def test_somebody_whom_the_roster_never_had_is_flagged(field: Field) -> None:
    tablet = field.tablet("first")
    goes(field, tablet, "01980a1e-0000-7000-8000-000000000001")
    assert watched(field, NEXT, tablet) == ([(DAY, "not_registered")], [("REG", "open")])
    assert notes(field) == [f"{DAY} 名册外人员: 1 人不在名册上仍有进场或测温记录。"]


def test_a_way_in_without_a_reading_and_a_day_inside_are_leads_and_no_flags(field: Field) -> None:
    tablet = field.tablet("first")
    worker = tablet.add(field.scope, "worker", WORKER)
    at(field, "07:00")
    tablet.add(field.scope, "gate_pass", {**IN, "worker": worker, "celsius": None})
    after = add_days(DAY, 2)
    assert watched(field, NEXT, tablet) == ([(DAY, "not_measured_in")], [])
    assert watched(field, after, tablet) == ([(DAY, "inside_long"), (DAY, "not_measured_in")], [])
    at(field, "07:10", after)
    tablet.edit(field.scope, worker, {"dormitory": "3-201"})
    assert watched(field, add_days(DAY, 3), tablet) == ([(DAY, "not_measured_in")], [])


def test_who_was_turned_away_did_not_come_in(field: Field) -> None:
    tablet = field.tablet("first")
    worker = worker_who_left(field, tablet)
    at(field, "07:00")
    refused = {**OUT, "worker": worker, "refused_for": "not_on_roster"}
    tablet.add(field.scope, "gate_pass", refused)
    assert watched(field, NEXT, tablet) == ([], [])


def test_few_masks_are_told_to_the_site_and_a_late_day_in_order_withdraws_it(field: Field) -> None:
    tablet = field.tablet("first")
    numbers = itertools.count()
    people = [
        tablet.add(
            field.scope,
            "worker",
            {**WORKER, "certificate_number": id_number("41070219900307", next(numbers))},
        )
        for _ in range(6)
    ]
    for number, worker in enumerate(people):
        goes(field, tablet, worker, mask_worn=number > 1)
    found = ([(DAY, "few_masks")], [("MASK", "open")])
    assert watched(field, NEXT, tablet) == found
    assert notes(field) == [f"{DAY} 佩戴口罩: 进场时戴口罩的占 67% (4/6), 应不低于 95%。"]
    at(field, "08:00", NEXT)
    passes = [item for item in tablet.list("gate_pass") if item.body.get("mask_worn") is False]
    for item in passes:
        tablet.amend(field.scope, item.id, {**IN, "worker": item.body["worker"]})
    assert watched(field, add_days(DAY, 2), tablet) == ([], [("MASK", "withdrawn")])

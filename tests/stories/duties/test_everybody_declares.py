"""Everybody who is there declares each day where they have been (TRAVEL): a declaration counts, a reading does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.rebuild import check_scope
from server.base.db import read, write
from server.models import CoverageDay, Flag, Window
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import DAY, at, planned_field

NUMBERS = ("411023197105188104", "410702198001011232")


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@pytest.fixture
def tablet(field: Field) -> Tablet:
    at(field, "06:00")
    return field.tablet("first")


def enter(field: Field, tablet: Tablet, number: int, **more: Any) -> str:
    body = {**WORKER, "certificate_number": NUMBERS[number], **more}
    return tablet.add(field.scope, "worker", body)


def comes_in(field: Field, tablet: Tablet, worker: str) -> None:
    tablet.add(field.scope, "gate_pass", {"worker": worker, "direction": "in", "method": "manual"})


def is_measured(field: Field, tablet: Tablet, worker: str) -> None:
    body = {"worker": worker, "celsius": 36.5, "point": "gate", "slot": "before_work"}
    tablet.add(field.scope, "temperature_check", body)


def declares(field: Field, tablet: Tablet, worker: str, observed_ms: int | None = None) -> str:
    body = {"worker": worker, "none_since": "2026-11-01", "contact": "no"}
    return tablet.add(field.scope, "travel_declaration", body, observed_ms=observed_ms)


def reports(field: Field, tablet: Tablet, time: str, date: str = DAY) -> None:
    at(field, time, date)
    assert tablet.sync().ok and tablet.refused() == []
    field.cast.clock.advance(60_000)
    at(field, time, date)


def window(field: Field) -> Window:
    with field.app.app_context(), read() as session:
        query = sa.select(Window).where(Window.duty == "TRAVEL", Window.local_date == DAY)
        return session.scalars(query).one()


def state(field: Field) -> tuple[str, str | None, int | None, int | None]:
    one = window(field)
    return one.state, one.reason, one.need, one.have


def differences(field: Field) -> list[str]:
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), read() as session:
        return [f"{one.what} {one.id}" for one in check_scope(session, seals, field.cast.site_a)]


def test_everybody_who_came_has_declared(field: Field, tablet: Tablet) -> None:
    for number in (0, 1):
        worker = enter(field, tablet, number)
        comes_in(field, tablet, worker)
        declares(field, tablet, worker)
    reports(field, tablet, "07:00")
    assert state(field) == ("open", None, 2, 2)  # somebody may still come
    reports(field, tablet, "21:00")
    assert state(field) == ("met", None, 2, 2)
    assert differences(field) == []


def test_a_reading_shows_who_is_there_and_declares_nothing(field: Field, tablet: Tablet) -> None:
    one, other = enter(field, tablet, 0), enter(field, tablet, 1)
    is_measured(field, tablet, one)
    is_measured(field, tablet, other)
    declares(field, tablet, one)
    reports(field, tablet, "21:00")
    assert state(field) == ("missed", "not_covered", 2, 1)
    with field.app.app_context(), read() as session:
        assert session.scalars(sa.select(Flag.severity).where(Flag.duty == "TRAVEL")).all() == ["severe"]
    assert differences(field) == []


def test_a_declaration_shows_nobody_to_be_there_who_has_to_be_measured(field: Field, tablet: Tablet) -> None:
    one, other = enter(field, tablet, 0), enter(field, tablet, 1)
    comes_in(field, tablet, one)
    is_measured(field, tablet, one)
    declares(field, tablet, one)
    declares(field, tablet, other)  # from home
    reports(field, tablet, "21:00")
    assert state(field) == ("met", None, 1, 1)
    with field.app.app_context(), read() as session:
        query = sa.select(Window.state, Window.need).where(
            Window.duty == "TEMP", Window.local_date == DAY, Window.slot == "before_work"
        )
        assert session.execute(query).one() == ("met", 1)


def test_canteen_staff_declare_like_everybody_else(field: Field, tablet: Tablet) -> None:
    comes_in(field, tablet, enter(field, tablet, 0, canteen_staff=True))
    worker = enter(field, tablet, 1)
    comes_in(field, tablet, worker)
    declares(field, tablet, worker)
    reports(field, tablet, "21:00")
    assert state(field) == ("missed", "not_covered", 2, 1)


def test_a_tablet_that_has_not_reported_accuses_nobody(field: Field, tablet: Tablet) -> None:
    comes_in(field, tablet, enter(field, tablet, 0))
    reports(field, tablet, "07:00")
    at(field, "21:00")
    assert state(field)[:2] == ("silent", "not_heard")


def test_what_was_declared_on_paper_counts_when_it_is_entered(field: Field, tablet: Tablet) -> None:
    worker = enter(field, tablet, 0)
    comes_in(field, tablet, worker)
    said_ms = field.cast.clock.now_ms()
    at(field, "20:45")
    declares(field, tablet, worker, observed_ms=said_ms)
    reports(field, tablet, "21:00")
    assert state(field)[0] == "backfilled"


def test_a_declaration_that_is_void_is_none(field: Field, tablet: Tablet) -> None:
    worker = enter(field, tablet, 0)
    comes_in(field, tablet, worker)
    declared = declares(field, tablet, worker)
    reports(field, tablet, "07:00")
    assert state(field)[3] == 1
    tablet.void(field.scope, declared, "误录")
    reports(field, tablet, "21:00")
    assert state(field) == ("missed", "not_done", 1, 0)
    assert differences(field) == []


def test_days_that_were_kept_before_there_were_declarations_are_made_again(
    field: Field, tablet: Tablet
) -> None:
    worker = enter(field, tablet, 0)
    comes_in(field, tablet, worker)
    reports(field, tablet, "07:00")
    with field.app.app_context(), read() as session:
        (day,) = session.scalars(sa.select(CoverageDay))
        old = [row[:7] for row in day.windows]  # as they were written then, without the kind of record
    with field.app.app_context(), write() as session:
        session.get_one(CoverageDay, (field.cast.site_a, DAY)).windows = old
    declares(field, tablet, worker)
    reports(field, tablet, "21:00")
    assert state(field) == ("met", None, 1, 1)
    assert differences(field) == []

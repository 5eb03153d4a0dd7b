"""The whole course of a case: what was done in time raises nothing in whatever order it comes; what was not is flagged once,
step by step, and never while a tablet that counts may hold it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.rebuild import check_scope
from server.base.clock import to_iso
from server.base.db import read, write
from server.models import CaseFile, Flag, FlagEvent
from server.rules.calendar import add_days, instant_ms
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.stories.cases.children import REPORTS, accepted, ordered, photo_of, receipt, sampled, watched
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import DAY, act, at, planned_field

NEXT = add_days(DAY, 1)


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def _opened(field: Field, tablet: Tablet, cause: str = "travel") -> str:
    """Opened and reported at eight in the morning."""
    field.cast.clock.set(instant_ms(DAY, "08:00"))
    worker = tablet.add(field.scope, "worker", WORKER)
    reported = dict.fromkeys(REPORTS, to_iso(instant_ms(DAY, "08:00")))
    return tablet.add(field.scope, "case", {"worker": worker, "cause": cause, **reported})


def _first_day(field: Field, tablet: Tablet, case: str) -> None:
    for part in ("community", "headquarters", "bureau"):
        receipt(field, tablet, case, part, "08:20")
    accepted(field, tablet, case, "09:00")
    sampled(field, tablet, case, DAY, "10:00", 1)
    ordered(field, tablet, case, "11:00", days=3, mode="home", rule="MEDIUM_2022")
    watched(field, tablet, case, DAY, "18:00")


def _sync(field: Field, tablet: Tablet, time: str, date: str = DAY) -> None:
    field.cast.clock.set(instant_ms(date, time))
    assert tablet.sync().ok and tablet.refused() == [], tablet.refused()
    at(field, time, date)


def flags(field: Field) -> dict[str, str]:
    """The flags of the steps of cases, each with its state."""
    with field.app.app_context(), read() as session:
        query = sa.select(Flag.duty, Flag.state).where(Flag.duty.startswith("CASE")).order_by(Flag.opened_ms)
        return dict(session.execute(query).all())


def actions(field: Field, duty: str) -> list[str]:
    with field.app.app_context(), read() as session:
        flag = session.scalars(sa.select(Flag).where(Flag.duty == duty)).one()
        query = sa.select(FlagEvent.action).where(FlagEvent.flag_id == flag.id).order_by(FlagEvent.n)
        return list(session.scalars(query))


def test_a_case_whose_every_step_is_done_in_time_raises_nothing_however_late_it_arrives(field: Field) -> None:
    tablet = field.tablet("first")
    case = _opened(field, tablet)
    _first_day(field, tablet, case)
    at(field, "12:00", NEXT)
    assert flags(field) == {}, "the tablet was not heard from: silent, not missed"
    _sync(field, tablet, "13:00", NEXT)
    at(field, "13:10", NEXT)
    assert flags(field) == {}


def test_each_step_that_nobody_did_has_a_flag_of_its_own_once(field: Field) -> None:
    tablet = field.tablet("first")
    _opened(field, tablet)
    _sync(field, tablet, "09:00", NEXT)
    at(field, "09:30", NEXT)
    at(field, "10:00", NEXT)
    steps = ("CASE-ACCEPTED", "CASE-ISOLATED", "CASE-RECEIPTS", "CASE-TESTED")
    assert flags(field) == dict.fromkeys(steps, "open")
    assert [actions(field, duty).count("case_step_overdue") for duty in steps] == [1, 1, 1, 1]
    with field.app.app_context(), read() as session:
        severities = dict(session.execute(sa.select(Flag.duty, Flag.severity)).all())
        units = set(session.scalars(sa.select(Flag.unit)))
    assert severities["CASE-RECEIPTS"] == "ordinary" and severities["CASE-ACCEPTED"] == "severe"
    assert units == {"zhian"}


def test_nothing_is_overdue_while_the_tablet_that_may_hold_it_is_silent(field: Field) -> None:
    tablet = field.tablet("first")
    case = _opened(field, tablet)
    _sync(field, tablet, "08:01")
    accepted(field, tablet, case, "09:00")
    for time in ("09:00", "12:00", "20:00"):
        at(field, time, NEXT)
    assert not any(duty.startswith("CASE") for duty in flags(field))
    _sync(field, tablet, "21:00", NEXT)
    assert "CASE-ACCEPTED" not in flags(field) and "CASE-TESTED" in flags(field)


def test_what_a_second_tablet_brings_withdraws_the_flag(field: Field) -> None:
    first = field.tablet("one")
    case = _opened(field, first)
    _sync(field, first, "08:01")
    second = field.tablet("another", field.second_inspector())
    accepted(field, second, case, "09:00")
    at(field, "12:00", NEXT)
    _sync(field, first, "12:10", NEXT)
    assert flags(field) == {}, "the second tablet is not heard from"
    _sync(field, second, "12:20", NEXT)
    assert "CASE-ACCEPTED" not in flags(field)


def test_evidence_after_the_time_is_noted_once_for_a_person_and_closes_nothing(field: Field) -> None:
    tablet = field.tablet("first")
    case = _opened(field, tablet)
    _sync(field, tablet, "09:00", NEXT)
    accepted(field, tablet, case, "11:00", NEXT)
    _sync(field, tablet, "11:05", NEXT)
    at(field, "11:30", NEXT)
    assert flags(field)["CASE-ACCEPTED"] == "open"
    assert actions(field, "CASE-ACCEPTED").count("case_evidence_arrived") == 1


def test_a_record_that_proved_a_step_and_is_void_proves_it_no_more(field: Field) -> None:
    tablet = field.tablet("first")
    case = _opened(field, tablet)
    entry = accepted(field, tablet, case, "09:00")
    _sync(field, tablet, "09:00", NEXT)
    assert "CASE-ACCEPTED" not in flags(field)
    field.cast.clock.set(instant_ms(NEXT, "09:30"))
    tablet.void(field.scope, entry, "写错了")
    _sync(field, tablet, "10:00", NEXT)
    assert flags(field)["CASE-ACCEPTED"] == "open"


def test_a_day_of_isolation_that_nobody_watched_is_flagged_by_its_date(field: Field) -> None:
    tablet = field.tablet("first")
    case = _opened(field, tablet)
    _first_day(field, tablet, case)
    third, fourth = add_days(DAY, 2), add_days(DAY, 3)
    watched(field, tablet, case, third, "09:00")
    _sync(field, tablet, "00:30", fourth)
    with field.app.app_context(), read() as session:
        flag = session.scalars(sa.select(Flag).where(Flag.duty == "CASE-WATCHED")).one()
        query = sa.select(FlagEvent.detail).where(FlagEvent.action == "case_step_overdue")
        details = list(session.scalars(query.where(FlagEvent.flag_id == flag.id)))
    assert [one["day"] for one in details] == [NEXT]


def test_a_step_is_asked_no_more_once_the_case_has_ended(field: Field) -> None:
    tablet = field.tablet("first")
    case = _opened(field, tablet, "fever")
    field.cast.clock.set(instant_ms(DAY, "15:00"))
    tablet.edit(field.scope, case, {"outcome": "cleared", "evidence": "两次核酸阴性报告"})
    _sync(field, tablet, "10:00", NEXT)
    assert flags(field) == {}


def test_of_a_case_from_before_the_course_its_reports_alone_are_asked(field: Field) -> None:
    tablet = field.tablet("first")
    _opened(field, tablet)
    _sync(field, tablet, "08:01")
    with field.app.app_context(), write() as session:
        session.execute(sa.update(CaseFile).values(has_course=False))
    _sync(field, tablet, "10:00", NEXT)
    assert flags(field) == {}


def test_an_inspector_releases_nobody(field: Field) -> None:
    """A form may say that inspectors write it; a release counts by whose it is."""
    tablet = field.tablet("first")
    case = _opened(field, tablet)
    _first_day(field, tablet, case)
    for number in (1, 2):
        watched(field, tablet, case, add_days(DAY, number), "09:00")
    last = add_days(DAY, 2)
    sampled(field, tablet, case, last, "10:00", 3)
    said: dict[str, Any] = {"case": case, "released_on": last, "decided_by": "指挥部"}
    said |= {"last_test_negative": "yes", "photo": [photo_of("paper")["sha256"]]}
    tablet.add(field.scope, "release", said, media=[photo_of("paper")])
    _sync(field, tablet, "01:00", add_days(DAY, 4))
    assert flags(field) == {"CASE-RELEASED": "open"}


def test_flags_of_steps_are_worked_off_like_any_other_and_the_log_explains_all(field: Field) -> None:
    tablet = field.tablet("first")
    _opened(field, tablet)
    _sync(field, tablet, "09:00", NEXT)
    section = field.cast.client("section")
    listed = section.get("/api/v1/flags", query_string={"duty": "CASE-ACCEPTED"}).get_json()["items"]
    assert [(one["duty"], one["state"]) for one in listed] == [("CASE-ACCEPTED", "open")]
    assert act(section, listed[0]["id"], "acknowledge").status_code == 200
    with field.app.app_context(), read() as session:
        seals = field.app.extensions["gongdi"].seals
        assert list(check_scope(session, seals, field.cast.site_a)) == []

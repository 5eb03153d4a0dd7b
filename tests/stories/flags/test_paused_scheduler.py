"""No scheduler runs for days: nothing is escalated past those who could not know of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.verify_log import verify_scope
from server.base.db import read, write
from server.models import Heartbeat
from server.models.scope import Scope
from server.rules.calendar import DAY_MS
from server.workflows.scheduler import resume_and_tick
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import missed_flag, moved, planned_field, show

HOUR_MS = 3_600_000


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@pytest.fixture
def flag(field: Field) -> str:
    return missed_flag(field)


def _look(field: Field, later_ms: int) -> None:
    field.cast.clock.advance(later_ms)
    resume_and_tick(field.app, field.cast.clock.now_ms())


def _went(field: Field, flag: str) -> list[str]:
    """What the system did to the flag after it was opened and notified."""
    shown = show(field.cast.client("brigade"), flag)
    return [event["action"] for event in shown["events"] if event["actor"] == "scheduler"][4:]


def test_the_section_is_reminded_first_and_the_brigade_has_its_full_delay(field: Field, flag: str) -> None:
    _look(field, 1)
    before = _went(field, flag)
    _look(field, 3 * DAY_MS)
    assert _went(field, flag) == [*before, "resumed"]
    for _ in range(4):
        _look(field, HOUR_MS)
    after = _went(field, flag)
    assert "step_acknowledge" in after and "step_brigade" not in after
    for _ in range(21):
        _look(field, HOUR_MS - 60_000)
    assert "step_brigade" in _went(field, flag)
    assert _went(field, flag).count("resumed") == 1
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), read() as session:
        scope = session.get_one(Scope, field.cast.site_a)
        assert list(verify_scope(session, seals, scope)) == []


def test_the_page_of_the_flag_says_so(field: Field, flag: str) -> None:
    _look(field, 3 * DAY_MS)
    client = field.app.test_client()
    client.set_cookie("gongdi_session", field.cast.client("section").token, path="/console")
    assert "期限重新起算: 系统停止运行期间没有提醒" in client.get(f"/console/flags/{flag}").text


def test_a_deadline_that_a_company_was_given_stays(field: Field, flag: str) -> None:
    moved(field.cast.client("section"), flag, "order_rectification")
    _look(field, 5 * DAY_MS)
    assert "step_rectify" in _went(field, flag)
    assert "resumed" not in _went(field, flag)


def test_a_scheduler_that_only_was_late_changes_no_deadline(field: Field, flag: str) -> None:
    for _ in range(26):
        _look(field, HOUR_MS)
    assert "resumed" not in _went(field, flag)
    assert "step_brigade" in _went(field, flag)


def test_a_resumption_that_died_before_its_heartbeat_is_not_made_twice(field: Field, flag: str) -> None:
    _look(field, 3 * DAY_MS)
    with field.app.app_context():
        from_before = field.cast.clock.now_ms() - 3 * DAY_MS
        with write() as session:
            session.execute(sa.update(Heartbeat).values(at_ms=from_before))
    _look(field, 1_000)
    assert _went(field, flag).count("resumed") == 1

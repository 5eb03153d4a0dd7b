"""Administrators are notified of a tablet that nobody waits for any more, and of one whose clock stays wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError

from server.actions.sync import append_scope
from server.base.db import read
from server.models import Flag, LogEntry, Notice
from server.rules.calendar import instant_ms
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import at, planned_field
from tests.stories.slots import LOG

_HOUR_MS = 3_600_000


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def test_a_dormant_tablet_is_reported_once_and_by_its_name(field: Field) -> None:
    first, _ = field.tablet("first"), field.tablet("second", field.second_inspector())
    for time in ("12:41", "12:50"):
        field.cast.clock.set(instant_ms("2026-12-01", time))
        assert first.sync().ok
        at(field, time, "2026-12-01")
    (notice,) = _sent(field)
    assert (notice.what, notice.user_id) == ("device_dormant", field.cast.users["admin"])
    assert notice.detail == "inspector2, second"
    client = field.app.test_client()
    client.set_cookie("gongdi_session", field.cast.client("admin").token, path="/console")
    page = client.get("/console/notices").text
    assert "长期未报清" in page and "inspector2, second" in page


def test_a_clock_in_doubt_on_three_days_in_a_row_is_reported_once_and_flags_no_site(field: Field) -> None:
    tablet = field.tablet("first")
    field.clocks["first"].boot = None
    for number, date in enumerate(("2026-11-25", "2026-11-26", "2026-11-27", "2026-11-28"), 1):
        _write_with_a_moved_clock(field, tablet, date)
        assert len(_sent(field)) == (number >= 3)
    assert [notice.what for notice in _sent(field)] == ["device_clock"]
    with field.app.app_context(), read() as session:
        assert session.scalars(sa.select(LogEntry.doubt)).all() == [True] * 4
        assert session.scalars(sa.select(Flag.id)).all() == []


def test_a_push_that_failed_for_a_passing_cause_reports_when_it_comes_again(
    field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    tablet = field.tablet("first")
    field.clocks["first"].boot = None
    for date in ("2026-11-25", "2026-11-26"):
        _write_with_a_moved_clock(field, tablet, date)
    field.cast.clock.set(instant_ms("2026-11-27", "07:00"))
    assert tablet.sync().ok
    field.clocks["first"].skew_ms = -9 * _HOUR_MS
    tablet.add(field.scope, "disinfection_log", LOG)
    field.clocks["first"].skew_ms = 0

    def too_busy(*_: Any) -> None:
        raise OperationalError("the statement took too long", None, Exception())

    with monkeypatch.context() as patch:
        patch.setattr(append_scope, "close_stream", too_busy)
        tablet.sync()
    assert _sent(field) == []
    field.cast.clock.advance(_HOUR_MS)
    assert tablet.sync().ok
    assert [notice.what for notice in _sent(field)] == ["device_clock"]


def test_a_day_between_without_doubt_starts_the_count_again(field: Field) -> None:
    tablet = field.tablet("first")
    field.clocks["first"].boot = None
    for date in ("2026-11-25", "2026-11-26", "2026-11-28", "2026-11-29"):
        _write_with_a_moved_clock(field, tablet, date)
    assert _sent(field) == []
    _write_with_a_moved_clock(field, tablet, "2026-11-30")
    assert [notice.what for notice in _sent(field)] == ["device_clock"]


def _write_with_a_moved_clock(field: Field, tablet: Tablet, date: str) -> None:
    field.cast.clock.set(instant_ms(date, "07:00"))
    assert tablet.sync().ok
    field.clocks["first"].skew_ms = -9 * _HOUR_MS
    tablet.add(field.scope, "disinfection_log", LOG)
    field.clocks["first"].skew_ms = 0
    field.cast.clock.set(instant_ms(date, "08:00"))
    assert tablet.sync().ok


def _sent(field: Field) -> list[Notice]:
    with field.app.app_context(), read() as session:
        return list(session.scalars(sa.select(Notice).where(Notice.flag_id.is_(None))))

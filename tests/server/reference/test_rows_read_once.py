"""Rows whose stamp is known are not read again; they are always those that the database has."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from server.actions.reference.load_reference import mark_changed
from server.base.db import write
from server.models import Reference
from server.models.reference import STAMP, marked_rows, reference_rows
from tests.server.cast import Cast
from tests.server.planning import add_holiday
from tests.stages import reach_reference


@pytest.fixture
def loaded(app: Flask, cast: Cast) -> Flask:
    reach_reference(app)
    with app.app_context(), write() as session:
        mark_changed(session)
    return app


def _statements(session: Session) -> list[str]:
    seen: list[str] = []
    sa.event.listen(
        session.get_bind(), "before_cursor_execute", lambda *given: seen.append(given[2]), named=False
    )
    return seen


def test_only_the_stamp_is_asked_while_nothing_changes(loaded: Flask) -> None:
    with loaded.app_context(), write() as session:
        expected, seen = reference_rows(session), _statements(session)
        assert marked_rows(session) == expected
        assert len(seen) == 1


def test_what_another_process_changed_is_read(loaded: Flask) -> None:
    with loaded.app_context(), write() as session:
        unit = (Reference.noun == "units") & (Reference.code == "zhian")
        session.execute(sa.update(Reference).where(unit).values(source="改过"))
        stamp = sa.update(Reference).where(Reference.noun == STAMP)
        session.execute(stamp.values(data={"value": "another"}))
        assert "改过" in {row["source"] for row in marked_rows(session)["units"]}


def test_what_was_tried_and_given_up_is_forgotten(loaded: Flask) -> None:
    with loaded.app_context(), write() as session:
        trial = session.begin_nested()
        add_holiday(session, "2026-12-25", 0)
        assert "2026-12-25" in {row["code"] for row in marked_rows(session)["holidays"]}
        trial.rollback()
        session.expire_all()
        assert marked_rows(session) == reference_rows(session)

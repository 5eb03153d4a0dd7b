"""A record is declared void by two people who judge the site: it counts no more, and stays readable with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_scope
from server.base.db import read
from server.models import AuditEvent, LogEntry, Record, Window
from server.models.scope import Scope
from server.workflows.scheduler import tick
from tests.server.cast import Cast
from tests.server.office import Office, refusal_of
from tests.stages import reach_reference
from tests.stories.field import Field

WHY = "照片与另一工地的相同, 见核查记录"


@pytest.fixture
def met(app: Flask, cast: Cast, tmp_path: Path) -> tuple[Field, str, str]:
    """A tablet whose record met a window: (field, record, window)."""
    reach_reference(app)
    field = Field(cast, tmp_path)
    tablet = field.tablet("first")
    tick(app, cast.clock.now_ms())
    with app.app_context(), read() as session:
        asked = sa.select(Window).where(Window.scope_id == cast.site_a, Window.state == "open")
        window = session.scalars(asked.where(Window.duty == "DISINFECT").order_by(Window.opens_ms)).first()
        assert window is not None
        key, opens_ms, place = window.id, window.opens_ms, window.place
    cast.clock.advance(max(0, opens_ms + 60_000 - cast.clock.now_ms()))
    body = {"place": place, "agent": "chlorine", "concentration_mg_l": 500, "operator": "李工"}
    record = tablet.add(field.scope, "disinfection_log", body)
    assert tablet.sync().ok and tablet.refused() == []
    assert state(field, key) == "met"
    return field, record, key


def state(field: Field, window: str) -> str:
    with field.app.app_context(), read() as session:
        return session.scalars(sa.select(Window.state).where(Window.id == window)).one()


def test_the_window_is_open_again_and_the_log_says_why(met: tuple[Field, str, str]) -> None:
    field, record, window = met
    office, site = Office(field.app, field.cast), field.cast.site_a
    page = f"sites/{site}/evidence/{record}"
    assert f"/console/{page}" in office.seat("section").get(f"sites/{site}/records/disinfection_log")
    assert page not in office.seat("inspector").get(f"sites/{site}/records/disinfection_log")
    assert office.seat("section").send(page, reason=WHY).status_code == 303
    proposal = (
        office.seat("section").get("proposals").partition('href="/console/proposals/')[2].partition('"')[0]
    )
    decide = f"proposals/{proposal}"
    assert "1 项提议等您" in office.seat("brigade").get("waiting")
    own = office.seat("section").send(decide, f"{decide}/decide", verdict="approve")
    assert refusal_of(own) == "second_person_needed" and state(field, window) == "met"
    assert office.seat("brigade").send(decide, f"{decide}/decide", verdict="approve").status_code == 303
    assert state(field, window) == "open"
    assert "不再计入" in office.seat("brigade").get(page)
    with field.app.app_context(), read() as session:
        lines = session.execute(sa.select(LogEntry.act, LogEntry.outcome).where(LogEntry.record_id == record))
        assert sorted(tuple(row) for row in lines) == [("add", "applied"), ("void", "applied")]
        assert session.get_one(Record, (site, record)).counts is False
        assert "evidence_revoked" in session.scalars(sa.select(AuditEvent.what)).all()
        seals, scope = field.app.extensions["gongdi"].seals, session.get_one(Scope, site)
        assert list(verify_scope(session, seals, scope)) == []
        assert list(check_scope(session, seals, site)) == []
    tablet = field.tablet("second")
    assert tablet.sync().ok
    (shown,) = [item for item in tablet.list("disinfection_log") if item.id == record]
    assert shown.body["void"]["reason"] == WHY


def test_what_is_void_already_cannot_be_revoked_by_the_approval(met: tuple[Field, str, str]) -> None:
    field, record, _ = met
    office, page = Office(field.app, field.cast), f"sites/{field.cast.site_a}/evidence/{record}"
    assert office.seat("section").send(page, reason=WHY).status_code == 303
    tablet = field.tablet("first again")
    assert tablet.sync().ok
    tablet.void(field.scope, record, "重复")
    assert tablet.sync().ok and tablet.refused() == []
    proposal = (
        office.seat("brigade").get("proposals").partition('href="/console/proposals/')[2].partition('"')[0]
    )
    decide = f"proposals/{proposal}"
    late = office.seat("brigade").send(decide, f"{decide}/decide", verdict="approve")
    assert refusal_of(late) == "record_void"


@pytest.mark.parametrize("name", ["admin", "inspector", "contractor"])
def test_who_does_not_judge_the_site_neither_proposes_nor_sees_it(
    met: tuple[Field, str, str], name: str
) -> None:
    field, record, _ = met
    office = Office(field.app, field.cast)
    office.seat(name).get(f"sites/{field.cast.site_a}/evidence/{record}", 404)
    section = office.seat("section")  # judges the other district's sites only where that is hers
    section.get(f"sites/{field.cast.site_b}/evidence/{record}", 404)
    section.get(f"sites/{field.cast.site_a}/evidence/{field.cast.site_a}", 404)

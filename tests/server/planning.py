"""Sites with duties and windows, for the tests of what the scheduler does."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from server.actions.duties.plan_windows import plan_windows
from server.actions.reference.load_reference import mark_changed, rules_in_force
from server.actions.sites.register_site import NewSite, register_site
from server.base.clock import from_iso
from server.base.db import read, write
from server.base.runtime import Runtime
from server.base.seal import Seals
from server.models import Reference, Window
from server.models.tx import Tx
from server.rules.rulebook import Rulebook
from tests.stages import reach_reference

MIDNIGHT_MS = from_iso("2026-11-23T00:00:00+08:00")  # a Monday
HOUR_MS = 3_600_000
PLACES = ({"kind": "canteen", "name": "食堂"}, {"kind": "rest_room", "name": "休息室"})


def seals_of(app: Flask) -> Seals:
    runtime: Runtime = app.extensions["gongdi"]
    return runtime.seals


def new_site(app: Flask, name: str = "牧野花园", at_ms: int = MIDNIGHT_MS) -> str:
    """A site registered at that time, with every duty of the reference data. Gives its id."""
    reach_reference(app, at_ms)
    with app.app_context(), write() as session:
        site = register_site(
            session,
            seals_of(app),
            at_ms,
            NewSite(
                name=name,
                kind="construction",
                district="410702",
                unit="zhian",
                stage="building",
                inhabited=True,
                places=PLACES,
                companies=[("91410700MA40000A10", "甲建筑", "009")],
            ),
        )
        return site.id


def make(app: Flask, now_ms: int, book: Rulebook | None = None) -> dict[str, int]:
    """One transaction of the tick's first part."""
    with app.app_context(), write() as session:
        return plan_windows(Tx(session, seals_of(app), now_ms, book or rules_in_force(session)))


def windows(app: Flask, site_id: str) -> list[Window]:
    with app.app_context(), read() as session:
        query = sa.select(Window).where(Window.scope_id == site_id)
        return list(session.scalars(query.order_by(Window.opens_ms, Window.duty, Window.place)))


def window(app: Flask, site_id: str, duty: str, place: str, local_date: str, slot: str) -> Window:
    wanted = (duty, place, local_date, slot)
    found = [
        one for one in windows(app, site_id) if (one.duty, one.place, one.local_date, one.slot) == wanted
    ]
    assert len(found) == 1, f"{len(found)} windows {wanted}"
    return found[0]


def add_holiday(session: Session, local_date: str, now_ms: int) -> None:
    """What an office does when a day off is announced."""
    row = Reference(noun="holidays", code=local_date, valid_from=local_date, valid_to=None, source="测试")
    row.data = {"kind": "day_off", "name": "临时放假"}
    session.add(row)
    mark_changed(session)

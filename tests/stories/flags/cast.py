"""A flag in the making: a site whose canteen was not disinfected, and the people who deal with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from server.actions.flags.list_flags import flags_waiting_for
from server.base.db import read, write
from server.models import Notice, Site, User
from server.models.access import viewer_of
from server.rules.calendar import instant_ms
from server.workflows.scheduler import tick
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Caller, Cast
from tests.stages import reach, reach_reference
from tests.stories.field import Field

DAY = "2026-11-24"  # a Tuesday


def planned_field(app: Flask, cast: Cast, folder: Path) -> Field:
    """Site A has a canteen to disinfect; its windows of the next day are made. Site B is done."""
    cast.clock.set(instant_ms("2026-11-23", "23:00"))
    reach_reference(app)
    reach(app, "planned", lambda: _plan(app, cast))
    return Field(cast, folder)


def _plan(app: Flask, cast: Cast) -> None:
    with app.app_context(), write() as session:
        session.get_one(Site, cast.site_b).stage = "completed"
        session.get_one(Site, cast.site_a).made_ms = cast.clock.now_ms()
    tick(app, cast.clock.now_ms())


def at(field: Field, time: str, date: str = DAY) -> None:
    """Set the local time and run a tick of the scheduler."""
    field.cast.clock.set(instant_ms(date, time))
    tick(field.app, field.cast.clock.now_ms())


def missed_flag(field: Field, tablet: Tablet | None = None) -> str:
    """The site's tablet reports in after the morning's deadline, and nothing was done: the id of the flag."""
    if tablet is None:
        return reach(field.app, "missed", lambda: missed_flag(field, field.tablet("first")))
    field.cast.clock.set(instant_ms(DAY, "12:40"))
    assert tablet.sync().ok
    tick(field.app, field.cast.clock.now_ms())
    listed = field.cast.client("section").get("/api/v1/flags", query_string={"duty": "DISINFECT"}).get_json()
    (flag,) = listed["items"]
    return str(flag["id"])


def show(caller: Caller, flag_id: str) -> dict[str, Any]:
    answer = caller.get(f"/api/v1/flags/{flag_id}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.get_json()
    return shown


def act(caller: Caller, flag_id: str, action: str, **more: Any) -> TestResponse:
    """Make a move on the flag as it is now, with words unless others are given."""
    asked = {"action": action, "note": "已核实", "rev": show(caller, flag_id)["rev"], **more}
    return caller.post(f"/api/v1/flags/{flag_id}/actions", json=asked)


def moved(caller: Caller, flag_id: str, action: str, **more: Any) -> dict[str, Any]:
    answer = act(caller, flag_id, action, **more)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.get_json()
    return shown


def notices(field: Field, name: str) -> list[str]:
    """The notices that this user got in the console, in order."""
    query = sa.select(Notice.what).where(
        Notice.user_id == field.cast.users[name], Notice.channel_id.is_(None)
    )
    with field.app.app_context(), read() as session:
        return list(session.scalars(query.order_by(Notice.made_ms, Notice.id)))


def waiting(field: Field, name: str) -> list[tuple[str, str]]:
    """The flags that wait for this user, and the step that asks."""
    with field.app.app_context(), read() as session:
        viewer = viewer_of(session, session.get_one(User, field.cast.users[name]))
        rows, _ = flags_waiting_for(session, viewer, field.cast.clock.now_ms(), 100)
        return [(row.flag.id, row.step.step) for row in rows]

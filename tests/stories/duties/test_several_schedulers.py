"""Several schedulers look at the same windows and steps at once: each is judged and notified once, by whichever is first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.verify_log import verify_scope
from server.base.db import read, write
from server.models import Device, Flag, FlagEvent, Notice, Site, StreamHead, Window
from server.models.scope import Scope
from server.rules.calendar import instant_ms
from server.workflows.scheduler import tick
from sync_protocol import stream as streams
from tests.server.cast import COMPANY_A, Cast, add_site, identity
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, planned_field

SITES = 8


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    """More sites next to site A, all of which reported after noon."""
    with app.app_context(), write() as session:
        for number in range(SITES):
            add_site(session, identity(f"site {number}"), f"工地 {number}", "410702", COMPANY_A)
    made = planned_field(app, cast, tmp_path)
    made.tablet("first")
    with app.app_context(), write() as session:
        device_id = session.scalars(sa.select(Device.id)).first()
        nothing = streams.to_json(streams.Stream())
        for site_id in session.scalars(sa.select(Site.id)):
            head = session.get(StreamHead, (site_id, device_id))
            head = head or StreamHead(
                scope_id=site_id, device_id=device_id, head=nothing, heard_ms=0, since_ms=0
            )
            head.complete_ms = instant_ms(DAY, "23:00")
            session.add(head)
    return made


def test_each_window_is_judged_and_each_step_is_notified_once(field: Field, second_app: Flask) -> None:
    apps = (field.app, second_app, field.app, second_app)
    for time in ("12:40", "14:41", "16:41"):
        field.cast.clock.set(instant_ms(DAY, time))
        with ThreadPoolExecutor(len(apps)) as pool:
            list(pool.map(lambda app: tick(app, field.cast.clock.now_ms()), apps))
        tick(field.app, field.cast.clock.now_ms())  # what one held, the others left
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), read() as session:
        sites = list(session.scalars(sa.select(Site.id).where(Site.stage == "building")))
        flags = session.scalars(sa.select(Flag).where(Flag.duty == "DISINFECT")).all()
        assert sorted(flag.scope_id for flag in flags) == sorted(sites)
        for flag in flags:
            held = sa.select(sa.func.count()).where(Window.flag_id == flag.id, Window.state == "missed")
            assert session.scalar(held) == flag.windows
            actions = session.scalars(sa.select(FlagEvent.action).where(FlagEvent.flag_id == flag.id)).all()
            once = [action for action in actions if action.startswith("step_")]
            assert sorted(once) == [
                "step_acknowledge",
                "step_notify_site",
                "step_section",
                "step_section_page",
            ]
        sent = session.execute(sa.select(Notice.flag_id, Notice.what, Notice.user_id)).all()
        assert len(sent) == len(set(sent))
        for site_id in sites:
            assert list(verify_scope(session, seals, session.get_one(Scope, site_id))) == []

"""What is written for a platform is in the log as any device's lines are: under its own key, in a chain, and proved."""

from __future__ import annotations

import sqlalchemy as sa

from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_exchanges, verify_scope
from server.actions.devices.revoke_device import revoke_device
from server.base.db import read, write
from server.models import Device, LogEntry, Record, Scope
from tests.stories.cameras.platform import GATE, NVR, Watching, Wvp


def test_the_lines_are_the_platforms_own_chain_and_verify(watching: Watching, wvp: Wvp) -> None:
    watching.poll_through("08:00", "11:00", every_min=10)
    seals = watching.app.extensions["gongdi"].seals
    with watching.app.app_context(), read() as session:
        query = sa.select(LogEntry.n, LogEntry.kind).where(LogEntry.device_id == watching.platform)
        rows = session.execute(query.order_by(LogEntry.n)).all()
        device = session.get_one(Device, watching.platform)
        assert device.device_class == "platform"
        assert device.public_key != seals.signing_key.public_key().public_bytes_raw()
        assert [row.n for row in rows] == list(range(1, len(rows) + 1)) and len(rows) == 6
        scope = session.get_one(Scope, watching.cast.site_a)
        assert [*verify_scope(session, seals, scope), *verify_exchanges(session, seals)] == []
        assert list(check_scope(session, seals, watching.cast.site_a)) == []


def test_a_platform_whose_device_was_revoked_writes_nothing(watching: Watching, wvp: Wvp) -> None:
    watching.poll_through("08:00", "08:10")
    with watching.app.app_context(), write() as session:
        revoke_device(session, watching.platform, watching.cast.clock.now_ms())
    wvp.devices[NVR] = (True, {GATE: "OFF"})
    asked = len(wvp.asked)
    watching.poll_through("09:00", "09:10")
    assert len(wvp.asked) == asked and watching.platform_row().problem == "revoked"
    with watching.app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Record.kind == "camera_state")) == 0

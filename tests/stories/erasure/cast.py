"""One worker of whom a site knows much, and his erasure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from server.actions.accounts.manage_users import find_user
from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_exchanges, verify_scope
from server.actions.erasure.request_erasure import Asked, request_erasure, same_person
from server.actions.ops.sealed_columns import SEALED_COLUMNS
from server.actions.questions.settle_questions import DISMISSED, settle_refused
from server.actions.records.segments import unpacked
from server.actions.reference.load_reference import tx_of
from server.base.db import Base, read, write
from server.models import (
    Erasure,
    LogSegment,
    Segment,
    Window,
)
from server.models.access import viewer_of
from server.models.scope import Scope
from server.workflows.scheduler import tick
from tests.server.cast import Cast
from tests.stages import reach_reference
from tests.stories.field import WORKER, Field
from tests.stories.wire import LOG

HOUR_MS = 3_600_000
OTHER = {**WORKER, "name": "周小明", "certificate_number": "410702199003072332", "phone": "13800000001"}
ASKED = ("本人依个人信息保护法第四十七条申请", "新建信删〔2026〕1 号")
READING = {"celsius": 36.5, "point": "gate", "slot": "before_work"}
PASS = {"direction": "in", "method": "manual", "health_code": "green"}


class Story:
    """Two workers of site A with a day of readings; one of them has left."""

    def __init__(self, cast: Cast, folder: Path) -> None:
        self.cast, self.app = cast, cast.app
        self.seals = cast.app.extensions["gongdi"].seals
        reach_reference(cast.app)
        self.field = Field(cast, folder)
        self.tablet = self.field.tablet("t1")
        scope = self.field.scope
        self.him = self.tablet.add(scope, "worker", WORKER)
        self.other = self.tablet.add(scope, "worker", OTHER)
        assert self.tablet.sync().ok
        for worker in (self.him, self.other):
            self.tablet.add(scope, "gate_pass", {"worker": worker, **PASS})
            self.tablet.add(scope, "temperature_check", {"worker": worker, **READING})
        self.tablet.add(scope, "disinfection_log", LOG)
        self.day_ms = cast.clock.now_ms()
        cast.clock.advance(HOUR_MS)
        assert self.tablet.sync().ok
        self.leaves(self.him)

    def leaves(self, worker: str) -> None:
        self.edits(worker, exited_on="2026-11-23")

    def edits(self, worker: str, **changes: Any) -> None:
        self.tablet.edit(self.field.scope, worker, changes)
        self.cast.clock.advance(60_000)
        assert self.tablet.sync().ok

    def ask(self, worker: str = "") -> str:
        with self.app.app_context():
            with read() as session:
                keys = same_person(session, worker or self.him)
            with write() as session:
                asked = Asked(find_user(session, "admin"), keys, *ASKED)
                return request_erasure(session, self.seals, asked, self.cast.clock.now_ms()).id

    def tick(self) -> dict[str, Any]:
        did: dict[str, Any] = tick(self.app, self.cast.clock.now_ms())
        assert "failed" not in did["erase"], did
        return did

    def erase(self, worker: str = "") -> str:
        erasure = self.ask(worker)
        self.tick()
        assert self.erasure(erasure).done_ms is not None, (
            self.erasure(erasure).step,
            self.erasure(erasure).done,
        )
        return erasure

    def erasure(self, key: str) -> Erasure:
        with self.app.app_context(), read() as session:
            return session.get_one(Erasure, key)

    def faults(self) -> list[str]:
        """What verify-log and rebuild --check find."""
        with self.app.app_context(), read() as session:
            scope = session.get_one(Scope, self.cast.site_a)
            found = [*verify_scope(session, self.seals, scope), *verify_exchanges(session, self.seals)]
            differing = check_scope(session, self.seals, scope.scope_id)
            return [fault.what for fault in found] + [f"{one.what} {one.id}" for one in differing]

    def dismisses(self, key: str) -> None:
        """A clerk of the section has read a refused line."""
        with self.app.app_context(), write() as session:
            viewer = viewer_of(session, find_user(session, "section"))
            tx = tx_of(session, self.seals, self.cast.clock.now_ms())
            settle_refused(tx, viewer, key, DISMISSED, "此人资料已删除")

    def change(self, change: Callable[[Session], None]) -> None:
        with self.app.app_context(), write() as session:
            change(session)


def everything(app: Flask) -> str:
    """All that the database says, sealed values opened."""
    seals = app.extensions["gongdi"].seals
    found: list[str] = []
    with app.app_context(), read() as session:
        for table in Base.metadata.tables.values():
            for row in session.execute(sa.select(table)):
                found += [str(value) for value in row if not isinstance(value, bytes)]
                found += [value.decode("utf-8", "replace") for value in row if isinstance(value, bytes)]
        for column in SEALED_COLUMNS:
            for row in session.execute(sa.select(*column.key_columns, column.column)):
                if row[-1] is not None:
                    opened = seals.open(column.aad(row), row[-1])
                    packed = column.model in (Segment, LogSegment)
                    found.append((unpacked(opened) if packed else opened).decode("utf-8", "replace"))
    return "\n".join(found)


def made_window(story: Story, state: str, at_ms: int) -> Window:
    window = Window(scope_id=story.cast.site_a, id=story.cast.site_b, duty="TEMP", place="")
    window.local_date, window.slot = "2026-11-23", "before_work"
    window.opens_ms, window.due_ms, window.closes_ms = at_ms - HOUR_MS, at_ms + HOUR_MS, at_ms + HOUR_MS
    window.grace_s, window.state, window.need, window.have = 0, state, 1, 1
    return window

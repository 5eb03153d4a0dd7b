"""SQLite has one writer at a time: a tick over many sites leaves the lock to others after each of them."""

from __future__ import annotations

import gc
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from server.actions.duties.plan_windows import due_sites, plan_windows
from server.actions.reference.load_reference import rules_in_force, tx_of
from server.base.db import read, write, write_in_turn
from server.models import Flag, FlagStep, Window
from server.models.scope import Scope
from server.rules.calendar import instant_ms
from server.workflows import scheduler, shares
from server.workflows.scheduler import tick
from tests.server.cast import COMPANY_A, Cast, add_site, identity
from tests.server.planning import seals_of
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, planned_field

SITES = 6
Done = set[tuple[str, str, str]]


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'gongdi.sqlite3')}"


def _done(app: Flask) -> Done:
    """What a tick has changed so far, with its site."""
    with app.app_context(), read() as session:
        windows = sa.select(Window.scope_id, Window.id, Window.state)
        steps = sa.select(FlagStep.scope_id, FlagStep.step, sa.cast(FlagStep.taken_ms, sa.String))
        flags = sa.select(Flag.scope_id, Flag.id, Flag.state)
        return {tuple(row) for query in (windows, steps, flags) for row in session.execute(query)}


def test_each_transaction_of_a_tick_changes_one_site_if_that_takes_long(
    app: Flask, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "ON_SQLITE", replace(shares.ON_SQLITE, hold_s=0))
    with app.app_context(), write() as session:
        for number in range(SITES):
            add_site(session, identity(f"site {number}"), f"工地 {number}", "410702", COMPANY_A)
    sites_changed: list[int] = []

    @contextmanager
    def watched(**options: bool) -> Iterator[Session]:
        before = _done(app)
        with write(**options) as session:
            yield session
        sites_changed.append(len({row[0] for row in _done(app) - before}))

    for name in ("write", "write_in_turn"):
        monkeypatch.setattr(scheduler, name, watched)
    field: Field = planned_field(app, cast, tmp_path)
    with app.app_context(), write() as session:
        for scope in session.scalars(sa.select(Scope).where(Scope.kind == "site")):
            scope.watermark_ms = instant_ms(DAY, "23:00")
    for time in ("12:40", "16:41"):
        field.cast.clock.set(instant_ms(DAY, time))
        did = tick(app, field.cast.clock.now_ms())
        assert not any(part.get("failed") for part in did.values())
    assert max(sites_changed) == 1
    assert sites_changed.count(1) >= 3 * SITES, "windows made, judged, steps taken"


def test_sites_are_planned_together_as_long_as_nobody_waits_long_for_them(app: Flask, cast: Cast) -> None:
    sites = SITES + 2  # those of the cast
    with app.app_context(), write() as session:
        for number in range(SITES):
            add_site(session, identity(f"site {number}"), f"工地 {number}", "410702", COMPANY_A)
    planned, after, hold_s = [], "", iter([0.0, math.inf])
    with app.app_context():
        while after or not planned:
            with write() as session:
                tx = tx_of(session, seals_of(app), cast.clock.now_ms())
                did = plan_windows(tx, 20, after, hold_s=next(hold_s))
            planned.append(did["sites"])
            after = did["last"]
        with read() as session:
            assert not session.scalars(due_sites(cast.clock.now_ms(), rules_in_force(session))).all()
    assert planned == [1, sites - 1]


def test_nobody_waits_for_a_lock_while_garbage_is_collected(app: Flask) -> None:
    enabled: list[bool] = []
    with app.app_context():
        with write_in_turn():
            enabled.append(gc.isenabled())
        enabled.append(gc.isenabled())
    assert enabled == [False, True]

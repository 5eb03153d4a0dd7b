"""What housekeeping deletes, and that a tablet that was away too long starts again."""

from __future__ import annotations

from flask import Flask

from server.actions.ops.expire_rows import expire_rows
from server.actions.records.feed import Feed
from server.actions.reference.load_reference import rules_in_force
from server.base.db import read, write
from server.models import LoginToken, Record, Scope
from server.models.scope import lock_scope
from tests.server.cast import NOW_MS, Cast
from tests.server.planning import MIDNIGHT_MS, make, new_site, seals_of, windows

DAY_MS = 24 * 3_600_000


def test_a_tombstone_is_kept_for_180_days_and_then_raises_the_floor(app: Flask) -> None:
    site, gone = _deleted_window(app)
    assert _keep_house(app, MIDNIGHT_MS + 180 * DAY_MS - 1) == 0
    assert _floor(app, site) == 0
    assert _keep_house(app, MIDNIGHT_MS + 180 * DAY_MS) == 1
    with app.app_context(), read() as session:
        assert session.get(Record, (site, gone)) is None
        scope = session.get_one(Scope, site)
        assert scope.floor_seq == scope.seq


def test_live_records_are_never_forgotten(app: Flask) -> None:
    site, _ = _deleted_window(app)
    with app.app_context(), read() as session:
        live = session.get_one(Scope, site).live
    _keep_house(app, MIDNIGHT_MS + 5000 * DAY_MS)
    with app.app_context(), read() as session:
        assert session.query(Record).where(Record.scope_id == site).count() == live


def test_a_log_in_that_has_expired_is_forgotten(app: Flask, cast: Cast) -> None:
    cast.client("section")
    _keep_house(app, NOW_MS)
    assert _log_ins(app) == 1
    _keep_house(app, NOW_MS + 30 * DAY_MS)
    assert _log_ins(app) == 0


def _deleted_window(app: Flask) -> tuple[str, str]:
    site = new_site(app)
    make(app, MIDNIGHT_MS)
    gone = windows(app, site)[0].id
    with app.app_context(), write() as session:
        scope = lock_scope(session, site)
        assert scope is not None
        feed = Feed(session, scope, seals_of(app), MIDNIGHT_MS)
        feed.delete([gone])
        feed.flush()
    return site, gone


def _keep_house(app: Flask, now_ms: int) -> int:
    with app.app_context(), write() as session:
        return expire_rows(session, now_ms, rules_in_force(session))["tombstones"]


def _floor(app: Flask, site: str) -> int:
    with app.app_context(), read() as session:
        return session.get_one(Scope, site).floor_seq


def _log_ins(app: Flask) -> int:
    with app.app_context(), read() as session:
        return session.query(LoginToken).count()

"""The inspectors' app in a real browser, against a server on this machine that can be stopped: a network that
is really gone. What the browser writes is compared with what another tablet pulls."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import (
    ViewportSize,
)

from schemas.certificates import person_check_character
from server.actions.audit.verify_log import verify_scope
from server.actions.records.feed import publish
from server.actions.records.site_record import around_sites, site_put
from server.actions.reference.load_reference import load_reference
from server.actions.sites.assign_site import assign_site
from server.app import create_app
from server.base.clock import FakeClock
from server.base.config import Config
from server.base.db import alone, db, read, write
from server.field_app.build import ensure_built
from server.models import Scope, Site, User
from server.models.scope import lock_scope
from server.workflows.scheduler import tick
from sync_protocol.client.reports import Item
from tests.console.conftest import DESK
from tests.field_app.inspector import Inspector, Live
from tests.server.cast import NOW_MS, Cast, identity, make_cast, set_places
from tests.server.conftest import app, config
from tests.stages import give_keys
from tests.stories.field import WORKER, Field

__all__ = ["app", "config"]

DATABASE = "gongdi.sqlite3"


def certificate(first_17: str) -> str:
    """An identity number that passes every check and belongs to nobody."""
    return first_17 + person_check_character(first_17)


ZHANG = {**WORKER, "name": "张三", "certificate_number": certificate("41070219900307001")}
CENG = {
    **WORKER,
    "name": "曾小贤",
    "certificate_number": certificate("41070219881123002"),
    "team": "木工班",
    "phone": "13900001234",
}


@dataclass(frozen=True)
class Morning:
    """A server's data as the office leaves them before the round: the cast, duties, site A with two places, the windows of
    the day, and two people of site A, known by their names. The tablet that wrote them is an office's."""

    folder: Path
    now_ms: int
    users: dict[str, str]
    workers: dict[str, str]


@pytest.fixture(scope="session")
def morning(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Morning:
    """Made once: each test has a copy."""
    folder = tmp_path_factory.mktemp("morning") / "data"
    folder.mkdir()
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / DATABASE)}"
    clock = FakeClock(NOW_MS)
    config = Config.from_env({"GONGDI_DATABASE_URL": url, "GONGDI_DATA_DIR": str(folder)})
    give_keys(config)
    app = create_app(config, clock)
    field = Field(make_cast(app, clock), folder.parent)
    _plan_today(field)
    with field.tablet("office") as tablet:
        workers = {str(body["name"]): tablet.add(field.scope, "worker", body) for body in (ZHANG, CENG)}
        assert tablet.sync().ok
    app.extensions["gongdi_pool"].shutdown()
    with app.app_context():
        db.engine.dispose()
    return Morning(folder, clock.now_ms(), field.cast.users, workers)


@pytest.fixture
def database_url(morning: Morning, tmp_path: Path) -> str:
    """One kind of database is enough here: a page does not know which one it came from."""
    shutil.copytree(morning.folder, tmp_path, dirs_exist_ok=True)
    return f"sqlite:///{tmp_path / DATABASE}"


@pytest.fixture
def clock(morning: Morning) -> FakeClock:
    return FakeClock(morning.now_ms)


@pytest.fixture
def cast(app: Flask, clock: FakeClock, morning: Morning) -> Cast:
    return Cast(app, clock, dict(morning.users), identity("site a"), identity("site b"))


@pytest.fixture
def workers(morning: Morning) -> dict[str, str]:
    """Two people of site A, known to the server: ids by name."""
    return dict(morning.workers)


@pytest.fixture(scope="session")
def built() -> None:
    """The app, built from the sources as they are."""
    ensure_built()


@pytest.fixture
def live(app: Flask) -> Iterator[Live]:
    live = Live(app)
    yield live
    live.stop()


@pytest.fixture
def field(cast: Cast, tmp_path: Path) -> Field:
    return Field(cast, tmp_path)


def _plan_today(field: Field) -> None:
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    with field.app.app_context(), alone():
        with write() as session:
            load_reference(session, seals, now_ms)
            site = session.get_one(Site, field.cast.site_a)
            set_places(session, site.id, ("canteen", "工人食堂"), ("dormitory", "一号宿舍"))
            scope = lock_scope(session, site.id)
            assert scope is not None
            publish(
                session,
                scope,
                seals,
                now_ms,
                [site_put(site, around_sites(session, [site.id])[site.id], now_ms)],
            )
        tick(field.app, now_ms)


@pytest.fixture
def inspector(
    built: None, browser: Chromium, live: Live, field: Field, workers: dict[str, str], size: ViewportSize
) -> Iterator[Inspector]:
    """Not enrolled yet. What the page complains of fails the test, and so does a log that does not hold."""
    context = browser.new_context(viewport=size, locale="zh-CN", timezone_id="Asia/Shanghai")
    inspector = Inspector(context, live, field)
    yield inspector
    context.unroute_all(behavior="ignoreErrors")  # a request may be on its way
    context.close()
    inspector.patch.undo()
    assert inspector.complaints == []
    assert_log_holds(field)


@pytest.fixture
def size() -> ViewportSize:
    return DESK


def give_the_other_site(field: Field) -> None:
    """The inspector gets a second site, where nobody works yet."""
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    with field.app.app_context(), write() as session:
        user, site = (
            session.get_one(User, field.cast.users["inspector"]),
            session.get_one(Site, field.cast.site_b),
        )
        assign_site(session, seals, user, site, now_ms)
        scope = lock_scope(session, site.id)
        assert scope is not None
        publish(
            session, scope, seals, now_ms, [site_put(site, around_sites(session, [site.id])[site.id], now_ms)]
        )


def elsewhere(field: Field, kind: str) -> Sequence[Item]:
    """The records of a kind as another tablet gets them from the server."""
    number = len(field.clocks)
    with field.tablet(f"other-{number}") as tablet:
        return tablet.list(kind, field.scope)


def bodies(items: Sequence[Item], *names: str) -> list[tuple[Any, ...]]:
    """Some fields of each record, sorted."""
    return sorted(tuple(item.body.get(name) for name in names) for item in items)


def assert_log_holds(field: Field) -> None:
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), read() as session:
        for scope in session.query(Scope).where(Scope.kind == "site"):
            assert list(verify_scope(session, seals, scope)) == []

"""Both databases for every test that touches one: a SQLite file, and a real PostgreSQL. One browser for all
tests that open pages: a process can start Playwright only once.

What costs more than the tests themselves is done once, or less: a PostgreSQL database is emptied instead of made again,
a statement is compiled once for all engines of its kind and the builder of an address once for all apps, and passwords are
hashed at the lowest cost."""

from __future__ import annotations

import gc
import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from hypothesis import settings
from playwright.sync_api import Browser
from werkzeug.routing import Rule

from server.actions.accounts import log_in
from server.base.config import Config
from server.base.db import Base
from server.base.migrate import upgrade
from tests.chromium import launched_browser
from tests.decided_columns import watch_decided_columns
from tests.postgresql import create_database, drop_database, empty_database, temporary_cluster

settings.register_profile("gongdi", deadline=None, max_examples=60, print_blob=True)
settings.register_profile("fast", deadline=None, max_examples=15, print_blob=True)
settings.load_profile("gongdi")

# Before anybody else takes it from there. What is made up for names that nobody has was hashed at the real cost.
log_in.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

watch_decided_columns()

_numbers = itertools.count()
_compiled: dict[object, object] = {}
_dialects: dict[str, sa.Dialect] = {}


@dataclass
class Server:
    """A PostgreSQL server with a migrated database to copy, and the copy that is in use."""

    url: str
    template: str
    used: str | None = None

    def emptied(self) -> str:
        """The URL of a migrated database without rows: the last test's, unless that took a table away."""
        if self.used is not None:
            try:
                empty_database(self.used, Base.metadata.tables)
                return self.used
            except psycopg.Error:
                pass
        self.used = create_database(self.url, f"test_{next(_numbers)}", self.template)
        return self.used


def _make_engine(_db: SQLAlchemy, _bind_key: str | None, options: dict[str, Any], _app: Flask) -> sa.Engine:
    """Every test has an engine of its own. They share what was compiled, which is known by dialect and statement."""
    engine = sa.engine_from_config(options, prefix="", execution_options={"compiled_cache": _compiled})
    if engine.name in _dialects:
        engine.dialect = _dialects[engine.name]
    else:  # it is ready to be shared when it has met its database

        @sa.event.listens_for(engine, "engine_connect", once=True)
        def keep(connection: sa.Connection) -> None:
            _dialects[engine.name] = connection.dialect

    return engine


SQLAlchemy._make_engine = _make_engine  # type: ignore[method-assign]

_compile_builder = Rule._compile_builder
_builders: dict[object, Callable[..., tuple[str, str]]] = {}


def _shared_builder(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    """Compiled code that knows its rule by an argument, and is the same for every rule that reads the same."""
    defaults = tuple((rule.defaults or {}).items())
    known = (rule.rule, rule.subdomain, rule.host, defaults, append_unknown)
    if known not in _builders:
        _builders[known] = _compile_builder(rule, append_unknown)
    return _builders[known]


Rule._compile_builder = _shared_builder  # type: ignore[method-assign]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="SQLite only, no browser, fewer examples")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--fast"):
        settings.load_profile("fast")


def pytest_collection_finish() -> None:
    """What was imported and collected stays for good: nobody looks through it for garbage again."""
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """While somebody writes: what needs another process than this one can wait."""
    if config.getoption("--fast"):
        slow = [item for item in items if _is_slow(item)]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in set(slow)]


def _is_slow(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return "postgresql" in item.name or "browser" in fixtures or "postgresql_server" in fixtures


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched_browser() as launched:
        yield launched


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    with temporary_cluster() as url:
        create_database(url, "migrated")
        _migrate(f"{url}/migrated")
        yield Server(url, "migrated")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.sqlite3"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database with every table."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        yield f"sqlite:///{shutil.copy(template, tmp_path / 'gongdi.sqlite3')}"
    else:
        yield request.getfixturevalue("postgresql_server").emptied()


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database in which nothing was ever made."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'blank.sqlite3'}"
    else:
        server: Server = request.getfixturevalue("postgresql_server")
        name = f"test_{next(_numbers)}"
        yield create_database(server.url, name)
        drop_database(server.url, name)


def _migrate(url: str) -> None:
    engine = sa.create_engine(Config.from_env({"GONGDI_DATABASE_URL": url}).database_url)
    upgrade(engine)
    engine.dispose()

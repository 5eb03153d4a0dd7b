"""Both databases for every test that touches one: a SQLite file, and a real PostgreSQL. One browser for all
tests that open pages: a process can start Playwright only once.

What costs more than the tests themselves is done once, or less: a PostgreSQL database is emptied instead of made again,
an address and a template are compiled once for all apps, and passwords are hashed at the lowest cost. What engines share:
see `engines`. What many tests begin with is written once: see `stages`."""

from __future__ import annotations

import gc
import itertools
import shutil
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask
from hypothesis import settings
from jinja2.bccache import Bucket, BytecodeCache
from playwright.sync_api import Browser
from werkzeug.routing import Rule

from server.actions.accounts import log_in
from server.base.config import Config
from server.base.db import Base
from server.base.migrate import upgrade
from tests.chromium import launched_browser
from tests.decided_columns import watch_decided_columns
from tests.engines import empty_database, leave_database, leave_databases, share_engines
from tests.postgresql import create_database, drop_database, temporary_cluster
from tests.stages import know_empty

settings.register_profile("gongdi", deadline=None, max_examples=60, print_blob=True)
settings.register_profile("fast", deadline=None, max_examples=15, print_blob=True)
settings.load_profile("gongdi")

# Before anybody else takes it from there. What is made up for names that nobody has was hashed at the real cost.
log_in.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


watch_decided_columns()
share_engines()

gc.disable()  # while tests are collected: each look through a process that only grows takes longer, and finds nothing

_numbers = itertools.count()


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


_compile = Rule.compile
_COMPILED = ("_parts", "_trace", "_converters", "arguments", "_build", "_build_unknown")
_rules: dict[object, dict[str, Any]] = {}


def _compile_once(rule: Rule) -> None:
    """What an address is compiled to depends on how it reads, and on nothing else of the app."""
    assert rule.map is not None
    converters = frozenset(rule.map.converters.values())
    defaults = tuple((rule.defaults or {}).items())
    slashes = (rule.merge_slashes, rule.map.host_matching)
    known = (rule.rule, rule.subdomain, rule.host, defaults, slashes, converters)
    if known not in _rules:
        _compile(rule)
        builders = {name: getattr(rule, name).__func__ for name in _COMPILED[-2:]}
        _rules[known] = {**{name: getattr(rule, name) for name in _COMPILED[:-2]}, **builders}
    for name in _COMPILED[:-2]:
        setattr(rule, name, copy(_rules[known][name]))
    for name in _COMPILED[-2:]:
        setattr(rule, name, _rules[known][name].__get__(rule))


Rule.compile = _compile_once  # type: ignore[method-assign]


class _Templates(BytecodeCache):
    """Templates are compiled once for all apps."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._kept[bucket.key, bucket.checksum] = bucket.code


Flask.jinja_options = {"bytecode_cache": _Templates()}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="SQLite only, no browser, fewer examples")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--fast"):
        settings.load_profile("fast")


def pytest_collection_finish() -> None:
    """What was imported and collected stays for good: nobody looks through it for garbage again."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)  # what one test leaves is little
    gc.enable()


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
        leave_databases()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.sqlite3"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database with every table."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        url = f"sqlite:///{shutil.copy(template, tmp_path / 'gongdi.sqlite3')}"
    else:
        url = request.getfixturevalue("postgresql_server").emptied()
    know_empty(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database in which nothing was ever made."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'blank.sqlite3'}"
    else:
        server: Server = request.getfixturevalue("postgresql_server")
        name = f"test_{next(_numbers)}"
        yield create_database(server.url, name)
        leave_database(name)
        drop_database(server.url, name)


def _migrate(url: str) -> None:
    engine = sa.create_engine(Config.from_env({"GONGDI_DATABASE_URL": url}).database_url)
    upgrade(engine)
    engine.dispose()

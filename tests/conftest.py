"""Both databases for every test that touches one: a SQLite file, and a real PostgreSQL. One browser for all
tests that open pages: a process can start Playwright only once."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings
from playwright.sync_api import Browser

from server.config import Config
from server.migrate import upgrade
from tests.chromium import launched_browser
from tests.postgresql import create_database, drop_database, temporary_cluster

settings.register_profile("gongdi", deadline=None, max_examples=60, print_blob=True)
settings.load_profile("gongdi")

_numbers = itertools.count()


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server with a migrated database to copy."""

    url: str
    template: str


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
        server: Server = request.getfixturevalue("postgresql_server")
        yield from _one_database(server, server.template)


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database in which nothing was ever made."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'blank.sqlite3'}"
    else:
        yield from _one_database(request.getfixturevalue("postgresql_server"), "template1")


def _one_database(server: Server, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    yield create_database(server.url, name, template)
    drop_database(server.url, name)


def _migrate(url: str) -> None:
    engine = sa.create_engine(Config.from_env({"GONGDI_DATABASE_URL": url}).database_url)
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()

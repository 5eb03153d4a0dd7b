"""Bring a database up to the schema of this version, with Alembic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

MIGRATIONS = Path(__file__).parents[1] / "migrations"


def alembic_config(connection: Connection) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine, then: Callable[[Connection], None] | None = None) -> None:
    """Apply every migration that this database lacks, and do what `then` does, in one transaction: all of it or nothing.

    SQLite changes a table by making it again under another name. The rows of other tables that name its rows are left
    alone meanwhile, and all are checked before the end.
    """
    with engine.connect() as connection, _unenforced(connection), connection.begin():
        command.upgrade(alembic_config(connection), "head")
        if then is not None:
            then(connection)
        if connection.dialect.name == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise RuntimeError(f"rows name others that are not there: {broken[:5]}")


@contextmanager
def _unenforced(connection: Connection) -> Iterator[None]:
    """Within it SQLite enforces no foreign keys. It takes that only outside a transaction."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def knows_revision(revision: str) -> bool:
    """Whether this version of the program has that migration: then it can bring such a database up to date."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS))
    return any(script.revision == revision for script in ScriptDirectory.from_config(config).walk_revisions())


@cache
def newest() -> str | None:
    """The migration that this version of the program needs."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head()

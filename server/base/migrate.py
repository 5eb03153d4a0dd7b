"""Bring a database up to the schema of this version, with Alembic."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

MIGRATIONS = Path(__file__).parents[1] / "migrations"


def alembic_config(connection: Connection) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Apply every migration that this database lacks. On PostgreSQL a half-done one is rolled back whole."""
    command.upgrade(alembic_config(connection), "head")


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

"""Migrations create what the models declare, on both databases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from server import models
from server.base.config import Config
from server.base.db import Base

assert models


def test_a_migrated_database_is_what_the_models_say(database_url: str) -> None:
    engine = sa.create_engine(Config.from_env({"GONGDI_DATABASE_URL": database_url}).database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()

"""A database from before duties were dated: duties that were not built are not required, and everything else stays."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import command

from server.base.config import Config
from server.base.migrate import alembic_config, upgrade
from server.models import Reference

BEFORE = "0006"


def _row(code: str, built: bool) -> dict[str, object]:
    data = {"name": code, "built": built, "judging": "log"}
    return {
        "noun": "duties",
        "code": code,
        "valid_from": "2021-12-01",
        "data": json.dumps(data),
        "source": "x",
    }


def test_what_was_not_built_leaves_the_reference_data(blank_database_url: str) -> None:
    engine = sa.create_engine(Config.from_env({"GONGDI_DATABASE_URL": blank_database_url}).database_url)
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), BEFORE)
        columns = "noun, code, valid_from, data, source"
        values = ":noun, :code, :valid_from, :data, :source"
        insert = sa.text(f"INSERT INTO reference ({columns}) VALUES ({values})")
        connection.execute(insert, [_row("DISINFECT", True), _row("VENTILATE", False)])
    upgrade(engine)
    with engine.begin() as connection:
        found = dict(connection.execute(sa.select(Reference.code, Reference.data)).all())
        assert found == {"DISINFECT": {"name": "DISINFECT", "judging": "log"}}
        command.downgrade(alembic_config(connection), BEFORE)
    with engine.begin() as connection:
        (data,) = connection.scalars(sa.select(Reference.data))
        assert data["built"] is True
    engine.dispose()

"""Tests use connections to PostgreSQL one after the other: none meets what an earlier one did there."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from server.base.config import Config
from server.base.connections import engine_options
from server.base.db import db
from tests.conftest import Server


@pytest.fixture
def url(postgresql_server: Server) -> str:
    return postgresql_server.emptied()


def _engine(url: str) -> sa.Engine:
    made = Config.from_env({"GONGDI_DATABASE_URL": url}).database_url
    return db._make_engine(None, {"url": made, **engine_options(made)}, Flask("test"))


def _asked(engine: sa.Engine, *statements: str) -> object:
    """What the last of these statements gives."""
    with engine.begin() as connection:
        for statement in statements:
            result = connection.exec_driver_sql(statement)
        return result.scalar()


PID = "SELECT pg_backend_pid()"


def test_a_connection_serves_the_next_engine_with_the_settings_of_a_new_one(url: str) -> None:
    first, second = _engine(url), _engine(url)
    pid = _asked(first, "SET statement_timeout = 1234", "CREATE TEMPORARY TABLE left_behind (a int)", PID)
    first.dispose()
    assert _asked(second, PID) == pid
    assert _asked(second, "SHOW statement_timeout") == "30s"
    assert _asked(second, "SELECT to_regclass('left_behind')") is None
    second.dispose()


def test_a_connection_that_died_meanwhile_is_not_used_again(url: str) -> None:
    first, second, other = _engine(url), _engine(url), _engine(url)
    pid = _asked(first, PID)
    assert _asked(other, f"SELECT pg_terminate_backend({pid})") is True
    first.dispose()
    assert _asked(second, PID) != pid
    second.dispose()
    other.dispose()


def test_who_was_left_in_a_transaction_does_not_hold_up_the_next_test(
    url: str, postgresql_server: Server
) -> None:
    engine = _engine(url)
    left = engine.connect()
    left.exec_driver_sql("LOCK TABLE company")
    assert postgresql_server.emptied() == url, "the database was emptied, not made again"
    left.invalidate()
    left.close()
    engine.dispose()

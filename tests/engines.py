"""Every test has an engine of its own. What costs more than the tests, they share: what was compiled, and connections to
PostgreSQL, where a new one means a new process that has to read how every table is made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from psycopg.pq import TransactionStatus

KEPT_MAX = 8  # connections of one kind; a test with more of them at a time is rare

_compiled: dict[object, object] = {}
_dialects: dict[str, sa.Dialect] = {}
_kept: dict[str, list[psycopg.Connection]] = defaultdict(
    list
)  # nobody uses them, by what they were made with
_keys: WeakKeyDictionary[psycopg.Connection, str] = WeakKeyDictionary()
_emptying: dict[str, psycopg.Connection] = {}  # by database


def share_engines() -> None:
    """From here on the engines of Flask-SQLAlchemy share this."""
    SQLAlchemy._make_engine = _make_engine  # type: ignore[method-assign]


def _make_engine(_db: SQLAlchemy, _bind_key: str | None, options: dict[str, Any], _app: Flask) -> sa.Engine:
    """What was compiled is known by dialect and statement."""
    engine = sa.engine_from_config(options, prefix="", execution_options={"compiled_cache": _compiled})
    if engine.name == "postgresql":
        sa.event.listen(engine, "do_connect", _connect)
        engine.pool._dialect.do_close = _keep  # type: ignore[method-assign]
    else:
        sa.event.listen(engine, "connect", _reverse)
    if engine.name in _dialects:
        engine.dialect = _dialects[engine.name]
    else:  # it is ready to be shared when it has met its database

        @sa.event.listens_for(engine, "engine_connect", once=True)
        def keep(connection: sa.Connection) -> None:
            _dialects[engine.name] = connection.dialect

    return engine


def _reverse(connection: Any, _record: Any) -> None:
    """Rows that nobody asked to be sorted come the other way round. On PostgreSQL they mostly come as they were written, so
    what leans on either order fails on one of the two."""
    connection.execute("PRAGMA reverse_unordered_selects=ON")


def _connect(
    dialect: sa.Dialect, _record: Any, given: tuple[Any, ...], named: dict[str, Any]
) -> psycopg.Connection:
    """One that an earlier test closed, as good as new, or else a new one."""
    key = repr((given, sorted((name, value) for name, value in named.items() if name != "context")))
    while _kept[key]:
        connection = _kept[key].pop()
        try:
            connection.autocommit = True
            connection.execute("DISCARD ALL")
            connection.autocommit = False
        except psycopg.Error:
            connection.close()
        else:
            return connection
    made: psycopg.Connection = dialect.connect(*given, **named)  # type: ignore[assignment]
    _keys[made] = key
    return made


def _keep(connection: Any) -> None:
    """Instead of closing it."""
    key = _keys.get(connection)
    is_whole = not connection.closed and connection.info.transaction_status == TransactionStatus.IDLE
    if key is None or not is_whole or len(_kept[key]) >= KEPT_MAX:
        connection.close()
    else:
        connection.isolation_level = connection.read_only = connection.deferrable = None
        _kept[key].append(connection)


def empty_database(url: str, tables: Iterable[str]) -> None:
    """Delete every row of these tables, and throw out whoever still works in there. Raises psycopg.Error when one of them is
    gone."""
    connection = _emptying.get(url)
    if connection is None or connection.closed:
        connection = _emptying[url] = psycopg.connect(url, autocommit=True, prepare_threshold=None)
        connection.execute("SET lock_timeout = '10s'")
        connection.execute("SET session_replication_role = replica")  # in any order, whoever refers to whom
        emptying = " ".join(f'DELETE FROM "{table}";' for table in tables)
        connection.execute(
            f"CREATE FUNCTION pg_temp.empty() RETURNS void LANGUAGE plpgsql AS $$BEGIN {emptying} END$$".encode()
        )
    unused = [kept.info.backend_pid for some in _kept.values() for kept in some]
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL(%s::int[])",
        [unused],
    )
    connection.execute("SELECT pg_temp.empty()")


def leave_database(name: str) -> None:
    """Close what is kept to the database of this name, which is to go."""
    for key, some in list(_kept.items()):
        if some and some[0].info.dbname == name:
            _close(_kept.pop(key))


def leave_databases() -> None:
    """Close whatever is kept: the server is to go."""
    close_kept()
    _close(_emptying.values())
    _emptying.clear()


def close_kept() -> None:
    """The next connections are new ones, for a test that is about making them."""
    for some in _kept.values():
        _close(some)
    _kept.clear()


def _close(connections: Iterable[psycopg.Connection]) -> None:
    for connection in connections:
        connection.close()

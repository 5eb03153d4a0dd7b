"""The database: one engine, two ways in (`write`, `read`), and statements for many rows on both dialects."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, PendingRollbackError
from sqlalchemy.exc import SQLAlchemyError as DatabaseTrouble
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from server.base.connections import commit_lightly, confirmed, json_text
from server.base.session import OneDatabase

__all__ = [
    "Base",
    "DatabaseTrouble",
    "Id",
    "Json",
    "Session",
    "alone",
    "bulk_insert",
    "bulk_select",
    "bulk_update",
    "db",
    "is_alone",
    "is_passing",
    "is_postgresql",
    "is_transaction_open",
    "raise_if_lost",
    "read",
    "savepoint",
    "trial",
    "write",
    "write_in_turn",
]

_is_alone = ContextVar("_is_alone", default=False)
_READ_ONLY = "25006"  # PostgreSQL's SQLSTATE: this server has become a standby


class Base(DeclarativeBase):
    """What every table inherits."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


# What was read stays readable after its transaction: every transaction has a session of its own.
db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False, "class_": OneDatabase})


class Id(sa.types.TypeDecorator[str]):
    """A UUID as canonical lower-case text in Python; `uuid` on PostgreSQL, text on SQLite."""

    impl = sa.String(36)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.UUID(as_uuid=False))
        return dialect.type_descriptor(sa.String(36))


Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


@contextmanager
def write(may_be_lost: bool = False) -> Iterator[Session]:
    """One transaction that commits at the end, once. Endpoints, ticks and commands open it; actions never
    commit. Raises OperationalError when the standby that PostgreSQL is to wait for did not confirm it. What `may_be_lost`
    when the power fails within the second waits for no disk."""
    session = db.session()
    try:
        with confirmed(), session.begin():
            if may_be_lost:
                commit_lightly(session)
            yield session
    finally:
        session.close()


@contextmanager
def alone() -> Iterator[None]:
    """Within it nothing else uses the database, and background work takes much at once."""
    before = _is_alone.set(True)
    try:
        yield
    finally:
        _is_alone.reset(before)


def is_alone() -> bool:
    return _is_alone.get()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Within it Python looks for no garbage: to walk everything that a process holds takes longer than a turn, and others
    wait for the lock meanwhile."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def write_in_turn() -> Iterator[Session]:
    """One transaction of background work, as `write`. On SQLite whoever waits for the lock has it before the next one (see
    line.py)."""
    with _uncollected(), write() as session:
        yield session


@contextmanager
def read() -> Iterator[Session]:
    """One consistent snapshot, never written to."""
    session = db.session()
    options: dict[str, Any] = {"gongdi_read": True}
    if session.get_bind().dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
        options["postgresql_readonly"] = True
    try:
        session.connection(execution_options=options)
        yield session
    finally:
        session.expunge_all()  # before the rollback, which would forget what was read
        session.rollback()
        session.close()


def is_passing(error: BaseException) -> bool:
    """Whether the same may succeed a little later: the database did not answer, was too busy, hung up, or is a standby."""
    if isinstance(error, DBAPIError):
        is_standby = getattr(error.orig, "sqlstate", None) == _READ_ONLY
        return (
            error.connection_invalidated or is_standby or isinstance(error, OperationalError | InterfaceError)
        )
    return isinstance(error, PendingRollbackError | PoolTimeout)


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """Work that may fail while the rest of the transaction is kept. Where the savepoint can't be released, nothing is rolled
    back to it: what was done may be kept in part, so that the transaction counts as lost (see raise_if_lost)."""
    is_done = False
    try:
        with session.begin_nested():
            yield
            session.flush()
            is_done = True
    except DBAPIError as error:
        error.connection_invalidated |= is_done
        raise


@contextmanager
def trial(session: Session) -> Iterator[None]:
    """Work that is done to see what it would come to, and taken back, whatever came of it."""
    tried = session.begin_nested()
    try:
        yield
    finally:
        tried.rollback()
        session.expire_all()


def raise_if_lost(error: Exception) -> None:
    """Raises `error` again if the transaction is lost with it. Call this before continuing after a savepoint that failed."""
    is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if is_lost or isinstance(error, PendingRollbackError):
        raise error


@contextmanager
def _driver_of(session: Session, statement: str) -> Iterator[Any]:
    """The driver's own connection, for statements of many rows. What it raises is wrapped as SQLAlchemy wraps it, and a
    connection that it lost is known to be lost."""
    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    dialect = connection.dialect
    error_class = dialect.loaded_dbapi.Error
    try:
        yield driver
    except error_class as error:
        is_lost = dialect.is_disconnect(error, driver, None)
        if is_lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement,
            None,
            error,
            error_class,
            hide_parameters=True,
            connection_invalidated=is_lost,
            dialect=dialect,
        ) from error


def bulk_insert(
    session: Session, table: sa.Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows the fastest way that the database has: COPY on PostgreSQL, executemany on SQLite.

    `rows` hold values as the driver takes them (ids as text, JSON as text); nothing on conflict: the
    caller holds the lock of the scope and has looked.
    """
    if not rows:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    if is_postgresql(session):
        text = f'COPY "{table.name}" ({names}) FROM STDIN'
        with _driver_of(session, text) as driver, driver.cursor() as cursor, cursor.copy(text) as copy:
            for row in rows:
                copy.write_row(row)
        return
    text = f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join("?" * len(columns))})'
    with _driver_of(session, text) as driver:
        driver.executemany(text, rows)


def bulk_select(
    session: Session,
    table: sa.Table,
    keys: Sequence[str],
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> list[tuple[Any, ...]]:
    """Look up the rows that these `keys` name (each of `rows` holds their values), in one statement however many they are.
    Gives, for each that is there, its index in `rows` and its `columns`, as the driver reads them."""
    if not rows:
        return []
    chosen = ", ".join(f'found."{name}"' for name in columns)
    if is_postgresql(session):
        dialect = session.get_bind().dialect
        types = {name: table.c[name].type.compile(dialect) for name in keys}
        same = " AND ".join(f'found."{name}" = (value ->> {i})::{types[name]}' for i, name in enumerate(keys))
        wanted = "json_array_elements(%s::json) WITH ORDINALITY wanted (value, place)"
        text = f'SELECT (place - 1)::int, {chosen} FROM {wanted} JOIN "{table.name}" found ON {same}'
    else:
        same = " AND ".join(f'found."{name}" = wanted.value ->> {i}' for i, name in enumerate(keys))
        # CROSS: row by row of what is wanted, whatever SQLite thinks of how many there are.
        text = (
            f'SELECT wanted.key, {chosen} FROM json_each(?) wanted CROSS JOIN "{table.name}" found ON {same}'
        )
    with _driver_of(session, text) as driver:
        return list(driver.execute(text, [json_text(rows)]).fetchall())


def bulk_update(
    session: Session,
    table: sa.Table,
    keys: Sequence[str],
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
) -> None:
    """Set `columns` of the rows that `keys` name, in one statement on PostgreSQL, in one executemany on SQLite. `rows`
    hold the new values, then the keys, as the driver takes them."""
    if not rows:
        return
    if is_postgresql(session):
        dialect = session.get_bind().dialect
        names = (*columns, *keys)
        new = ", ".join(f'"{name}" = {_value(table.c[name])}' for name in columns)
        same = " AND ".join(f'old."{name}" = wanted."{name}"' for name in keys)
        text = f'UPDATE "{table.name}" old SET {new} FROM {_recordset(table, dialect, names)} WHERE {same}'
        with _driver_of(session, text) as driver:
            driver.execute(text, [_records(names, rows)])
        return
    new, same = (
        mark.join(f'"{name}" = ?' for name in some) for mark, some in ((", ", columns), (" AND ", keys))
    )
    text = f'UPDATE "{table.name}" SET {new} WHERE {same}'
    with _driver_of(session, text) as driver:
        driver.executemany(text, rows)


def _recordset(table: sa.Table, dialect: sa.Dialect, columns: Sequence[str]) -> str:
    """What `_records` wrote, as PostgreSQL reads it: twice as quick as arrays, which the driver writes in Python."""
    types = (
        f'"{name}" {"text" if _is_bytes(table.c[name]) else table.c[name].type.compile(dialect)}'
        for name in columns
    )
    return f"json_to_recordset(%s::json) wanted ({', '.join(types)})"


def _value(column: sa.Column[Any]) -> str:
    return f"decode(wanted.\"{column.name}\", 'base64')" if _is_bytes(column) else f'wanted."{column.name}"'


def _is_bytes(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.LargeBinary)


def _records(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows as a JSON text, bytes as base64."""
    return json_text([dict(zip(columns, row, strict=True)) for row in rows])


def is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def is_transaction_open(session: Session) -> bool:
    """Whether the transaction is still there after a statement of it failed. SQLite ends it by itself when the disk is
    full, and what came next would be written outside of any; a cut connection takes it along."""
    try:
        connection = session.connection()
        driver: Any = connection.connection.driver_connection
    except DatabaseTrouble:
        return False
    if connection.invalidated:
        return False
    return connection.dialect.name != "sqlite" or bool(driver.in_transaction)

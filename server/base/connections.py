"""How a connection to the database is made, on both dialects, and whether what it committed is safe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import msgspec
import psycopg
from psycopg.errors import Diagnostic
from psycopg.types.string import TextLoader
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from server.base.line import in_line

BUSY_TIMEOUT_MS = 10_000
STATEMENT_TIMEOUT_MS = 30_000
_CACHE_KIB = 16_384  # of SQLite, a connection: with its own 2 MB a push writes pages out and reads them again
_WAIT_FOR_STANDBY = (
    "SyncRepWaitForLSN"  # the function of PostgreSQL that tells; its text is in the server's language
)
_MAY_BE_LOST = "gongdi_may_be_lost"
_NO_FLUSH = "SELECT set_config('synchronous_commit', 'off', true) WHERE current_setting('synchronous_standby_names') = ''"
_gave_up = ContextVar("_gave_up", default=False)


def engine_options(url: str) -> dict[str, Any]:
    """Engine options for Flask-SQLAlchemy. On PostgreSQL statements are not prepared: one that is planned while its table is
    empty keeps that plan for good."""
    json = {"json_serializer": json_text, "json_deserializer": msgspec.json.decode}
    if url.startswith("sqlite"):
        return {
            **json,
            "hide_parameters": True,
            "connect_args": {
                "timeout": BUSY_TIMEOUT_MS / 1000,
                "check_same_thread": False,
                "cached_statements": 1000,  # more than there are: to plan one takes longer than to execute it
            },
        }
    options = f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={BUSY_TIMEOUT_MS} -c timezone=UTC"
    return {
        **json,
        "hide_parameters": True,  # an error is logged without the values that it met
        "connect_args": {"prepare_threshold": None, "options": options},
        "pool_pre_ping": True,
        "pool_size": 10,
        "max_overflow": 20,
    }


def json_text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


@event.listens_for(Engine, "connect")
def _on_connect(connection: Any, _record: Any) -> None:
    if isinstance(connection, psycopg.Connection):
        connection.adapters.register_loader("uuid", TextLoader)  # see db.Id: text everywhere
        connection.add_notice_handler(_on_notice)
        return
    connection.isolation_level = None  # the driver's own BEGIN would come too late; see _on_begin
    cursor = connection.cursor()
    # FULL: in WAL, NORMAL loses acknowledged work when the power goes. What is deleted is overwritten: erased is gone.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",
        "foreign_keys=ON",
        f"cache_size=-{_CACHE_KIB}",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@event.listens_for(Engine, "begin")
def _on_begin(connection: Connection) -> None:
    """A SQLite writer takes its lock first: a reader that becomes a writer half-way fails when another
    wrote meanwhile."""
    if connection.dialect.name != "sqlite":
        return
    options = connection.get_execution_options()
    if options.get("gongdi_read", False):
        connection.exec_driver_sql("BEGIN")
        return
    level = "NORMAL" if options.get(_MAY_BE_LOST, False) else "FULL"
    if connection.info.get("synchronous", "FULL") != level:
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")
        connection.info["synchronous"] = level
    with in_line(connection.engine.url.database):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def commit_lightly(session: Session) -> None:
    """At the beginning of a transaction: what it commits is on the disk a little later, as far as this server alone is
    concerned; where a standby is to confirm commits it confirms this one too."""
    connection = session.connection(execution_options={_MAY_BE_LOST: True})
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_NO_FLUSH)


@contextmanager
def confirmed() -> Iterator[None]:
    """Around a transaction that commits. Raises OperationalError when a standby was to confirm the commit
    (`synchronous_standby_names`) and somebody cancelled the wait: PostgreSQL calls that a success and only warns, and with
    this server the commit would be lost. Whoever asked for it asks again, and waits again."""
    before = _gave_up.set(False)
    try:
        yield
        if _gave_up.get():
            raise OperationalError("COMMIT", None, psycopg.OperationalError("the standby did not confirm it"))
    finally:
        _gave_up.reset(before)


def _on_notice(notice: Diagnostic) -> None:
    if notice.source_function == _WAIT_FOR_STANDBY:
        _gave_up.set(True)

"""A database as one file, consistent while others continue to write; and back. SQLite by its own online backup, PostgreSQL
by pg_dump and pg_restore, which have to be on the PATH."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from psycopg.conninfo import make_conninfo

from server.base.config import Config
from server.base.problems import Problem

_TIMEOUT_S = 60.0  # for other writers to release the lock


def kind_of(config: Config) -> str:
    """`sqlite` or `postgresql`: a dump of one cannot be loaded into the other."""
    return sa.make_url(config.database_url).get_backend_name()


def dump_database(config: Config, to: Path) -> None:
    """Write the whole database, as it is at one moment, to a new file. Raises Problem, OSError or sqlite3.Error."""
    if config.database_file is not None:
        _copy(config.database_file, to, single_file=True)
        _require_sound(to)
    else:
        options = ("--format=custom", "--no-owner", "--no-privileges", f"--file={to}")
        _run("pg_dump", config, *options)


def load_database(config: Config, dump: Path) -> None:
    """Make the database what the dump holds, all of it or nothing. Its old content is gone. Raises Problem or
    sqlite3.Error."""
    if config.database_file is not None:
        _copy(dump, config.database_file)
    else:
        options = ("--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction")
        _run("pg_restore", config, *options, "--exit-on-error", str(dump))


def _copy(source: Path, to: Path, single_file: bool = False) -> None:
    """Copy one SQLite database over another in one transaction. A plain copy of the file would lack what is still in the
    write-ahead log."""
    with (
        closing(sqlite3.connect(source, timeout=_TIMEOUT_S)) as read,
        closing(sqlite3.connect(to, timeout=_TIMEOUT_S)) as written,
    ):
        read.backup(written)
        if single_file:
            written.execute("PRAGMA journal_mode=DELETE")


def _require_sound(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise Problem("database_damaged", f"副本没有通过 SQLite 的检查: {found}")


def _run(program: str, config: Config, *options: str) -> None:
    """Run a program of PostgreSQL's on this database. The password is in the environment, which other users cannot read."""
    path = shutil.which(program)
    if path is None:
        detail = f"找不到 {program}。请安装不低于服务器版本的 PostgreSQL 客户端工具, 并放进 PATH。"
        raise Problem("tool_missing", detail)
    url = sa.make_url(config.database_url)
    parts = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database, **url.query}
    conninfo = make_conninfo(**{name: value for name, value in parts.items() if value})  # type: ignore[arg-type]
    env = {**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {})}
    did = subprocess.run([path, f"--dbname={conninfo}", *options], env=env, capture_output=True, text=True)
    if did.returncode:
        lines = did.stderr.strip().splitlines() or [f"exit {did.returncode}"]
        raise Problem("dump_failed", f"{program}: {lines[-1]}")

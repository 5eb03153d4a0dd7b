"""What the commands on a database share: the app from its settings, and tables of what is there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from flask import Flask
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from server.actions.ops.health import schema_of
from server.base.clock import Clock
from server.base.config import Config
from server.base.db import DatabaseTrouble, db, is_passing, read, write
from server.base.migrate import newest
from server.base.runtime import Runtime
from server.cli.group import one_line
from server.workflows import upgrade
from server.workflows.local_app import local_app

WIDE = 10_000  # columns: where the output is no terminal, nothing is folded
NO_DATABASE = "数据库连接失败或正忙。请检查 GONGDI_DATABASE_URL 和磁盘权限, 稍后再试。"
NO_TABLES = "数据库还没有建好或版本不符。请先运行: gongdi db upgrade"


@one_line.register
def _(error: DatabaseTrouble) -> str | None:
    said = str(getattr(error, "orig", error)).lower()
    absent = ("no such table", "no such column", "does not exist", "undefinedtable")
    if any(part in said for part in absent):
        return NO_TABLES
    return NO_DATABASE if is_passing(error) or isinstance(error, ProgrammingError) else None


def make_app(config: Config | None = None) -> Flask:
    """What most commands work on: database, keys and store by the settings of the environment, without endpoints."""
    return _closing(local_app(config or Config.from_env()))


def make_whole_app(clock: Clock | None = None, config: Config | None = None) -> Flask:
    """The app with its endpoints, on the machine's clock or another. `server.__main__` hands its factory down as the
    context's object, because commands are below the app."""
    factory: Callable[[Config, Clock | None], Flask] = click.get_current_context().find_root().obj
    return _closing(factory(config or Config.from_env(), clock))


def _closing(app: Flask) -> Flask:
    click.get_current_context().call_on_close(lambda: _let_go(app))
    return app


def _let_go(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()


def runtime_of(app: Flask) -> Runtime:
    held: Runtime = app.extensions["gongdi"]
    return held


def upgrade_database(app: Flask) -> None:
    """Bring the database to this version. Raises KeyTrouble when what is stored was made with other keys."""
    runtime = runtime_of(app)
    with app.app_context():
        upgrade.upgrade_database(runtime.seals, runtime.clock.now_ms())


def check_schema(app: Flask) -> None:
    """Raises ClickException when the database is not at the version that this program wants."""
    with app.app_context(), read() as session:
        at = schema_of(session)
    if at != newest():
        raise click.ClickException(
            f"数据库版本是 {at or '空'}, 本程序要 {newest()}。请先运行: gongdi db upgrade"
        )


@contextmanager
def writing() -> Iterator[tuple[Session, Runtime, int]]:
    """One transaction of a command: the session, keys and settings, and now in milliseconds."""
    app = make_app()
    runtime = runtime_of(app)
    with app.app_context(), write() as session:
        yield session, runtime, runtime.clock.now_ms()


def table(*titles: str) -> Table:
    """A table whose ids are never cut: people copy them into the next command."""
    made = Table()
    for title in titles:
        made.add_column(title, no_wrap=title == "编号")
    return made


def print_table(table: Table) -> None:
    """As wide as the terminal; elsewhere as wide as the table needs."""
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)

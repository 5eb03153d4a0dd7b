"""What every command shares: the app from its settings, and errors told in one line."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import Flask
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from server.actions.watch_health import schema_of
from server.clock import Clock
from server.config import Config, ConfigError
from server.db import db, read, write
from server.migrate import newest, upgrade
from server.open_keys import record_new_keys
from server.problems import Problem
from server.runtime import Runtime
from sync_protocol.client.reports import TabletError

NO_DATABASE = "数据库连接失败或正忙。请检查 GONGDI_DATABASE_URL 和磁盘权限, 稍后再试。"
NO_TABLES = "数据库还没有建好或版本不符。请先运行: gongdi db upgrade"


class Teaching(click.Group):
    """A group whose commands end with one clear line and exit code 1 when something is wrong, never a
    traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Problem as problem:
            raise click.ClickException(f"{problem.detail or problem.title} [{problem.code}]") from problem
        except TabletError as error:
            raise click.ClickException(f"{error.detail or error.code} [{error.code}]") from error
        except ConfigError as error:
            raise click.ClickException(str(error)) from error
        except (OperationalError, ProgrammingError) as error:
            raise click.ClickException(NO_TABLES if _lacks_tables(error) else NO_DATABASE) from error
        except sqlite3.Error as error:
            raise click.ClickException(f"本机文件无法读写: {error}") from error
        except OSError as error:
            raise click.ClickException(
                f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
            ) from error


def _lacks_tables(error: Exception) -> bool:
    told = str(getattr(error, "orig", error)).lower()
    return any(
        part in told for part in ("no such table", "no such column", "does not exist", "undefinedtable")
    )


def make_app(clock: Clock | None = None, config: Config | None = None) -> Flask:
    """The app with the settings of the environment, on the machine's clock or another. `server.__main__`
    hands its factory down as the context's object, because commands stand below the app."""
    context = click.get_current_context()
    factory: Callable[[Config, Clock | None], Flask] = context.find_root().obj
    app = factory(config or Config.from_env(), clock)
    context.call_on_close(lambda: _let_go(app))
    return app


def _let_go(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()


def runtime_of(app: Flask) -> Runtime:
    held: Runtime = app.extensions["gongdi"]
    return held


def upgrade_database(app: Flask) -> None:
    """Bring the database to this version, and have it remember the keys in use. Raises KeyTrouble when what is stored
    was made with others."""
    runtime = runtime_of(app)
    with app.app_context():
        with db.engine.begin() as connection:
            upgrade(connection)
        record_new_keys(runtime.seals, runtime.clock.now_ms())


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
    """On a terminal as wide as it is, elsewhere wide enough."""
    Console(width=None if sys.stdout.isatty() else 200).print(table)

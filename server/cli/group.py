"""A group of commands that are imported when they are used, so that a help page needs no database.

What goes wrong in a command ends as one line and exit code 1. `one_line` says which; the module that brings a kind of
error in (the database: `cli/base.py`) registers its line there.
"""

from __future__ import annotations

import pkgutil
import sqlite3
from collections.abc import Mapping
from functools import singledispatch
from typing import Any

import click

from server.base.config import ConfigError
from server.base.problems import Problem
from server.cli.words import speak_chinese
from sync_protocol.client.reports import TabletError

speak_chinese()  # before the first command is declared: click takes some words then


class Teaching(click.Group):
    """A group whose commands end with one clear line and exit code 1 when something is wrong, never a traceback.

    `lazy`: commands that are imported when they are used, by name: (`module:attribute`, the line for the list).
    """

    def __init__(
        self, *args: Any, lazy: Mapping[str, tuple[str, str]] | None = None, **settings: Any
    ) -> None:
        settings.setdefault("subcommand_metavar", "命令 [参数]...")
        settings.setdefault("options_metavar", "[选项]")
        super().__init__(*args, **settings)
        self.lazy = dict(lazy or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *self.lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.lazy:
            found: click.Command | None = pkgutil.resolve_name(self.lazy[cmd_name][0])
        else:
            found = super().get_command(ctx, cmd_name)
        if found is not None:
            found.options_metavar = self.options_metavar
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = formatter.width - 6
        rows = []
        for name in self.list_commands(ctx):
            if name in self.lazy:
                rows.append((name, self.lazy[name][1]))
            elif (command := self.get_command(ctx, name)) is not None:
                rows.append((name, command.get_short_help_str(width)))
        with formatter.section("命令"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            line = one_line(error)
            if line is None:
                raise
            raise click.ClickException(line) from error


@singledispatch
def one_line(error: Exception) -> str | None:
    """The line that a user reads of this error; None for an unexpected one."""
    return None


@one_line.register
def _(error: Problem) -> str:
    return f"{error.detail or error.title} [{error.code}]"


@one_line.register
def _(error: TabletError) -> str:
    return f"{error.detail or error.code} [{error.code}]"


@one_line.register
def _(error: ConfigError) -> str:
    return str(error)


@one_line.register
def _(error: sqlite3.Error) -> str:
    return f"本机文件无法读写: {error}"


@one_line.register
def _(error: OSError) -> str:
    return f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")

"""SQLite keeps the plan of a statement that it has seen, whatever values come with it next."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from server.base.db import read, write
from server.base.statements import Prepared, constant
from server.models.window import Window, wake_undecided, wake_windows
from server.workflows import scheduler
from server.workflows.due_parts import due_parts
from tests.server.planning import MIDNIGHT_MS, new_site


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Plans are SQLite's."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'gongdi.sqlite3')}"


@pytest.fixture
def sqlite(app: Flask) -> Iterator[Flask]:
    """An app whose database counts how often it planned a statement again."""
    with app.app_context():
        with read() as session:
            built = set(session.scalars(sa.text("SELECT compile_options FROM pragma_compile_options")))
            if "ENABLE_STMTVTAB" not in built:
                pytest.skip("this SQLite was built without sqlite_stmt")
        yield app


def plans_again(session: Session, part: str) -> int:
    """How often the statements that hold this text were planned again, over all values."""
    query = sa.text("SELECT coalesce(sum(reprep), 0) FROM sqlite_stmt WHERE instr(sql, :part) > 0")
    return int(session.scalar(query, {"part": part}) or 0)


def test_a_tick_asks_what_is_due_by_a_plan_that_it_keeps(sqlite: Flask) -> None:
    new_site(sqlite)
    with read() as session:
        book = scheduler.rules_in_force(session)
        for minute in range(5):
            due_parts(session, MIDNIGHT_MS + minute * 60_000, book)
        assert plans_again(session, "AS windows, EXISTS") == 0


WAKING: Mapping[str, Callable[[Session, str, int], None]] = {
    "silent": lambda session, site, at_ms: wake_windows(session, site, at_ms, at_ms + 1, at_ms),
    "undecided": wake_undecided,
}


@pytest.mark.parametrize("which", WAKING)
def test_windows_are_woken_by_a_plan_that_is_kept(sqlite: Flask, which: str) -> None:
    site = new_site(sqlite)
    with write() as session:
        for minute in range(5):
            WAKING[which](session, site, MIDNIGHT_MS + minute * 60_000)
        assert plans_again(session, "UPDATE duty_window SET check_ms") == 0


def test_what_a_prepared_statement_always_says_is_written_into_it(sqlite: Flask) -> None:
    said = Prepared(
        lambda _: (
            sa.select(sa.func.count())
            .select_from(Window)
            .where(Window.state == "review", Window.scope_id == sa.bindparam("site"))
        )
    )
    site = new_site(sqlite)
    with read() as session:
        for name in (site, "another", "a third"):
            said.first(session, site=name)
        assert plans_again(session, "state = 'review'") == 0
        assert plans_again(session, "duty_window.state = ?") == 0


@pytest.mark.parametrize("value", ["it's", "100%", "a:b", "[x]"])
def test_a_constant_is_what_it_says(app: Flask, value: str) -> None:
    with app.app_context(), read() as session:
        assert session.scalar(sa.select(constant(value))) == value

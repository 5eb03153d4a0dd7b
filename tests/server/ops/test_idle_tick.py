"""A tick with nothing to do costs a few reads, whatever there is, and holds up nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from server.actions.reference.load_reference import seed_rows
from server.base.db import read, write
from server.rules.rulebook import rulebook
from server.workflows import due_parts as due_parts_module
from server.workflows import scheduler
from server.workflows.due_parts import due_parts
from server.workflows.scheduler import PARTS, deliver, resume_and_tick
from tests.server.planning import HOUR_MS, MIDNIGHT_MS, new_site

READS_MAX = 8


def test_a_tick_with_nothing_to_do_writes_only_its_heartbeat(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        new_site(app)
    resume_and_tick(app, MIDNIGHT_MS)
    resume_and_tick(app, MIDNIGHT_MS + 1)
    statements: list[str] = []
    writes: list[str] = []

    @contextmanager
    def counted() -> Iterator[Session]:
        writes.append("write")
        with write() as session:
            yield session

    for name in ("write", "write_in_turn"):
        monkeypatch.setattr(scheduler, name, counted)
    with app.app_context(), read() as session:
        engine = session.get_bind().engine
    sa.event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    did = resume_and_tick(app, MIDNIGHT_MS + 2)
    deliver(app, MIDNIGHT_MS + 2)
    assert {name: part for name, part in did.items() if part} == {}
    assert writes == ["write"]
    assert len([text for text in statements if not text.startswith(("BEGIN", "PRAGMA"))]) <= READS_MAX


def test_each_part_is_asked_whether_it_has_something_to_do(app: Flask) -> None:
    with app.app_context(), read() as session:
        book = scheduler.rules_in_force(session)
        assert due_parts(session, MIDNIGHT_MS, book).keys() == PARTS.keys()


def test_a_tick_puts_its_question_together_once_however_often_it_asks(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_site(app)
    asked: list[int] = []
    put: list[int] = []
    plain, plain_question = scheduler.due_parts, due_parts_module._question
    monkeypatch.setattr(scheduler, "due_parts", lambda *given: (asked.append(1), plain(*given))[1])
    monkeypatch.setattr(
        due_parts_module, "_question", lambda *given: (put.append(1), plain_question(*given))[1]
    )
    resume_and_tick(app, MIDNIGHT_MS)
    assert len(asked) > 1
    assert len(put) == 1
    resume_and_tick(app, MIDNIGHT_MS + HOUR_MS - 1)
    assert len(put) == 1
    resume_and_tick(app, MIDNIGHT_MS + HOUR_MS)
    assert len(put) == 2  # with an hour a day or a report may begin


@given(st.integers(0, HOUR_MS - 1), st.integers(0, HOUR_MS - 1))
def test_a_question_that_is_kept_asks_what_a_new_one_would(began: int, then: int) -> None:
    book = rulebook("", dict(seed_rows()))
    kept = due_parts_module.kept_question(sqlite.dialect(), MIDNIGHT_MS + began, book)
    fresh = due_parts_module._question(MIDNIGHT_MS + then, book).compile(dialect=sqlite.dialect()).params
    # Ids of notices begin with their time: that one number is of when the question was put together.
    texts = {name for name, value in fresh.items() if isinstance(value, str) and len(value) == 36}
    asked = {**kept.question.compile(dialect=sqlite.dialect()).params, **kept.at(MIDNIGHT_MS + then)}
    assert len(texts) == 2
    assert {name: asked[name] for name in asked.keys() - texts} == {
        name: fresh[name] for name in fresh.keys() - texts
    }


def test_a_part_that_nobody_asks_about_is_done(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "due_parts", lambda *_: dict.fromkeys(PARTS.keys() - {"house"}, False))
    assert "tombstones" in resume_and_tick(app, MIDNIGHT_MS)["house"]


def test_whoever_asks_may_fail_and_everything_is_done(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> dict[str, bool]:
        raise ValueError("what is due was not found")

    monkeypatch.setattr(scheduler, "due_parts", broken)
    did = resume_and_tick(app, MIDNIGHT_MS)
    assert did.keys() >= PARTS.keys()
    assert not any(part.get("failed") for part in did.values() if isinstance(part, dict))

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

from server.actions.flags.resume_clocks import LAST_BEAT
from server.actions.reference import load_reference
from server.actions.reference.load_reference import seed_rows
from server.base.db import db, read, write
from server.models import Reference
from server.rules.rulebook import rulebook
from server.workflows import due_parts as due_parts_module
from server.workflows import scheduler
from server.workflows.due_parts import Due, due_parts, find_due
from server.workflows.scheduler import PARTS, deliver, resume_and_tick
from tests.server.planning import HOUR_MS, MIDNIGHT_MS, add_holiday, new_site

READS_MAX = 6


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
    def counted(**options: bool) -> Iterator[Session]:
        writes.append("write")
        with write(**options) as session:
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
    plain, plain_question = due_parts_module._ask, due_parts_module._question
    monkeypatch.setattr(due_parts_module, "_ask", lambda *given: (asked.append(1), plain(*given))[1])
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
    plain = scheduler.find_due

    def without_house(session: Session, now_ms: int) -> Due:
        return plain(session, now_ms)._replace(parts=dict.fromkeys(PARTS.keys() - {"house"}, False))

    monkeypatch.setattr(scheduler, "find_due", without_house)
    assert "tombstones" in resume_and_tick(app, MIDNIGHT_MS)["house"]


def test_whoever_asks_may_fail_and_everything_is_done(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> dict[str, bool]:
        raise ValueError("what is due was not found")

    for name in ("find_due", "due_parts"):
        monkeypatch.setattr(scheduler, name, broken)
    did = resume_and_tick(app, MIDNIGHT_MS)
    assert did.keys() >= PARTS.keys()
    assert not any(part.get("failed") for part in did.values() if isinstance(part, dict))


def test_a_site_that_comes_between_two_ticks_is_planned_by_the_next(app: Flask) -> None:
    new_site(app)
    resume_and_tick(app, MIDNIGHT_MS)
    assert resume_and_tick(app, MIDNIGHT_MS + 1)["windows"] == {}
    new_site(app, "红旗苑", MIDNIGHT_MS + 2)
    assert resume_and_tick(app, MIDNIGHT_MS + 2)["windows"]["sites"] == 1


def test_rules_that_another_process_changed_hold_at_the_next_tick(app: Flask) -> None:
    new_site(app)
    resume_and_tick(app, MIDNIGHT_MS)
    with app.app_context():
        before = load_reference.last_rules(db.engine)
        assert before is not None
        with write() as session:
            add_holiday(session, "2026-11-24", MIDNIGHT_MS)
        load_reference._last[db.engine] = before  # all that this process knows, had another changed them
        with read() as session:
            due = find_due(session, MIDNIGHT_MS + 1)
        assert due.book.stamp != before.stamp and due.parts["windows"]
        load_reference._last[db.engine] = before
    assert resume_and_tick(app, MIDNIGHT_MS + 1)["windows"]["revised"] > 0
    assert resume_and_tick(app, MIDNIGHT_MS + 2)["windows"] == {}


def test_without_rules_nothing_is_known_of_those_that_there_were(app: Flask) -> None:
    new_site(app)
    resume_and_tick(app, MIDNIGHT_MS)
    with app.app_context():
        with write() as session:
            session.execute(sa.delete(Reference))  # as in another database at the same address
        with read() as session:
            assert find_due(session, MIDNIGHT_MS + 1).book.stamp == ""


def test_a_tick_that_finds_a_pause_and_nothing_due_starts_clocks_again_before_its_heartbeat(
    app: Flask,
) -> None:
    new_site(app)
    resume_and_tick(app, MIDNIGHT_MS)
    resume_and_tick(app, MIDNIGHT_MS + 1)
    seen: list[int | None] = []
    plain = scheduler.resume_clocks

    def watched(*given: object) -> tuple[int, str]:
        with read() as session:
            seen.append(session.scalar(LAST_BEAT))
        return plain(*given)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scheduler, "resume_clocks", watched)
        resume_and_tick(app, MIDNIGHT_MS + 2 * HOUR_MS)
    assert seen == [MIDNIGHT_MS + 1]
    with app.app_context(), read() as session:
        assert session.scalar(LAST_BEAT) == MIDNIGHT_MS + 2 * HOUR_MS


def test_a_heartbeat_that_was_not_written_is_no_tick(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    new_site(app)
    resume_and_tick(app, MIDNIGHT_MS)

    def broken(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(scheduler, "heartbeat", broken)
    with pytest.raises(OSError, match="the disk is full"):
        resume_and_tick(app, MIDNIGHT_MS + 1)

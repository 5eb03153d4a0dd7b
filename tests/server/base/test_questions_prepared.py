"""On PostgreSQL a long question is read and planned once in five minutes, and gives what it would give otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from server.base.db import read
from server.base.prepared import PREPARED_S, ask_prepared
from tests.conftest import Server
from tests.stages import know_empty

SAID = "it's 100% \\ of %(n)s"
QUESTION = sa.select(
    (sa.bindparam("n", 0, sa.BigInteger) * 2 + sa.bindparam("more", 0, sa.BigInteger)).label("sum"),
    sa.literal(SAID).label("said"),
    sa.literal(3).in_([1, 3]).label("among"),
    sa.literal(None, sa.String()).label("nothing"),
)


@pytest.fixture
def database_url(postgresql_server: Server) -> str:
    """SQLite keeps its plans by itself."""
    url = postgresql_server.emptied()
    know_empty(url)
    return url


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    with app.app_context(), read() as session:
        yield session


def prepared(session: Session) -> list[str]:
    rows = session.execute(sa.text("SELECT name FROM pg_prepared_statements WHERE name LIKE 'gongdi%'"))
    return [str(name) for (name,) in rows]


def ask(session: Session, n: int, at_s: float = 0, question: sa.Select = QUESTION) -> tuple:  # type: ignore[type-arg]
    return tuple(ask_prepared(session, question, {"n": n, "more": 1}, lambda: at_s).one())


def test_it_is_asked_with_other_numbers_each_time(session: Session) -> None:
    assert [ask(session, n) for n in (1, 2**40)] == [
        (3, SAID, True, None),
        (2**41 + 1, SAID, True, None),
    ]
    assert len(prepared(session)) == 1


def test_a_plan_is_kept_for_five_minutes_and_made_again_after_them(session: Session) -> None:
    ask(session, 1)
    (first,) = prepared(session)
    ask(session, 1, PREPARED_S - 1)
    assert prepared(session) == [first]
    ask(session, 1, PREPARED_S)
    (second,) = prepared(session)
    assert second != first


def test_another_question_takes_its_place(session: Session) -> None:
    ask(session, 1)
    other = sa.select(sa.bindparam("n", 0, sa.BigInteger).label("n"))
    assert ask(session, 7, question=other) == (7,)
    assert len(prepared(session)) == 1


def test_a_connection_that_lost_it_has_it_again_at_the_next_but_one(session: Session) -> None:
    ask(session, 1)
    session.execute(sa.text("DEALLOCATE ALL"))
    with pytest.raises(sa.exc.DBAPIError):
        ask(session, 1)
    session.rollback()
    assert ask(session, 1)[0] == 3

"""What may be lost with the power waits for no disk; everything else does, also on the same connection."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from server.base.db import is_postgresql, write


def _waits_for_the_disk(session: Session) -> bool:
    if is_postgresql(session):
        return session.scalar(sa.text("SHOW synchronous_commit")) != "off"
    return (
        session.scalar(sa.text("PRAGMA synchronous")) == 2
    )  # FULL; in WAL, NORMAL leaves commits in the system's cache


def _usual() -> bool:
    """What a connection does, which all that follows gets again. A test's PostgreSQL waits for nothing by itself."""
    with write() as session:
        if is_postgresql(session):
            session.execute(sa.text("SET synchronous_commit = on"))
        return _waits_for_the_disk(session)


def _of_each(*may_be_lost: bool) -> list[bool]:
    waits = []
    for lost in may_be_lost:
        with write(may_be_lost=lost) as session:
            waits.append(_waits_for_the_disk(session))
    return waits


def test_only_the_transaction_that_says_so_does_not_wait(app: Flask) -> None:
    with app.app_context():
        assert _usual()
        assert _of_each(False, True, False, True, True, False) == [True, False, True, False, False, True]


def test_what_fails_leaves_the_next_one_to_wait(app: Flask) -> None:
    with app.app_context():
        assert _usual()
        for _ in range(2):
            try:
                with write(may_be_lost=True):
                    raise ValueError("on the way")
            except ValueError:
                pass
            assert _of_each(False) == [True]

"""Work of one scope that fails alone is taken back alone; where that can't be, the whole transaction counts as lost."""

from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from server.base.db import db, raise_if_lost, read, savepoint, write
from server.models import Company


def companies(app: Flask) -> int:
    with app.app_context(), read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Company)) or 0


def add(session: Session, code: str) -> None:
    session.add(Company(code=code, name=code))
    session.flush()


def test_what_fails_inside_is_taken_back_and_the_rest_is_kept(app: Flask) -> None:
    with app.app_context(), write() as session:
        add(session, "kept")
        with pytest.raises(OperationalError) as failed, savepoint(session):
            add(session, "gone")
            raise OperationalError("", {}, sqlite3.OperationalError("busy"))
        raise_if_lost(failed.value)
    assert companies(app) == 1


def test_a_savepoint_that_cannot_be_released_loses_the_whole_transaction(app: Flask) -> None:
    def fail(_: sa.Connection, __: object, statement: str, *___: object) -> None:
        if statement.startswith("RELEASE"):
            raise OperationalError(statement, {}, sqlite3.OperationalError("disk full"))

    with app.app_context():
        sa.event.listen(db.engine, "before_cursor_execute", fail)
        try:
            with pytest.raises(OperationalError), write() as session:
                try:
                    with savepoint(session):
                        add(session, "in part")
                except OperationalError as error:
                    raise_if_lost(error)
        finally:
            sa.event.remove(db.engine, "before_cursor_execute", fail)
    assert companies(app) == 0

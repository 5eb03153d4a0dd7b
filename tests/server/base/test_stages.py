"""What a test begins with is the same whether it was written or put back, and nothing of another test is in it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from server.base.db import Base, read, write
from server.models import Company
from tests.server.cast import Cast
from tests.stages import reach, reach_reference

ROUNDS = pytest.mark.parametrize("round", ["written", "put back"])
_first: dict[str, list[list[sa.Row[tuple[object, ...]]]]] = {}


def _rows(app: Flask) -> list[list[sa.Row[tuple[object, ...]]]]:
    with app.app_context(), read() as session:
        return [sorted(session.execute(sa.select(table)), key=str) for table in Base.metadata.tables.values()]


def _add(app: Flask, code: str) -> str:
    with app.app_context(), write() as session:
        session.add(Company(code=code, name=code))
    return code


def _companies(app: Flask) -> set[str]:
    with app.app_context(), read() as session:
        return set(session.scalars(sa.select(Company.code))) & {"one", "two", "three"}


@ROUNDS
def test_every_row_of_it_is_there_again(cast: Cast, database_url: str, round: str) -> None:
    reach_reference(cast.app)
    assert _rows(cast.app) == _first.setdefault(database_url[:6], _rows(cast.app))


@pytest.mark.parametrize("before", ["one", "two"])
def test_a_stage_of_the_same_name_after_another_one_is_another(cast: Cast, before: str) -> None:
    reach(cast.app, before, lambda: _add(cast.app, before))
    reach(cast.app, "then", lambda: _add(cast.app, "three"))
    assert _companies(cast.app) == {before, "three"}


@ROUNDS
def test_what_was_committed_meanwhile_is_kept(cast: Cast, round: str) -> None:
    _add(cast.app, "two")
    reach(cast.app, "one", lambda: _add(cast.app, "one"))
    assert _companies(cast.app) == {"one", "two"}


@ROUNDS
def test_it_is_as_late_as_it_was_when_it_was_written(cast: Cast, round: str) -> None:
    before_ms = cast.clock.now_ms()
    reach(cast.app, "a second", lambda: cast.clock.advance(1_000))
    assert cast.clock.now_ms() == before_ms + 1_000
    reach(cast.app, "one", lambda: _add(cast.app, "one"))
    assert _companies(cast.app) == {"one"}

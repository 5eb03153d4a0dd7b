"""The state of a window and of a flag is set in one place each; every test of the suite reports any other."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.base.db import bulk_update
from server.models import Flag, Window
from tests.decided_columns import ROOT, DecidedElsewhere


def _as_the_product(code: str, **names: object) -> None:
    """Run these lines as if they were in a file of the product."""
    path = ROOT / "server" / "actions" / "duties" / "somewhere.py"
    exec(compile(code, str(path), "exec"), names)


@pytest.mark.parametrize("column", ["state", "reason", "need", "have"])
def test_another_place_that_sets_what_a_window_is_fails(column: str) -> None:
    with pytest.raises(DecidedElsewhere):
        _as_the_product(f"window.{column} = None", window=Window())


def test_another_place_that_sets_what_a_flag_is_fails() -> None:
    with pytest.raises(DecidedElsewhere):
        _as_the_product("flag.unit = 'jiancha'", flag=Flag())


@pytest.mark.parametrize("table", ["duty_window", "flag"])
def test_a_bulk_update_of_their_state_fails(table: str, database_url: str) -> None:
    engine = sa.create_engine(database_url)
    with Session(engine) as session, pytest.raises(DecidedElsewhere):
        _as_the_product(
            "session.execute(sa.text('UPDATE ' + table + \" SET state = 'met'\"))",
            session=session,
            sa=sa,
            table=table,
        )
    engine.dispose()


@pytest.mark.parametrize("table", [Window, Flag])
def test_a_bulk_update_by_the_driver_fails(table: type[Any], database_url: str) -> None:
    engine = sa.create_engine(database_url)
    row = [("met", "scope", "id")]
    names = {"bulk_update": bulk_update, "table": table.__table__, "row": row}
    with Session(engine) as session, pytest.raises(DecidedElsewhere):
        _as_the_product(
            "bulk_update(session, table, ('scope_id', 'id'), ('state',), row)", session=session, **names
        )
    engine.dispose()


def test_a_bulk_update_of_when_to_look_again_is_nobodys_decision(database_url: str) -> None:
    engine = sa.create_engine(database_url)
    with Session(engine) as session:
        _as_the_product(
            "session.execute(sa.text('UPDATE duty_window SET check_ms = 1'))", session=session, sa=sa
        )
    engine.dispose()

"""Many rows in one statement: what is written is found again as it was, on both databases."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.base.db import DatabaseTrouble, bulk_insert, bulk_select, bulk_update, is_passing, write
from server.models import LoginToken, Record
from tests.server.cast import Cast

TABLE: Any = Record.__table__
KEYS, COLUMNS = ("scope_id", "id"), ("kind", "rev", "seq", "body", "deleted_ms", "subject", "counts")

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
numbers = st.integers(-(2**63), 2**63 - 1)
values = st.tuples(
    texts, numbers, numbers, st.binary(max_size=40), st.none() | numbers, st.none() | texts, st.booleans()
)
rows_by_key = st.dictionaries(st.uuids().map(str), values, min_size=1, max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=rows_by_key, data=st.data())
def test_what_is_inserted_and_updated_is_found_by_its_keys(
    app: Flask, before: dict[str, tuple[Any, ...]], data: st.DataObject
) -> None:
    scope, absent = str(UUID(int=1)), str(UUID(int=2))
    after = {key: data.draw(values) for key in data.draw(st.sets(st.sampled_from(sorted(before))))}
    with app.app_context(), write() as session:
        session.query(Record).delete()
        rows = [(scope, key, *row, None, False) for key, row in before.items()]
        bulk_insert(session, TABLE, (*KEYS, *COLUMNS, "event_ms", "backfilled"), rows)
        changes = [(*row, scope, key) for key, row in {**after, absent: next(iter(before.values()))}.items()]
        bulk_update(session, TABLE, KEYS, COLUMNS, changes)
        wanted = [(scope, absent), *((scope, key) for key in before), (absent, next(iter(before)))]
        found = bulk_select(session, TABLE, KEYS, COLUMNS, wanted)
    assert {wanted[index]: tuple(row) for index, *row in found} == {
        (scope, key): row for key, row in {**before, **after}.items()
    }


def test_nothing_asked_for_is_no_statement(app: Flask) -> None:
    with app.app_context(), write() as session:
        assert bulk_select(session, TABLE, KEYS, COLUMNS, []) == []
        bulk_update(session, TABLE, KEYS, COLUMNS, [])


def test_what_the_driver_refuses_is_raised_as_everywhere_else(app: Flask, cast: Cast) -> None:
    table: Any = LoginToken.__table__
    row = (b"0" * 32, cast.users["section"], 0, 0)
    with app.app_context(), pytest.raises(DatabaseTrouble) as raised, write() as session:
        bulk_insert(session, table, ("token_hash", "user_id", "made_ms", "expires_ms"), [row, row])
    assert not is_passing(raised.value)

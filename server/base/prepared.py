"""A long question that is asked again and again, prepared on PostgreSQL: to read and plan it takes ten times as long as the
answer. It is prepared again every few minutes, so that no plan outlives what its tables were when it was made."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.orm import Session

PREPARED_S = 300
_PARAMETER = re.compile(r"%\((\w+)\)s|%%")
# One plan for all numbers. Without them PostgreSQL takes a third of all rows to fit, and would look through a table for the
# first (or plan again each time): the usual answer is that there is none, which the indexes know at once.
_BY_INDEX = "SELECT set_config('enable_seqscan', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true)"
_AS_IT_IS = {"no_parameters": True}
_NAME, _numbers = "gongdi_prepared", count(1)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What a connection has prepared: which question, under which name, when, and the parameters in their order."""

    question: sa.Select[Any]
    name: str
    since_s: float
    order: tuple[str, ...]


def ask_prepared(
    session: Session,
    question: sa.Select[Any],
    given: Mapping[str, int],
    clock_s: Callable[[], float] = time.monotonic,
) -> sa.CursorResult[Any]:
    """The answer to a question on PostgreSQL, of which only `given` changes from one time to the next: whole numbers. A
    connection has one such question at a time."""
    connection = session.connection()
    known: _Prepared | None = connection.info.pop(_NAME, None)  # gone, should anything fail
    _run(connection, _BY_INDEX)
    is_kept = known is not None and known.question is question and clock_s() - known.since_s < PREPARED_S
    if known is not None and not is_kept:
        _run(connection, f"DEALLOCATE {known.name}")
    prepared = known if known is not None and is_kept else _prepare(connection, question, given, clock_s())
    values = ", ".join(str(int(given[name])) for name in prepared.order)
    answer = _run(connection, f"EXECUTE {prepared.name}({values})" if values else f"EXECUTE {prepared.name}")
    connection.info[_NAME] = prepared
    return answer


def _prepare(
    connection: sa.Connection, question: sa.Select[Any], given: Mapping[str, int], now_s: float
) -> _Prepared:
    compiled = question.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    order: dict[str, int] = {}

    def written(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "%"
        if name in given:
            return f"${order.setdefault(name, len(order) + 1)}"
        return sql.Literal(compiled.params[name]).as_string(None)

    text, name = _PARAMETER.sub(written, str(compiled)), f"{_NAME}_{next(_numbers)}"
    types = f"({', '.join(['bigint'] * len(order))})" if order else ""
    _run(connection, f"PREPARE {name}{types} AS {text}")
    return _Prepared(question, name, now_s, tuple(order))


def _run(connection: sa.Connection, text: str) -> sa.CursorResult[Any]:
    return connection.exec_driver_sql(text, execution_options=_AS_IT_IS)

"""One line of the bench's table, and the floor that a figure is compared with."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.base.db import bulk_insert, write


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, the figure, and what it is to reach (empty: nothing)."""

    name: str
    value: str
    goal: str = ""


def floor_s(copies: Iterable[tuple[sa.Table, list[tuple[Any, ...]]]]) -> float:
    """Seconds for the same rows by the fastest plain batched insertion, one commit, into tables with the same
    indexes."""
    twins = [(_twin(table), rows) for table, rows in copies]
    with write() as session:
        for twin, _ in twins:
            twin.create(session.connection(), checkfirst=True)
    began_s = time.perf_counter()
    with write() as session:
        for twin, rows in twins:
            bulk_insert(session, twin, [column.name for column in twin.columns], rows)
    return time.perf_counter() - began_s


def _twin(table: sa.Table) -> sa.Table:
    twin = table.to_metadata(sa.MetaData(), name=f"{table.name}_floor")
    twin.primary_key.name = f"pk_{twin.name}"
    for index in twin.indexes:
        index.name = sa.quoted_name(f"{index.name}_floor", None)
    return twin

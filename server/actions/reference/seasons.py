"""Duties for a season: several end on a date, and begin again on another one. What is past stays as it was judged."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import sqlalchemy as sa

from server.actions.reference.check_codes import wrong
from server.actions.reference.edit_rows import NewRow, RowsRefused, edit_rows
from server.actions.reference.load_reference import EDITED, mark_changed, rules_in_force
from server.actions.reference.publish_reference import publish_reference
from server.base.problems import Problem
from server.models.reference import Reference
from server.models.tx import Tx
from server.rules.calendar import local_date_of
from server.rules.from_rows import Row, holds

_DUTIES = "duties"


def end_duties(tx: Tx, codes: Collection[str], day: str) -> int:
    """These duties are asked through the day before `day`, and not again until something begins them. Gives how many ended:
    one that has ended by then is no change. Raises Problem 422 for a day that is not to come."""
    _check_day(tx, day)
    query = sa.select(Reference).where(Reference.noun == _DUTIES, Reference.code.in_(sorted(codes)))
    ended = 0
    for row in tx.session.scalars(query.where(Reference.valid_from < day)):
        if row.valid_to is None or row.valid_to > day:
            row.valid_to, row.data = day, {**row.data, EDITED: True}
            ended += 1
    if ended:
        mark_changed(tx.session)
        publish_reference(tx.session, tx.seals, tx.now_ms)
    return ended


def begin_duties(tx: Tx, codes: Collection[str], day: str, source: str) -> int:
    """These duties are asked again from `day` on, as they were asked last. Gives how many begin: one that holds on that day
    is no change. Raises Problem 422."""
    _check_day(tx, day)
    rows = [NewRow(_DUTIES, row) for row in _again(tx, codes, day, source)]
    try:
        return edit_rows(tx, rows)
    except RowsRefused as refused:
        raise Problem("reference_invalid", "\n".join(fault.what for fault in refused.faults)) from refused


def asked_on(tx: Tx, codes: Collection[str], day: str) -> set[str]:
    """Which of these duties hold on a date."""
    rows = rules_in_force(tx.session).rows[_DUTIES]
    return {row["code"] for row in rows if row["code"] in codes and holds(row, day)}


def _again(tx: Tx, codes: Collection[str], day: str, source: str) -> Iterator[Row]:
    rows = rules_in_force(tx.session).rows[_DUTIES]
    for code in sorted(codes):
        own = sorted((row for row in rows if row["code"] == code), key=lambda row: str(row["from"]))
        if not own or any(holds(row, day) for row in own):
            continue
        before = [row for row in own if row["from"] < day] or own
        later = [row["from"] for row in own if row["from"] > day]
        given = {name: value for name, value in before[-1].items() if name != EDITED}
        yield {**given, "from": day, "to": min(later, default=None), "source": source}


def _check_day(tx: Tx, day: str) -> None:
    if day <= local_date_of(tx.now_ms):
        raise wrong("day", "最早从明天起: 已经过去的日子和今天按原来的判定。")

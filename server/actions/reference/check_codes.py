"""Codes that a user gave, checked against the reference data in force."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from server.actions.reference.load_reference import rules_in_force
from server.base.problems import Problem
from server.rules.calendar import local_date_of
from server.rules.from_rows import holds, in_force

NO_REFERENCE = "还没有装入基础数据, 请先运行 gongdi seed reference"


def check_codes(session: Session, now_ms: int, noun: str, codes: Iterable[str], field: str) -> None:
    """Raises Problem 422 at `field` for a code of this noun that does not hold today; it names those that do."""
    rows, today = rules_in_force(session).rows[noun], local_date_of(now_ms)
    for code in codes:
        if in_force(rows, code, today) is None:
            known = "、".join(sorted({str(row["code"]) for row in rows if holds(row, today)}))
            raise wrong(field, f"没有代码 {code}; {f'可用的有 {known}' if known else NO_REFERENCE}。")


def wrong(field: str, message: str) -> Problem:
    """The problem of one field that was given."""
    return Problem("invalid_input", message, errors={f"/{field}": [message]})

"""Is a document valid on the day on which it is looked at, and has its file arrived? (MISSION 2.2)"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from server.rules.calendar import add_days, local_date_of
from server.rules.duties.judge import (
    EVIDENCE_KEPT,
    EXPIRING,
    FILE_PENDING,
    NOT_VALID,
    TIME_UNCERTAIN,
    Evidence,
)
from server.rules.duties.matching import Fact, Matched

REMIND_DAYS = 30  # before a document ends


class Document(NamedTuple):
    """A document as it was written: from when to when it is valid, as local dates (None: open), and whether all of its
    files have arrived."""

    fact: Fact
    valid_from: str | None
    valid_to: str | None
    has_files: bool = True


def look_day(due_ms: int) -> str:
    """The local date on which a window looks: that of its last moment."""
    return local_date_of(due_ms - 1)


def match_document(documents: Sequence[Document], due_ms: int, deadline_ms: int) -> Matched:
    """What the documents say of a window that looks on the day that ends with `due_ms`. One counts that was there by the
    deadline; the one that is valid longest decides."""
    day = look_day(due_ms)
    valid = [
        one
        for one in documents
        if (one.valid_from or "") <= day and (one.valid_to is None or day <= one.valid_to)
    ]
    there = [one for one in valid if one.fact.latest_ms < deadline_ms and one.fact.proves]
    ready = [one for one in there if one.has_files]
    if ready:
        best = max(ready, key=lambda one: (one.valid_to or "9999", one.fact.latest_ms, one.fact.id))
        remind = best.valid_to is not None and best.valid_to <= add_days(day, REMIND_DAYS)
        why = f"{EXPIRING}: {best.valid_to} 到期" if remind else None
        at_ms = (best.fact.earliest_ms + best.fact.latest_ms) // 2
        return Matched(Evidence("timely", why=why), best.fact, at_ms)
    if there:
        return Matched(Evidence("uncertain", why=FILE_PENDING))
    maybe = [
        one for one in documents if one.fact.kept or (one in valid and one.fact.earliest_ms < deadline_ms)
    ]
    if maybe:
        kept = all(one.fact.kept for one in maybe)
        return Matched(Evidence("uncertain", why=EVIDENCE_KEPT if kept else TIME_UNCERTAIN))
    ends = max((one.valid_to for one in documents if one.valid_to and one.fact.proves), default=None)
    return Matched(Evidence(lack=f"{NOT_VALID}: 最近一份 {ends} 到期" if ends and ends < day else NOT_VALID))

"""Windows whose evidence is erased stay as they were judged: a judgement is history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.window import FROZEN, Window, reaching
from server.rules.calendar import midnight_ms
from server.rules.duties.judge import FULFILLED
from server.rules.duties.periods import LONG_MS
from server.rules.rulebook import Rulebook

_JUDGED = (*FULFILLED.values(), "missed")


class Span(NamedTuple):
    """A record that goes: its kind and id, and the stretch of time in which it may have decided windows."""

    kind: str
    id: str
    from_ms: int
    to_ms: int


def freeze_windows(session: Session, scope_id: str, spans: Sequence[Span], book: Rulebook) -> None:
    """Let no later record judge again what these records had a part in. Coverage is weighed over a whole day, so that a
    record has a part in every window of its day."""
    if not spans:
        return
    first, last = min(span.from_ms for span in spans), max(span.to_ms for span in spans)
    query = sa.select(Window).where(
        Window.scope_id == scope_id,
        reaching(first, last + LONG_MS),
        Window.state.in_(_JUDGED),
        Window.rules != FROZEN,
    )
    met = {span.id for span in spans}
    for window in session.scalars(query):
        begins_ms = min(midnight_ms(window.local_date), window.opens_ms)
        ends_ms = max(window.closes_ms, window.deadline_ms)
        kinds = book.evidence_kinds(window.duty)
        if window.evidence in met or any(
            span.kind in kinds and span.from_ms < ends_ms and begins_ms <= span.to_ms for span in spans
        ):
            window.rules = FROZEN

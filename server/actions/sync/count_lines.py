"""A sealed count of the lines of a scope's log: a removed line is noticed, even if all that names it is removed too."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.flags.events import Tally
from server.base.seal import Seals, aad_of
from server.models.entry import LogEntry
from server.models.scope import Scope


def count_lines(session: Session, seals: Seals, scope: Scope, hashes: Iterable[str]) -> None:
    """Add lines, just written, by their hashes (hex). A scope that was never counted is counted whole. The caller holds the
    lock of the scope."""
    before = read_lines_tally(seals, scope)
    if before is None:
        query = sa.select(LogEntry.hash).where(LogEntry.scope_id == scope.scope_id)
        hashes = (hash.hex() for hash in session.scalars(query.execution_options(yield_per=1000)))
    after = add_lines(seals, before or Tally(), hashes)
    if after != before:
        scope.line_tally = seals.seal(lines_aad(scope.scope_id), after.raw)


def read_lines_tally(seals: Seals, scope: Scope) -> Tally | None:
    """How many lines the log has, as was sealed; None for a scope that was never counted. Raises SealBroken."""
    if scope.line_tally is None:
        return None
    raw = seals.open(lines_aad(scope.scope_id), scope.line_tally)
    return Tally(int.from_bytes(raw[:8]), int.from_bytes(raw[8:]))


def add_lines(seals: Seals, tally: Tally, hashes: Iterable[str]) -> Tally:
    """The tally with these lines more."""
    numbers = seals.digests_of("line", hashes)
    return Tally(tally.events + len(numbers), (tally.sum + sum(numbers)) % (1 << 128))


def lines_aad(scope_id: str) -> bytes:
    return aad_of("scope", scope_id, "line_tally")

"""Rosters that were committed, as evidence: whoever uploads a whole roster has confirmed it."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.roster import Roster
from server.models.window import Window, reaching
from server.rules.duties.matching import Fact
from server.rules.duties.modes import ROSTER
from server.rules.rulebook import Rulebook

_WAITING = ("open", "silent", "review")  # what may still be met


def roster_commits(
    session: Session, scope_ids: Collection[str], from_ms: int, to_ms: int
) -> dict[str, list[Fact]]:
    """By site, the rosters that were committed between two instants."""
    columns = (Roster.site_id, Roster.id, Roster.committed_ms)
    query = sa.select(*columns).where(
        Roster.site_id.in_(scope_ids),
        Roster.state == "committed",
        Roster.committed_ms.between(from_ms, to_ms),
    )
    found: dict[str, list[Fact]] = {}
    for site_id, roster_id, committed_ms in session.execute(query.order_by(Roster.committed_ms, Roster.id)):
        at_ms = committed_ms or 0  # the condition above leaves out those without
        found.setdefault(site_id, []).append(Fact(roster_id, at_ms, at_ms))
    return found


def roster_duties(book: Rulebook) -> frozenset[str]:
    """The duties that a committed roster meets."""
    return frozenset(rule.code for rule in book.mode_rules() if rule.mode.also == ROSTER)


def look_again(session: Session, scope_id: str, book: Rulebook, now_ms: int) -> None:
    """The next tick looks at the windows that a roster committed now may meet."""
    own = (Window.scope_id == scope_id, Window.duty.in_(roster_duties(book)), Window.state.in_(_WAITING))
    session.execute(sa.update(Window).where(*own, reaching(now_ms, now_ms)).values(check_ms=now_ms))

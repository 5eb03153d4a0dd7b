"""How sites stand with what is asked of them now: their worst windows, in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.window import IS_LONG, Window, reaching
from server.rules.calendar import DAY_MS
from server.rules.duties.periods import LONG_MS

NOW_MS = DAY_MS  # a window still says how a site stands for so long after it closed
MISSED, SILENT, LATE, MET, OPEN = range(1, 6)  # a site stands as its worst window; OPEN: none is due yet
STATES = {MISSED: "missed", SILENT: "silent", LATE: "review", MET: "met", OPEN: "open"}
_FIELDS = {MISSED: "missed", SILENT: "silent", LATE: "late", MET: "met", OPEN: "open"}
_OF_STATE = {"missed": MISSED, "silent": SILENT, "met": MET, "open": OPEN}
_NOTHING = ("void", "excused")  # nothing is asked

Ranks = Mapping[str, Mapping[str, int]]  # by site and duty, its worst window


@dataclass(slots=True)
class Standing:
    """Counts of sites. `sites`: those that such a measure is for; the others of them are not asked yet."""

    sites: int = 0
    missed: int = 0
    silent: int = 0
    late: int = 0
    met: int = 0
    open: int = 0

    @property
    def asked(self) -> int:
        return self.missed + self.silent + self.late + self.met + self.open

    @property
    def unasked(self) -> int:
        return max(0, self.sites - self.asked)

    def add(self, rank: int) -> None:
        name = _FIELDS[rank]
        setattr(self, name, getattr(self, name) + 1)


def speaks_now(now_ms: int) -> sa.ColumnElement[bool]:
    """Whether a window says how a site stands now: it has opened, and closed no longer than a day ago."""
    return sa.and_(reaching(now_ms - NOW_MS, now_ms), *_is_recent(now_ms))


def ranks_of(session: Session, sites: sa.Select[str], duties: Iterable[str], now_ms: int) -> Ranks:
    """Each of these sites' worst window of each of these duties; nothing of what it is not asked. One statement: it is
    `speaks_now` as two ranges of two indexes, which SQLite would not use for many sites and an `OR`."""
    first_ms = now_ms - NOW_MS - LONG_MS
    asked = sa.and_(Window.scope_id.in_(sites), Window.duty.in_(sorted(set(duties))), *_is_recent(now_ms))
    columns = (Window.scope_id, Window.duty, Window.state)
    short = sa.select(*columns).where(asked, Window.opens_ms.between(first_ms, now_ms))
    long = sa.select(*columns).where(asked, IS_LONG, Window.opens_ms < first_ms)
    both = sa.union_all(short, long).subquery()
    worst = sa.case(
        *((both.c.state == state, number) for state, number in _OF_STATE.items()),
        else_=LATE,  # done or entered late, or waiting for a review
    )
    query = sa.select(both.c.scope_id, both.c.duty, sa.func.min(worst))
    found: dict[str, dict[str, int]] = {}
    for site, duty, number in session.execute(query.group_by(both.c.scope_id, both.c.duty)):
        found.setdefault(site, {})[duty] = number
    return found


def _is_recent(now_ms: int) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return Window.closes_ms > now_ms - NOW_MS, Window.state.not_in(_NOTHING)


def worst_of(ranks: Mapping[str, int], duties: Iterable[str]) -> int | None:
    """How one site stands with some duties; None where none of them is asked of it."""
    return min((ranks[duty] for duty in duties if duty in ranks), default=None)

"""What a report of a week or a month says: counts by task, day, district and duty. The same rows give the same facts,
whenever it is made and by whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.plans.read_plan import duties_of, plans, tasks, tasks_of
from server.actions.reference.name_codes import Names
from server.models.flag import Flag, FlagStep
from server.models.site import Site
from server.models.window import Window
from server.rules.cases import CASE
from server.rules.duties.periods import LONG_MS
from server.rules.flags.escalation import SILENT
from server.rules.reports import PERIODS, Period
from server.rules.rulebook import Rulebook

_LATE = ("done_late", "backfilled", "review")
COUNTED = {"met": "按时", "late": "迟或待核", "silent": "失联", "missed": "缺失"}


@dataclass(slots=True)
class Judged:
    """How windows were judged. `late`: done or entered late, or waiting for a review."""

    met: int = 0
    late: int = 0
    silent: int = 0
    missed: int = 0

    def count(self, state: str, windows: int) -> None:
        name = "late" if state in _LATE else state
        setattr(self, name, getattr(self, name) + windows)


@dataclass(slots=True)
class Flagged:
    """How many flags opened and closed in the period; at its end, how many were live, and of them overdue."""

    opened: int = 0
    closed: int = 0
    live: int = 0
    overdue: int = 0


def report_facts(session: Session, book: Rulebook, names: Names, plan: str, period: Period) -> dict[str, Any]:
    """The facts as JSON. Raises Problem 404 where there is no such plan."""
    named = tasks(book, plan, period.last_day)
    kinds = sorted({kind for task in named for kind in task.site_kinds})
    duties = sorted(duties_of(book, plan, period.last_day))
    sites = sa.and_(Site.kind.in_(kinds), Site.practice.is_(False), Site.made_ms < period.ends_ms)
    asked = _asked(sites, duties, period)
    by_duty = _cells(session, asked, Site.kind, Window.duty)
    by_day = _cells(session, asked, Site.district, Window.local_date)
    flags = _flags(session, sites, duties, period)
    counts = _sites(session, sites)
    parts = [
        {
            "title": task.title,
            "leaders": list(task.leaders),
            "units": task.units,
            "sites": sum(counts.get(kind, 0) for kind in task.site_kinds),
            **asdict(_sum(cell for cell in by_duty if task in tasks_of(named, *cell[0]))),
            **_of_flags(one for key, one in flags.items() if task in tasks_of(named, *key)),
        }
        for task in named
    ]
    return {
        "plan": plans(book, period.last_day)[plan],
        "kind": PERIODS[period.kind],
        "period": period.title,
        "tasks": parts,
        "days": _table(by_day, 1),
        "districts": _named(names, "districts", _table(by_day, 0)),
        "duties": _named(names, "duties", _table(by_duty, 1)),
    }


Cell = tuple[tuple[str, str], str, int]  # keys, state, windows


def _asked(sites: sa.ColumnElement[bool], duties: Sequence[str], period: Period) -> sa.ColumnElement[bool]:
    days = Window.local_date.between(period.first_day, period.last_day)
    # By the index of when they open: a window of weeks is of its first day.
    opened = Window.opens_ms.between(period.begins_ms - LONG_MS, period.ends_ms + LONG_MS)
    judged = Window.state.in_(("met", *_LATE, "silent", "missed"))
    return sa.and_(sites, Window.duty.in_(duties), opened, days, judged)


def _cells(session: Session, asked: sa.ColumnElement[bool], *keys: Any) -> list[Cell]:
    query = sa.select(*keys, Window.state, sa.func.count()).join(Site, Site.id == Window.scope_id)
    rows = session.execute(query.where(asked).group_by(*keys, Window.state))
    return [((row[0], row[1]), row[2], row[3]) for row in rows]


def _sum(cells: Iterable[Cell]) -> Judged:
    found = Judged()
    for _, state, count in cells:
        found.count(state, count)
    return found


def _table(cells: Sequence[Cell], at: int) -> list[dict[str, Any]]:
    """By one of the keys, in its order."""
    keys = sorted({key[at] for key, _, _ in cells})
    return [{"code": code, **asdict(_sum(cell for cell in cells if cell[0][at] == code))} for code in keys]


def _named(names: Names, noun: str, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "name": names.of(noun, row["code"])} for row in rows]


def _sites(session: Session, sites: sa.ColumnElement[bool]) -> dict[str, int]:
    rows = session.execute(sa.select(Site.kind, sa.func.count()).where(sites).group_by(Site.kind))
    return {str(kind): int(count) for kind, count in rows}


def _flags(
    session: Session, sites: sa.ColumnElement[bool], duties: Sequence[str], period: Period
) -> dict[tuple[str, str], Flagged]:
    """By kind of site and duty."""
    first_ms, end_ms = period.begins_ms, period.ends_ms
    live = sa.and_(Flag.opened_ms < end_ms, sa.or_(Flag.closed_ms.is_(None), Flag.closed_ms >= end_ms))
    late = sa.exists().where(
        FlagStep.scope_id == Flag.scope_id,
        FlagStep.flag_id == Flag.id,
        FlagStep.asks,
        FlagStep.due_ms < end_ms,
        sa.or_(FlagStep.done_ms.is_(None), FlagStep.done_ms >= end_ms),
    )
    counted = (
        sa.func.count().filter(Flag.opened_ms >= first_ms, Flag.opened_ms < end_ms),
        sa.func.count().filter(Flag.closed_ms >= first_ms, Flag.closed_ms < end_ms),
        sa.func.count().filter(live),
        sa.func.count().filter(live, late),
    )
    keys = (Site.kind, Flag.duty)
    query = sa.select(*keys, *counted).select_from(Flag).join(Site, Site.id == Flag.scope_id)
    rows = session.execute(query.where(sites, Flag.duty.in_([*duties, SILENT, CASE])).group_by(*keys))
    return {(kind, duty): Flagged(*counts) for kind, duty, *counts in rows}


def _of_flags(flags: Iterable[Flagged]) -> dict[str, int]:
    mine = [asdict(one) for one in flags]
    return {name: sum(one[name] for one in mine) for name in asdict(Flagged())}

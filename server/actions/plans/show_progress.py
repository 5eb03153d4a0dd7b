"""All tasks of a plan for those who lead them: what is overdue with whom, since when, what is silent, and what moved.

Five questions are answered by it, in this order: what is worst, whose move it is, since when, what is silent, and what moved
since yesterday. Each figure comes from one statement, however many sites there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.plans.read_plan import Task, duties_of, known_plan, tasks, tasks_of
from server.models.access import Viewer, visible_flags, visible_sites
from server.models.device import StreamHead
from server.models.flag import Flag, FlagEvent, FlagStep
from server.models.site import Site
from server.rules.calendar import add_days, local_date_of, midnight_ms
from server.rules.cases import CASE
from server.rules.flags.escalation import SILENT
from server.rules.flags.moves import ENDED, MOVES
from server.rules.rulebook import Rulebook

ROWS_MAX = 8
OPENED, ANSWERED, CLOSED, OTHER = "opened", "answered", "closed", "other"
_ENDS = {"close", *(name for name, move in MOVES.items() if set(move.routes.values()) & set(ENDED))}
_ENDS |= {"withdrawn"}  # by the system itself
_CELL = (Site.kind, Flag.duty)
_WITH_SITE = Site.id == Flag.scope_id
_REMARKS = sorted(name for name, move in MOVES.items() if move.remark)


class Overdue(NamedTuple):
    """A flag whose answer is overdue. `unit` and `step`: whose move it is now; `since_ms`: from when it waits for one."""

    flag_id: str
    site_id: str
    site: str
    kind: str
    duty: str
    severity: str
    unit: str
    step: str
    since_ms: int


class SilentSite(NamedTuple):
    """A site of which nothing is known any more. `heard_ms`: when a device reported from there last; None: never."""

    flag_id: str
    site_id: str
    site: str
    kind: str
    unit: str
    heard_ms: int | None
    opened_ms: int


@dataclass(slots=True)
class Progress:
    """The figures of a task, a leader or a unit. `moved`: how many flags changed since yesterday, by how."""

    sites: int = 0
    live: int = 0
    severe: int = 0
    overdue: int = 0
    silent: int = 0
    since_ms: int | None = None
    moved: dict[str, int] = field(default_factory=dict)

    @property
    def has_moved(self) -> bool:
        """Whether people or records moved anything; that a flag opened moves nothing."""
        return any(count for how, count in self.moved.items() if how != OPENED)

    @property
    def is_still(self) -> bool:
        """Something is overdue, and nobody moved anything since yesterday."""
        return self.overdue > 0 and not self.has_moved

    def wait(self, since_ms: int) -> None:
        """One more flag is overdue."""
        self.overdue += 1
        self.since_ms = since_ms if self.since_ms is None else min(self.since_ms, since_ms)

    def take(self, other: Progress) -> None:
        """Add the figures of a part."""
        for name in ("sites", "live", "severe", "overdue", "silent"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.since_ms = min((at for at in (self.since_ms, other.since_ms) if at is not None), default=None)
        for how, count in other.moved.items():
            self.moved[how] = self.moved.get(how, 0) + count


Cells = dict[tuple[str, str], Progress]  # by kind of site and duty


@dataclass(frozen=True, slots=True)
class ShownProgress:
    """A plan's tasks, the worst first. `plans`: the titles of all by their codes; `leaders`: one who leads several tasks
    counts each, a task of several counts for each of them; `units`: whose move what is overdue is; `overdue`, `silent`:
    those that wait longest, of as many as `total` says; `since_ms`: the beginning of yesterday."""

    code: str
    plans: Mapping[str, str]
    tasks: Sequence[tuple[Task, Progress]]
    leaders: Sequence[tuple[str, Progress]]
    units: Sequence[tuple[str, Progress]]
    overdue: Sequence[Overdue]
    silent: Sequence[SilentSite]
    total: Progress
    since_ms: int


def show_progress(
    session: Session, viewer: Viewer, book: Rulebook, plan: str | None, now_ms: int
) -> ShownProgress:
    """The tasks of a plan (None: the first one) over the sites that the viewer may see. Raises Problem 404."""
    today = local_date_of(now_ms)
    code, known = known_plan(book, plan, today)
    named = tasks(book, code, today)
    since_ms = midnight_ms(add_days(today, -1))
    kinds = sorted({kind for task in named for kind in task.site_kinds})
    flags = _flags(viewer, kinds, duties_of(book, code, today))
    overdue, silent = _overdue(session, flags, now_ms), _silent(session, flags)
    cells: Cells = defaultdict(Progress)
    _count_live(session, flags, cells)
    _count_moves(session, flags, since_ms, cells)
    for late in overdue:
        cells[late.kind, late.duty].wait(late.since_ms)
    for quiet in silent:
        cells[quiet.kind, SILENT].silent += 1
    sites = _sites(session, viewer, kinds)
    shown = [(task, _of_tasks(named, cells, sites, [task])) for task in named]
    return ShownProgress(
        code=code,
        plans=known,
        tasks=sorted(shown, key=lambda pair: (*_worst_first(pair[1]), pair[0].section)),
        leaders=_by_leader(named, cells, sites),
        units=_by_unit(overdue),
        overdue=overdue[:ROWS_MAX],
        silent=silent[:ROWS_MAX],
        total=_of_tasks(named, cells, sites, named),
        since_ms=since_ms,
    )


def _flags(viewer: Viewer, kinds: Collection[str], duties: Collection[str]) -> sa.ColumnElement[bool]:
    """Of flags joined with their sites: those of the plan that the viewer may see, of silence and of cases."""
    mine = sa.and_(Site.practice.is_(False), Site.kind.in_(kinds), visible_flags(viewer))
    return sa.and_(mine, Flag.duty.in_(sorted({*duties, SILENT, CASE})))


def _overdue(session: Session, flags: sa.ColumnElement[bool], now_ms: int) -> list[Overdue]:
    """Each flag with an overdue step once, the one that waits longest first. What fell due last says whose move it is: a
    flag that was passed on, or of which something was ordered, waits for that."""
    columns = (Flag.id, Site.id, Site.name, Site.kind, Flag.duty, Flag.severity, FlagStep.unit, FlagStep.step)
    query = (
        sa.select(*columns, FlagStep.due_ms)
        .select_from(Flag)
        .join(Site, _WITH_SITE)
        .join(FlagStep, sa.and_(FlagStep.scope_id == Flag.scope_id, FlagStep.flag_id == Flag.id))
    )
    late = sa.and_(FlagStep.asks, FlagStep.done_ms.is_(None), FlagStep.due_ms <= now_ms)
    rows = session.execute(query.where(late, Flag.closed_ms.is_(None), flags).order_by(FlagStep.due_ms))
    found: dict[str, Overdue] = {}
    for row in rows:
        one = Overdue(*row)
        first = found.get(one.flag_id)
        found[one.flag_id] = one if first is None else one._replace(since_ms=first.since_ms)
    return sorted(found.values(), key=lambda one: (one.since_ms, one.severity != "severe", one.flag_id))


def _silent(session: Session, flags: sa.ColumnElement[bool]) -> list[SilentSite]:
    """The sites whose silence is flagged, the one not heard from for the longest first."""
    heard = (
        sa.select(sa.func.max(StreamHead.heard_ms))
        .where(StreamHead.scope_id == Flag.scope_id)
        .correlate(Flag)
        .scalar_subquery()
    )
    columns = (Flag.id, Site.id, Site.name, Site.kind, Site.unit, heard, Flag.opened_ms)
    query = sa.select(*columns).select_from(Flag).join(Site, _WITH_SITE)
    rows = session.execute(query.where(Flag.duty == SILENT, Flag.closed_ms.is_(None), flags))
    return sorted(
        (SilentSite(*row) for row in rows), key=lambda one: (one.heard_ms or 0, one.site, one.site_id)
    )


def _sites(session: Session, viewer: Viewer, kinds: Collection[str]) -> dict[str, int]:
    query = sa.select(Site.kind, sa.func.count()).where(visible_sites(viewer), Site.practice.is_(False))
    rows = session.execute(query.where(Site.kind.in_(kinds)).group_by(Site.kind))
    return {str(kind): int(count) for kind, count in rows}


def _count_live(session: Session, flags: sa.ColumnElement[bool], cells: Cells) -> None:
    severe = sa.func.count().filter(Flag.severity == "severe")
    query = sa.select(*_CELL, sa.func.count(), severe).select_from(Flag).join(Site, _WITH_SITE)
    for kind, duty, *counts in session.execute(query.where(Flag.closed_ms.is_(None), flags).group_by(*_CELL)):
        cells[kind, duty].live, cells[kind, duty].severe = counts


def _count_moves(session: Session, flags: sa.ColumnElement[bool], since_ms: int, cells: Cells) -> None:
    """How many flags opened, were answered, closed, or were moved otherwise by somebody."""
    how = sa.case(
        (FlagEvent.action == "opened", OPENED),
        (FlagEvent.action.in_(sorted(_ENDS)), CLOSED),
        (FlagEvent.action == "submit_rectification", ANSWERED),
        else_=OTHER,
    )
    moves = [name for name in MOVES if name not in _REMARKS]
    query = (
        sa.select(*_CELL, how, sa.func.count(sa.distinct(Flag.id)))
        .select_from(Flag)
        .join(Site, _WITH_SITE)
        .join(FlagEvent, sa.and_(FlagEvent.scope_id == Flag.scope_id, FlagEvent.flag_id == Flag.id))
    )
    recent = sa.and_(Flag.changed_ms >= since_ms, FlagEvent.at_ms >= since_ms)
    done = FlagEvent.action.in_([*moves, "opened", "withdrawn"])
    for kind, duty, name, count in session.execute(query.where(recent, done, flags).group_by(*_CELL, how)):
        cells[kind, duty].moved[name] = count


def _of_tasks(
    named: Sequence[Task], cells: Cells, sites: Mapping[str, int], mine: Collection[Task]
) -> Progress:
    """The figures of some tasks together: what belongs to several of them counts once."""
    total = Progress(
        sites=sum(sites.get(kind, 0) for kind in {kind for task in mine for kind in task.site_kinds})
    )
    for (kind, duty), cell in cells.items():
        if any(task in mine for task in tasks_of(named, kind, duty)):
            total.take(cell)
    return total


def _by_leader(named: Sequence[Task], cells: Cells, sites: Mapping[str, int]) -> list[tuple[str, Progress]]:
    leaders = dict.fromkeys(leader for task in named for leader in task.leaders)
    found = [
        (leader, _of_tasks(named, cells, sites, [task for task in named if leader in task.leaders]))
        for leader in leaders
    ]
    return sorted(found, key=lambda pair: (*_worst_first(pair[1]), pair[0]))


def _by_unit(overdue: Iterable[Overdue]) -> list[tuple[str, Progress]]:
    found: dict[str, Progress] = {}
    for one in overdue:
        progress = found.setdefault(one.unit, Progress())
        progress.wait(one.since_ms)
        progress.severe += one.severity == "severe"
    return sorted(found.items(), key=lambda pair: (*_worst_first(pair[1]), pair[0]))


def _worst_first(one: Progress) -> tuple[int, int, int, int]:
    return (-one.overdue, -one.severe, -one.silent, -one.live)

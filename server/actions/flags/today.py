"""今天: what waits for one person, a row a site: why it is theirs, since when, and what has moved since yesterday. Sites
that are alike are folded into one line, so that what is different is seen."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session, defer

from server.actions.flags.events import SCHEDULER
from server.actions.flags.filters import conditions
from server.actions.flags.list_flags import Chosen
from server.actions.flags.list_turns import people_named, turn_of
from server.actions.reference.load_reference import rules_in_force
from server.actions.signals.list_signals import signal_counts
from server.models.access import Viewer, visible_flags
from server.models.flag import Flag, FlagEvent, FlagStep
from server.models.site import Site
from server.models.user import User
from server.rules.calendar import add_days, local_date_of, midnight_ms
from server.rules.flags.arrival import (
    ANSWERED,
    CLOCK,
    DEFENDED,
    MOVED,
    ORDERED,
    OWN,
    PEOPLE,
    WHYS,
    arrival,
    movement,
    why,
)
from server.rules.flags.escalation import Policy, policy_from
from server.rules.flags.history import Happened
from server.rules.flags.moves import CONTRACTOR
from server.rules.rulebook import Rulebook

SITES_SHOWN = 40
FOLDED_FROM = 3  # so many sites that are alike are one line
FOLDED_SHOWN = 60  # of their names
_FLAGS_MAX = 3_000
_WEEK = 7  # days of leads
_WHYS = tuple(WHYS)
_TELLING = (PEOPLE, DEFENDED, ANSWERED, ORDERED, OWN)  # whose history says who did it, and in which words


@dataclass(frozen=True, slots=True)
class Item:
    """One flag that waits: the step that asks, why (of WHYS), since when, from whom and with which words. `assignee`:
    who works on it; `is_mine`: that is the viewer."""

    flag: Flag
    step: FlagStep
    why: str
    since_ms: int
    actor: str = ""
    note: str = ""
    assignee: str | None = None
    is_mine: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """The items of a site that wait for the same step for the same reason."""

    why: str
    step: str
    items: list[Item]

    @property
    def since_ms(self) -> int:
        return min(item.since_ms for item in self.items)

    @property
    def due_ms(self) -> int:
        return min(item.step.due_ms for item in self.items)


@dataclass(frozen=True, slots=True)
class SiteToday:
    """One site: its items, the most pressing first; `moved`: how often what (of MOVED) has happened since yesterday;
    `signals`: leads of the week."""

    site: Site
    items: list[Item]
    signals: int = 0
    moved: Mapping[str, int] = field(default_factory=dict)

    @property
    def groups(self) -> list[Group]:
        """In the order of WHYS, then the one first that is due first."""
        found: dict[tuple[str, str], list[Item]] = defaultdict(list)
        for item in self.items:
            found[item.why, item.step.step].append(item)
        groups = [Group(*key, items) for key, items in found.items()]
        return sorted(groups, key=lambda one: (_WHYS.index(one.why), one.due_ms))

    @property
    def why(self) -> str:
        """The first reason of its items, in the order of WHYS."""
        return next(code for code in WHYS if any(item.why == code for item in self.items))

    @property
    def since_ms(self) -> int:
        return min(item.since_ms for item in self.items)

    @property
    def due_ms(self) -> int:
        return min(item.step.due_ms for item in self.items)

    @property
    def is_severe(self) -> bool:
        return any(item.flag.severity == "severe" for item in self.items)

    @property
    def likeness(self) -> tuple[object, ...]:
        """What makes it like another site to whoever looks at both."""
        known = sorted((item.why, item.flag.duty, item.step.step) for item in self.items)
        return (*known, self.is_severe, any(item.assignee for item in self.items))


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the page: one site, or several that are alike (`more`)."""

    first: SiteToday
    more: list[SiteToday] = field(default_factory=list)

    @property
    def sites(self) -> list[SiteToday]:
        return [self.first, *self.more]


@dataclass(frozen=True, slots=True)
class Today:
    """`parts`: rows by why (of WHYS), those of one page; `sites`, `flags`: how many wait in all; `overdue`: flags of them;
    `rows`: how many lines there are; `since_ms`: the beginning of yesterday."""

    parts: Mapping[str, list[Row]]
    sites: int
    flags: int
    overdue: int
    rows: int
    since_ms: int


def sites_today(
    session: Session,
    viewer: Viewer,
    now_ms: int,
    chosen: Chosen = MappingProxyType({}),
    start: int = 0,
) -> Today:
    """What waits for this viewer; of the lines SITES_SHOWN from number `start`. A fixed number of statements."""
    found = _waiting(session, viewer, chosen)
    week = add_days(local_date_of(now_ms), -_WEEK)
    signals = signal_counts(session, viewer, [site.id for site, _ in found], week)
    sites = [SiteToday(site, items, signals.get(site.id, 0)) for site, items in found]
    rows = _folded(sorted(sites, key=lambda one: _order(one, now_ms)))
    rows.sort(key=lambda row: _WHYS.index(row.first.why))
    page = rows[start : start + SITES_SHOWN]
    since_ms = midnight_ms(add_days(local_date_of(now_ms), -1))
    shown = _explained(session, [one for row in page for one in row.sites[:FOLDED_SHOWN]], since_ms)
    parts: dict[str, list[Row]] = defaultdict(list)
    for row in page:
        known = [shown.get(one.site.id, one) for one in row.sites]
        parts[row.first.why].append(Row(known[0], known[1:]))
    items = [item for one in sites for item in one.items]
    overdue = sum(item.step.due_ms < now_ms for item in items)
    return Today(parts, len(sites), len(items), overdue, len(rows), since_ms)


def waiting_at(session: Session, viewer: Viewer, site_ids: Collection[str]) -> dict[str, SiteToday]:
    """What waits for this viewer at some sites, by their ids."""
    found = _waiting(session, viewer, {}, Flag.scope_id.in_(site_ids))
    return {site.id: SiteToday(site, items) for site, items in found}


def _waiting(
    session: Session, viewer: Viewer, chosen: Chosen, where: sa.ColumnElement[bool] | None = None
) -> list[tuple[Site, list[Item]]]:
    """The sites with flags that ask the viewer's unit or company for a move."""
    unit = CONTRACTOR if viewer.role == CONTRACTOR else viewer.unit
    asked = [FlagStep.asks, FlagStep.done_ms.is_(None), FlagStep.unit == unit]
    if viewer.role == CONTRACTOR:
        asked.append(sa.or_(Flag.company.is_(None), Flag.company == viewer.company))
    query = (
        sa.select(FlagStep, Flag, Site, User.display_name, sa.cast(Flag.policy, sa.Text))
        .join(Flag, sa.and_(Flag.scope_id == FlagStep.scope_id, Flag.id == FlagStep.flag_id))
        .join(Site, Site.id == Flag.scope_id)
        .outerjoin(User, User.id == Flag.assignee_id)
        .where(*asked, Flag.closed_ms.is_(None), visible_flags(viewer), *conditions(chosen, viewer))
        .order_by(FlagStep.due_ms, FlagStep.flag_id)
        .limit(_FLAGS_MAX)
        .options(defer(Flag.policy))  # many flags have the same one: it is read once
    )
    if where is not None:
        query = query.where(where)
    flags: dict[str, tuple[Flag, Site, str | None, Policy, list[FlagStep]]] = {}
    policies: dict[str, Policy] = {}
    for step, flag, site, person, text in session.execute(query):
        if text not in policies:
            policies[text] = policy_from(msgspec.json.decode(text))
        flags.setdefault(flag.id, (flag, site, person, policies[text], []))[4].append(step)
    sites: dict[str, tuple[Site, list[Item]]] = {}
    for flag, site, name, policy, steps in flags.values():
        turn = turn_of(flag, steps, policy)
        if turn is not None:
            item = _item(viewer, flag, policy, turn, name)
            sites.setdefault(site.id, (site, []))[1].append(item)
    for _, items in sites.values():
        items.sort(key=lambda item: (item.flag.severity != "severe", item.step.due_ms, item.flag.id))
    return list(sites.values())


def _item(viewer: Viewer, flag: Flag, policy: Policy, step: FlagStep, assignee: str | None) -> Item:
    passed_on = viewer.role != CONTRACTOR and flag.unit != step.unit
    code = why(policy, step.step, passed_on)
    since_ms = step.taken_ms if code == CLOCK and step.taken_ms is not None else flag.opened_ms
    return Item(flag, step, code, since_ms, assignee=assignee, is_mine=flag.assignee_id == viewer.id)


def _order(one: SiteToday, now_ms: int) -> tuple[object, ...]:
    """Severe ones first, then overdue ones, then those with many leads, then what is due first."""
    return (
        not one.is_severe,
        one.due_ms >= now_ms,
        -one.signals,
        one.due_ms,
        one.site.name,
        one.site.id,
    )


def _folded(sites: Sequence[SiteToday]) -> list[Row]:
    """In the order of `sites`; those that are alike stand where the first of them is."""
    alike = Counter(one.likeness for one in sites)
    rows: dict[object, Row] = {}
    for one in sites:
        key: object = one.likeness if alike[one.likeness] >= FOLDED_FROM else one.site.id
        if key in rows:
            rows[key].more.append(one)
        else:
            rows[key] = Row(one)
    return list(rows.values())


def _explained(session: Session, sites: Sequence[SiteToday], since_ms: int) -> dict[str, SiteToday]:
    """The same with who passed them on or replied, and with what has moved at the site since yesterday."""
    telling = {item.flag.id for one in sites for item in one.items if item.why in _TELLING}
    recent = sa.and_(Flag.changed_ms >= since_ms, FlagEvent.at_ms >= since_ms)
    columns = (FlagEvent.scope_id, FlagEvent.flag_id, FlagEvent.n, FlagEvent.at_ms, FlagEvent.actor)
    said = sa.case((FlagEvent.flag_id.in_(telling), FlagEvent.detail), else_=None).label("detail")
    query = (
        sa.select(*columns, FlagEvent.action, said)
        .select_from(FlagEvent)
        .join(Flag, sa.and_(Flag.scope_id == FlagEvent.scope_id, Flag.id == FlagEvent.flag_id))
        .where(
            FlagEvent.scope_id.in_([one.site.id for one in sites]),
            sa.or_(FlagEvent.flag_id.in_(telling), recent),
        )
        .order_by(FlagEvent.flag_id, FlagEvent.n)
    )
    events = session.execute(query).all()
    people = {event.actor for event in events if event.flag_id in telling and event.actor != SCHEDULER}
    names = people_named(session, people)
    escalating = _escalating(rules_in_force(session))
    history: dict[str, list[tuple[Happened, str]]] = defaultdict(list)
    moved: dict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        happened = Happened(event.n, event.at_ms, event.action, event.detail or {})
        history[event.flag_id].append((happened, names.get(event.actor, "")))
        how = movement(event.action, escalating) if event.at_ms >= since_ms else None
        if how is not None:
            moved[event.scope_id][how] += 1
    explained = {}
    for one in sites:
        items = [_explained_item(item, history) for item in one.items]
        counts = {how: moved[one.site.id][how] for how in MOVED if moved[one.site.id][how]}
        explained[one.site.id] = replace(one, items=items, moved=counts)
    return explained


def _explained_item(item: Item, history: Mapping[str, Sequence[tuple[Happened, str]]]) -> Item:
    came = arrival(history.get(item.flag.id, ()), item.step.step) if item.why in _TELLING else None
    return item if came is None else replace(item, since_ms=came.at_ms, actor=came.actor, note=came.note)


def _escalating(book: Rulebook) -> set[str]:
    """The codes of the steps that pass flags on, of every policy that was ever in force."""
    policies = map(policy_from, book.rows["escalation"])
    return {code for policy in policies for code in policy.escalating}

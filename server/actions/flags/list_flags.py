"""What a viewer sees of flags: the list, and one flag with everything that proves it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from server.actions.flags.events import INTEGRITY
from server.actions.flags.filters import conditions
from server.actions.flags.list_turns import turn_of, turns_of
from server.actions.flags.move_flag import asked_of
from server.actions.media.get_media import documents_of
from server.actions.reference.load_reference import rules_in_force
from server.actions.signals.list_signals import signals_of
from server.base.problems import not_found
from server.models.access import Viewer, sees_evidence, sees_signals, visible_companies, visible_flags
from server.models.device import Device, StreamHead
from server.models.entry import LogEntry
from server.models.flag import Flag, FlagEvent, FlagStep, open_defence
from server.models.media import lacking_photos, promised_media
from server.models.paging import After, Page, cut, read_cursor
from server.models.record import Record
from server.models.reference import Reference
from server.models.scope import Scope
from server.models.signal import SiteSignal
from server.models.site import GENERAL_CONTRACTOR, Company, Site, SiteCompany
from server.models.user import User
from server.models.window import Window
from server.rules.calendar import local_date_of
from server.rules.flags.escalation import SILENT, policy_from
from server.rules.flags.moves import CONTRACTOR, PARTY_NAMES, Move, allowed, is_bureaus_own

Chosen = Mapping[str, str | None]  # a value for each filter (FLAG_FILTERS) that a list is narrowed by
WINDOWS_MAX = 200
ENTRIES_MAX = 200
_GRID_MAX = 1000
_WEEK_MS = 7 * 24 * 3600 * 1000
_WORDS = (
    "note",
    "media",
    "company",
    "paper",
    "title",
    "number",
)  # of an event, what other companies do not see
_PROOF_WINDOWS = 40  # the latest windows whose facts are looked up


@dataclass(frozen=True, slots=True)
class ShownFlag:
    """A flag and the site that it is about."""

    flag: Flag
    site: Site


@dataclass(frozen=True, slots=True)
class WaitingFlag(ShownFlag):
    """A flag that waits for a move, the step that asks for it, how many signals its site has lately (none for a viewer
    who may not see them), and which colleague of the unit works on it."""

    step: FlagStep
    signals: int
    assignee: str | None
    is_mine: bool


@dataclass(frozen=True, slots=True)
class FlagFile(ShownFlag):
    """One flag with the windows, entries and times that prove it, its steps and all that happened to it.

    `streams` says when each device was last heard from, which distinguishes missed from silent; `moves` what the
    viewer may do with it now, `due_days_max` how far ahead a deadline may be set. `companies`: those at the site that the
    viewer may know (code, name), the general contractor first; `company`: the name of the one that is
    answerable; `turn`: the step that the flag waits for; `defence`: the step that runs until somebody answers a statement of
    defence. `documents`: those of the files that came with moves that are PDFs; `lacking`: photos that its history names and
    that have not arrived.
    A contractor sees the steps that are asked of the site.
    """

    watermark_ms: int | None = None
    windows: list[Window] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    streams: list[dict[str, Any]] = field(default_factory=list)
    steps: list[FlagStep] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    assignee: str | None = None
    failed_rechecks: int = 0
    signals: list[tuple[str, str, str]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    due_days_max: int = 0
    companies: list[tuple[str, str]] = field(default_factory=list)
    company: str = ""
    turn: FlagStep | None = None
    defence: FlagStep | None = None
    documents: Collection[str] = ()
    lacking: Collection[str] = ()


def page_of_flags(
    session: Session, viewer: Viewer, chosen: Chosen, cursor: str | None, limit: int
) -> Page[ShownFlag]:
    """The flags that the viewer may see, newest first. Raises Problem 422 for a bad cursor."""
    after = read_cursor(cursor)
    query = (
        _shown_flags(viewer)
        .where(*conditions(chosen, viewer))
        .order_by(Flag.opened_ms.desc(), Flag.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        last_id = sa.bindparam(None, after.id, type_=Flag.id.type)
        query = query.where(sa.tuple_(Flag.opened_ms, Flag.id) < sa.tuple_(after.ms, last_id))
    page = cut(session.execute(query).all(), limit, lambda row: After(row[0].opened_ms, row[0].id))
    return Page([ShownFlag(*row) for row in page.items], page.next)


def one_flag(session: Session, viewer: Viewer, flag_id: str) -> FlagFile:
    """One flag's file. Raises Problem 404 when it is absent or not this viewer's."""
    row = session.execute(_shown_flags(viewer).where(Flag.id == flag_id)).one_or_none()
    if row is None:
        raise not_found()
    flag: Flag = row[0]
    windows = _windows(session, flag)
    events = _events(session, viewer, flag)
    companies = _companies(session, viewer, flag.scope_id)
    book = rules_in_force(session)
    steps = list(session.scalars(_of(FlagStep, flag).order_by(FlagStep.due_ms, FlagStep.step)))
    own_steps = [step for step in steps if viewer.role != CONTRACTOR or step.unit == CONTRACTOR]
    assignee = session.get(User, flag.assignee_id) if flag.assignee_id is not None else None
    return FlagFile(
        flag=flag,
        site=row[1],
        watermark_ms=session.scalar(sa.select(Scope.watermark_ms).where(Scope.scope_id == flag.scope_id)),
        windows=windows,
        entries=_entries(session, flag, windows, events) if sees_evidence(viewer) else [],
        streams=streams_of(session, flag.scope_id),
        steps=own_steps,
        events=events,
        assignee=assignee.display_name if assignee is not None else None,
        failed_rechecks=sum(event["action"] == "fail_recheck" for event in events),
        signals=signals_of(session, viewer, flag.scope_id, local_date_of(flag.opened_ms - _WEEK_MS)),
        moves=allowed(asked_of(session, viewer, flag, row[1], book)),
        due_days_max=policy_from(flag.policy).due_days_max,
        companies=companies,
        company=_answerable(flag, companies),
        turn=turn_of(flag, steps),
        defence=open_defence(session, flag),
        documents=documents_of(session, flag.scope_id, _photos_named(events)),
        lacking=lacking_photos(session, flag.scope_id, _photos_named(events)),
    )


def flags_waiting_for(
    session: Session,
    viewer: Viewer,
    now_ms: int,
    limit: int,
    chosen: Chosen = MappingProxyType({}),
    start: int = 0,
) -> tuple[list[WaitingFlag], int]:
    """The flags that wait for this viewer's move, `limit` of them from number `start`, and how many there are: severe ones
    first, then overdue ones, then those of sites with signals, then by what is due first."""
    unit = CONTRACTOR if viewer.role == CONTRACTOR else viewer.unit
    asked = [FlagStep.asks, FlagStep.done_ms.is_(None), FlagStep.unit == unit]
    if viewer.role == CONTRACTOR:
        asked.append(sa.or_(Flag.company.is_(None), Flag.company == viewer.company))
    own = sa.and_(FlagStep.scope_id == Flag.scope_id, FlagStep.flag_id == Flag.id)
    earlier = aliased(
        FlagStep
    )  # of several that ask the same unit, the one that is due first decides where the flag is in the list
    is_first = ~sa.exists().where(
        earlier.scope_id == FlagStep.scope_id,
        earlier.flag_id == FlagStep.flag_id,
        earlier.unit == unit,
        earlier.asks,
        earlier.done_ms.is_(None),
        sa.tuple_(earlier.due_ms, earlier.step) < sa.tuple_(FlagStep.due_ms, FlagStep.step),
    )
    recent = sa.and_(SiteSignal.scope_id == Flag.scope_id, SiteSignal.found_ms > now_ms - _WEEK_MS)
    counted = sa.select(sa.func.count()).select_from(SiteSignal).where(recent).scalar_subquery()
    signals = counted if sees_signals(viewer) else sa.literal(0)
    order = (sa.case({"severe": 0}, value=Flag.severity, else_=1), FlagStep.due_ms > now_ms, signals.desc())
    query = (
        sa.select(Flag, Site, FlagStep, signals, User.display_name)
        .join(Site, Site.id == Flag.scope_id)
        .join(FlagStep, own)
        .outerjoin(User, User.id == Flag.assignee_id)
        .where(visible_flags(viewer), Flag.closed_ms.is_(None), is_first, *asked)
        .where(*conditions(chosen, viewer))
    )
    total = session.scalar(query.with_only_columns(sa.func.count())) or 0
    page = query.order_by(*order, FlagStep.due_ms, Flag.id).offset(start).limit(limit)
    rows = session.execute(page).all()
    turns = turns_of(session, [row[0] for row in rows], unit)
    found = [
        WaitingFlag(flag, site, turns.get(flag.id, step), count, name, flag.assignee_id == viewer.id)
        for flag, site, step, count, name in rows
    ]
    return found, total


def windows_around(session: Session, flag: Flag, now_ms: int) -> list[Window]:
    """The windows of the flag's duty at its site, from a week before it opened, as far as they have opened."""
    query = sa.select(Window).where(
        Window.scope_id == flag.scope_id,
        Window.opens_ms.between(
            flag.opened_ms - _WEEK_MS, min(now_ms, (flag.closed_ms or now_ms) + _WEEK_MS)
        ),
        Window.state != "void",
    )
    if flag.duty not in (SILENT, INTEGRITY):
        query = query.where(Window.duty == flag.duty)
    return list(session.scalars(query.order_by(Window.opens_ms.desc()).limit(_GRID_MAX)))


def _shown_flags(viewer: Viewer) -> sa.Select[Flag, Site]:
    return sa.select(Flag, Site).join(Site, Site.id == Flag.scope_id).where(visible_flags(viewer))


def _of(table: type[Any], flag: Flag) -> sa.Select[Any]:
    return sa.select(table).where(table.scope_id == flag.scope_id, table.flag_id == flag.id)


def _windows(session: Session, flag: Flag) -> list[Window]:
    """The flag's windows, oldest first; of very many, the latest."""
    latest = _of(Window, flag).order_by(Window.opens_ms.desc(), Window.id.desc()).limit(WINDOWS_MAX)
    return list(session.scalars(latest))[::-1]


def _entries(
    session: Session, flag: Flag, windows: Sequence[Window], events: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The log entries that met the flag's windows or fell into them, those of the cases that its history names, and the
    rechecks from tablets: who wrote what when, never what was measured."""
    cases = {event["detail"]["case"] for event in events if "case" in event["detail"]}
    ids = {window.evidence for window in windows if window.evidence}
    ids |= {event["detail"]["record"] for event in events if "record" in event["detail"]}
    kinds = _kinds(session, flag.duty)
    times = [
        sa.and_(Record.event_ms >= window.opens_ms, Record.event_ms < window.closes_ms)
        for window in windows[-_PROOF_WINDOWS:]
    ]
    if kinds and times:
        fell_in = sa.select(Record.id).where(
            Record.scope_id == flag.scope_id, Record.kind.in_(kinds), sa.or_(*times)
        )
        ids.update(session.scalars(fell_in.order_by(Record.event_ms.desc()).limit(ENTRIES_MAX)))
    query = (
        sa.select(LogEntry, Device.name)
        .outerjoin(Device, Device.id == LogEntry.device_id)
        .where(
            LogEntry.scope_id == flag.scope_id, sa.or_(LogEntry.id.in_(ids), LogEntry.record_id.in_(cases))
        )
        .order_by(LogEntry.event_ms.desc(), LogEntry.id)
        .limit(ENTRIES_MAX)
    )
    rows = session.execute(query).all()
    media = promised_media(session, flag.scope_id, [entry.id for entry, _ in rows])
    return [{**_shown_entry(entry, name), "media": media.get(entry.id, [])} for entry, name in rows]


def _kinds(session: Session, duty: str) -> list[str]:
    """The kinds of record that a duty asks for, by its reference rows."""
    rows = session.scalars(
        sa.select(Reference.data).where(Reference.noun == "duties", Reference.code == duty)
    )
    return sorted({str(data["evidence"]) for data in rows if data.get("evidence")})


def _shown_entry(entry: LogEntry, device_name: str | None) -> dict[str, Any]:
    columns = (
        "id",
        "n",
        "kind",
        "act",
        "outcome",
        "claimed_ms",
        "event_ms",
        "bound_ms",
        "grade",
        "not_before_ms",
        "earliest_ms",
        "latest_ms",
        "doubt",
        "observed_ms",
    )
    shown = {name: getattr(entry, name) for name in columns}
    device = {"id": entry.device_id, "name": device_name or ""}
    return {
        **shown,
        "received_ms": entry.received_ms,
        "backfilled": entry.observed_ms is not None,
        "device": device,
    }


def streams_of(session: Session, scope_id: str) -> list[dict[str, Any]]:
    """When each device of a site was last heard from, and through when its reports are complete."""
    query = (
        sa.select(StreamHead, Device)
        .join(Device, Device.id == StreamHead.device_id)
        .where(StreamHead.scope_id == scope_id)
        .order_by(StreamHead.heard_ms.desc(), StreamHead.device_id)
    )
    return [
        {
            "device": {"id": device.id, "name": device.name},
            "state": device.state,
            "heard_ms": stream.heard_ms,
            "complete_ms": stream.complete_ms,
            "unsent": stream.unsent,
            "forked": stream.forked,
        }
        for stream, device in session.execute(query)
    ]


def _photos_named(events: Sequence[Mapping[str, Any]]) -> set[str]:
    return {sha256 for event in events for sha256 in event["detail"].get("media", ())}


def _companies(session: Session, viewer: Viewer, site_id: str) -> list[tuple[str, str]]:
    query = (
        sa.select(SiteCompany.company, Company.name)
        .outerjoin(Company, Company.code == SiteCompany.company)
        .where(SiteCompany.site_id == site_id, visible_companies(viewer))
        .order_by(SiteCompany.role != GENERAL_CONTRACTOR, SiteCompany.role, SiteCompany.company)
    )
    return [(code, name or code) for code, name in session.execute(query)]


def _answerable(flag: Flag, companies: Sequence[tuple[str, str]]) -> str:
    """The company that the order is addressed to, before there is one the general contractor; "" for who may not know
    it."""
    named = dict(companies)
    return named.get(flag.company, "") if flag.company is not None else next(iter(named.values()), "")


def _events(session: Session, viewer: Viewer, flag: Flag) -> list[dict[str, Any]]:
    """What happened, in order, with the names of the people; their ids are not shown. Of another company a contractor
    sees only that it did something, and nothing of what was written to it. A contractor sees neither the bureau's own
    notes nor whom the system reminded there."""
    events = list(session.scalars(_of(FlagEvent, flag).order_by(FlagEvent.n)))
    people = {event.actor for event in events if len(event.actor) == 36}
    users = {user.id: user for user in session.scalars(sa.select(User).where(User.id.in_(people)))}
    shown, addressee, escalating = [], None, policy_from(flag.policy).escalating
    for event in events:
        if viewer.role == CONTRACTOR and is_bureaus_own(
            event.action, str(event.detail.get("unit", "")), escalating
        ):
            continue
        user, detail = users.get(event.actor), dict(event.detail)
        addressee = detail.get("company", addressee)
        name, hidden = user.display_name if user is not None else event.actor, False
        if viewer.role == CONTRACTOR:
            theirs = user is not None and user.role == CONTRACTOR and user.company != viewer.company
            hidden = theirs or (addressee not in (None, viewer.company) and user is not None)
            name = PARTY_NAMES[CONTRACTOR] if theirs else name
        if hidden:
            detail = {key: value for key, value in detail.items() if key not in _WORDS}
        fields = {"n": event.n, "at_ms": event.at_ms, "actor": name, "action": event.action}
        role = user.role if user is not None else ""
        unit = user.unit or "" if user is not None else ""
        shown.append({**fields, "detail": detail, "hash": event.hash, "role": role, "unit": unit})
    return shown

"""Windows: what a duty asks of a site, place and slot on one local date, and its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column
from uuid_utils import UUID, uuid5  # those of Python take twenty times as long, and every window has one

from server.base.db import Base, Id, bulk_insert, bulk_update
from server.base.statements import constant
from server.rules.duties.periods import LONG_MS
from server.rules.duties.transition import REASON_MAX, Decision, begin
from server.rules.duties.windows import Key, PlannedWindow, deadline

RULES = 2
_IS_LONG = f"closes_ms - opens_ms > {LONG_MS}"
FROZEN = 0  # instead: what it rested on was erased, and the verdict stays


class Window(Base):
    """One window, of one place, of all places of a kind, or of the whole site. Its id follows from (site, duty, trigger or
    place, local date, slot), so making it twice makes it once."""

    __tablename__ = "duty_window"
    __table_args__ = (
        # The tick: windows to be looked at by now. Partial: an idle tick costs nothing, however many are stored.
        sa.Index(
            "ix_duty_window_check",
            "check_ms",
            postgresql_where=sa.text("check_ms IS NOT NULL"),
            sqlite_where=sa.text("check_ms IS NOT NULL"),
        ),
        # One flag's page: its windows.
        sa.Index(
            "ix_duty_window_flag",
            "scope_id",
            "flag_id",
            postgresql_where=sa.text("flag_id IS NOT NULL"),
            sqlite_where=sa.text("flag_id IS NOT NULL"),
        ),
        sa.Index(
            "ix_duty_window_opens", "scope_id", "opens_ms"
        ),  # push: windows that a fact may meet; a site's page
        # Push: reviews that end by themselves when more is known.
        sa.Index(
            "ix_duty_window_review",
            "scope_id",
            "opens_ms",
            postgresql_where=sa.text("state = 'review'"),
            sqlite_where=sa.text("state = 'review'"),
        ),
        # The few windows of weeks and months, which `ix_duty_window_opens` does not bound: see `reaching`.
        sa.Index(
            "ix_duty_window_long",
            "scope_id",
            "closes_ms",
            postgresql_where=sa.text(_IS_LONG),
            sqlite_where=sa.text(_IS_LONG),
        ),
        # Push: the windows that records asked for.
        sa.Index(
            "ix_duty_window_trigger",
            "scope_id",
            "trigger_id",
            postgresql_where=sa.text("trigger_id IS NOT NULL"),
            sqlite_where=sa.text("trigger_id IS NOT NULL"),
        ),
    )

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    duty: Mapped[str] = mapped_column(sa.String(24))
    place: Mapped[str] = mapped_column(sa.String(24))  # its kind; "" where the duty is the whole site's
    # None where the duty is asked once of all places of the kind, as all were before places had ids.
    place_id: Mapped[str | None] = mapped_column(Id)
    local_date: Mapped[str] = mapped_column(sa.String(10))
    slot: Mapped[str] = mapped_column(sa.String(24))
    opens_ms: Mapped[int] = mapped_column(sa.BigInteger)
    due_ms: Mapped[int] = mapped_column(sa.BigInteger)
    grace_s: Mapped[int] = mapped_column(sa.Integer)
    closes_ms: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(sa.String(12), default="open")
    reason: Mapped[str | None] = mapped_column(sa.String(REASON_MAX))
    need: Mapped[int | None] = mapped_column(sa.Integer)
    have: Mapped[int | None] = mapped_column(sa.Integer)
    evidence: Mapped[str | None] = mapped_column(Id)  # the entry that met it
    evidence_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    check_ms: Mapped[int | None] = mapped_column(sa.BigInteger)  # when the scheduler must look at it next
    judged_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    judged_watermark_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    flag_id: Mapped[str | None] = mapped_column(Id)
    # By which rules it was judged last: 1 before times were intervals (such verdicts stay), 2 since; or FROZEN.
    rules: Mapped[int] = mapped_column(sa.SmallInteger, default=RULES)
    trigger_id: Mapped[str | None] = mapped_column(Id)  # the record that asks for it

    @property
    def key(self) -> Key:
        """What it is, at its site."""
        return (self.duty, self.trigger_id or self.place_id or self.place, self.local_date, self.slot)

    @property
    def deadline_ms(self) -> int:
        return deadline(self.due_ms, self.grace_s)


@dataclass(slots=True)
class DueWindow:
    """A window as plain values: planning makes and a tick judges thousands at once, which the session need not track."""

    scope_id: str
    id: str
    duty: str
    place: str
    place_id: str | None
    local_date: str
    slot: str
    opens_ms: int
    due_ms: int
    grace_s: int
    closes_ms: int
    state: str = "open"
    reason: str | None = None
    need: int | None = None
    have: int | None = None
    evidence: str | None = None
    evidence_ms: int | None = None
    check_ms: int | None = None
    judged_ms: int | None = None
    judged_watermark_ms: int | None = None
    flag_id: str | None = None
    rules: int = RULES
    trigger_id: str | None = None

    @property
    def deadline_ms(self) -> int:
        return deadline(self.due_ms, self.grace_s)


AnyWindow = Window | DueWindow
IS_LONG = sa.text(_IS_LONG)  # as the partial index has it
_PLANNED = (
    *("scope_id", "id", "duty", "place", "place_id", "local_date", "slot"),
    *("opens_ms", "due_ms", "grace_s", "closes_ms", "rules", "trigger_id"),
)
_MADE = (*_PLANNED, "state", "reason", "check_ms")
_JUDGED = (
    *("state", "reason", "need", "have", "evidence", "evidence_ms"),
    *("check_ms", "judged_ms", "judged_watermark_ms", "flag_id", "rules"),
)


def set_decision(window: AnyWindow, decided: Decision) -> bool:
    """Write what was decided of a window; whether anything that people see of it changed. Nothing else sets these
    columns."""
    before = (window.state, window.reason, window.need, window.have)
    after = (decided.state, decided.reason, decided.need, decided.have)
    if after != before:
        window.state, window.reason, window.need, window.have = after
    window.check_ms = decided.check_ms
    return after != before


def plain_window(site_id: str, planned: PlannedWindow) -> DueWindow:
    """A new window as it begins, for `insert_windows`."""
    made = DueWindow(
        scope_id=site_id,
        id=window_id(site_id, *planned.key),
        duty=planned.duty,
        place=planned.place,
        place_id=planned.place_id or None,
        local_date=planned.local_date,
        slot=planned.slot,
        opens_ms=planned.opens_ms,
        due_ms=planned.due_ms,
        grace_s=planned.grace_s,
        closes_ms=planned.closes_ms,
        trigger_id=planned.trigger_id or None,
    )
    set_decision(made, begin(planned))
    return made


def make_window(site_id: str, planned: PlannedWindow) -> Window:
    """A new window as it begins, not yet added."""
    plain = plain_window(site_id, planned)
    made = Window(**{name: getattr(plain, name) for name in _PLANNED})
    set_decision(made, begin(planned))
    return made


def insert_windows(session: Session, windows: Sequence[AnyWindow]) -> None:
    """Write new windows, in one bulk insertion; the session does not track them."""
    read = attrgetter(*_MADE)
    bulk_insert(session, Window.__table__, _MADE, [read(window) for window in windows])  # type: ignore[arg-type]


_DUE: sa.Select[Any] = (
    sa.select(*(getattr(Window, field.name) for field in fields(DueWindow)))
    .where(
        Window.scope_id.in_(sa.bindparam("scope_ids", expanding=True)),
        Window.check_ms <= sa.bindparam("now_ms"),
    )
    .order_by(Window.due_ms)
)


def due_windows(session: Session, scope_ids: Sequence[str], now_ms: int) -> dict[str, list[DueWindow]]:
    """The windows of these scopes that are to be looked at by now, by scope, the earliest deadline first."""
    found: dict[str, list[DueWindow]] = {}
    for row in session.execute(_DUE, {"scope_ids": scope_ids, "now_ms": now_ms}):
        found.setdefault(row[0], []).append(DueWindow(*row))
    return found


def save_decisions(session: Session, windows: Sequence[DueWindow]) -> None:
    """Write the verdicts on these windows, in one statement."""
    named = ("scope_id", "id")
    read = attrgetter(*_JUDGED, *named)
    bulk_update(session, Window.__table__, named, _JUDGED, [read(window) for window in windows])  # type: ignore[arg-type]


def reaching(from_ms: int, to_ms: int) -> sa.ColumnElement[bool]:
    """Whether a window may reach into a stretch of time: it opened in it or up to two days before, or it is a long one that
    closes later. Two ranges of two indexes, however long ago a window opened."""
    long = sa.and_(IS_LONG, Window.closes_ms >= from_ms, Window.opens_ms <= to_ms)
    return sa.or_(Window.opens_ms.between(from_ms - LONG_MS, to_ms), long)


_LONG = sa.select(Window).where(
    Window.scope_id.in_(sa.bindparam("scope_ids", expanding=True)),
    IS_LONG,
    Window.closes_ms >= sa.bindparam("since_ms"),
)


def long_windows(session: Session, scope_ids: Sequence[str], since_ms: int) -> dict[str, list[Window]]:
    """The windows of weeks and months of these sites that closed after that, or are still to close. One statement."""
    found: dict[str, list[Window]] = {scope_id: [] for scope_id in scope_ids}
    given = {"scope_ids": scope_ids, "since_ms": since_ms}
    for row in session.scalars(_LONG, given, execution_options={"populate_existing": True}):
        found[row.scope_id].append(row)
    return found


def wake_windows(session: Session, scope_id: str, after_ms: int | None, until_ms: int, now_ms: int) -> None:
    """Silent windows whose deadline a device has now reported past are looked at by the next tick. `after_ms`: how far it
    had reported before; None: it never had."""
    opened = Window.opens_ms <= until_ms if after_ms is None else reaching(after_ms, until_ms)
    deadline = Window.due_ms + Window.grace_s * 1000
    silent = sa.and_(Window.scope_id == scope_id, Window.state == constant("silent"))
    passed = sa.update(Window).where(silent, opened, deadline <= until_ms)
    session.execute(passed.values(check_ms=now_ms))


def first_silent(scope_id: sa.ColumnElement[str], after_ms: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """The first deadline of the silent windows that `wake_windows` would look at; None where there is none. `after_ms`:
    None gives None."""
    opened = sa.or_(Window.opens_ms >= after_ms - LONG_MS, sa.and_(IS_LONG, Window.closes_ms >= after_ms))
    query = sa.select(sa.func.min(Window.due_ms + Window.grace_s * 1000))
    return query.where(
        Window.scope_id == scope_id, Window.state == constant("silent"), opened
    ).scalar_subquery()


def wake_reviews(session: Session, scope_id: str, from_ms: int, to_ms: int, now_ms: int) -> None:
    """What may have been evidence between these instants is gone: windows that may be in review because of it are
    looked at by the next tick."""
    opened = reaching(from_ms, to_ms + LONG_MS)
    query = sa.update(Window).where(Window.scope_id == scope_id, Window.state == constant("review"), opened)
    session.execute(query.values(check_ms=now_ms))


def wake_undecided(session: Session, scope_id: str, now_ms: int) -> None:
    """Who reports in a scope has changed: what waits for reports, and what is in review because of a device, is looked at
    by the next tick."""
    waiting = sa.or_(
        Window.state == constant("silent"),
        sa.and_(Window.state == constant("review"), Window.reason.like(constant("device_%"))),
    )
    query = sa.update(Window).where(Window.scope_id == scope_id, waiting)
    session.execute(query.values(check_ms=now_ms))


def places_lacking(
    session: Session, flags: Sequence[tuple[str, str]]
) -> dict[str, list[tuple[str, str | None]]]:
    """By flag, of those given as (scope, flag): the places, each as (kind, id), whose windows it gathers and that are not
    settled; none of the whole site. One statement."""
    scopes, ids = {scope_id for scope_id, _ in flags}, {flag_id for _, flag_id in flags}
    query = (
        sa.select(Window.flag_id, Window.place, Window.place_id)
        .where(Window.scope_id.in_(scopes), Window.flag_id.in_(ids))
        .where(Window.state.in_(("missed", "silent", "review")), Window.place != "")
    )
    found: dict[str, list[tuple[str, str | None]]] = {flag_id: [] for flag_id in ids}
    rows = session.execute(query.distinct().order_by(Window.place, Window.place_id))
    for flag_id, kind, place_id in rows:
        found[str(flag_id)].append((kind, place_id))
    return found


def window_id(site_id: str, duty: str, place: str, local_date: str, slot: str) -> str:
    """The id of the one window of this site, duty, place (its id, else its kind; or the record that asks for it), local date
    and slot, whoever makes it."""
    return str(uuid5(UUID(site_id), f"{duty}|{place}|{local_date}|{slot}"))

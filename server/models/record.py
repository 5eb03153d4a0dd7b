"""Records: what comes down. The latest state of each, with its position in the scope's change counter."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.base.db import Base, Id, Json

_OPEN = sa.text("state = 'open'")
WIDE_MS = 3_600_000
UNUSUAL = "canteen_staff OR merged_into IS NOT NULL"
WIDE = f"latest_ms - earliest_ms > {WIDE_MS}"


class Record(Base):
    """The latest state of one record, its body already serialised as it is served (sealed where the kind says
    so).

    `event_ms`, `subject` (a worker's or a place's id) and `slot` (a reading's slot, a pass's direction) of a
    fact are in the clear because duties are judged by them; they name nobody. Where nobody can say which place a fact is
    about, `subject` is its kind, and `maybe_places` has the ids of those that it may be. `counts` is False for a fact
    that was voided or corrected: it stays readable and no longer proves anything.
    """

    __tablename__ = "record"
    __table_args__ = (
        sa.Index("ix_record_seq", "scope_id", "seq"),  # pull: what changed since a cursor
        sa.Index(  # the tick: tombstones that may be forgotten
            "ix_record_deleted",
            "deleted_ms",
            postgresql_where=sa.text("deleted_ms IS NOT NULL"),
            sqlite_where=sa.text("deleted_ms IS NOT NULL"),
        ),
        sa.Index("ix_record_event", "scope_id", "kind", "event_ms"),  # duties: which facts fall into a window
        sa.Index(  # a site's page: facts of which nobody can say at which place
            "ix_record_maybe_places",
            "scope_id",
            postgresql_where=sa.text("maybe_places IS NOT NULL"),
            sqlite_where=sa.text("maybe_places IS NOT NULL"),
        ),
        sa.Index(  # a correction is voided: are there others of the same fact?
            "ix_record_amends",
            "scope_id",
            "amends",
            postgresql_where=sa.text("amends IS NOT NULL"),
            sqlite_where=sa.text("amends IS NOT NULL"),
        ),
        sa.Index(  # a fact is dated better: which corrections go with it?
            "ix_record_timed",
            "scope_id",
            "timed_by",
            postgresql_where=sa.text("timed_by IS NOT NULL"),
            sqlite_where=sa.text("timed_by IS NOT NULL"),
        ),
        sa.Index(  # duties: the few facts whose time is known so badly that `event_ms` does not find them
            "ix_record_wide",
            "scope_id",
            "kind",
            postgresql_where=sa.text(WIDE),
            sqlite_where=sa.text(WIDE),
        ),
    )

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(32))
    rev: Mapped[int] = mapped_column(sa.BigInteger)
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    body: Mapped[bytes] = mapped_column(sa.LargeBinary)
    deleted_ms: Mapped[int | None] = mapped_column(sa.BigInteger)  # a tombstone, remembered at least 180 days
    event_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    subject: Mapped[str | None] = mapped_column(sa.String(36))
    maybe_places: Mapped[str | None] = mapped_column(sa.Text)  # separated by spaces
    slot: Mapped[str | None] = mapped_column(sa.String(16))
    counts: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    backfilled: Mapped[bool] = mapped_column(sa.Boolean, default=False)  # then `event_ms` is `observed_ms`
    earliest_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    latest_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    observed_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    amends: Mapped[str | None] = mapped_column(Id)  # the fact that this one corrects
    timed_by: Mapped[str | None] = mapped_column(Id)  # the fact whose time it has, if that is not its own


# Neither voided, corrected nor deleted.
IN_FORCE = sa.and_(Record.counts.is_(True), Record.deleted_ms.is_(None))


def in_force_of(kind: str, scope_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether a record is one of this kind in these scopes, in force."""
    return sa.and_(Record.scope_id.in_(scope_ids), Record.kind == kind, IN_FORCE)


class Worker(Base):
    """What only the server holds of a roster entry: its full fields (sealed), who wrote each of them, and
    the few columns that lists, look-ups and duties need."""

    __tablename__ = "worker"
    __table_args__ = (
        sa.Index("ix_worker_certificate", "certificate_digest"),  # the same person at another site
        sa.Index("ix_worker_company", "scope_id", "company"),  # a contractor's own people
        # duties: one person under two records
        sa.Index("ix_worker_person", "scope_id", "certificate_digest"),
        sa.Index(  # duties: the few people who are not counted like everybody else
            "ix_worker_unusual",
            "scope_id",
            postgresql_where=sa.text(UNUSUAL),
            sqlite_where=sa.text(UNUSUAL),
        ),
    )

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    state: Mapped[bytes] = mapped_column(sa.LargeBinary)  # JSON of the full fields, sealed
    stamps: Mapped[dict[str, list[Any]]] = mapped_column(Json)  # field → [rev, device, n, event_ms, entry]
    certificate_digest: Mapped[str] = mapped_column(sa.String(32))
    company: Mapped[str | None] = mapped_column(sa.String(18))  # None: staff of a site that asks for none
    canteen_staff: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    entered_on: Mapped[str] = mapped_column(sa.String(10))
    exited_on: Mapped[str | None] = mapped_column(sa.String(10))
    merged_into: Mapped[str | None] = mapped_column(Id)  # another record of the same person, which stays


class CaseFile(Base):
    """What only the server holds of a case: its full fields (sealed), who wrote each, and what its deadlines follow
    from. `opened_ms`: when it was opened, as well as is known; `reported_ms`: the last of the three reports (报备);
    `check_ms`: when the tick looks at it next. `has_course`: whether all steps of the course are asked of it, and not
    its reports alone, as of those that were opened before there were others."""

    __tablename__ = "case_file"
    __table_args__ = (
        sa.Index(  # the tick: cases to look at
            "ix_case_check",
            "check_ms",
            postgresql_where=sa.text("check_ms IS NOT NULL"),
            sqlite_where=sa.text("check_ms IS NOT NULL"),
        ),
    )

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    state: Mapped[bytes] = mapped_column(sa.LargeBinary)
    stamps: Mapped[dict[str, list[Any]]] = mapped_column(Json)
    worker_id: Mapped[str] = mapped_column(Id)
    opened_ms: Mapped[int] = mapped_column(sa.BigInteger)
    reported_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    ended: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    check_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    has_course: Mapped[bool] = mapped_column(sa.Boolean, server_default=sa.true())


def look_at_cases(session: Session, scope_id: str, ids: Collection[str]) -> None:
    """Let the next tick look at these cases: something came, or went, that is about them. One statement."""
    named = sa.update(CaseFile).where(CaseFile.scope_id == scope_id, CaseFile.id.in_(sorted(ids)))
    session.execute(named.values(check_ms=0), execution_options={"synchronize_session": False})


def cases_of(session: Session, scope_ids: Sequence[str]) -> list[CaseFile]:
    """The cases of these scopes that are not void."""
    query = sa.select(CaseFile).join(
        Record, sa.and_(Record.scope_id == CaseFile.scope_id, Record.id == CaseFile.id)
    )
    return list(session.scalars(query.where(in_force_of("case", scope_ids))))


class FormRegister(Base):
    """What only the server holds of a record of a register that is a form: its full fields (sealed), who wrote each."""

    __tablename__ = "form_register"

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(32))
    state: Mapped[bytes] = mapped_column(sa.LargeBinary)
    stamps: Mapped[dict[str, list[Any]]] = mapped_column(Json)


class Contest(Base):
    """Two values for one field: both are kept and wait for a person. `kept` is the entry whose value shows
    now."""

    __tablename__ = "contest"
    __table_args__ = (
        sa.Index("ix_contest_open", "scope_id", "at_ms", postgresql_where=_OPEN, sqlite_where=_OPEN),
    )  # the list that people work from

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    entry_id: Mapped[str] = mapped_column(Id, primary_key=True)
    field: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    record_id: Mapped[str] = mapped_column(Id)
    kept_entry: Mapped[str] = mapped_column(Id)
    other_entry: Mapped[str] = mapped_column(Id)
    values: Mapped[bytes] = mapped_column(sa.LargeBinary)  # JSON {"kept": …, "other": …}, sealed
    at_ms: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(sa.String(12), default="open")  # open, settled
    settled_entry: Mapped[str | None] = mapped_column(Id)  # the edit that chose
    # By whom in the console, when and why; empty when a tablet's edit settled it.
    settled_by: Mapped[str | None] = mapped_column(Id)
    settled_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    reason: Mapped[str | None] = mapped_column(sa.String(200))

"""The log: what devices wrote, byte for byte. Every table of current state can be rebuilt from it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.base.db import Base, Id, Json
from server.base.statements import constant
from server.models.site import Site

_OPEN = sa.text("state = 'open'")
_SETTLED = sa.text("settled_ms IS NOT NULL")
_OF_FORMS = sa.text("code = 'unknown_form' AND state = 'open'")
_OF_ERASED = sa.text("code = 'person_erased' AND state <> 'open'")


ANY_KIND = ""  # of a line that could not be read


class LogEntry(Base):
    """One entry as it came, its outcome, and what is known of its time.

    `raw` is the line itself, sealed for the kinds that hold identity or health data and for refused lines, or the place
    where it is in a segment of many (server/actions/sync/log_lines.py reads both);
    `hash` is always over the bytes that the device wrote. A refused entry stays here too: it keeps its
    place in the chain; so does a line that could not be read and whose place is known by its hash (`kind` is empty).
    Of an erased line (models/erasure.py) `raw` is empty.

    It was written within [`earliest_ms`, `latest_ms`], as `event_ms` ± `bound_ms` shows it; provably not before
    `not_before_ms` (`floor_ms`: the T of the last push that had not heard of it) and not after `received_ms`.
    `boot_number` and `up_ms` are the clock since boot, for when a later push ties it better.
    """

    __tablename__ = "entry"
    __table_args__ = (
        sa.Index("ix_entry_chain", "scope_id", "device_id", "n"),  # push: an entry's neighbours in its chain
    )

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    device_id: Mapped[str] = mapped_column(Id)
    n: Mapped[int] = mapped_column(sa.BigInteger)
    kind: Mapped[str] = mapped_column(sa.String(32))
    record_id: Mapped[str] = mapped_column(Id)
    act: Mapped[str] = mapped_column(sa.String(8))
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    raw: Mapped[bytes] = mapped_column(sa.LargeBinary)
    outcome: Mapped[str] = mapped_column(sa.String(12))
    code: Mapped[str | None] = mapped_column(sa.String(40))
    rev: Mapped[int | None] = mapped_column(sa.BigInteger)
    seq: Mapped[int | None] = mapped_column(sa.BigInteger)
    exchange_id: Mapped[str] = mapped_column(Id)
    received_ms: Mapped[int] = mapped_column(sa.BigInteger)
    claimed_ms: Mapped[int] = mapped_column(sa.BigInteger)
    event_ms: Mapped[int] = mapped_column(sa.BigInteger)
    bound_ms: Mapped[int] = mapped_column(sa.BigInteger)
    grade: Mapped[str] = mapped_column(sa.String(8))
    not_before_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    backfilled: Mapped[bool] = mapped_column(sa.Boolean)
    earliest_ms: Mapped[int] = mapped_column(sa.BigInteger)
    latest_ms: Mapped[int] = mapped_column(sa.BigInteger)
    floor_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    doubt: Mapped[bool] = mapped_column(sa.Boolean)
    observed_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    boot_number: Mapped[int | None] = mapped_column(sa.Integer)
    up_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    form: Mapped[int | None] = mapped_column(sa.BigInteger)  # by which version of its form it was read


class HeldEntry(Base):
    """An entry that waits for others (`waits_for`: ids of entries or records), until `until_ms`. `reason`:
    `needs`, or the code of why a person decides (then there is no deadline)."""

    __tablename__ = "held_entry"
    __table_args__ = (sa.Index("ix_held_entry_until_ms", "until_ms"),)  # the tick: held for too long

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    entry_id: Mapped[str] = mapped_column(Id, primary_key=True)
    reason: Mapped[str] = mapped_column(sa.String(40))
    waits_for: Mapped[list[str]] = mapped_column(Json)
    until_ms: Mapped[int | None] = mapped_column(sa.BigInteger)


class KeptEvidence(Base):
    """An entry that is stored and not applied (held, or in quarantine): the windows that it could meet are in review
    until it is applied or a person dismisses it. `subject`, `slot`: None where the entry does not say; `maybe_places` as a
    record has it."""

    __tablename__ = "kept_evidence"
    __table_args__ = (sa.Index("ix_kept_evidence_kind", "scope_id", "kind", "latest_ms"),)  # push and tick

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    entry_id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(32))
    subject: Mapped[str | None] = mapped_column(sa.String(36))
    maybe_places: Mapped[str | None] = mapped_column(sa.Text)
    slot: Mapped[str | None] = mapped_column(sa.String(16))
    earliest_ms: Mapped[int] = mapped_column(sa.BigInteger)
    latest_ms: Mapped[int] = mapped_column(sa.BigInteger)


class Quarantine(Base):
    """A refused line, kept where a person can read, correct or dismiss it. `id` follows from device and
    bytes, so that a line sent twice is kept once."""

    __tablename__ = "quarantine"
    __table_args__ = (
        # The list that people work from.
        sa.Index("ix_quarantine_open", "scope_id", "at_ms", postgresql_where=_OPEN, sqlite_where=_OPEN),
        # The tick: what may be forgotten.
        sa.Index("ix_quarantine_settled", "settled_ms", postgresql_where=_SETTLED, sqlite_where=_SETTLED),
        # Publishing a form, and the tick: what may be validated again.
        sa.Index("ix_quarantine_form", "scope_id", postgresql_where=_OF_FORMS, sqlite_where=_OF_FORMS),
        # The tick: settled lines about people whose data was erased, which are erased too.
        sa.Index("ix_quarantine_erased", "id", postgresql_where=_OF_ERASED, sqlite_where=_OF_ERASED),
    )

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    device_id: Mapped[str] = mapped_column(Id)
    entry_id: Mapped[str | None] = mapped_column(Id)
    raw: Mapped[bytes] = mapped_column(sa.LargeBinary)  # sealed
    code: Mapped[str] = mapped_column(sa.String(40))
    errors: Mapped[dict[str, list[str]]] = mapped_column(Json)
    at_ms: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(sa.String(12), default="open")  # open, mended, dismissed, applied
    settled_by: Mapped[str | None] = mapped_column(Id)  # a user
    settled_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    reason: Mapped[str | None] = mapped_column(sa.String(200))  # why a person settled it so


def refusals_by_site(session: Session, limit: int) -> list[tuple[str | None, int, int]]:
    """Where refused lines wait for a person: the site's name (None: of no site), how many, and since when; the oldest
    first."""
    oldest = sa.func.min(Quarantine.at_ms)
    query = (
        sa.select(Site.name, sa.func.count(), oldest)
        .select_from(Quarantine)
        .outerjoin(Site, Site.id == Quarantine.scope_id)
        .where(Quarantine.state == constant("open"))
        .group_by(Quarantine.scope_id, Site.name)
        .order_by(oldest, Quarantine.scope_id)
        .limit(limit)
    )
    return [(name, count, since_ms) for name, count, since_ms in session.execute(query)]


def scope_log(session: Session, scope_id: str) -> sa.ScalarResult[LogEntry]:
    """The scope's log in the order in which it took effect (`received`, then device and number)."""
    order = (LogEntry.received_ms, LogEntry.device_id, LogEntry.n, LogEntry.id)
    query = sa.select(LogEntry).where(LogEntry.scope_id == scope_id).order_by(*order)
    return session.scalars(query.execution_options(yield_per=1000))

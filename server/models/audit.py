"""What people did that others may ask about: who, when, what, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column
from uuid_utils.compat import uuid7

from schemas.limits import REASON_MAX
from server.base.db import Base, Id, Json
from server.rules.audit_words import EVENTS
from server.rules.plain_text import cleaned

SUBJECT_MAX = 200


class AuditEvent(Base):
    """One thing that somebody did. `user_id` is empty for a command on the server. Full numbers that were shown are in
    `Disclosure`, erased people in `Erasure`, moves of flags in `FlagEvent`."""

    __tablename__ = "audit_event"
    __table_args__ = (
        sa.Index("ix_audit_event_at", "at_ms"),  # the audit page; the tick: what may be forgotten
        sa.Index("ix_audit_event_subject", "subject_id", "at_ms"),  # why a device was revoked
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    at_ms: Mapped[int] = mapped_column(sa.BigInteger)
    user_id: Mapped[str | None] = mapped_column(Id)
    what: Mapped[str] = mapped_column(sa.String(24))  # of EVENTS
    subject: Mapped[str] = mapped_column(sa.String(SUBJECT_MAX))  # its name then
    subject_id: Mapped[str] = mapped_column(sa.String(64))
    changes: Mapped[dict[str, list[Any]]] = mapped_column(Json)  # by field: [before, after]
    reason: Mapped[str] = mapped_column(sa.String(REASON_MAX))


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done, to be recorded. `by`: the user, or None for a command on the server."""

    what: str
    by: str | None
    subject: str
    subject_id: str = ""
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    reason: str = ""


def record_deed(session: Session, deed: Deed, now_ms: int) -> None:
    """Record it in the transaction of what was done. Raises KeyError for a code that has no words."""
    assert EVENTS[deed.what]
    row = AuditEvent(id=str(uuid7()), at_ms=now_ms, user_id=deed.by, what=deed.what)
    row.subject, row.subject_id = deed.subject[:SUBJECT_MAX], deed.subject_id
    row.changes = {name: list(both) for name, both in deed.changes.items() if both[0] != both[1]}
    row.reason = cleaned(deed.reason)[:REASON_MAX]
    session.add(row)


def handed_password(session: Session, one: str, other: str) -> bool:
    """Whether one of these users gave the other a password, and so could log in as that one."""
    query = sa.select(AuditEvent.id).where(
        AuditEvent.what.in_(("user_added", "password_reset")),
        sa.or_(
            sa.and_(AuditEvent.subject_id == one, AuditEvent.user_id == other),
            sa.and_(AuditEvent.subject_id == other, AuditEvent.user_id == one),
        ),
    )
    return session.scalar(query.limit(1)) is not None

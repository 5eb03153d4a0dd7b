"""What one person proposes and a second one approves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from schemas.limits import REASON_MAX
from server.base.db import Base, Id, Json
from server.models.audit import SUBJECT_MAX
from server.rules.approval import APPROVE, BECOMES, Standing


class Proposal(Base):
    """`payload` is what the effect of this `kind` is applied to when it is approved (actions/approvals/registry.py)."""

    __tablename__ = "proposal"
    __table_args__ = (sa.Index("ix_proposal_state", "state", "proposed_ms"),)  # the page of proposals

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(24))
    subject: Mapped[str] = mapped_column(sa.String(SUBJECT_MAX))  # what it is about, in words
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    reason: Mapped[str] = mapped_column(sa.String(REASON_MAX))
    proposed_by: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"))
    proposed_ms: Mapped[int] = mapped_column(sa.BigInteger)
    expires_ms: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(sa.String(10))
    decided_by: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("user_account.id"))
    decided_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    decided_reason: Mapped[str | None] = mapped_column(sa.String(REASON_MAX))

    @property
    def standing(self) -> Standing:
        return Standing(self.state, self.proposed_by, self.expires_ms)


def approved_since(session: Session, kind: str, by: str, since_ms: int) -> Sequence[Proposal]:
    """What this user proposed of a kind and a second person approved at or after `since_ms`."""
    query = sa.select(Proposal).where(
        Proposal.state == BECOMES[APPROVE],
        Proposal.kind == kind,
        Proposal.proposed_by == by,
        Proposal.decided_ms >= since_ms,
    )
    return session.scalars(query).all()

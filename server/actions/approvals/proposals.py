"""Propose something, and decide on what somebody else proposed. The same for every kind (see `Effect`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from uuid_utils.compat import uuid7

from schemas.limits import REASON_MAX, REASON_MIN
from server.actions.approvals.effects import Effect, Payload
from server.actions.approvals.registry import EFFECTS
from server.actions.notices.enqueue import enqueue_for_admins
from server.actions.reference.check_codes import NO_REFERENCE, wrong
from server.base.problems import Problem, not_found
from server.base.runtime import Runtime
from server.models.access import Viewer
from server.models.audit import SUBJECT_MAX, Deed, handed_password, record_deed
from server.models.paging import After, Page, cut, read_cursor
from server.models.proposal import Proposal
from server.models.tx import Tx
from server.models.user import User
from server.rules.approval import APPROVE, BECOMES, OPEN, WITHDRAW, refusal, state_at
from server.rules.calendar import DAY_MS, local_date_of
from server.rules.from_rows import in_force
from server.rules.plain_text import cleaned


@dataclass(frozen=True, slots=True)
class ShownProposal:
    """A proposal as somebody sees it: its state now, who proposed and decided it, and which verdicts are theirs."""

    proposal: Proposal
    effect: Effect
    state: str
    proposed_by: str
    decided_by: str | None
    verdicts: tuple[str, ...]


def propose(tx: Tx, viewer: Viewer, kind: str, payload: Payload, reason: str) -> Proposal:
    """A new proposal, which waits for a second person. Raises Problem 404 for a kind that is not this user's, 422 without a
    reason, and whatever would keep it from being applied now."""
    effect = EFFECTS.get(kind)
    if effect is None or not effect.may_propose(tx, viewer, payload):
        raise not_found()
    checked = effect.check(tx, viewer, payload)
    days = in_force(tx.book.rows["rules"], "proposal_days", local_date_of(tx.now_ms))
    if days is None:
        raise wrong("rules", NO_REFERENCE)
    subject = checked.subject[:SUBJECT_MAX]
    row = Proposal(id=str(uuid7()), kind=kind, subject=subject, payload=checked.payload, state=OPEN)
    row.reason = checked_reason(reason)
    row.proposed_by, row.proposed_ms = viewer.id, tx.now_ms
    row.expires_ms = tx.now_ms + round(days["value"] * DAY_MS)
    tx.session.add(row)
    tx.session.flush()
    _record(tx, "proposed", viewer, row, row.reason)
    enqueue_for_admins(tx.session, "proposed", row.id, tx.now_ms, f"{effect.title}: {subject}"[:SUBJECT_MAX])
    return row


def gathered(tx: Tx, viewer: Viewer, runtime: Runtime, proposal_id: str, verdict: str) -> Any:
    """What approving this proposal needs to know of the world outside the database, for `decide`; None where the verdict
    will be refused."""
    row = tx.session.get(Proposal, proposal_id)
    if row is None or verdict != APPROVE or not _sees(tx, viewer, row):
        return None
    return (
        EFFECTS[row.kind].gather(runtime, row.payload) if _refusal(tx, viewer, row, verdict) is None else None
    )


def decide(
    tx: Tx, viewer: Viewer, proposal_id: str, verdict: str, reason: str = "", outside: Any = None
) -> Proposal:
    """Approve, reject or withdraw a proposal. What is approved takes effect in the same transaction.

    `outside`: from `gathered`. Raises Problem 404 when it is not this user's to see, 409 when it is decided, expired or of
    the same person, 422 for a rejection without a reason, and whatever keeps its effect from being applied.
    """
    row = tx.session.get(Proposal, proposal_id, with_for_update=True, populate_existing=True)
    if row is None or verdict not in BECOMES or not _sees(tx, viewer, row):
        raise not_found()
    effect = EFFECTS[row.kind]
    code = _refusal(tx, viewer, row, verdict)
    if code is not None:
        raise Problem(code)
    if verdict != WITHDRAW and not effect.may_decide(tx, viewer, row.payload):
        raise Problem("role_not_allowed")
    row.decided_reason = cleaned(reason)[:REASON_MAX] if verdict != "reject" else checked_reason(reason)
    row.state, row.decided_by, row.decided_ms = BECOMES[verdict], viewer.id, tx.now_ms
    if verdict == APPROVE:
        effect.apply(tx, row, viewer, outside)
    _record(tx, row.state, viewer, row, row.decided_reason)
    return row


def one_proposal(tx: Tx, viewer: Viewer, proposal_id: str) -> ShownProposal:
    """One proposal. Raises Problem 404."""
    found = tx.session.execute(_proposals().where(Proposal.id == proposal_id)).one_or_none()
    if found is None or not _sees(tx, viewer, found[0]):
        raise not_found()
    return _shown(tx, viewer, *found)


def page_of_proposals(
    tx: Tx, viewer: Viewer, state: str, cursor: str | None, limit: int
) -> Page[ShownProposal]:
    """The proposals of a state that this user may see, newest first. Raises Problem 422 for a bad cursor."""
    after = read_cursor(cursor)
    live = sa.and_(Proposal.state == OPEN, Proposal.expires_ms > tx.now_ms)
    query = _proposals().order_by(Proposal.proposed_ms.desc(), Proposal.id.desc())
    query = query.where(live if state == OPEN else sa.not_(live))
    found: list[ShownProposal] = []
    while len(found) <= limit:  # who may see one depends on what it is about
        here = query
        if after is not None:
            later = sa.tuple_(Proposal.proposed_ms, Proposal.id) < sa.tuple_(
                after.ms, sa.bindparam(None, after.id, type_=Proposal.id.type)
            )
            here = query.where(later)
        rows = tx.session.execute(here.limit(limit + 1)).all()
        found += [_shown(tx, viewer, *row) for row in rows if _sees(tx, viewer, row[0])]
        if len(rows) <= limit:
            break
        after = After(rows[-1][0].proposed_ms, rows[-1][0].id)
    return cut(found, limit, lambda one: After(one.proposal.proposed_ms, one.proposal.id))


def count_to_decide(tx: Tx, viewer: Viewer) -> int:
    """How many open proposals wait for this user as a second person."""
    query = sa.select(Proposal).where(Proposal.state == OPEN, Proposal.expires_ms > tx.now_ms)
    return sum(
        row.proposed_by != viewer.id and EFFECTS[row.kind].may_decide(tx, viewer, row.payload)
        for row in tx.session.scalars(query)
        if row.kind in EFFECTS
    )


def checked_reason(reason: str) -> str:
    """A reason as it is kept. Raises Problem 422 for one that says nothing."""
    plain = cleaned(reason)
    if not REASON_MIN <= len(plain) <= REASON_MAX:
        raise wrong("reason", f"请写明理由, {REASON_MIN} 到 {REASON_MAX} 个字。")
    return plain


def _proposals() -> sa.Select[Proposal, str, str | None]:
    by, decided = aliased(User), aliased(User)
    return (
        sa.select(Proposal, by.display_name, decided.display_name)
        .join(by, by.id == Proposal.proposed_by)
        .outerjoin(decided, decided.id == Proposal.decided_by)
    )


def _sees(tx: Tx, viewer: Viewer, row: Proposal) -> bool:
    effect = EFFECTS.get(row.kind)
    if effect is None:  # of another version of this program
        return False
    return row.proposed_by == viewer.id or effect.may_decide(tx, viewer, row.payload)


def _refusal(tx: Tx, viewer: Viewer, row: Proposal, verdict: str) -> str | None:
    dependent = verdict == APPROVE and handed_password(tx.session, viewer.id, row.proposed_by)
    return refusal(row.standing, verdict, viewer.id, tx.now_ms, dependent=dependent)


def _shown(tx: Tx, viewer: Viewer, row: Proposal, by: str, decided_by: str | None) -> ShownProposal:
    effect = EFFECTS[row.kind]
    allowed = tuple(BECOMES) if effect.may_decide(tx, viewer, row.payload) else (WITHDRAW,)
    verdicts = tuple(one for one in allowed if _refusal(tx, viewer, row, one) is None)
    return ShownProposal(row, effect, state_at(row.standing, tx.now_ms), by, decided_by, verdicts)


def _record(tx: Tx, what: str, viewer: Viewer, row: Proposal, reason: str) -> None:
    subject = f"{EFFECTS[row.kind].title}: {row.subject}"
    record_deed(tx.session, Deed(what, viewer.id, subject, row.id, reason=reason), tx.now_ms)

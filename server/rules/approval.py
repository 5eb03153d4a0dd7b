"""The rule of two people: one proposes, another one decides, in time."""

from __future__ import annotations

from dataclasses import dataclass

OPEN, EXPIRED = "open", "expired"
APPROVE, REJECT, WITHDRAW = "approve", "reject", "withdraw"
BECOMES = {APPROVE: "approved", REJECT: "rejected", WITHDRAW: "withdrawn"}  # by verdict
STATES = {
    OPEN: "待批准",
    "approved": "已批准",
    "rejected": "已驳回",
    "withdrawn": "已撤回",
    EXPIRED: "已过期",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a proposal is: its recorded state, who proposed it, and until when it may be decided."""

    state: str
    proposed_by: str
    expires_ms: int


def state_at(standing: Standing, now_ms: int) -> str:
    """The state at a given time: an open proposal expires by itself."""
    return EXPIRED if standing.state == OPEN and now_ms >= standing.expires_ms else standing.state


def refusal(standing: Standing, verdict: str, by: str, now_ms: int, *, dependent: bool = False) -> str | None:
    """Why this person cannot decide so now, as a code of the catalogue; None when they can. Whoever proposed may withdraw,
    and nobody else; everybody else may approve or reject. `dependent`: one of both handed the other a password, and may be
    both; such a one does not approve."""
    state = state_at(standing, now_ms)
    if state == EXPIRED:
        return "proposal_expired"
    if state != OPEN:
        return "proposal_decided"
    if (by == standing.proposed_by) != (verdict == WITHDRAW):
        return "second_person_needed" if verdict != WITHDRAW else "not_your_proposal"
    return "not_independent" if dependent and verdict == APPROVE else None

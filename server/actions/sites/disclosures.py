"""Who may be given full numbers, for what reason; and that it is kept (PIPL 51)."""

from __future__ import annotations

from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from schemas.limits import REASON_MAX, REASON_MIN
from server.actions.reference.load_reference import rules_in_force
from server.base.problems import Problem
from server.models.access import Viewer, may_unmask
from server.models.proposal import approved_since
from server.models.roster import Disclosure
from server.rules.calendar import DAY_MS, local_date_of
from server.rules.from_rows import in_force
from server.rules.plain_text import cleaned

UNMASK = "unmask"  # the kind of proposal that permits many people's full numbers


def checked_reason(viewer: Viewer, text: str) -> str:
    """The reason, as it will be kept. Raises Problem 403 for a role that gets no full numbers, 422 for text that names no
    reason."""
    reason = cleaned(text)
    if not may_unmask(viewer):
        raise Problem("role_not_allowed", "完整号码只对质安科和监察支队开放。")
    if not REASON_MIN <= len(reason) <= REASON_MAX:
        message = f"请写明查看完整号码的事由 ({REASON_MIN} 到 {REASON_MAX} 个字)。"
        raise Problem("invalid_input", message, errors={"/reason": [message]})
    return reason


def disclose(session: Session, viewer: Viewer, site_id: str, people: int, reason: str, now_ms: int) -> None:
    """Keep that this viewer is given so many people's full numbers, for a reason that was checked. Raises Problem 409 where
    so many need somebody's approval, and there is none that still holds."""
    _check_approval(session, viewer, site_id, people, now_ms)
    disclosure = Disclosure(id=str(uuid7()), site_id=site_id, user_id=viewer.id, at_ms=now_ms, reason=reason)
    disclosure.people = people
    session.add(disclosure)


def _check_approval(session: Session, viewer: Viewer, site_id: str, people: int, now_ms: int) -> None:
    alone = unmasked_alone(session, now_ms)
    if alone is None or people <= alone:
        return
    hours = rules_in_force(session).number("unmask_h", local_date_of(now_ms))
    since_ms = now_ms - round(hours * DAY_MS / 24)
    approved = approved_since(session, UNMASK, viewer.id, since_ms)
    if not any(row.payload["site"] == site_id for row in approved):
        raise Problem("approval_needed")


def unmasked_alone(session: Session, now_ms: int) -> int | None:
    """Of how many people at once somebody may export full numbers alone (rule `unmask_alone_max`); None: of any number."""
    row = in_force(rules_in_force(session).rows["rules"], "unmask_alone_max", local_date_of(now_ms))
    return round(row["value"]) if row is not None else None

"""What tablets get of an open flag besides its state: what was asked of the company and until when, what it replied, and
what became of the rechecks that tablets wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.limits import FLAG_RECHECKS_MAX
from server.actions.flags.list_turns import people_named, turns_of
from server.base.clock import to_iso
from server.models.flag import Flag, FlagEvent
from server.rules.flags.moves import RECHECK_KEPT
from server.rules.flags.rechecks import KEPT_FOR, MOVES_OF_RECORDS

_ASKING = ("order_rectification", "fail_recheck", "order_stop_work")
_REPLY = "submit_rectification"
_SERVED = (*_ASKING, _REPLY, *MOVES_OF_RECORDS, RECHECK_KEPT)


def read_served_fields(session: Session, flags: Sequence[Flag]) -> dict[str, dict[str, Any]]:
    """By flag, for those that are open, members of its served record (schemas/flag.py). Three statements, none where nothing
    is open."""
    live = [flag for flag in flags if flag.closed_ms is None]
    if not live:
        return {}
    query = sa.select(FlagEvent).where(
        FlagEvent.scope_id.in_({flag.scope_id for flag in live}),
        FlagEvent.flag_id.in_([flag.id for flag in live]),
        FlagEvent.action.in_(_SERVED),
    )
    events: dict[str, list[FlagEvent]] = {}
    for event in session.scalars(query.order_by(FlagEvent.flag_id, FlagEvent.n)):
        events.setdefault(event.flag_id, []).append(event)
    names = people_named(session, {event.actor for some in events.values() for event in some})
    turns = turns_of(session, live)
    found = {flag.id: _fields_of(events.get(flag.id, ()), names) for flag in live}
    for flag_id, step in turns.items():
        found[flag_id]["due"] = to_iso(step.due_ms)
    return found


def _fields_of(events: Sequence[FlagEvent], names: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    rechecks = []
    for event in events:
        said = {
            "note": event.detail.get("note", ""),
            "at": to_iso(event.at_ms),
            "by": names.get(event.actor, ""),
        }
        if event.action in _ASKING:
            due = {"due": event.detail["due"]} if "due" in event.detail else {}
            found["asked"] = {"action": event.action, **said, **due}
        elif event.action == _REPLY:
            found["reply"] = {**said, "media": event.detail.get("media", [])}
        if "record" in event.detail:
            rechecks.append({"record": event.detail["record"], **_kept(event)})
    return {**found, **({"rechecks": rechecks[-FLAG_RECHECKS_MAX:]} if rechecks else {})}


def _kept(event: FlagEvent) -> dict[str, str]:
    """Why a recheck moved nothing; empty for one that did."""
    if event.action != RECHECK_KEPT:
        return {}
    reason = str(event.detail["reason"])
    return {"kept": reason, "because": KEPT_FOR.get(reason, reason)}

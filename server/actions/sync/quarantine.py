"""Refused lines are kept: a user can read, mend or dismiss them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from server.actions.sync.estimate_times import Dates
from server.actions.sync.read_push import Line
from server.base.seal import Seals, aad_of
from server.models.device import Device
from server.models.entry import Quarantine
from server.rules.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Pushing:
    """What every step of one push needs. The device's own columns are copied here, because they are read for every line.
    `is_own`: the server wrote the lines itself, under ids that it drew for them, so none of them can be here already."""

    session: Session
    seals: Seals
    device: Device
    device_id: str
    user_id: str
    exchange_id: str
    dates: Dates
    now_ms: int
    book: Rulebook
    stopped_ms: int | None = None  # when the device was revoked or its user disabled
    is_own: bool = False


def keep_refused(pushing: Pushing, scope_id: str, line: Line) -> None:
    """Keep a refused line, sealed, once however often it is sent."""
    key = str(uuid.uuid5(uuid.UUID(pushing.device.id), line.hash))
    if pushing.session.get(Quarantine, (scope_id, key)) is not None:
        return
    pushing.session.add(
        Quarantine(
            scope_id=scope_id,
            id=key,
            device_id=pushing.device.id,
            entry_id=line.entry.id if line.entry is not None else None,
            raw=pushing.seals.seal(quarantine_aad(key), line.raw),
            code=line.code or "",
            errors=line.errors,
            at_ms=pushing.now_ms,
            state="open",
        )
    )
    pushing.session.flush()


def refused_outcome(line: Line) -> dict[str, Any]:
    """`refused`, by id where the line has one, by line number where not."""
    named = {"id": line.entry.id} if line.entry is not None else {"line": line.number}
    return {**named, "outcome": "refused", "code": line.code, "errors": line.errors}


def quarantine_aad(key: str) -> bytes:
    return aad_of("quarantine", key, "raw")

"""Which program calls, by its key."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.accounts.log_in import hash_token
from server.models.access import Viewer, viewer_of
from server.models.service import KEY_PREFIX, ServiceKey, open_key
from server.rules.calendar import HOUR_MS

CALLS_MAX = 600  # writing calls of one key in a minute


@dataclass(frozen=True, slots=True)
class Caller:
    """The program of a request: whom it is seen as, its key, and what that opens. `is_noted`: that it was used is known
    already."""

    viewer: Viewer
    key_id: str
    scopes: frozenset[str]
    is_noted: bool


def is_service_key(token: str) -> bool:
    return token.startswith(KEY_PREFIX)


def caller_by_key(session: Session, token: str, now_ms: int) -> Caller | None:
    """Who holds this key, while neither it nor the account is revoked. One statement and that of the viewer."""
    found = open_key(session, hash_token(token))
    if found is None:
        return None
    user, key = found
    is_noted = key.used_ms is not None and now_ms - key.used_ms < HOUR_MS
    return Caller(viewer_of(session, user), key.id, frozenset(key.scopes), is_noted)


def note_use(session: Session, key_id: str, now_ms: int) -> None:
    """Keep when a key was used last, to the hour, so that unused ones can be found."""
    session.execute(sa.update(ServiceKey).where(ServiceKey.id == key_id).values(used_ms=now_ms))

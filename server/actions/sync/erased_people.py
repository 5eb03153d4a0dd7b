"""Lines about people whose data was erased: nothing of them takes effect any more, and a user decides about each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from server.actions.sync.read_push import Line
from server.models.erasure import erased_among
from server.models.scope import Scope
from sync_protocol.entry import Entry

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_NAMING = ("worker", "kept", "other")  # members of bodies that name a record of the roster


def about_erased(session: Session, scope: Scope, lines: Sequence[Line]) -> set[str]:
    """The ids of these entries that are about an erased record: it, a fact about that person, or a case of theirs. One
    statement, and none where nobody was ever erased."""
    if not scope.erased:
        return set()
    named = {line.entry.id: _named(line) for line in lines if line.entry is not None}
    gone = erased_among(session, scope.scope_id, set().union(*named.values()))
    return {key for key, ids in named.items() if not gone.keys().isdisjoint(ids)}


def _named(line: Line) -> set[str]:
    entry = line.entry
    assert entry is not None, "the caller has asked"
    body: Any = entry.body if isinstance(entry, Entry) else line.body
    named = (body.get(name) for name in _NAMING)
    found = (entry.record, entry.amends, line.subject, *named)
    return {one for one in found if isinstance(one, str) and _UUID.fullmatch(one)}

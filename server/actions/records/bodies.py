"""Read what records say: the one place outside the sync that opens bodies."""

from __future__ import annotations

from typing import Any

import msgspec

from server.actions.records.feed import body_aad
from server.base.seal import Seals
from server.models.record import Record

BODY = (Record.id, Record.body)  # the columns that `read_body` needs


def read_body(seals: Seals, row: Any) -> dict[str, Any]:
    """A record's body as it is served, of a row with the columns of BODY; empty for a tombstone."""
    if not row.body:
        return {}
    body: dict[str, Any] = msgspec.json.decode(seals.open(body_aad(row.id), row.body))
    return body

"""There is one path for what a push is made of, not only for the lines of one client: the compiled reader, then together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from uuid_utils import uuid7

import sync_protocol
from schemas.book import SHIPPED
from server.actions.sync import append_scope, read_push
from server.actions.sync.write_server_entries import Draft, write_server_entries
from server.base.db import write
from tests.server.cast import Cast
from tests.stories.field import WORKER

VECTORS = Path(sync_protocol.__file__).parent / "vectors" / "entries.json"


def test_what_every_client_writes_byte_for_byte_alike_is_read_by_the_compiled_reader() -> None:
    """The app's tests write these lines too (server/field_app/src/protocol/vectors.test.ts)."""
    chain = json.loads(VECTORS.read_text("utf-8"))["chain"]
    additions = [one["line"].encode() for one in chain if one["act"] == "add"]
    assert additions and all(map(SHIPPED.reader.decode_line, additions))


def fails(*_: Any, **__: Any) -> Any:
    raise AssertionError("a line left the path")


def test_people_of_a_roster_are_read_and_written_together(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_push, "_read_strictly", fails)
    monkeypatch.setattr(append_scope, "apply_entry", fails)
    drafts = [Draft("worker", "add", str(uuid7()), {**WORKER, "name": f"工人{n}"}) for n in range(40)]
    seals, now_ms = cast.app.extensions["gongdi"].seals, cast.clock.now_ms()
    with cast.app.app_context(), write() as session:
        user = cast.users["inspector"]
        outcomes = write_server_entries(session, seals, user, cast.site_a, drafts, now_ms)
    assert [one["outcome"] for one in outcomes] == ["applied"] * 40

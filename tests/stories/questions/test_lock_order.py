"""Whoever has the server write into a site's log locks the site first: no two of them wait for each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from server.actions.sync.write_server_entries import Draft, write_server_entries
from server.base.db import db, write
from tests.stories.field import WORKER, Field
from tests.stories.questions.test_settling import choose, console, contested_worker, field

__all__ = ["field"]
NEW = "01a22b33-c76b-73ab-9cf0-16d3d834c726"


@contextmanager
def _locks(field: Field) -> Iterator[list[str]]:
    """The tables whose rows are locked meanwhile, in order."""
    found: list[str] = []

    def note(_connection: Any, query: Any, *_: Any) -> None:
        if getattr(query, "_for_update_arg", None) is not None:
            found.extend(table.name for table in query.get_final_froms())

    with field.app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_execute", note)


def _writes(field: Field) -> None:
    cast = field.cast
    draft = Draft("worker", "add", NEW, WORKER)
    with field.app.app_context(), write() as session:
        seals, now_ms = field.app.extensions["gongdi"].seals, cast.clock.now_ms()
        write_server_entries(session, seals, cast.users["section"], cast.site_a, [draft], now_ms)


def _settles(field: Field) -> None:
    assert choose(console(field, "section"), "kept") == 303


@pytest.mark.parametrize("act", [_writes, _settles])
def test_the_site_is_locked_before_the_servers_own_device(field: Field, act: Callable[[Field], None]) -> None:
    contested_worker(field)
    with _locks(field) as locked:
        act(field)
    assert {"scope", "device"} <= set(locked)
    assert locked.index("scope") < locked.index("device"), locked

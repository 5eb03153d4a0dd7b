"""Judge again what was refused because its form was not known yet: a scope a transaction."""

from __future__ import annotations

import logging

from server.actions.forms.judge_again import judge_again, scopes_waiting
from server.actions.reference.load_reference import tx_of
from server.base.db import raise_if_lost, read, write_in_turn
from server.base.runtime import Runtime

_log = logging.getLogger("gongdi.forms")


def judge_waiting(runtime: Runtime, now_ms: int) -> dict[str, int]:
    """All scopes in which something waits for a form that is published now. One that fails stops no other, and is looked at
    again by the next tick."""
    with read() as session:
        waiting = sorted(session.scalars(scopes_waiting()))
    did = {"done": 0, "failed": 0}
    for scope_id in waiting:
        try:
            with write_in_turn() as session:
                did["done"] += judge_again(tx_of(session, runtime.seals, now_ms), scope_id)
        except Exception as error:  # whatever is wrong with one site must not stop the others
            raise_if_lost(error)
            _log.exception("entries were not judged again", extra={"fields": {"site": scope_id}})
            did["failed"] += 1
    return did

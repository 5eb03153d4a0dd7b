"""The tick's part in erasing health data on schedule: bounded transactions, site by site; photos leave the store after the
transaction that forgot them, and before the proof is signed."""

from __future__ import annotations

from server.actions.erasure import erase_health as erasing
from server.actions.ops.check_keys import faults_of_keys
from server.base.db import db, read, write_in_turn
from server.base.runtime import Runtime
from server.models.site import Site
from server.models.tx import Tx
from server.rules.rulebook import Rulebook
from server.workflows.erase import delete_keys, emptied_log

PARTS_MAX = 500  # transactions in one tick


def erase_health(runtime: Runtime, now_ms: int, book: Rulebook) -> dict[str, int]:
    """Erase what is past its time. Gives how many lines. A process that lacks one of the keys erases nothing."""
    due = erasing.sites_to_erase(now_ms, book)
    if due is None:
        return {}
    with read() as session:
        if session.scalar(due.limit(1)) is None or faults_of_keys(session, runtime.seals):
            return {}
    lines, held = 0, None
    for _ in range(PARTS_MAX):
        with read() as session:
            left = due if held is None else due.where(Site.id > held)
            site_id = session.scalar(left.order_by(Site.id).limit(1))
        if site_id is None:
            break
        with write_in_turn() as session:
            did = erasing.erase_health(Tx(session, runtime.seals, now_ms, book), site_id)
        if did is None:
            held = site_id  # somebody else works on it: at the next tick
            continue
        lines += did[0]
        if did[1]:
            delete_keys(runtime, did[1])
            with write_in_turn() as session:
                erasing.forget_leftover(session, site_id, did[1])
    if lines and db.engine.dialect.name == "sqlite":
        emptied_log()  # what went is still in the write-ahead log until then
    return {"lines": lines}

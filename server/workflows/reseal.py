"""The tick's part after a rotation: a bounded share of what is sealed with an older key is sealed again. Values in the
database go in transactions of one batch, photos in between, outside of any."""

from __future__ import annotations

import logging
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.flags.retained_photos import is_held
from server.actions.ops.check_keys import faults_of_keys
from server.actions.ops.reseal import PHOTOS, finish_pass, is_rotating, reseal_rows, take_pass
from server.actions.reference.load_reference import rules_in_force
from server.base.db import read, write
from server.base.media_store import MediaStore
from server.base.runtime import Runtime
from server.base.seal import SealBroken
from server.models.key import Resealing
from server.models.media import Media, original_key, shown_key
from server.rules.calendar import DAY_MS, local_date_of

BATCHES_MAX = 40  # of values in one tick; each of some twenty columns takes one at least
PHOTOS_AT_ONCE = 20  # in one tick
_SOON_MS = 3_600_000  # what is deleted within this time is left alone: it must not come back

_log = logging.getLogger("gongdi.reseal")


def reseal(runtime: Runtime, now_ms: int) -> dict[str, int]:
    """Continue re-sealing. One query and nothing to do unless a rotation is under way; nothing by a process
    that lacks one of the keys."""
    with read() as session:
        if not is_rotating(session) or faults_of_keys(session, runtime.seals):
            return {"values": 0, "photos": 0}
    return {"values": _values(runtime), "photos": _photos(runtime, now_ms)}


def _values(runtime: Runtime) -> int:
    total = 0
    for _ in range(BATCHES_MAX):
        with write() as session:
            done = reseal_rows(session, runtime.seals)
        if done is None:
            break
        total += done
    return total


def _photos(runtime: Runtime, now_ms: int) -> int:
    """The next photos. Two schedulers may do the same ones: each gives a photo that opens."""
    with write() as session:
        job = take_pass(session, runtime.seals, [PHOTOS])
        if job is None:
            return 0
        after = job.after
        rows = _next_photos(session, after, now_ms)
    total = failed = 0
    for scope_id, sha256 in rows:
        for key in (original_key(scope_id, sha256), shown_key(scope_id, sha256)):
            try:
                total += _reseal_one(runtime.media, key)
            except SealBroken:
                failed += 1
    with write() as session:
        job = session.get_one(Resealing, PHOTOS, with_for_update=True)
        if job.key_name == runtime.seals.current_name and job.after == after:
            job.failed += failed
            if len(rows) == PHOTOS_AT_ONCE:
                job.after = list(rows[-1])
            else:
                finish_pass(job, again=False)
    return total


def _reseal_one(store: MediaStore, key: str) -> bool:
    try:
        return store.reseal(key)
    except SealBroken:
        _log.error("a photo does not open", extra={"fields": {"key": key}})
        raise


def _next_photos(session: Session, after: list[Any] | None, now_ms: int) -> list[tuple[str, str]]:
    keys = (Media.scope_id, Media.sha256)
    query = sa.select(*keys).where(Media.state == "kept").order_by(*keys).limit(PHOTOS_AT_ONCE)
    if after is not None:
        values = [sa.literal(value, key.type) for key, value in zip(keys, after, strict=True)]
        query = query.where(sa.tuple_(*keys) > sa.tuple_(*values))
    try:
        days = rules_in_force(session).number("media_days", local_date_of(now_ms))
    except LookupError:  # no reference data yet: nothing is deleted either
        days = None
    if days is not None:
        going_ms = now_ms - round(days * DAY_MS) + _SOON_MS
        query = query.where(sa.or_(Media.arrived_ms > going_ms, is_held()))
    return [(row.scope_id, row.sha256) for row in session.execute(query)]

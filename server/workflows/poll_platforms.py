"""Ask the camera platforms that are due. Each is asked in a thread of its own, without a transaction: one that hangs holds
up neither the tick nor the others, and is not asked again while it hangs."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from typing import NamedTuple

import sqlalchemy as sa
from flask import Flask

from server.actions.cameras.ask_platform import DEADLINE_S, Asking, NotAnswered
from server.actions.cameras.edit_platforms import NOUN, secret_of
from server.actions.cameras.take_reports import sites_of_platform, take_states
from server.actions.reference.load_reference import rules_in_force, tx_of
from server.base.db import read, write_in_turn
from server.base.runtime import Runtime
from server.models.camera import Platform
from server.models.device import Device
from server.rules.calendar import local_date_of
from server.rules.camera_adapters import MQTT, POLL, adapter_of, adapters_of

AT_ONCE = 40  # platforms of one round: each has a thread
_log = logging.getLogger("gongdi.cameras")
_asked: set[str] = set()  # platforms that this process is asking
_lock = threading.Lock()


class _Due(NamedTuple):
    id: str
    asking: Asking | str  # or why it can't be asked


def poll_platforms(app: Flask, now_ms: int) -> dict[str, int]:
    """Ask every platform that is due at `now_ms`, for at most DEADLINE_S together. Gives how many were asked, how many
    answered, and how many lines that came to."""
    runtime: Runtime = app.extensions["gongdi"]
    did: Counter[str] = Counter()
    threads = []
    with app.app_context():
        for due in _claim(runtime, now_ms):
            with _lock:
                if due.id in _asked:
                    continue
                _asked.add(due.id)
            did["asked"] += 1
            thread = threading.Thread(target=_ask, args=(app, due, did), name="gongdi-platform", daemon=True)
            thread.start()
            threads.append(thread)
    ends_s = time.monotonic() + DEADLINE_S + 1
    for thread in threads:
        thread.join(max(0.0, ends_s - time.monotonic()))
    with _lock:
        return dict(did)


def _claim(runtime: Runtime, now_ms: int) -> list[_Due]:
    """The platforms that are due now, and due again after the usual time: another scheduler does not ask them too."""
    today = local_date_of(now_ms)
    due = sa.select(Platform).where(Platform.next_ms <= now_ms, Platform.to_ms.is_(None))
    with read() as session:
        book = rules_in_force(session)
        published = list(adapters_of(book.rows.get(NOUN, ()), MQTT, today))
        due = due.where(Platform.adapter.not_in(published))
        if session.scalar(due.with_only_columns(Platform.id).limit(1)) is None:
            return []
    with write_in_turn() as session:
        found = []
        rows = session.scalars(
            due.order_by(Platform.next_ms).limit(AT_ONCE).with_for_update(skip_locked=True)
        )
        for platform in list(rows):
            platform.next_ms = now_ms + round(book.number("camera_poll_s", today) * 1000)
            adapter = adapter_of(book.rows.get(NOUN, ()), platform.adapter, today)
            asking: Asking | str
            if session.get_one(Device, platform.id).state != "active":
                asking = "revoked"
            elif adapter is None or adapter.transport != POLL:
                asking = "no_adapter"
            else:
                secret, ends_s = secret_of(runtime.seals, platform), time.monotonic() + DEADLINE_S
                asking = Asking(adapter, platform.address, secret, runtime.config.webhook_hosts, ends_s)
            found.append(_Due(platform.id, asking))
        return found


def _ask(app: Flask, due: _Due, did: Counter[str]) -> None:
    try:
        with app.app_context():
            lines = _take(app.extensions["gongdi"], due)
        with _lock:
            did.update(answered=int(lines is not None), lines=lines or 0)
    except Exception:  # whatever is wrong with one platform must not stop the others
        _log.exception("a platform was not asked", extra={"fields": {"platform": due.id}})
        with _lock:
            did["failed"] += 1
    finally:
        with _lock:
            _asked.discard(due.id)


def _take(runtime: Runtime, due: _Due) -> int | None:
    """How many lines its answer came to; None where it did not answer."""
    try:
        if isinstance(due.asking, str):
            raise NotAnswered(due.asking)
        states = due.asking.states()
    except NotAnswered as failed:
        _note(runtime, due.id, failed.code)
        return None
    with read() as session:
        sites = sites_of_platform(session, due.id)
    lines = sum(_take_site(runtime, due.id, site_id, states) for site_id in sites)
    _note(runtime, due.id, "")
    return lines


def _take_site(runtime: Runtime, platform_id: str, site_id: str, states: dict[str, str]) -> int:
    """One site in a transaction of its own: nobody waits for the others."""
    with write_in_turn() as session:
        tx = tx_of(session, runtime.seals, runtime.clock.now_ms())
        return take_states(tx, session.get_one(Platform, platform_id), site_id, states)


def _note(runtime: Runtime, platform_id: str, problem: str) -> None:
    """Record how the last try ended."""
    values: dict[str, int | str] = {"problem": problem}
    if not problem:
        values["heard_ms"] = runtime.clock.now_ms()
    else:
        _log.warning(
            "a platform did not answer", extra={"fields": {"platform": platform_id, "problem": problem}}
        )
    with write_in_turn() as session:
        session.execute(sa.update(Platform).where(Platform.id == platform_id).values(**values))

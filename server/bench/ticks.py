"""Figures of the tick: an idle look over many windows, then all of them missed at one deadline."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from server.actions.accounts.manage_users import NewUser, add_user
from server.actions.duties.judge_windows import judge_due
from server.actions.flags.escalate import take_due_steps
from server.actions.notices.digest import gather
from server.actions.notices.edit_channels import NewChannel, add_channel
from server.actions.records.feed import publish
from server.actions.records.window_record import window_put
from server.actions.reference.load_reference import tx_of
from server.base.db import is_postgresql, write
from server.base.runtime import Runtime
from server.base.seal import Seals
from server.bench.figure import Figure
from server.bench.rig import new_site
from server.models import Device, Scope, Site, StreamHead, Window
from server.models.window import RULES, insert_windows
from sync_protocol import stream as streams

_ROUNDS = 7
_DAY_MS = 86_400_000


def measure_ticks(runtime: Runtime, sites: int) -> Iterator[Figure]:
    """An idle look over many windows, then all of them missed at one deadline."""
    seals, now_ms, each = runtime.seals, runtime.clock.now_ms(), 50
    with write() as session:
        for number in range(sites):
            plan_to_miss(session, seals, now_ms, new_site(session, seals, now_ms, f"burst {number}"), each)
        if is_postgresql(session):
            session.execute(sa.text("ANALYZE"))  # as the server itself does within a minute
    idle = []
    for _ in range(_ROUNDS):
        with write() as session:
            tx = tx_of(session, seals, now_ms)
            began_s = time.perf_counter()
            judge_due(tx)
            idle.append(time.perf_counter() - began_s)
    yield Figure(
        f"idle tick over {sites * each:,} windows", f"{statistics.median(idle) * 1000:.1f} ms", "≤ 5 ms"
    )
    began_s, judged = time.perf_counter(), 0
    while True:
        with write() as session:
            did = judge_due(tx_of(session, seals, now_ms + 60_000))
        judged += did.get("missed", 0)
        if not did:
            break
    yield Figure(
        f"{judged:,} windows missed at once", f"{time.perf_counter() - began_s:.2f} s", "25,000 in ≤ 3 s"
    )
    yield from _digests(runtime, now_ms + 60_000)


def plan_to_miss(session: Any, seals: Seals, now_ms: int, site: Site, count: int) -> None:
    """Windows of a site whose tablets have reported in past their deadline, as the scheduler makes them."""
    scope = session.get_one(Scope, site.id)
    device_id = session.scalars(sa.select(Device.id).limit(1)).one()
    nothing = streams.to_json(streams.Stream())
    head = StreamHead(scope_id=site.id, device_id=device_id, head=nothing, heard_ms=now_ms, since_ms=now_ms)
    head.complete_ms = now_ms + _DAY_MS
    session.add(head)
    windows = []
    for slot in range(count):
        key = {"duty": "DISINFECT", "place": f"place{slot}", "local_date": "2026-01-01", "slot": "morning"}
        window = Window(scope_id=site.id, id=str(uuid7()), **key, state="open", check_ms=now_ms + 1_000)
        window.opens_ms, window.due_ms = now_ms, now_ms + 1_000
        window.grace_s, window.closes_ms, window.rules = 0, now_ms + _DAY_MS, RULES
        windows.append(window)
    insert_windows(session, windows)
    publish(session, scope, seals, now_ms, map(window_put, windows))


def _digests(runtime: Runtime, now_ms: int) -> Iterator[Figure]:
    """The notices of the burst: its steps taken, and one digest per receiver."""
    seals, people = runtime.seals, 3
    with write() as session:
        for number in range(people):
            user = add_user(session, NewUser(f"clerk{number}", "section", str(uuid7()), unit="zhian"), now_ms)
            add_channel(session, seals, user, NewChannel("webhook", "https://bench.example.com/"), now_ms)
    began_s, taken, did = time.perf_counter(), 0, 1
    while did:
        with write() as session:
            did = take_due_steps(tx_of(session, seals, now_ms))
        taken += did
    spent_s = time.perf_counter() - began_s
    with write() as session:
        digests = gather(session, now_ms + 3_600_000)
    yield Figure(f"{taken:,} steps of its flags taken", f"{spent_s:.2f} s")
    yield Figure(f"digests for {people} receivers", str(digests), "one per receiver")

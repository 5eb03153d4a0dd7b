"""What one more check costs at a site whose duties ask for coverage: into an empty day, and into a full one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from flask import Flask
from uuid_utils.compat import uuid7

from server.bench.figure import Figure
from server.bench.rig import BATCH, PUSH, BenchClock, Rig
from server.rules.calendar import add_days, instant_ms, local_date_of

PEOPLE, FACTS, ROUNDS = 5_000, 20_000, 15


def measure_coverage(app: Flask, facts: int = FACTS) -> Iterator[Figure]:
    """One check of somebody who was not seen yet, pushed into a day with no facts and with `facts`."""
    rig = Rig(app, "full day", is_busy=True)
    rig.set_up()
    people = [str(uuid7()) for _ in range(PEOPLE)]
    clock = rig.runtime.clock
    if isinstance(clock, BenchClock):  # the whole of it is before the same noon
        now_ms = clock.now_ms()
        clock.ahead_ms += instant_ms(add_days(local_date_of(now_ms), 1), "05:30") - now_ms
    empty_s = statistics.median(_one(rig) for _ in range(ROUNDS))
    for start in range(0, facts, BATCH):
        rig.workers = [people[(start + i) % PEOPLE] for i in range(BATCH)]
        rig.push()
    full_s = statistics.median(_one(rig) for _ in range(ROUNDS))
    yield Figure("one check into a day without facts", f"{empty_s * 1000:.1f} ms")
    yield Figure(f"  into a day of {facts:,} facts of {PEOPLE:,} people", f"{full_s * 1000:.1f} ms")
    yield Figure("  full day / empty day", f"{full_s / empty_s:.2f}", "≤ 1.3")


def _one(rig: Rig) -> float:
    rig.workers = [str(uuid7())]
    body = rig.batch(1)
    request = (PUSH, body, rig.signed(PUSH, body, True))
    began_s = time.perf_counter()
    rig.send_push(request)
    return time.perf_counter() - began_s

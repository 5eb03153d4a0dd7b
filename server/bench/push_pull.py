"""Figures of the sync: what the server takes for a push, a pull and a heartbeat, next to what its database takes for the
least that has to be durable. Ratios of one run on one machine; whole and floor in alternation. Nothing here is asserted.

The floor of a push is a COPY (executemany on SQLite) of scope, id, number and the line's bytes into one table with that
key, in one commit; the floor of a pull is a SELECT of the same bytes by a range of the same key.
"""

from __future__ import annotations

import gzip
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa
import zstandard
from flask import Flask

from server.base.db import Base, Id, bulk_insert, db, is_postgresql, read, write
from server.bench.cost import measure_bytes, statements_of
from server.bench.coverage import measure_coverage
from server.bench.figure import Figure
from server.bench.profile import measure_steps
from server.bench.rig import BATCH, PULL, PUSH, Cpu, CpuClock, Rig, reached
from server.bench.rosters import measure_rosters
from server.bench.ticks import measure_ticks

ROUNDS = 15
_FLOOR = sa.Table(
    "bench_floor",
    sa.MetaData(naming_convention=Base.metadata.naming_convention),
    sa.Column("scope_id", Id, primary_key=True),
    sa.Column("n", sa.BigInteger, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("line", sa.LargeBinary, nullable=False),
)
_Request = tuple[str, bytes, dict[str, str]]  # path, body, headers
_COLUMNS = ("scope_id", "n", "id", "line")


def measure(app: Flask, sizes: list[int], burst_sites: int) -> Iterator[Figure]:
    """The figures on one database, at growing numbers of stored checks."""
    with app.app_context():
        yield from measure_sync(app, sizes)
        yield from measure_coverage(app)
        yield from measure_rosters(app)
        yield from measure_ticks(app.extensions["gongdi"], burst_sites)


def measure_sync(app: Flask, sizes: list[int], steps: bool = False) -> Iterator[Figure]:
    """The figures of push, pull and heartbeat; with `steps`, where the CPU of a pushed record goes."""
    rigs = (Rig(app, "plain checks"), Rig(app, "mixed, duties in force", is_busy=True))
    cpu = CpuClock()
    with write() as session:
        _FLOOR.create(session.connection())
    yield Figure("durable", durability())
    for rig in reversed(rigs):  # to plan the windows of one is to plan those of every site that is there
        rig.set_up()
    yield from _wire(rigs[0])
    for size in sizes:
        for rig in rigs:
            while rig.n < size:
                rig.push()
            yield from _push(rig, cpu)
            yield from _pull(rig, cpu)
            yield from _small(rig, cpu)
    yield from _first_sync(rigs[0])
    if steps:
        yield from measure_steps(rigs[0])
    cpu.close()


def durability() -> str:
    """What the database's settings say of acknowledged work when the power goes. Raises AssertionError where it is lost."""
    with read() as session:
        if is_postgresql(session):
            names = ("fsync", "synchronous_commit", "full_page_writes")
            found = {name: session.scalar(sa.text(f"SHOW {name}")) for name in names}
            assert set(found.values()) == {"on"}, f"not durable: {found}"
            return ", ".join(f"{name}={value}" for name, value in found.items())
        level = session.scalar(sa.text("PRAGMA synchronous"))
        assert level == 2, f"synchronous is {level}"
        return "synchronous=FULL"


def _wire(rig: Rig) -> Iterator[Figure]:
    yield Figure("bytes up per check (gzip)", f"{len(rig.push()) / BATCH:.1f}", "≤ 96")
    for accept in ("gzip", "zstd"):
        down = rig.pull({}, accept)
        yield Figure(f"bytes down per check ({accept})", f"{len(down) / BATCH:.1f}", "≤ 48")


@dataclass(slots=True)
class _Trial:
    """What is measured: `prepare` makes a request, which the tablet's work is, `send` is the whole, `floor` what it is held
    against."""

    prepare: Callable[[], _Request]
    send: Callable[[_Request], Any]
    floor: Callable[[], Any] = lambda: None
    wholes: list[float] = field(default_factory=list)
    floors: list[float] = field(default_factory=list)
    spent: Cpu = field(default_factory=Cpu)
    floor_spent: Cpu = field(default_factory=Cpu)

    def run(self, cpu: CpuClock, rounds: int = ROUNDS) -> None:
        """Whole and floor in alternation; the first of each does not count."""
        for number in range(rounds + 1):
            request = self.prepare()
            before, began_s = cpu.read(), time.perf_counter()
            self.send(request)
            whole_s = time.perf_counter() - began_s
            spent = cpu.read() - before
            before, began_s = cpu.read(), time.perf_counter()
            self.floor()
            floor_s = time.perf_counter() - began_s
            if number:
                self.floors.append(floor_s)
                self.wholes.append(whole_s)
                self.spent += spent
                self.floor_spent += cpu.read() - before


def _push(rig: Rig, cpu: CpuClock) -> Iterator[Figure]:
    rows: list[tuple[Any, ...]] = []

    def prepare() -> _Request:
        body = rig.batch()
        rows[:] = _floor_rows(rig, body)
        return PUSH, body, rig.signed(PUSH, body, True)

    def floor() -> None:
        with write() as session:
            bulk_insert(session, _FLOOR, _COLUMNS, rows)

    trial = _Trial(prepare, rig.send_push, floor)
    trial.run(cpu)
    yield from _ratio(f"{rig.name}: push of {BATCH}, {rig.n:,} stored", trial)
    yield from measure_bytes(rig)
    yield Figure("  statements", str(statements_of(partial(rig.send_push, prepare()))))


def _floor_rows(rig: Rig, body: bytes) -> list[tuple[Any, ...]]:
    lines = gzip.decompress(body).splitlines()[1:]
    read_lines = [(json.loads(line), line) for line in lines]
    return [(rig.site, entry["n"], entry["id"], line) for entry, line in read_lines]


def _pull(rig: Rig, cpu: CpuClock) -> Iterator[Figure]:
    """BATCH changes at this stored size, next to a SELECT of the bytes that are served."""
    cursors = rig.newest()
    rig.push()
    body = rig.asked(cursors)
    served = [line for line in rig.pull(cursors, "identity").splitlines() if line[:6] == b'{"put"']
    named = [(json.loads(line), line) for line in served]
    scope_id = rig.device  # a range of its own, in a table of the same size
    with write() as session:
        session.execute(sa.delete(_FLOOR).where(_FLOOR.c.scope_id == scope_id))
        rows = [(scope_id, record["seq"], record["id"], line) for record, line in named]
        bulk_insert(session, _FLOOR, _COLUMNS, rows)
    lo, hi = rows[0][1], rows[-1][1]
    query = sa.select(_FLOOR.c.line).where(_FLOOR.c.scope_id == scope_id, _FLOOR.c.n.between(lo, hi))

    def floor() -> None:
        with read() as session:
            session.execute(query.order_by(_FLOOR.c.n)).all()

    trial = _Trial(
        lambda: (PULL, body, rig.signed(PULL, body, False, "identity")),
        lambda request: rig.post(*request),
        floor,
    )
    trial.run(cpu)
    yield from _ratio(f"{rig.name}: pull of {len(rows)}, {rig.n:,} stored", trial)


def _small(rig: Rig, cpu: CpuClock) -> Iterator[Figure]:
    """What tablets do most: nothing new either way."""
    cursors = rig.newest()

    def beat() -> _Request:
        body = rig.batch(0)
        return PUSH, body, rig.signed(PUSH, body, True)

    def pull() -> _Request:
        body = rig.asked(cursors)
        return PULL, body, rig.signed(PULL, body, False)

    for name, prepare in (("heartbeat", beat), ("empty pull", pull)):
        trial = _Trial(prepare, lambda request: rig.post(*request))
        trial.run(cpu, ROUNDS * 3)
        took = f"{statistics.median(trial.wholes) * 1000:.2f} ms, CPU {_each(trial, 1)}"
        request = prepare()
        took += f", {statements_of(partial(rig.post, *request))} statements"
        yield Figure(f"{rig.name}: {name}", took)


def _ratio(name: str, trial: _Trial) -> Iterator[Figure]:
    whole_s, floor_s = statistics.median(trial.wholes), statistics.median(trial.floors)
    yield Figure(name, f"{floor_s / whole_s:.2f} of the floor", "≥ 0.35")
    yield Figure("  whole / floor", f"{whole_s * 1000:.1f} / {floor_s * 1000:.1f} ms")
    ratio = trial.floor_spent.whole_s / trial.spent.whole_s
    yield Figure("  CPU per record", f"{_each(trial, BATCH)} ({ratio:.2f} of it the floor's)")


def _each(trial: _Trial, records: int) -> str:
    count = len(trial.wholes) * records
    web, database = trial.spent.web_s * 1e6 / count, trial.spent.database_s * 1e6 / count
    return (
        f"web {web:.0f} µs, database {database:.0f} µs" if db.engine.name == "postgresql" else f"{web:.0f} µs"
    )


def _first_sync(rig: Rig) -> Iterator[Figure]:
    """Everything of a site for a new tablet, on a line of 2 Mbit/s: what the server takes and what the line takes."""
    cursors: dict[str, str] = {}
    more, sent, began_s = True, 0, time.perf_counter()
    while more:
        answer = rig.pull(cursors, "zstd")
        more = reached(zstandard.decompress(answer), cursors)
        sent += len(answer)
    server_s, line_s = time.perf_counter() - began_s, sent * 8 / 2_000_000
    took = f"{server_s + line_s:.1f} s ({sent / 1000:,.0f} kB, server {server_s:.1f} s)"
    yield Figure(f"first sync of {rig.n:,} checks at 2 Mbit/s", took, "30,000 in ≤ 2 s")

"""Figures: what the server does, next to what its database can do, as ratios of one run on one machine.

The floor of a push is the time that the database takes for the very same rows, into tables with the same
indexes, by its fastest plain batched insertion; the floor of a pull is a plain SELECT of the same bytes.
Nothing here is asserted.
"""

from __future__ import annotations

import gzip
import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from uuid_utils.compat import uuid7

from server.actions.accounts.manage_users import NewUser, add_user
from server.actions.devices.enrol_device import enrolled
from server.actions.duties.judge_windows import judge_due
from server.actions.flags.escalate import take_due_steps
from server.actions.notices.digest import gather
from server.actions.notices.edit_channels import NewChannel, add_channel
from server.actions.records.feed import publish
from server.actions.records.window_record import window_put
from server.actions.reference.load_reference import load_reference, tx_of
from server.actions.sites.assign_site import assign_site
from server.actions.sites.register_site import NewSite, register_site
from server.base.clock import to_iso
from server.base.db import db, is_postgresql, read, write
from server.base.runtime import Runtime
from server.base.seal import Seals
from server.bench.figure import Figure, floor_s
from server.bench.rosters import measure_rosters
from server.models import Device, LogEntry, Record, Scope, Site, StreamHead, Window
from server.models.window import RULES, insert_windows
from sync_protocol import stream as streams
from sync_protocol.entry import entry_hash
from sync_protocol.signatures import HttpRequest, attestation_text, public_text, sign_request, sign_text

BATCH = 500
ROUNDS = 7
_HOST = "http://bench.invalid"
_PUSH, _PULL = "/sync/v1/push", "/sync/v1/pull"
_DAY_MS = 86_400_000


@dataclass
class Rig:
    """A site with an inspector's device that speaks the wire, on the app of one database."""

    app: Flask
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    device: str = ""
    token: str = ""
    beacon: str = ""
    site: str = ""
    n: int = 0
    prev: str = ""
    workers: list[str] = field(default_factory=lambda: [str(uuid7()) for _ in range(500)])

    @property
    def runtime(self) -> Runtime:
        held: Runtime = self.app.extensions["gongdi"]
        return held

    def set_up(self) -> None:
        at_ms, seals = self.runtime.clock.now_ms(), self.runtime.seals
        with write() as session:
            load_reference(session, seals, at_ms)
            site = _new_site(session, seals, at_ms, "bench")
            user = add_user(session, NewUser("bench", "inspector", str(uuid7())), at_ms)
            assign_site(session, seals, user, site, at_ms)
            asked = {"public_key": public_text(self.key), "name": "bench", "platform": "bench"}
            answer = enrolled(session, seals, user, asked, at_ms)
        self.device, self.token, self.beacon, self.site = (
            answer["device"],
            answer["token"],
            answer["beacon"],
            site.id,
        )

    def batch(self) -> bytes:
        """The body of the next push of BATCH checks."""
        lines, scope = [], f"site:{self.site}"
        at_ms = self.runtime.clock.now_ms()
        for number in range(BATCH):
            key = str(uuid7())
            up_ms = at_ms % 10**9 + number * 3_000
            at = {
                "wall": to_iso(at_ms + number * 3_000),
                "boot": "bench",
                "up_ms": up_ms,
                "beacon": self.beacon,
            }
            body = {
                "worker": self.workers[number % len(self.workers)],
                "celsius": 36.0 + number % 12 / 10,
                "point": "gate",
                "slot": "before_work",
            }
            entry = {
                "id": key,
                "scope": scope,
                "n": self.n + 1,
                "prev": self.prev,
                "kind": "temperature_check",
            }
            entry |= {"record": key, "act": "add", "at": at, "body": body}
            line = json.dumps(entry, separators=(",", ":")).encode()
            self.n, self.prev = self.n + 1, entry_hash(line)
            lines.append(line)
        sig = sign_text(self.key, attestation_text(self.device, scope, self.n, self.prev))
        streams = {scope: {"n": self.n, "hash": self.prev, "unsent": 0, "sig": sig}}
        clock = {"wall": to_iso(at_ms), "boot": "bench", "up_ms": at_ms % 10**9}
        header = {"sync": 1, "schema": "2026.1", "clock": clock, "streams": streams}
        return gzip.compress(b"\n".join((json.dumps(header).encode(), *lines)) + b"\n", 6)

    def signed(self, path: str, body: bytes, zipped: bool, accept: str = "gzip") -> dict[str, str]:
        """The headers that a tablet sends along. Signing is the tablet's work, so it is done before the clock runs."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept-Encoding": accept}
        if zipped:
            headers["Content-Encoding"] = "gzip"
        at_s = self.runtime.clock.now_ms() // 1000
        request = HttpRequest("POST", _HOST + path, headers, body)
        return sign_request(self.key, self.device, request, at_s, str(uuid7()))

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        answer = self.app.test_client().post(path, data=body, headers=headers, base_url=_HOST)
        assert answer.status_code == 200, answer.text
        data: bytes = answer.data
        return data

    def push(self) -> bytes:
        body = self.batch()
        self.post(_PUSH, body, self.signed(_PUSH, body, True))
        return body

    def asked(self, cursor: str) -> bytes:
        scopes = {f"site:{self.site}": cursor}
        return json.dumps({"sync": 1, "schema": "2026.1", "scopes": scopes, "max_bytes": 4_000_000}).encode()

    def pull(self, cursor: str, accept: str = "gzip") -> bytes:
        body = self.asked(cursor)
        return self.post(_PULL, body, self.signed(_PULL, body, False, accept))


def measure(app: Flask, sizes: list[int], burst_sites: int, profile: Path | None = None) -> Iterator[Figure]:
    """The figures on one database, at growing numbers of stored checks."""
    with app.app_context():
        rig = Rig(app)
        rig.set_up()
        yield from _wire(rig)
        for size in sizes:
            while rig.n < size:
                rig.push()
            yield from _push(rig)
            yield from _pull(rig)
        yield from _first_sync(rig)
        yield from measure_rosters(app)
        yield from _tick(rig, burst_sites)


def _wire(rig: Rig) -> Iterator[Figure]:
    yield Figure("bytes up per check (gzip)", f"{len(rig.push()) / BATCH:.1f}", "≤ 96")
    for accept in ("gzip", "zstd"):
        down = rig.pull("", accept)
        yield Figure(f"bytes down per check ({accept})", f"{len(down) / BATCH:.1f}", "≤ 48")


def _push(rig: Rig) -> Iterator[Figure]:
    whole, floor, cpu = [], [], []
    for _ in range(ROUNDS):
        before, body = rig.n, rig.batch()
        headers = rig.signed(_PUSH, body, True)
        spent_s, began_s = _cpu_s(rig), time.perf_counter()
        rig.post(_PUSH, body, headers)
        whole.append(time.perf_counter() - began_s)
        cpu.append(_cpu_s(rig) - spent_s)
        floor.append(_floor_of_push(rig, before))
    ratio = statistics.median(floor) / statistics.median(whole)
    stored = f"{rig.n:,} stored"
    yield Figure(f"push of {BATCH} checks, {stored}", f"{ratio:.0%} of the floor", "≥ 50 %")
    each_ms = statistics.median(whole) * 1000
    yield Figure("  whole request / floor", f"{each_ms:.1f} / {statistics.median(floor) * 1000:.1f} ms")
    per_1000 = statistics.median(cpu) * 1000 / BATCH
    yield Figure("  CPU per 1,000 checks, web and database", f"{per_1000:.3f} s", "≤ 0.06")


def _floor_of_push(rig: Rig, before: int) -> float:
    """Seconds for the rows of the push, inserted plainly."""
    with read() as session:
        newest = sa.select(LogEntry.__table__).where(LogEntry.scope_id == rig.site, LogEntry.n > before)
        entries = [tuple(row) for row in session.execute(newest)]
        wanted = Record.id.in_([row[1] for row in entries])
        query = sa.select(Record.__table__).where(Record.scope_id == rig.site, wanted)
        records = [tuple(row) for row in session.execute(query)]
    return floor_s(((LogEntry.__table__, entries), (Record.__table__, records)))  # type: ignore[arg-type]


def _pull(rig: Rig) -> Iterator[Figure]:
    """500 changes at this stored size, next to a plain SELECT of the same rows."""
    cursor = _cursor(rig)
    rig.push()
    whole, floor = [], []
    for _ in range(ROUNDS):
        body = rig.asked(cursor)
        headers = rig.signed(_PULL, body, False, "identity")
        began_s = time.perf_counter()
        rig.post(_PULL, body, headers)
        whole.append(time.perf_counter() - began_s)
        with read() as session:
            scope = session.get_one(Scope, rig.site)
            began_s = time.perf_counter()
            columns = (Record.id, Record.kind, Record.rev, Record.seq, Record.body)
            query = sa.select(*columns).where(Record.scope_id == rig.site, Record.seq > scope.seq - BATCH)
            session.execute(query.order_by(Record.seq)).all()
            floor.append(time.perf_counter() - began_s)
    ratio = statistics.median(floor) / statistics.median(whole)
    stored = f"{rig.n:,} stored"
    yield Figure(f"pull of {BATCH} changes, {stored}", f"{ratio:.0%} of the floor", "≥ 30 %")
    yield Figure("  whole request", f"{statistics.median(whole) * 1000:.1f} ms", "the same at every size")


def _first_sync(rig: Rig) -> Iterator[Figure]:
    """Everything of a site for a new tablet, on a line of 2 Mbit/s: what the server takes and what the line takes."""
    cursor, more, sent, began_s = "", True, 0, time.perf_counter()
    while more:
        answer = rig.pull(cursor, "zstd")
        cursor, more = _reached(rig, zstandard.decompress(answer), cursor)
        sent += len(answer)
    server_s, line_s = time.perf_counter() - began_s, sent * 8 / 2_000_000
    took = f"{server_s + line_s:.1f} s ({sent / 1000:,.0f} kB, server {server_s:.1f} s)"
    yield Figure(f"first sync of {rig.n:,} checks at 2 Mbit/s", took, "30,000 in ≤ 2 s")


def _cursor(rig: Rig) -> str:
    cursor, more = "", True
    while more:
        cursor, more = _reached(rig, rig.pull(cursor, "identity"), cursor)
    return cursor


def _reached(rig: Rig, answer: bytes, cursor: str) -> tuple[str, bool]:
    marks = [json.loads(line) for line in answer.splitlines() if b'"checkpoint"' in line or b'"end"' in line]
    named = (one["cursor"] for one in marks if one.get("checkpoint") == f"site:{rig.site}")
    return next(named, cursor), marks[-1]["more"]


def _tick(rig: Rig, sites: int) -> Iterator[Figure]:
    """An idle look over many windows, then all of them missed at one deadline."""
    seals, now_ms, each = rig.runtime.seals, rig.runtime.clock.now_ms(), 50
    with write() as session:
        for number in range(sites):
            _plan_windows(session, seals, now_ms, _new_site(session, seals, now_ms, f"burst {number}"), each)
        if is_postgresql(session):
            session.execute(sa.text("ANALYZE"))  # as the server itself does within a minute
    idle = []
    for _ in range(ROUNDS):
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
    yield from _digests(rig, now_ms + 60_000)


def _plan_windows(session: Any, seals: Seals, now_ms: int, site: Site, count: int) -> None:
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


def _digests(rig: Rig, now_ms: int) -> Iterator[Figure]:
    """The notices of the burst: its steps taken, and one digest per receiver."""
    seals, people = rig.runtime.seals, 3
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


def _new_site(session: Any, seals: Seals, now_ms: int, name: str) -> Site:
    return register_site(
        session,
        seals,
        now_ms,
        NewSite(
            name=name,
            kind="construction",
            district="410702",
            unit="zhian",
            stage="building",
            inhabited=False,
            places=[],
            companies=[],
        ),
    )


def _cpu_s(rig: Rig) -> float:
    """CPU seconds of this process and, with PostgreSQL on this machine, of its server processes."""
    spent = time.process_time()
    if db.engine.dialect.name != "postgresql":
        return spent
    url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        pids = [
            row[0]
            for row in connection.execute("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        ]
    return spent + sum(_ticks(pid) for pid in pids) / 100


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])

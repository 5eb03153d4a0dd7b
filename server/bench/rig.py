"""A site with an inspector's device that speaks the wire, for the figures."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.accounts.manage_users import NewUser, add_user
from server.actions.devices.enrol_device import enrolled
from server.actions.duties.plan_windows import plan_windows
from server.actions.reference.load_reference import load_reference, tx_of
from server.actions.sites.assign_site import assign_site
from server.actions.sites.register_site import NewSite, register_site
from server.base.clock import SystemClock, to_iso
from server.base.db import db, write
from server.base.runtime import Runtime
from server.base.seal import Seals
from server.models import Site
from sync_protocol.entry import SCHEMAS, entry_hash
from sync_protocol.signatures import HttpRequest, attestation_text, public_text, sign_request, sign_text

BATCH = 500
PUSH, PULL = "/sync/v1/push", "/sync/v1/pull"
HOST = "http://bench.invalid"
_STEP_MS = 1_000  # between two entries
_PLACES = ({"kind": "canteen", "name": "食堂"}, {"kind": "dormitory", "name": "1 号宿舍"})


class BenchClock(SystemClock):
    """Goes on by itself, and ahead by what a tablet wrote meanwhile: what a push brings was written after the last one."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms


@dataclass
class Rig:
    """One device at one site (`site`, or a new one), on the app of one database. `is_busy`: its windows are planned,
    coverage is asked for, and passes and disinfections come between the checks. `form`: the version of the form that its
    entries are written by, if they are of one."""

    app: Flask
    name: str = "bench"
    is_busy: bool = False
    form: int | None = None
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

    @property
    def scope(self) -> str:
        return f"site:{self.site}"

    def set_up(self) -> None:
        at_ms, seals = self.runtime.clock.now_ms(), self.runtime.seals
        with write() as session:
            load_reference(session, seals, at_ms)
            site = (
                session.get_one(Site, self.site)
                if self.site
                else new_site(session, seals, at_ms, self.name, self.is_busy)
            )
            user = add_user(session, NewUser(f"bench-{str(uuid7())[-12:]}", "inspector", str(uuid7())), at_ms)
            assign_site(session, seals, user, site, at_ms)
            asked = {"public_key": public_text(self.key), "name": self.name, "platform": "bench"}
            answer = enrolled(session, seals, user, asked, at_ms)
            if self.is_busy:
                plan_windows(tx_of(session, seals, at_ms))
        self.device, self.token, self.beacon = answer["device"], answer["token"], answer["beacon"]
        self.site = site.id

    def batch(self, count: int = BATCH) -> bytes:
        """The body of the next push of so many entries; of none it is a heartbeat."""
        clock = self.runtime.clock
        first_ms = clock.now_ms()
        step_ms = _STEP_MS if isinstance(clock, BenchClock) else 0  # or they would come from the future
        if isinstance(clock, BenchClock):
            clock.ahead_ms += count * step_ms
        lines = [self._line(number, first_ms + number * step_ms) for number in range(count)]
        self._freshen()
        at_ms = clock.now_ms()
        sig = sign_text(self.key, attestation_text(self.device, self.scope, self.n, self.prev))
        streams = {self.scope: {"n": self.n, "hash": self.prev, "unsent": 0, "sig": sig}}
        now = {"wall": to_iso(at_ms), "boot": "bench", "up_ms": _up_ms(at_ms), "beacon": self.beacon}
        header = {"sync": 1, "schema": SCHEMAS[-1], "clock": now, "streams": streams}
        return gzip.compress(b"\n".join((json.dumps(header).encode(), *lines)) + b"\n", 6)

    def _freshen(self) -> None:
        """A tablet pulls before it pushes: the beacon that it has then is of this moment."""
        body = json.dumps({"sync": 1, "schema": SCHEMAS[-1], "scopes": {}, "max_bytes": 1}).encode()
        answer = self.post(PULL, body, self.signed(PULL, body, False, "identity"))
        self.beacon = json.loads(answer.splitlines()[-1])["beacon"]

    def _line(self, number: int, at_ms: int) -> bytes:
        kind, body = self._body(number)
        key = str(uuid7())
        at = {"wall": to_iso(at_ms), "boot": "bench", "up_ms": _up_ms(at_ms), "beacon": self.beacon}
        entry = {"id": key, "scope": self.scope, "n": self.n + 1, "prev": self.prev, "kind": kind}
        entry |= {"record": key, "act": "add", "at": at, "body": body}
        if self.form is not None:
            entry["form"] = self.form
        line = json.dumps(entry, separators=(",", ":")).encode()
        self.n, self.prev = self.n + 1, entry_hash(line)
        return line

    def _body(self, number: int) -> tuple[str, dict[str, Any]]:
        worker = self.workers[number % len(self.workers)]
        if self.is_busy and number % 10 in (3, 6, 9):
            return "gate_pass", {
                "worker": worker,
                "direction": "in",
                "method": "face",
                "health_code": "green",
            }
        if self.is_busy and number % 50 == 25:
            return "disinfection_log", {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}
        celsius = 36.0 + number % 12 / 10
        return "temperature_check", {
            "worker": worker,
            "celsius": celsius,
            "point": "gate",
            "slot": "before_work",
        }

    def signed(self, path: str, body: bytes, zipped: bool, accept: str = "gzip") -> dict[str, str]:
        """The headers that a tablet sends along. Signing is the tablet's work, so it is done before the clock runs."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept-Encoding": accept}
        if zipped:
            headers["Content-Encoding"] = "gzip"
        at_s = self.runtime.clock.now_ms() // 1000
        request = HttpRequest("POST", HOST + path, headers, body)
        return sign_request(self.key, self.device, request, at_s, str(uuid7()))

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        answer = self.app.test_client().post(path, data=body, headers=headers, base_url=HOST)
        assert answer.status_code == 200, answer.text
        data: bytes = answer.data
        return data

    def push(self, count: int = BATCH) -> bytes:
        """Push so many entries, and remember the beacon of the answer, as a tablet does."""
        body = self.batch(count)
        self.send_push((PUSH, body, self.signed(PUSH, body, True)))
        return body

    def send_push(self, request: tuple[str, bytes, dict[str, str]]) -> None:
        answer = self.post(*request)
        if answer[:2] == b"\x1f\x8b":
            answer = gzip.decompress(answer)
        _, _, rest = answer.rpartition(b'"beacon":"')
        self.beacon = rest.partition(b'"')[0].decode()

    def asked(self, cursors: Mapping[str, str]) -> bytes:
        """The body of a pull from these cursors, by scope."""
        asked = {"sync": 1, "schema": SCHEMAS[-1], "scopes": cursors, "max_bytes": 4_000_000}
        return json.dumps(asked).encode()

    def pull(self, cursors: Mapping[str, str], accept: str = "gzip") -> bytes:
        body = self.asked(cursors)
        return self.post(PULL, body, self.signed(PULL, body, False, accept))

    def newest(self) -> dict[str, str]:
        """The cursors of a device that has everything."""
        cursors: dict[str, str] = {}
        while reached(self.pull(cursors, "identity"), cursors):
            pass
        return cursors


def reached(answer: bytes, cursors: dict[str, str]) -> bool:
    """Move the cursors by an answer (not compressed). Whether there is more."""
    lines = answer.splitlines()
    for line in lines:
        if line.startswith(b'{"checkpoint"'):
            mark = json.loads(line)
            cursors[mark["checkpoint"]] = mark["cursor"]
    more: bool = json.loads(lines[-1])["more"]
    return more


def new_site(session: Session, seals: Seals, now_ms: int, name: str, has_places: bool = False) -> Site:
    new = NewSite(
        name=name,
        kind="construction",
        district="410702",
        unit="zhian",
        stage="building",
        inhabited=has_places,
        places=_PLACES if has_places else (),
    )
    return register_site(session, seals, now_ms, new)


@dataclass(slots=True)
class Cpu:
    """CPU seconds of this process and, with PostgreSQL on this machine, of its server processes."""

    web_s: float = 0
    database_s: float = 0

    @property
    def whole_s(self) -> float:
        return self.web_s + self.database_s

    def __sub__(self, other: Cpu) -> Cpu:
        return Cpu(self.web_s - other.web_s, self.database_s - other.database_s)

    def __add__(self, other: Cpu) -> Cpu:
        return Cpu(self.web_s + other.web_s, self.database_s + other.database_s)


class CpuClock:
    """Reads the CPU that was spent so far. What a server process had spent when it ended is not lost."""

    def __init__(self) -> None:
        self._url = db.engine.url
        self._watching: psycopg.Connection[Any] | None = None
        self._known_s: dict[int, float] = {}  # by process id
        if self._url.get_backend_name() == "postgresql":
            url = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
            self._watching = psycopg.connect(url, autocommit=True)

    def read(self) -> Cpu:
        self._known_s.update((pid, _spent_s(pid)) for pid in self._pids())
        return Cpu(time.process_time(), sum(self._known_s.values()))

    def _pids(self) -> Iterator[int]:
        if self._watching is None:
            return
        query = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        for (pid,) in self._watching.execute(query):
            yield pid

    def close(self) -> None:
        if self._watching is not None:
            self._watching.close()


def _spent_s(pid: int) -> float:
    """Nanoseconds where the system counts them: a tick of 10 ms is longer than most requests."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def _up_ms(at_ms: int) -> int:
    return at_ms % 10**9

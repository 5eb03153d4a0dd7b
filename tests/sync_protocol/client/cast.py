"""The cast of the client's tests: a tablet's clock, transports that fail on demand, and a bench to put them
together."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sync_protocol.client.reports import Item
from sync_protocol.client.tablet import Tablet
from sync_protocol.client.transport import Request, Response, Transport, TransportError
from tests.sync_protocol.client.fake_server import NOON_MS, FakeServer

SITE = "site:01980a1e-0000-7000-8000-000000000001"
OTHER_SITE = "site:01980a1e-0000-7000-8000-000000000002"
CHECK = {
    "worker": "01980a1e-0000-7000-8000-00000000000a",
    "celsius": 36.5,
    "point": "gate",
    "slot": "before_work",
}


class Killed(BaseException):
    """The process died here."""


class FakeTabletClock:
    """Both clocks move only when a test moves them."""

    def __init__(self, wall_ms: int = NOON_MS) -> None:
        self.boot: str | None = "boot-1"
        self._wall_ms = wall_ms
        self._up_ms = 1_000

    def wall_ms(self) -> int:
        return self._wall_ms

    def up_ms(self) -> int:
        return self._up_ms

    def advance(self, ms: int) -> None:
        self._wall_ms += ms
        self._up_ms += ms

    def set_wall(self, wall_ms: int) -> None:
        """Somebody set the clock on the wall."""
        self._wall_ms = wall_ms


Fault = Callable[[Transport, Request], Response]


def lose_request(inner: Transport, request: Request) -> Response:
    raise TransportError("no network")


def lose_answer(inner: Transport, request: Request) -> Response:
    inner.send(request)
    raise TransportError("the line went dead")


def die_before(inner: Transport, request: Request) -> Response:
    raise Killed


def die_after(inner: Transport, request: Request) -> Response:
    inner.send(request)
    raise Killed


def send_twice(inner: Transport, request: Request) -> Response:
    inner.send(request)
    return inner.send(request)


def cut_after(lines: int, extra_bytes: int = 0) -> Fault:
    """The answer breaks off after so many lines, and some bytes of the next."""

    def cut(inner: Transport, request: Request) -> Response:
        answer = inner.send(request)
        pieces = answer.body.splitlines(keepends=True)
        kept = b"".join(pieces[:lines]) + b"".join(pieces[lines:])[:extra_bytes]
        return replace(answer, body=kept, complete=False)

    return cut


@dataclass
class FaultyTransport:
    """Passes requests on, except that each planned fault happens to the next one in turn."""

    inner: Transport
    faults: list[Fault | None] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        fault = self.faults.pop(0) if self.faults else None
        return self.inner.send(request) if fault is None else fault(self.inner, request)


class Bench:
    """One server, one enrolled tablet that has pulled its site once, a wire that fails on demand."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.server = FakeServer()
        self.server.assign(SITE)
        self.clock = FakeTabletClock()
        self.wire = FaultyTransport(self.server)
        self._seed = 0
        self.tablet = self._open()
        self.tablet.enrol("https://sync.test", "CODE-1", "平板 1", "test")
        assert self.tablet.sync().ok

    def _open(self) -> Tablet:
        self._seed += 1
        return Tablet(self.home, self.clock, self.wire, random.Random(self._seed))

    def reopen(self) -> Tablet:
        """The app is started again on the same file."""
        self.tablet.close()
        self.tablet = self._open()
        return self.tablet

    def check(self, celsius: float = 36.5, scope: str = SITE) -> str:
        return self.tablet.add(scope, "temperature_check", {**CHECK, "celsius": celsius})

    def checks(self, count: int) -> list[str]:
        """Many checks, durable at once."""
        with self.tablet.together():
            return [self.check() for _ in range(count)]

    def shown(self, kind: str = "temperature_check") -> dict[str, tuple[int, Any]]:
        return {item.id: (item.rev, item.body) for item in self.tablet.list(kind)}

    def items(self, kind: str = "temperature_check") -> dict[str, Item]:
        return {item.id: item for item in self.tablet.list(kind)}

    def agrees(self) -> bool:
        """Whether the tablet shows exactly what the server has, with nothing of its own over it."""
        kinds = {kind for scope in self.server.scopes.values() for kind, _ in scope.records}
        shown = {key: value for kind in kinds for key, value in self.shown(kind).items()}
        expected: dict[str, Any] = {}
        for name in self.server.assigned["user-1"]:
            expected |= self.server.state(name)
        synced = all(item.state == "synced" for kind in kinds for item in self.tablet.list(kind))
        return shown == expected and synced and self.tablet.status().unsent == 0

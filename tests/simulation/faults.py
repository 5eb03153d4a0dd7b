"""What breaks: requests and answers on the way, the server and its database at any statement or commit, a tablet at any
statement or commit. Which and when is the seed's."""

from __future__ import annotations

import contextvars
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from sync_protocol.client.transport import (
    NoAnswerInTime,
    Request,
    Response,
    TransportError,
    WsgiTransport,
)

ABANDONED_MS = 60_000  # PROTOCOL, Time: a client abandons a try that has no answer by then


class Died(BaseException):
    """A process ended here. Nothing may catch it but whatever takes the process's place."""


@dataclass
class DatabaseFaults:
    """At the k-th statement or commit from now: the server dies, its connection is cut (and stays cut until the
    transaction ends), or the disk is full."""

    kind: str = ""
    countdown: int = 0
    cut: bool = False
    struck: bool = False
    between_countdown: int = 0
    between_work: Callable[[], object] | None = None

    def between(self, transactions: int, work: Callable[[], object] | None) -> None:
        """After that many transactions from now, something else is done before the next one begins."""
        self.between_countdown, self.between_work = transactions, work

    def arm(self, kind: str, statements: int) -> None:
        self.kind, self.countdown, self.cut, self.struck = kind, statements, False, False

    def disarm(self) -> bool:
        """Whether it struck."""
        struck, self.kind, self.cut, self.struck = self.struck, "", False, False
        return struck

    def listen(self, engine: sa.Engine) -> None:
        sa.event.listen(engine, "before_cursor_execute", lambda *_: self._strike())
        sa.event.listen(engine, "commit", lambda _: self._strike())
        sa.event.listen(engine, "rollback", lambda _: self._heal())
        sa.event.listen(engine, "checkin", lambda *_: self._let_others())

    def _let_others(self) -> None:
        if self.between_work is None:
            return
        self.between_countdown -= 1
        if self.between_countdown <= 0:
            work, self.between_work = self.between_work, None
            contextvars.Context().run(work)  # another process knows nothing of this one's request

    def _heal(self) -> None:
        self.cut = False

    def _strike(self) -> None:
        if self.cut:
            raise OperationalError("", {}, sqlite3.OperationalError("the connection is gone"))
        if not self.kind:
            return
        self.countdown -= 1
        if self.countdown > 0:
            return
        kind, self.kind, self.struck = self.kind, "", True
        if kind == "death":
            raise Died
        self.cut = kind == "cut"
        raise OperationalError("", {}, sqlite3.OperationalError("database or disk is full"))


class _MortalConnection(sqlite3.Connection):
    """A tablet's file, whose process dies at the k-th statement or commit."""

    countdown = 0  # 0: never

    @classmethod
    def strike(cls) -> None:
        if cls.countdown:
            cls.countdown -= 1
            if not cls.countdown:
                raise Died

    def execute(self, *given: Any) -> sqlite3.Cursor:
        self.strike()
        return super().execute(*given)

    def executemany(self, *given: Any) -> sqlite3.Cursor:
        self.strike()
        return super().executemany(*given)

    def commit(self) -> None:
        self.strike()
        super().commit()


@contextmanager
def mortal_tablets() -> Iterator[None]:
    """Files that clients open in here can be the last that they did."""
    opened = sqlite3.connect

    def connect(*given: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = opened(*given, **{"factory": _MortalConnection, **named})
        return connection

    with patch.object(sqlite3, "connect", connect):
        yield


@contextmanager
def death_after(statements: int) -> Iterator[None]:
    """The tablet at work in here dies at that statement, if it comes so far."""
    _MortalConnection.countdown = statements
    try:
        yield
    finally:
        _MortalConnection.countdown = 0


@dataclass(frozen=True)
class Weather:
    """What the network does to one tablet's requests: a chance for each fault, from `calm` to `storm`."""

    loss: float = 0.0
    late: float = 0.0
    twice: float = 0.0
    lost_answer: float = 0.0
    cut: float = 0.0
    slow: float = 0.3


CALM = Weather()
STORM = Weather(loss=0.12, late=0.08, twice=0.12, lost_answer=0.12, cut=0.12, slow=0.6)


@dataclass
class Network:
    """Between one tablet and the server. `pass_time` lets true time go on; `meanwhile` is what happens while a request
    is on its way; `later` has one delivered after that many milliseconds; `arriving` is called with each that is delivered,
    `seen` of each that was answered."""

    inner: WsgiTransport
    now: Callable[[], int]
    pass_time: Callable[[int], None]
    later: Callable[[int, Callable[[], None]], None]
    arriving: Callable[[Request], None]
    seen: Callable[[Request, Response], None]
    meanwhile: Callable[[], None]
    chance: random.Random = field(default_factory=lambda: random.Random(0))
    weather: Weather = CALM
    online: bool = True

    def send(self, request: Request) -> Response:
        if not self.online:
            raise TransportError("no network")
        draw, weather = self.chance.random, self.weather
        until_ms = self.now() + ABANDONED_MS  # then the client hangs up: nothing arrives any more
        up_ms, down_ms = self.chance.randrange(20, 400), self.chance.randrange(20, 400)
        if draw() < weather.slow:
            up_ms = self.chance.choice((2_000, 15_000, 31_000, 55_000))
        if draw() < weather.loss:
            self.pass_time(up_ms)
            raise TransportError("no answer")
        if draw() < weather.late:  # it arrives after whatever is sent next, but while its try still counts
            self.later(
                min(up_ms + 20_000, ABANDONED_MS - 1_000), lambda: self._arrive_late(request, until_ms)
            )
            raise TransportError("no answer yet")
        self.pass_time(up_ms // 2)
        self.meanwhile()
        self.pass_time(up_ms - up_ms // 2)
        answer = self._deliver(request, until_ms)
        if draw() < weather.twice:
            self.later(self.chance.randrange(1, 5_000), lambda: self._arrive_late(request, until_ms))
        if draw() < weather.lost_answer:
            raise TransportError("the line went dead")
        self.pass_time(down_ms)
        if self.now() > until_ms:
            raise NoAnswerInTime("no answer in time")
        if draw() < weather.cut:
            kept = self.chance.randrange(len(answer.body) + 1)
            return Response(answer.status, answer.headers, answer.body[:kept], complete=False)
        return answer

    def _deliver(self, request: Request, until_ms: int) -> Response:
        if self.now() > until_ms:
            raise NoAnswerInTime("no answer in time")
        self.arriving(request)
        try:
            answer = self.inner.send(request)
        except Died as death:
            raise TransportError("the server died") from death
        self.seen(request, answer)
        return answer

    def _arrive_late(self, request: Request, until_ms: int) -> None:
        with suppress(TransportError):
            self._deliver(request, until_ms)

"""Simulated tablets: the reference client on clocks that are wrong, in homes that are copied, with processes that die."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sync_protocol.client.reports import PullReport, SyncReport
from sync_protocol.client.tablet import Tablet
from tests.simulation.faults import Network


class TrueTime(Protocol):
    def now_ms(self) -> int: ...


@dataclass
class Clocks:
    """A tablet's two clocks. The one since boot is right but for its drift; the one on the wall is whatever somebody,
    or an empty battery, set it to. `lie_ms`: what a changed tablet adds to the counter since boot as well."""

    time: TrueTime
    rng: random.Random
    counts_boots: bool = True
    skew_ms: int = 0
    drift_ppm: int = 0
    lie_ms: int = 0
    booted_ms: int = 0
    name: str = "boot-0"
    moves: int = 0  # of the wall clock since the last push that got through

    @property
    def boot(self) -> str | None:
        return self.name if self.counts_boots else None

    def wall_ms(self) -> int:
        return self.time.now_ms() + self.skew_ms

    def up_ms(self) -> int:
        since_ms = self.time.now_ms() - self.booted_ms
        return max(0, since_ms + since_ms * self.drift_ppm // 1_000_000 + self.lie_ms)

    def reboot(self, battery_dead: bool) -> None:
        self.booted_ms = self.time.now_ms() - self.rng.randrange(1_000, 30_000)
        self.name = f"boot-{self.rng.getrandbits(40):x}"
        self.lie_ms = 0
        if battery_dead:
            self.set(self.rng.randrange(60_000))

    def set(self, wall_ms: int) -> None:
        self.skew_ms = wall_ms - self.time.now_ms()
        self.moves += 1


class Watched(Tablet):
    """The reference client, which notes the scopes in which it held something else than the server said that it must:
    it asks for them afresh, and all is well again."""

    differed: list[str]

    def pull(self, max_bytes: int = 1_048_576) -> PullReport:
        report = super().pull(max_bytes)
        self.differed += report.mismatched
        return report

    def sync(self) -> SyncReport:
        report = super().sync()
        self.differed += report.pull.mismatched if report.pull is not None else []
        return report


class SimTablet:
    """One tablet in somebody's hands. `open` starts its program on what its file holds."""

    def __init__(self, name: str, user: str, home: Path, clocks: Clocks, network: Network, seed: str) -> None:
        self.name, self.user, self.home = name, user, home
        self.clocks, self.network = clocks, network
        self._rng = random.Random(seed)
        self.device = ""
        self.honest = True
        self.lost = False  # under concrete, or in a thief's hands
        self.hidden: tuple[Any, ...] | None = None  # a row that its file lost for a while
        self.differed: list[str] = []
        self.client = self._opened()

    def _opened(self) -> Watched:
        # A nonce is never used again, whatever dies: each process draws from a generator of its own.
        client = Watched(self.home, self.clocks, self.network, random.Random(self._rng.random()))
        client.differed = self.differed
        return client

    def open(self) -> None:
        self.client.close()
        self.client = self._opened()

    def close(self) -> None:
        self.client.close()

    def lose_row(self) -> None:
        """The file loses a waiting line that others follow, as a broken page would."""
        query = (
            "SELECT * FROM outbox o WHERE o.state = 'waiting' AND EXISTS (SELECT 1 FROM outbox p"
            " WHERE p.scope = o.scope AND p.n > o.n AND p.state = 'waiting') ORDER BY CAST(o.line AS TEXT)"
            " NOT LIKE '%disinfection_log%', seq LIMIT 1"  # a line that a window may ask for, if there is one
        )
        with self._file() as file:
            self.hidden = file.execute(query).fetchone()
            if self.hidden:
                file.execute("DELETE FROM outbox WHERE seq = ?", self.hidden[:1])

    def find_row(self) -> None:
        """The line is there again."""
        if self.hidden:
            with self._file() as file:
                marks = ", ".join("?" * len(self.hidden))
                file.execute(f"INSERT INTO outbox VALUES ({marks})", self.hidden)
            self.hidden = None

    @contextmanager
    def _file(self) -> Iterator[sqlite3.Connection]:
        self.client.close()
        file = sqlite3.connect(self.home / "tablet.sqlite3")
        try:
            with file:
                yield file
        finally:
            file.close()
            self.client = self._opened()

    def copy_of(self, name: str, home: Path, network: Network) -> SimTablet:
        """Another machine with this one's file: the same device, twice."""
        self.client.close()
        shutil.copytree(self.home, home)
        self.client = self._opened()
        clocks = Clocks(self.clocks.time, self.clocks.rng, self.clocks.counts_boots)
        clocks.reboot(battery_dead=False)
        copy = SimTablet(name, self.user, home, clocks, network, f"{name} {self._rng.random()}")
        copy.device, copy.honest = self.device, False
        return copy

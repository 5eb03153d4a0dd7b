"""How much one transaction of the scheduler takes."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from server.base.db import db, is_alone


@dataclass(frozen=True, slots=True)
class Share:
    """What one transaction of a part takes at most: so many sites, windows to be judged, or rows of another due scan, with
    the rest of their sites. `rounds`: how many transactions one tick makes of it; the rest is due at the next. `hold_s`: as
    long as one may keep others waiting for more than one site."""

    sites: int
    windows: int
    rows: int
    rounds: int
    hold_s: float


ON_POSTGRESQL = Share(sites=50, windows=2000, rows=200, rounds=200, hold_s=math.inf)
# One writer at a time: nobody waits for more than one site, or for several that take as long together.
ON_SQLITE = Share(sites=20, windows=20, rows=20, rounds=10_000, hold_s=0.05)


def whole_share() -> Share:
    """The most on this database."""
    has_room = is_alone() or db.engine.dialect.name == "postgresql"
    return ON_POSTGRESQL if has_room else ON_SQLITE


class Pace:
    """How much each transaction of a part takes, one after the other. Where others wait it begins with one of each; twice as
    much comes after one that took less than half of `hold_s`, half as much after one that took longer."""

    def __init__(self) -> None:
        self._most = whole_share()
        self._size = 1 if self._most.hold_s < math.inf else max(self._most.windows, self._most.rows)

    @contextmanager
    def next_share(self) -> Iterator[Share]:
        """Around one transaction, its commit too."""
        most, began_s = self._most, time.perf_counter()
        sites, windows, rows = (min(self._size, one) for one in (most.sites, most.windows, most.rows))
        yield Share(sites, windows, rows, most.rounds, most.hold_s)
        is_short = time.perf_counter() - began_s < most.hold_s / 2
        self._size = (
            min(self._size * 2, max(most.windows, most.rows)) if is_short else max(1, self._size // 2)
        )

"""Who writes next to a SQLite database: all writers of all processes line up.

SQLite has one writer at a time, and whoever finds its lock taken only looks again now and then: between two transactions of
background work nobody else would get it. So whoever wants the lock holds the head of the line until it has it, and who
has just written goes to the end like everybody else. The line is a lock on the folder of the database, which the system
releases should a process die.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock

LINE_S_MAX = 2.0  # who stands longer waits for the lock alone: the head may be a process that was stopped
_LOOK_S = 0.0005


@contextmanager
def in_line(database: str | None) -> Iterator[None]:
    """At the head of the line for the file `database`, as soon as it is free. Where folders can't be locked, and for a
    database in memory, there is none."""
    line = None
    with suppress(OSError):
        line = os.open(os.path.dirname(database or "") or ".", os.O_RDONLY)
        _reach_head(line)
    try:
        yield
    finally:
        if line is not None:
            os.close(line)


def _reach_head(line: int) -> None:
    until_s = time.monotonic() + LINE_S_MAX
    while time.monotonic() < until_s:
        with suppress(BlockingIOError):
            flock(line, LOCK_EX | LOCK_NB)
            return
        time.sleep(_LOOK_S)

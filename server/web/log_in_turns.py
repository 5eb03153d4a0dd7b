"""Argon2 is slow on purpose: many log-ins at once must not take every thread from the tablets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from server.base.problems import Problem

_RETRY_S = 3


class LogInTurns:
    """Of a process's `threads`, log-ins hold at most half, and a quarter hash at the same time."""

    def __init__(self, threads: int) -> None:
        self._places = BoundedSemaphore(max(1, threads // 2))
        self.hashing = BoundedSemaphore(max(1, threads // 4))

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """A slot for one log-in. Raises Problem 503 `busy` at once when all are taken: nothing was counted yet."""
        if not self._places.acquire(blocking=False):
            busy = Problem("busy", f"请 {_RETRY_S} 秒后再试。")
            raise busy.with_header("Retry-After", str(_RETRY_S))
        try:
            yield
        finally:
            self._places.release()

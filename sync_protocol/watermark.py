"""Watermarks: through which moment the server can know everything (SPEC: Watermark).

Only this separates "missed" (the tablets reported in, and nothing was there) from "silent" (not heard from
since).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from sync_protocol.stream import Stream

PENDING_MAX = 20  # declarations of one stream that wait for a hole to be filled; a newer one says more


class Declared(NamedTuple):
    """What a push declared of a stream that had nothing unsent: entries 1 … `n` end in `hash`, and there was no
    other at `t_ms`."""

    n: int
    hash: str
    t_ms: int


class Through(NamedTuple):
    """Through when a stream is complete (None: never yet), and the declarations that still wait."""

    complete_ms: int | None
    pending: tuple[Declared, ...]


def declared_through(
    stream: Stream,
    pending: Sequence[Declared],
    hash_at: Callable[[int], str | None],
    previous_ms: int | None,
) -> Through:
    """Through when a device's stream is complete, after an exchange.

    `stream` is what the server holds now, `pending` what pushes declared with `unsent` 0 and a signature that
    verified, `hash_at(n)` the hash of an entry that the server holds. A declaration counts once every entry up to its
    `n` is there and that one has its hash; one with another hash never will. A watermark never goes back. A fork keeps
    the stream where it was until a person has closed it: pass such a stream with `forked` False then.
    """
    complete_ms, waiting = previous_ms, []
    for declared in pending:
        if declared.n > stream.n or stream.forked:
            waiting.append(declared)
        elif (stream.hash if declared.n == stream.n else hash_at(declared.n)) == declared.hash:
            complete_ms = declared.t_ms if complete_ms is None else max(complete_ms, declared.t_ms)
    return Through(complete_ms, tuple(waiting[-PENDING_MAX:]))


class Reporter(NamedTuple):
    """An active device that counts in a scope. `kinds`: what it may write there, None for every kind;
    `through_ms`: through when its stream is complete, None before it ever was."""

    kinds: Collection[str] | None
    through_ms: int | None

    def writes(self, kind: str) -> bool:
        return self.kinds is None or kind in self.kinds


def kind_watermark(
    reporters: Iterable[Reporter], kind: str, now_ms: int, only_server: bool = False
) -> int | None:
    """The instant through which a (scope, kind) is complete: the least over the devices that may write that kind there.

    None when there is no such device, or one that never was complete: then nobody can say that anything was missed.
    A kind that `only_server` writes is complete through now.
    """
    if only_server:
        return now_ms
    least: int | None = None
    for reporter in reporters:
        if not reporter.writes(kind):
            continue
        if reporter.through_ms is None:
            return None
        least = reporter.through_ms if least is None else min(least, reporter.through_ms)
    return least

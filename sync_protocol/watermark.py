"""Watermarks: through which moment the server can know everything (PROTOCOL: Watermark).

Only this separates "missed" (the tablets reported in, and nothing was there) from "silent" (not heard from
since).
"""

from __future__ import annotations

from collections.abc import Iterable

from sync_protocol.stream import Stream


def complete_through(stream: Stream, unsent: int, at_ms: int, previous: int | None) -> int | None:
    """Through when a device's stream is complete, after an exchange at `at_ms`. None: never yet.

    `stream` is what the server holds after the exchange, and `unsent` what the device signed for in it. With
    a hole, or with entries unsent, nothing new is known and `previous` stands. A watermark never goes back. A
    fork is no hole: it raises an integrity flag, and does not silence a site for good.

    Call it only for an attestation whose signature verified and whose (n, hash) is the stream's highest.
    """
    if stream.islands or unsent != 0:
        return previous
    return at_ms if previous is None else max(previous, at_ms)


def scope_watermark(streams: Iterable[int | None]) -> int | None:
    """Through when a scope is complete: the least over its assigned, active devices.

    None when there is no such device, or one that was never heard of: then nobody can say that anything was
    missed.
    """
    least: int | None = None
    for through in streams:
        if through is None:
            return None
        least = through if least is None else min(least, through)
    return least

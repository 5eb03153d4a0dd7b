"""Where the CPU of a pushed record goes: the steps of a push, each without those that it calls."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from typing import Any

from server.bench.figure import Figure
from server.bench.rig import BATCH, PUSH, Rig

_PUSHES = 12
_SYNC = "server.actions.sync"
_STEPS = (
    ("signature", "server.api.senders", "signed_sender"),
    ("inflate", "server.api.bodies", "inflate"),
    ("parse, validate lines", f"{_SYNC}.read_push", "read_lines"),
    ("look up device and scopes", f"{_SYNC}.open_exchange", "open_exchange"),
    ("known lines", f"{_SYNC}.append_scope", "_split"),
    ("dates", f"{_SYNC}.settle_times", "settle_times"),
    ("chain", f"{_SYNC}.close_stream", "extended"),
    ("bodies, outcomes, rows", f"{_SYNC}.append_scope", "_take_in"),
    ("seal lines together", f"{_SYNC}.log_lines", "store_lines"),
    ("count of lines", f"{_SYNC}.count_lines", "count_lines"),
    ("driver: records and log", "server.base.db", "bulk_insert"),
    ("windows", f"{_SYNC}.release_held", "finish"),
    ("receipt, answer", f"{_SYNC}.accept_push", "_answer"),
    ("write device, scopes, exchange", f"{_SYNC}.accept_push", "close_exchange"),
)


def measure_steps(rig: Rig) -> Iterator[Figure]:
    """CPU of this process for each step of a push of BATCH, a record."""
    spent: Counter[str] = Counter()
    whole_s = 0.0
    with _timed(spent):
        for number in range(_PUSHES + 1):
            body = rig.batch()
            request = (PUSH, body, rig.signed(PUSH, body, True))
            if number == 1:
                spent.clear()
            began_s = time.process_time()
            rig.send_push(request)
            whole_s += time.process_time() - began_s if number else 0
    each = 1e6 / _PUSHES / BATCH
    yield Figure(f"{rig.name}: a pushed record, web", f"{whole_s * each:.0f} µs")
    for name, _, _ in _STEPS:
        yield Figure(f"  {name}", f"{spent[name] * each:.1f} µs")
    yield Figure("  everything else", f"{(whole_s - spent.total()) * each:.1f} µs")


@contextmanager
def _timed(spent: Counter[str]) -> Iterator[None]:
    """While this is open, the steps add up what they spend."""
    inner: list[float] = []
    changed: list[tuple[Any, str, Any]] = []
    for name, module, function in _STEPS:
        plain = getattr(import_module(module), function)
        timed = _timing(name, plain, spent, inner)
        for one in list(sys.modules.values()):
            if getattr(one, function, None) is plain:
                changed.append((one, function, plain))
                setattr(one, function, timed)
    try:
        yield
    finally:
        for one, function, plain in changed:
            setattr(one, function, plain)


def _timing(
    name: str, plain: Callable[..., Any], spent: Counter[str], inner: list[float]
) -> Callable[..., Any]:
    @wraps(plain)
    def timed(*given: Any, **named: Any) -> Any:
        began_s = time.process_time()
        inner.append(0.0)
        try:
            return plain(*given, **named)
        finally:
            took_s = time.process_time() - began_s
            spent[name] += took_s - inner.pop()  # type: ignore[assignment]
            if inner:
                inner[-1] += took_s

    return timed

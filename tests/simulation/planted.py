"""The oracle's own test: faults planted one at a time, and how many seeds it takes to find each.

Most are triggers in the database of the run, so that they stay where they are when the server's code moves: they make
the stored state what a fault of the code would make it. The others replace a function of the product by its name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from tests.simulation.runs import run
from tests.simulation.server_side import product_modules
from tests.simulation.simulator import Simulator

Plant = Callable[[Simulator], AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    name: str
    plant: Plant


def trigger(after: str, when: str, do: str) -> Plant:
    """In the city's database: `AFTER <after> WHEN <when> BEGIN <do> END`."""

    @contextmanager
    def planted(simulator: Simulator) -> Iterator[None]:
        city, server = simulator.city, simulator.city.server
        kept = city.snapshot
        server.database.restore(kept)
        server.sql(f"CREATE TRIGGER planted AFTER {after} WHEN {when} BEGIN {do}; END")
        city.snapshot = server.database.save()
        try:
            yield
        finally:
            city.snapshot = kept

    return planted


def replaced(name: str, by: Callable[[Callable[..., Any]], Callable[..., Any]], home: str = "") -> Plant:
    """Wherever the product holds the function of this name, from a module whose name begins with `home`. Raises
    LookupError when it has none: the fault moved."""

    @contextmanager
    def planted(_: Simulator) -> Iterator[None]:
        with ExitStack() as stack:
            places = [
                (module, value)
                for module in product_modules()
                for value in [vars(module).get(name)]
                if callable(value)
                and getattr(value, "__module__", "").split(".")[0] in ("server", "sync_protocol")
            ]
            if not places:
                raise LookupError(f"the product has no function {name}")
            for module, value in places:
                stack.enter_context(patch.object(module, name, by(value)))
            yield

    return planted


KEY = "WHERE scope_id = new.scope_id AND id = new.id"


def window(change: str, when: str) -> Plant:
    return trigger("UPDATE OF state ON duty_window", when, f"UPDATE duty_window SET {change} {KEY}")


def _no_unsent(claims: Callable[..., Any]) -> Callable[..., Any]:
    def silent(*given: Any) -> Any:
        return {name: type(claim)(claim.n, claim.hash, 0) for name, claim in claims(*given).items()}

    return silent


def _nothing(_: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *_given, **_named: None


def _forget(settle: Callable[..., Any]) -> Callable[..., Any]:
    """The client forgets a waiting entry that was written while a push was on its way."""

    def forgetful(store: Any, batch: Any, *given: Any) -> Any:
        settled = settle(store, batch, *given)
        last = max((held.seq for held in batch), default=0)
        store.sql.execute(
            "UPDATE outbox SET state = 'settled' WHERE state = 'waiting' AND seq = ?", (last + 1,)
        )
        return settled

    return forgetful


def _arrival(_: Callable[..., Any]) -> Callable[..., Any]:
    return lambda arrival_ms, _beacon_ms: arrival_ms


def _last_push_alone(wall_span: Callable[..., Any]) -> Callable[..., Any]:
    return lambda wall_ms, ties, *given: wall_span(wall_ms, list(ties)[-1:], *given)


def _ten_minutes_early(boot_span: Callable[..., Any]) -> Callable[..., Any]:
    def early(*given: Any) -> Any:
        span = boot_span(*given)
        return None if span is None else type(span)(span.lo - 600_000, span.hi - 600_000)

    return early


def _greatest(kind_watermark: Callable[..., Any]) -> Callable[..., Any]:
    def hasty(reporters: Any, kind: str, now_ms: int, only_server: bool = False) -> Any:
        through = [one.through_ms for one in reporters if one.through_ms is not None and one.writes(kind)]
        return max(through, default=None) if through else kind_watermark((), kind, now_ms, only_server)

    return hasty


def _believe(declared_through: Callable[..., Any]) -> Callable[..., Any]:
    """What a push declares counts, whatever is there."""

    def credulous(stream: Any, pending: Any, hash_at: Any, previous_ms: int | None) -> Any:
        declared = declared_through(stream, pending, hash_at, previous_ms)
        times = [one.t_ms for one in pending] + (
            [declared.complete_ms] if declared.complete_ms is not None else []
        )
        return declared._replace(complete_ms=max(times, default=None))

    return credulous


STREAM = "WHERE scope_id = new.scope_id AND device_id = new.device_id"
FAULTS = (
    # Each fault of "no honest day is ever accused".
    Fault("T of a push is its arrival", replaced("push_time", _arrival)),
    Fault("an offset is the last push's alone", replaced("wall_span", _last_push_alone)),
    Fault("a slow clock is not corrected", replaced("boot_span", _ten_minutes_early)),
    Fault("a clock makes a record backfilled", window("state = 'backfilled'", "new.state = 'met'")),
    Fault("a tablet that only pulled does not count", trigger(
        "INSERT ON stream", "new.complete_ms IS NULL",
        f"UPDATE stream SET left_ms = new.since_ms, left_why = 'released' {STREAM}")),
    Fault("one tablet's report stands for all", replaced("kind_watermark", _greatest)),
    Fault("an unassigned tablet is dropped at once", trigger(
        "UPDATE OF ended_ms ON assignment", "new.ended_ms IS NOT NULL",
        "UPDATE stream SET left_ms = new.ended_ms, left_why = 'released' WHERE scope_id = new.site_id AND device_id IN"
        " (SELECT id FROM device WHERE user_id = new.user_id)")),
    Fault("what a lost tablet may hold is missed", window(
        "state = 'missed'", "new.state = 'review' AND new.reason LIKE 'device_%'")),
    Fault("what is kept does not shield", window(
        "state = 'missed'", "new.state = 'review' AND new.reason LIKE 'evidence_kept%'")),
    Fault("what is uncertain is missed", window(
        "state = 'missed'", "new.state = 'review' AND new.reason LIKE 'time_uncertain%'")),
    Fault("a hole is taken for whole", replaced("declared_through", _believe)),
    Fault("one person is two, under two records", trigger(
        "INSERT ON worker", "1", f"UPDATE worker SET certificate_digest = substr(new.id, 1, 32) {KEY}")),
    # What else must never be.
    Fault("a digest is not updated", trigger(
        "UPDATE OF digest ON scope", "new.digest <> old.digest AND new.seq % 7 = 0",
        "UPDATE scope SET digest = old.digest WHERE scope_id = new.scope_id")),
    Fault("a count is not updated", trigger(
        "UPDATE OF live ON scope", "new.live <> old.live AND new.seq % 7 = 0",
        "UPDATE scope SET live = old.live WHERE scope_id = new.scope_id")),
    Fault("a change keeps its old place in the order", trigger(
        "UPDATE OF seq ON record", "new.seq % 3 = 0", f"UPDATE record SET seq = old.seq {KEY}")),
    Fault("a seq is skipped, and its record never comes down", trigger(
        "INSERT ON record", "new.kind = 'gate_pass' AND new.seq % 3 = 0", f"UPDATE record SET seq = 1 {KEY}")),
    Fault("a line of the log is lost", trigger(
        "INSERT ON entry", "new.n % 5 = 0", f"DELETE FROM entry {KEY}")),
    Fault("a line of the log is changed", trigger(
        "INSERT ON entry", "new.n % 9 = 0", f"UPDATE entry SET raw = substr(raw, 1, length(raw) - 1) {KEY}")),
    Fault("a receipt's time is moved", trigger(
        "INSERT ON entry", "new.n % 4 = 0", f"UPDATE entry SET received_ms = new.received_ms - 3600000 {KEY}")),
    Fault("a record is lost", trigger(
        "INSERT ON record", "new.kind = 'gate_pass' AND new.seq % 4 = 0", f"DELETE FROM record {KEY}")),
    Fault("a record takes effect twice", trigger(
        "INSERT ON record", "new.kind = 'disinfection_log' AND new.seq % 4 = 0", f"UPDATE record SET rev = 2 {KEY}")),
    Fault("silence is taken for not done", window("state = 'missed'", "new.state = 'silent'")),
    Fault("what was not done is never more than silent", window("state = 'silent'", "new.state = 'missed'")),
    Fault("a void does not un-meet", window(
        "state = old.state, evidence = old.evidence",
        "old.state = 'met' AND new.state IN ('open', 'silent', 'missed', 'review')")),
    Fault("late is taken for timely", window("state = 'met'", "new.state = 'done_late'")),
    Fault("an open window is met by nothing", window("state = 'met'", "new.state = 'silent' AND new.duty = 'DISINFECT'")),
    Fault("a window is never looked at", trigger(
        "INSERT ON duty_window", "new.slot = 'morning'", f"UPDATE duty_window SET check_ms = NULL {KEY}")),
    Fault("a window is not planned", trigger(
        "INSERT ON duty_window", "new.slot = 'afternoon' AND new.place = 'canteen'", f"DELETE FROM duty_window {KEY}")),
    Fault("a fork raises no flag", replaced("raise_integrity", _nothing)),
    Fault("a clock of a flag is forgotten", trigger(
        "INSERT ON flag_step", "new.step IN ('section', 'section_page')",
        "UPDATE flag_step SET next_ms = NULL WHERE scope_id = new.scope_id AND flag_id = new.flag_id"
        " AND step = new.step")),
    Fault("a notice is sent twice", trigger(
        "UPDATE OF state ON digest", "new.state = 'sent' AND new.tries = 1",
        "UPDATE digest SET state = 'pending', next_ms = new.made_ms WHERE id = new.id")),
    Fault("an event of a flag is changed", trigger(
        "INSERT ON flag_event", "new.n = 2",
        "UPDATE flag_event SET actor = 'nobody' WHERE scope_id = new.scope_id AND flag_id = new.flag_id"
        " AND n = new.n")),
    Fault("a revoked tablet goes on", trigger(
        "UPDATE OF state ON device", "new.state = 'revoked'",
        "UPDATE device SET state = 'active', revoked_ms = NULL WHERE id = new.id")),
    Fault("who loses a site never had it", trigger(
        "UPDATE OF ended_ms ON assignment", "new.ended_ms IS NOT NULL",
        "DELETE FROM assignment WHERE site_id = new.site_id AND user_id = new.user_id")),
    Fault("a tablet says that nothing is unsent", replaced("claims", _no_unsent, "sync_protocol.client")),
    Fault("a tablet forgets what was written meanwhile", replaced("settle", _forget, "sync_protocol.client")),
)  # fmt: skip


def find(simulator: Simulator, fault: Fault, most: int, first: int = 1) -> tuple[int, str]:
    """The seed from `first` to `most` that found it, and what the oracle said; 0: none did. A seed that fails without the
    fault, too, finds nothing."""
    seed, code = first - 1, ""
    while seed < most:
        with fault.plant(simulator):
            seed, code = _first(simulator, range(seed + 1, most + 1))
        if not seed or not run(simulator, seed).problems:
            return seed, code
    return 0, ""


def _first(simulator: Simulator, seeds: Iterable[int]) -> tuple[int, str]:
    for seed in seeds:
        ended = run(simulator, seed)
        if ended.problems:
            return seed, ended.problems[0][0]
    return 0, ""


def print_table(simulator: Simulator, most: int, first: int, only: str | None) -> int:
    """Plant each, print what became of it. Gives 1 when more than one of thirty was not found."""
    chosen = [fault for fault in FAULTS if only is None or only in fault.name]
    missed = 0
    for fault in chosen:
        began_s = time.monotonic()
        count, code = find(simulator, fault, most, first)
        missed += not count
        result = f"found by seed {count:4}" if count else f"NOT found in {most}"
        print(f"{fault.name:50} {result}  {code:26} {time.monotonic() - began_s:6.0f} s", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} found")
    return int(missed > len(chosen) // 30)

"""The scheduler: one tick at a time, any number of processes at once.

Nothing is remembered between ticks. What there is to do is in the tables, as rows that are due; each part
takes the scopes that nobody else holds, in bounded transactions, so that a tick that is killed is simply done
again.
"""

from __future__ import annotations

import logging
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask
from sqlalchemy.orm import Session

from server.actions.cameras.take_reports import write_left
from server.actions.cameras.watch_platforms import watch_platforms
from server.actions.cases.flag_overdue_cases import flag_overdue_cases
from server.actions.cases.screen_trips import screen_trips
from server.actions.devices.retire_reporters import retire_reporters
from server.actions.duties.judge_windows import judge_due
from server.actions.duties.plan_windows import Planner, plan_windows
from server.actions.erasure.person_requests import remind_of_requests
from server.actions.flags.escalate import take_due_steps
from server.actions.flags.flag_signals import flag_signals
from server.actions.flags.resume_clocks import LAST_BEAT, paused_since_ms, resume_clocks
from server.actions.ops.expire_rows import expire_rows, heartbeat
from server.actions.ops.retention import (
    RETAINED,
    ROWS_AT_ONCE,
    forget_coverage,
    forget_exchanges,
    forget_rows,
    forget_windows,
)
from server.actions.reference.load_reference import rules_in_force
from server.actions.signals.find_signals import find_new_signals
from server.actions.sync.release_held import release_overdue
from server.base.db import read, write, write_in_turn
from server.base.runtime import Runtime
from server.models.tx import Tx
from server.rules.rulebook import Rulebook
from server.workflows.deliver_events import deliver_events
from server.workflows.deliver_notices import deliver_due, sender
from server.workflows.due_parts import Due, due_parts, find_due
from server.workflows.erase import erase
from server.workflows.erase_health import erase_health
from server.workflows.judge_forms import judge_waiting
from server.workflows.keep_backups import keep_backups
from server.workflows.listen_platforms import listening
from server.workflows.make_reports import make_due_reports
from server.workflows.poll_platforms import poll_platforms
from server.workflows.read_rosters import read_waiting
from server.workflows.receive_media import tidy_media
from server.workflows.reseal import reseal
from server.workflows.shares import Pace, Share, whole_share

HELD_A_TIME = 20  # entries that are released together
RETENTION_ROUNDS_MAX = 10  # of one table in one tick

_log = logging.getLogger("gongdi.scheduler")


@dataclass(frozen=True, slots=True)
class Tick:
    """One look of a scheduler. `book`: the rules at its beginning; newer ones are followed by the next."""

    runtime: Runtime
    now_ms: int
    book: Rulebook

    @contextmanager
    def turn(self) -> Iterator[Tx]:
        """One transaction of it."""
        with write_in_turn() as session:
            yield Tx(session, self.runtime.seals, self.now_ms, self.book)


Part = Callable[[Tick], dict[str, int]]


def tick(app: Flask, now_ms: int, assumed: bool = False) -> dict[str, Any]:
    """Do everything that is due at `now_ms`; doing it again does nothing. Gives what was done, by part, with
    `failed` counting what could not be; that never stops the rest. A part with nothing to do gives nothing. Without
    rules nothing is done, and at an `assumed` time it is no heartbeat: neither proves that a scheduler works."""
    began_s = time.perf_counter()
    with app.app_context():
        due, did = _find_due(now_ms, began_s, lambda due: not assumed and _is_idle(due))
        return did or _do_parts(app.extensions["gongdi"], now_ms, due, assumed, began_s)


def _is_idle(due: Due) -> bool:
    return not any(due.parts.get(name, True) for name in PARTS)


def _find_due(
    now_ms: int, began_s: float, is_all: Callable[[Due], bool]
) -> tuple[Due | None, dict[str, Any]]:
    """What is due (None where the rules were not read, whatever is wrong with them), and what was done: where `is_all` says
    that this is the whole tick, its heartbeat, in the same transaction."""
    try:
        with write(may_be_lost=True) as session:
            due = find_due(session, now_ms)
            did: dict[str, Any] = {name: {} for name in PARTS} if is_all(due) else {}
            if did:
                _beat(session, now_ms, began_s, did)
        return due, did
    except (
        Exception
    ):  # somebody may keep the lock for long, or the connection was cut: what is due is found without it
        _log.warning("what is due is asked again")
    try:
        with read() as session:
            return find_due(session, now_ms), {}
    except Exception:  # each part finds out by itself
        _log.exception("what is due was not found")
    try:
        with read() as session:
            return Due(rules_in_force(session), {}, session.scalar(LAST_BEAT)), {}
    except Exception:
        _log.exception("the rules were not read")
        return None, {}


def _do_parts(
    runtime: Runtime, now_ms: int, due: Due | None, assumed: bool, began_s: float
) -> dict[str, Any]:
    if due is None:
        return {"rules": {"failed": 1}}
    did: dict[str, Any] = {}
    this = Tick(runtime, now_ms, due.book)
    for name, part in PARTS.items():
        did[name] = _do(name, part, this) if due.parts.get(name, True) else {}
        if any(did[name].values()):
            due = _due_again(now_ms, due)  # what one part does may be work for the next
    if not assumed:
        with write(may_be_lost=True) as session:
            _beat(session, now_ms, began_s, did)
    return did


def _beat(session: Session, now_ms: int, began_s: float, did: dict[str, Any]) -> None:
    heartbeat(session, now_ms, round((time.perf_counter() - began_s) * 1000), did)


def _due_again(now_ms: int, due: Due) -> Due:
    """By the same rules: newer ones are followed by the next tick."""
    try:
        with read() as session:
            return due._replace(parts=due_parts(session, now_ms, due.book))
    except Exception:
        _log.exception("what is due was not found")
        return due._replace(parts={})


def _do(name: str, part: Part, this: Tick) -> dict[str, int]:
    try:
        return part(this)
    except Exception:  # one part must not stop the others
        _log.exception("a part of the tick failed", extra={"fields": {"part": name}})
        return {"failed": 1}


def resume_and_tick(app: Flask, now_ms: int, assumed: bool = False) -> dict[str, Any]:
    """A tick as a scheduler makes it: after a pause of all schedulers, clocks that ran unseen start again first. An
    `assumed` time shows no pause."""
    runtime: Runtime = app.extensions["gongdi"]
    resumed, began_s = 0, time.perf_counter()

    def is_all(due: Due) -> bool:
        return not assumed and paused_since_ms(due.beat_ms, now_ms, due.book) is None and _is_idle(due)

    with app.app_context():
        due, did = _find_due(now_ms, began_s, is_all)
        try:
            if due is not None and not did and not assumed:
                resumed = _resume(Tick(runtime, now_ms, due.book), due.beat_ms)
        except Exception:  # the tick is made all the same
            _log.exception("clocks were not started again")
        if due is not None and resumed:
            due = _due_again(now_ms, due)
        return {"resumed": resumed, **(did or _do_parts(runtime, now_ms, due, assumed, began_s))}


def _resume(this: Tick, beat_ms: int | None) -> int:
    since_ms = paused_since_ms(beat_ms, this.now_ms, this.book)
    flags, after = 0, ""
    pace = Pace()
    while since_ms is not None:
        with pace.next_share() as share, this.turn() as tx:
            some, after = resume_clocks(tx, since_ms, share.sites, after)
        flags += some
        if not after:
            break
    return flags


def deliver(app: Flask, now_ms: int) -> dict[str, int]:
    """Send the notices that are due. Separate from the tick: a mail server that does not answer must not delay it."""
    runtime: Runtime = app.extensions["gongdi"]
    config = runtime.config
    with app.app_context():
        return deliver_due(runtime.seals, now_ms, sender(config.webhook_hosts), config.public_url)


def run(app: Flask) -> None:
    """Tick, deliver and ask the camera platforms every `tick_s` seconds, the first time at once, until SIGTERM or SIGINT;
    what is under way is finished."""
    stopping: SimpleQueue[None] = SimpleQueue()  # safe to put to from a handler that interrupts its `get`

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.put(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    run_until(app, stopping)


def run_until(app: Flask, stopping: SimpleQueue[None]) -> None:
    """Tick, deliver, ask the camera platforms, hear them and keep backups until something is put into `stopping`. Each is a
    job of its own, hearing a thread: a copy of many photos must not delay a tick.

    The pause between two ticks is measured on the monotonic clock: jobs with a date of their own would wait for the wall
    clock to catch up after it was set back.
    """
    runtime: Runtime = app.extensions["gongdi"]
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # else lines at every tick that say nothing
    scheduler = BackgroundScheduler(
        jobstores={"default": MemoryJobStore()}, executors={"default": ThreadPoolExecutor(4)}, timezone=UTC
    )
    scheduler.start()
    try:
        with listening(app):
            while True:
                for job in (resume_and_tick, deliver, deliver_events, poll_platforms, keep_backups):
                    # Due at once, and skipped while the one before still runs.
                    name, due = job.__name__, partial(_at_now, app, job)
                    scheduler.add_job(due, id=name, replace_existing=True, misfire_grace_time=None)
                try:
                    stopping.get(timeout=runtime.config.tick_s)
                except Empty:
                    continue
                break
    finally:
        scheduler.shutdown()


def _at_now(app: Flask, job: Callable[[Flask, int], Any]) -> None:
    job(app, app.extensions["gongdi"].clock.now_ms())


def _make(this: Tick) -> dict[str, int]:
    total: Counter[str] = Counter()
    after, share, planner = "", whole_share(), Planner(this.book)
    while True:
        with this.turn() as tx:
            did = plan_windows(tx, share.sites, after, planner, share.hold_s)
        after = did.pop("last")
        total.update(did)
        if not after:
            return dict(total)


def _judge(this: Tick) -> dict[str, int]:
    total: Counter[str] = Counter()
    pace = Pace()
    for _ in range(whole_share().rounds):
        with pace.next_share() as share, this.turn() as tx:
            did = judge_due(tx, share.windows)
        total.update(did)
        if not did:
            break
    return dict(total)


def _until_none(take: Callable[[Tx, Share], int]) -> Part:
    """A part that does some of its work a transaction, until none is left."""

    def part(this: Tick) -> dict[str, int]:
        done, pace = 0, Pace()
        for _ in range(whole_share().rounds):
            with pace.next_share() as share, this.turn() as tx:
                taken = take(tx, share)
            done += taken
            if not taken:
                break
        return {"done": done}

    return part


def _rosters(this: Tick) -> dict[str, int]:
    return read_waiting(this.runtime.seals, this.now_ms)


def _retention(this: Tick) -> dict[str, int]:
    """Each table in transactions of its own; what one tick leaves is past its time at the next."""
    now_ms, book = this.now_ms, this.book
    forget: dict[str, Callable[[Session], int]] = {
        kept.model.__tablename__: partial(forget_rows, kept=kept, now_ms=now_ms, book=book)
        for kept in RETAINED
    }
    forget["exchange"] = partial(forget_exchanges, now_ms=now_ms, book=book)
    forget["coverage_day"] = partial(forget_coverage, now_ms=now_ms, book=book)
    forget["duty_window"] = partial(forget_windows, seals=this.runtime.seals, now_ms=now_ms, book=book)
    return {name: _until_few(take) for name, take in forget.items()}


def _until_few(take: Callable[[Session], int]) -> int:
    """Until a batch was not full: then nothing more is due."""
    total = 0
    for _ in range(RETENTION_ROUNDS_MAX):
        with write_in_turn() as session:
            taken = take(session)
        total += taken
        if taken < ROWS_AT_ONCE:
            break
    return total


def _house(this: Tick) -> dict[str, int]:
    with write() as session:
        return expire_rows(session, this.now_ms, this.book)


# What was held or waits for a form first: what they release may meet a window that would be missed otherwise.
PARTS: dict[str, Part] = {
    "windows": _make,
    "forms": lambda this: judge_waiting(this.runtime, this.now_ms),
    "held": _until_none(lambda tx, _: release_overdue(tx.session, tx.seals, tx.now_ms, HELD_A_TIME)),
    "cameras": _until_none(lambda tx, _: write_left(tx)),
    "platforms": _until_none(lambda tx, _: watch_platforms(tx)),
    "reporters": _until_none(lambda tx, share: retire_reporters(tx.session, tx.now_ms, tx.book, share.rows)),
    "judged": _judge,
    "trips": _until_none(lambda tx, share: screen_trips(tx, share.sites)),
    "cases": _until_none(lambda tx, share: flag_overdue_cases(tx, share.rows)),
    "steps": _until_none(lambda tx, share: take_due_steps(tx, share.rows)),
    "signals": _until_none(
        lambda tx, share: flag_signals(
            tx, find_new_signals(tx.session, tx.seals, tx.now_ms, tx.book, share.sites)
        )
    ),
    "rosters": _rosters,
    "media": lambda this: tidy_media(this.runtime, this.now_ms, this.book),
    "reseal": lambda this: reseal(this.runtime, this.now_ms),
    "erase": lambda this: erase(this.runtime, this.now_ms),
    "health": lambda this: erase_health(this.runtime, this.now_ms, this.book),
    "requests": _until_none(lambda tx, share: remind_of_requests(tx, share.rows)),
    "reports": lambda this: make_due_reports(this.now_ms, this.book),
    "house": _house,
    "retention": _retention,
}

"""The process may die between any two steps; the file is opened again and goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from sync_protocol.client.tablet import Tablet
from tests.sync_protocol.client.cast import (
    OTHER_SITE,
    SITE,
    Bench,
    FakeTabletClock,
    Fault,
    Killed,
    die_after,
    die_before,
)


@pytest.mark.parametrize("fault", [die_before, die_after])
@pytest.mark.parametrize("exchange", [0, 1])
def test_a_sync_killed_before_or_after_any_exchange_is_finished_by_the_next(
    bench: Bench, fault: Fault, exchange: int
) -> None:
    entries = {bench.check(), bench.check()}
    bench.server.scopes[SITE].put("duty", "duty-1", {"code": "TEMP"})
    bench.wire.faults = [None] * exchange + [fault]
    with pytest.raises(Killed):
        bench.tablet.sync()
    assert bench.reopen().sync().ok
    assert set(bench.shown()) == entries and bench.agrees() and len(bench.server.entries) == 2


class DyingClock(FakeTabletClock):
    """Kills the process at the n-th reading of the wall clock: somewhere inside any step."""

    def __init__(self, reads: int) -> None:
        super().__init__()
        self._reads = reads

    def wall_ms(self) -> int:
        self._reads -= 1
        if self._reads < 0:
            raise Killed
        return super().wall_ms()


@pytest.mark.parametrize("reads", range(24))
def test_killed_at_any_reading_of_the_clock_the_file_is_whole(bench: Bench, reads: int) -> None:
    bench.check()
    bench.server.scopes[SITE].put("duty", "duty-1", {"code": "TEMP"})
    dying = Tablet(bench.home, DyingClock(reads), bench.server)
    try:
        dying.add(SITE, "temperature_check", {"celsius": 36.0})
        dying.sync()
    except Killed:
        pass
    finally:
        dying.close()
    assert bench.reopen().sync().ok and bench.agrees()
    n = bench.tablet.status().scopes[0].n
    assert n in (1, 2) and sorted(bench.server.scopes[SITE].streams["device-1"]) == list(range(1, n + 1))


def _count_steps(act: Callable[[], object], sql: sqlite3.Connection) -> int:
    """How many steps of SQLite's virtual machine one act takes."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    sql.set_progress_handler(tick, 1)
    act()
    sql.set_progress_handler(None, 1)
    return count


def _interrupt(act: Callable[[], object], sql: sqlite3.Connection, step: int) -> None:
    """Dies at this step of SQLite's, in the middle of a statement."""
    left = step

    def tick() -> int:
        nonlocal left
        left -= 1
        return int(left == -1)

    sql.set_progress_handler(tick, 1)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        act()
    sql.set_progress_handler(None, 1)


def test_an_entry_and_its_place_in_the_stream_are_written_together_or_not_at_all(bench: Bench) -> None:
    sql = bench.tablet._store.sql
    steps = _count_steps(bench.check, sql)
    before = (bench.tablet.status().scopes[0].hash, bench.tablet.status().unsent)
    for step in range(0, steps, max(1, steps // 60)):
        _interrupt(bench.check, sql, step)
        assert (bench.tablet.status().scopes[0].hash, bench.tablet.status().unsent) == before
    bench.tablet.sync()
    assert bench.agrees()


def test_a_sync_interrupted_inside_any_statement_is_finished_by_the_next(bench: Bench) -> None:
    """Outcomes, checkpoints, a reset and the purge of a scope, each died in at many places."""

    def work() -> None:
        bench.server.assign(OTHER_SITE)
        bench.tablet.pull()
        bench.check(scope=OTHER_SITE)
        bench.check()
        bench.server.scopes[SITE].put("duty", f"duty-{len(bench.server.requests)}", {"code": "TEMP"})
        bench.server.epoch += 1
        bench.server.unassign(OTHER_SITE)

    work()
    steps = _count_steps(bench.tablet.sync, bench.tablet._store.sql)
    for step in range(0, steps - 50, max(1, steps // 60)):
        work()
        _interrupt(bench.tablet.sync, bench.tablet._store.sql, step)
        assert bench.reopen().sync().ok and bench.agrees()


def test_a_tablet_killed_while_enrolling_keeps_its_key_for_the_next_try(tmp_path: Path, bench: Bench) -> None:
    bench.wire.faults = [die_before]
    home = tmp_path / "new"
    with Tablet(home, FakeTabletClock(), bench.wire) as tablet, pytest.raises(Killed):
        tablet.enrol("https://sync.test", "CODE-2", "新平板", "test")
    with Tablet(home, FakeTabletClock(), bench.wire) as tablet:
        assert tablet.status().state == "enrolling"
        tablet.enrol("https://sync.test", "CODE-2", "新平板", "test")
        assert tablet.sync().ok


def test_what_is_written_together_is_there_whole_or_not_at_all(bench: Bench) -> None:
    with pytest.raises(Killed), bench.tablet.together():
        bench.check()
        bench.check()
        raise Killed
    assert bench.reopen().status().unsent == 0 and bench.items() == {}
    bench.checks(3)
    assert bench.tablet.sync().ok and bench.agrees()

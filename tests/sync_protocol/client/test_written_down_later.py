"""补录: work that was first noted on paper is recorded with the time it was done, and is marked wherever it shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from server.cli.tablet import tablet as commands
from sync_protocol.client.reports import TabletError
from sync_protocol.client.tablet import Tablet
from tests.sync_protocol.client.cast import CHECK, SITE, Bench
from tests.sync_protocol.client.fake_server import NOON_MS, lines_of

HOUR_MS = 3_600_000


def _sent(bench: Bench) -> list[dict[str, Any]]:
    return [json.loads(line)["at"] for line in lines_of(bench.server.pushed)]


def test_an_entry_says_when_its_work_was_done_and_when_it_was_written(bench: Bench) -> None:
    entry = bench.tablet.add(SITE, "temperature_check", CHECK, observed_ms=NOON_MS - 5 * HOUR_MS)
    assert bench.items()[entry].body["observed"] == "2026-11-23T07:00:00.000+08:00"
    bench.tablet.push()
    (at,) = _sent(bench)
    assert (at["observed"], at["wall"]) == ("2026-11-23T07:00:00.000+08:00", "2026-11-23T12:00:00.000+08:00")
    assert bench.server.headers[-1]["schema"] >= "2026.2"


def test_what_was_written_at_once_says_nothing_of_it(bench: Bench) -> None:
    entry = bench.check()
    bench.tablet.push()
    assert "observed" not in _sent(bench)[0] and "observed" not in bench.items()[entry].body


def test_a_correction_carries_none_and_shows_that_of_what_it_corrects(bench: Bench) -> None:
    entry = bench.tablet.add(SITE, "temperature_check", CHECK, observed_ms=NOON_MS - HOUR_MS)
    correction = bench.tablet.amend(SITE, entry, {**CHECK, "celsius": 36.9})
    assert bench.items()[correction].body["observed"] == bench.items()[entry].body["observed"]
    bench.tablet.push()
    assert [at.get("observed") is None for at in _sent(bench)] == [False, True]


@pytest.mark.parametrize("clock_off_ms", [0, -10 * HOUR_MS, 10 * HOUR_MS])
def test_nothing_was_done_later_than_now_by_the_servers_clock(bench: Bench, clock_off_ms: int) -> None:
    bench.clock.set_wall(NOON_MS + clock_off_ms)
    bench.tablet.pull()
    with pytest.raises(TabletError, match="observed_ahead"):
        bench.tablet.add(SITE, "temperature_check", CHECK, observed_ms=NOON_MS + 60_000)
    assert bench.tablet.status().unsent == 0
    bench.tablet.add(SITE, "temperature_check", CHECK, observed_ms=NOON_MS - 60_000)


@pytest.mark.parametrize("typed", ["2021-11-23T07:41", "2021-11-23 07:41"])
def test_the_command_takes_the_time_as_it_is_said_here(tmp_path: Path, bench: Bench, typed: str) -> None:
    bench.tablet.close()
    asked = ["--home", str(bench.home), "add", "temperature_check", json.dumps(CHECK), "--observed", typed]
    ran = CliRunner().invoke(commands, asked)
    assert ran.exit_code == 0, ran.output
    with Tablet(bench.home) as again:
        (item,) = again.list("temperature_check")
    assert item.id == ran.output.strip() and item.body["observed"] == "2021-11-23T07:41:00.000+08:00"
    bench.reopen()

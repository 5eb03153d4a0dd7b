"""A tablet whose clock is wrong must still sync."""

from __future__ import annotations

import json

import pytest

from tests.sync_protocol.client.cast import Bench
from tests.sync_protocol.client.fake_server import NOON_MS, lines_of

DAY_MS = 86_400_000


@pytest.mark.parametrize("off_ms", [-400 * DAY_MS, -600_000, 600_000, 400 * DAY_MS])
def test_a_clock_set_wrong_is_corrected_by_the_answer_and_signed_again(bench: Bench, off_ms: int) -> None:
    bench.clock.set_wall(NOON_MS + off_ms)
    entry = bench.check()
    before = len(bench.server.requests)
    assert bench.tablet.sync().ok and entry in bench.server.entries
    assert len(bench.server.requests) - before == 4, (
        "one refused pull, the same again, a push, and a pull of what came of it"
    )
    claimed = json.loads(lines_of(bench.server.pushed)[0])["at"]["wall"]
    assert not claimed.startswith("2026-11-23") or abs(off_ms) < DAY_MS, "the claim stays what the clock said"
    assert bench.tablet.status().server_offset_ms == -off_ms


def test_the_corrected_time_is_remembered_over_a_restart(bench: Bench) -> None:
    bench.clock.set_wall(NOON_MS + 30 * DAY_MS)
    bench.tablet.sync()
    before = len(bench.server.requests)
    assert bench.reopen().sync().ok and len(bench.server.requests) - before == 2


def test_a_server_whose_clock_no_signature_can_meet_is_given_up_after_one_more_try(bench: Bench) -> None:
    skew = {"code": "clock_skew", "server_time": "2026-11-23T12:00:00+08:00"}
    bench.server.problem = (401, skew, {})
    before = len(bench.server.requests)
    report = bench.tablet.push()
    assert report.problem is not None and report.problem.code == "clock_skew"
    assert len(bench.server.requests) - before == 2

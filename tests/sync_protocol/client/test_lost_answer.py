"""The server acted, but its answer was lost: the same lines are sent again."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync_protocol.client.reports import TabletError
from sync_protocol.client.tablet import Tablet
from tests.sync_protocol.client.cast import Bench, lose_answer, lose_request
from tests.sync_protocol.client.fake_server import lines_of


def test_after_a_lost_answer_the_identical_lines_are_sent_again_and_taken_once(bench: Bench) -> None:
    entries = [bench.check(36.0 + tenth / 10) for tenth in range(5)]
    bench.wire.faults = [lose_answer]
    report = bench.tablet.push()
    assert report.problem is not None and report.problem.code == "offline" and report.waiting == 5
    again = bench.tablet.push()
    first, second = bench.server.pushed[-2:]
    assert first == second and again.outcomes == {"applied": 5}  # each was a duplicate of an applied one
    bench.tablet.pull()
    assert set(bench.shown()) == set(entries) and bench.agrees()


def test_a_resent_push_states_the_clocks_and_what_is_unsent_now_not_then(bench: Bench) -> None:
    bench.check()
    bench.wire.faults = [lose_answer]
    bench.tablet.push()
    bench.clock.advance(3_600_000)
    bench.check()
    bench.tablet.push()
    then, now = bench.server.headers[-2:]
    assert now["clock"]["up_ms"] == then["clock"]["up_ms"] + 3_600_000
    assert len(lines_of(bench.server.pushed[-1:])) == 2 and bench.tablet.status().unsent == 0


def test_without_a_network_nothing_is_lost_and_the_pull_is_tried_all_the_same(bench: Bench) -> None:
    entry = bench.check()
    bench.server.scopes[next(iter(bench.server.scopes))].put("duty", "duty-1", {"code": "TEMP"})
    bench.wire.faults = [None, lose_request]
    report = bench.tablet.sync()
    assert report.push.problem is not None and report.pull is not None and report.pull.puts == 1
    assert report.wait_s > 0 and bench.items()[entry].state == "unsent"
    assert bench.tablet.sync().ok and bench.agrees()


def test_failed_pulls_keep_no_push_from_being_sent_and_settled(bench: Bench) -> None:
    bench.check()
    bench.wire.faults = [lose_request, None, lose_request]
    report = bench.tablet.sync()
    assert report.push.problem is None and report.pull is not None and report.pull.problem is not None
    assert bench.tablet.status().unsent == 0


def test_an_enrolment_whose_answer_was_lost_is_tried_again_with_the_same_key_and_a_new_code(
    tmp_path: Path, bench: Bench
) -> None:
    bench.server.codes["CODE-3"] = "user-1"
    bench.wire.faults = [lose_answer]
    with Tablet(tmp_path / "new", bench.clock, bench.wire) as tablet:
        with pytest.raises(TabletError, match="offline"):
            tablet.enrol("https://sync.test", "CODE-2", "新平板", "test")
        with pytest.raises(TabletError, match="enrol_code_invalid"):
            tablet.enrol("https://sync.test", "CODE-2", "新平板", "test")
        tablet.enrol("https://sync.test", "CODE-3", "新平板", "test")
        assert tablet.sync().ok
    keys = {device.public_key for device in bench.server.devices.values()}
    assert len(bench.server.devices) == 3 and len(keys) == 2

"""A pull that breaks off at any line keeps what was complete, and the next one ends in the same state."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sync_protocol.client.cast import OTHER_SITE, SITE, Bench, cut_after, lose_request

LINES = 17  # of the whole answer: 10 records and a deletion, in two scopes, with checkpoints and an end


def _prepare(bench: Bench) -> None:
    server = bench.server
    server.assign(OTHER_SITE)
    first, second = server.scopes[SITE], server.scopes[OTHER_SITE]
    first.put("duty", "duty-gone", {"code": "GATE"})
    bench.tablet.pull()
    for index in range(5):
        first.put("duty", f"duty-{index}", {"index": index})
        second.put("worker", f"worker-{index}", {"index": index})
    first.put("duty", "duty-gone", None)


@pytest.mark.parametrize("extra_bytes", [0, 7])
@pytest.mark.parametrize("lines", range(LINES))
def test_a_pull_cut_at_any_line_resumes_to_the_same_state(
    tmp_path: Path, lines: int, extra_bytes: int
) -> None:
    bench = Bench(tmp_path / "home")
    _prepare(bench)
    unsent = bench.check()
    bench.wire.faults = [cut_after(lines, extra_bytes)]
    report = bench.tablet.pull()
    duties = set(bench.shown("duty"))
    whole = {f"duty-{index}" for index in range(5)}
    assert duties in ({"duty-gone"}, whole), "half a segment was stored"
    assert report.cut == (lines < 14) and bench.items()[unsent].state == "unsent"
    assert bench.reopen().sync().ok
    assert bench.agrees()
    bench.tablet.close()


def test_a_reset_that_arrives_in_parts_hides_nothing_meanwhile(bench: Bench) -> None:
    scope = bench.server.scopes[SITE]
    for index in range(6):
        scope.put("duty", f"duty-{index}", {"index": index})
    bench.tablet.pull()
    scope.put("duty", "duty-0", None)
    bench.server.epoch += 1  # every cursor is from before
    whole = set(bench.shown("duty"))
    bench.wire.faults = [None, lose_request]
    assert bench.tablet.pull(max_bytes=60).puts == 1  # a part with its checkpoint, then no network for days
    assert set(bench.shown("duty")) == whole
    bench.tablet.pull()
    assert set(bench.shown("duty")) == whole - {"duty-0"} and bench.agrees()


def test_small_answers_are_asked_for_until_there_is_no_more(bench: Bench) -> None:
    for index in range(20):
        bench.server.scopes[SITE].put("duty", f"duty-{index}", {"index": index})
    before = len(bench.server.requests)
    report = bench.tablet.pull(max_bytes=300)
    assert report.puts == 20 and report.problem is None and bench.agrees()
    assert len(bench.server.requests) - before > 5

"""A batch that is too large is halved; an entry that can never go up is not written at all."""

from __future__ import annotations

import pytest

from sync_protocol.client.reports import TabletError
from sync_protocol.entry import MAX_LINE_BYTES
from tests.sync_protocol.client.cast import CHECK, SITE, Bench
from tests.sync_protocol.client.fake_server import lines_of


def test_more_than_500_entries_go_up_in_several_pushes_and_say_how_many_stay_behind(bench: Bench) -> None:
    bench.checks(503)
    report = bench.tablet.push()
    assert report.outcomes == {"applied": 503} and [len(lines) for lines in bench.server.pushed[-2:]] == [
        500,
        3,
    ]
    claims = [header["streams"][SITE] for header in bench.server.headers[-2:]]
    assert [(claim["n"], claim["unsent"]) for claim in claims] == [(500, 3), (503, 0)]


def test_a_413_halves_the_batch_until_it_passes(bench: Bench) -> None:
    bench.server.limit_entries = 3
    bench.checks(48)
    report = bench.tablet.push()
    assert report.problem is None and report.outcomes == {"applied": 48}
    sent = [request for request in bench.server.requests if request.url.endswith("/push")]
    assert len(sent) - len(bench.server.pushed) == 4, (
        "48, 24, 12 and 6 were too many, and are not tried again"
    )
    bench.tablet.pull()
    assert bench.agrees()


def test_a_push_never_exceeds_a_mebibyte_inflated(bench: Bench) -> None:
    for _ in range(40):
        bench.tablet.add(SITE, "temperature_check", {**CHECK, "note": "话" * 20_000})
    report = bench.tablet.push()
    assert report.problem is None and report.sent == 40  # the server would have answered 413


def test_one_line_that_a_proxy_finds_too_large_is_passed_over_and_stays(bench: Bench) -> None:
    bench.check()
    bench.tablet.add(SITE, "temperature_check", {**CHECK, "note": "长" * 5_000})
    bench.check()
    bench.server.limit_bytes = 8_000
    report = bench.tablet.push()
    assert report.problem is not None and report.problem.status == 413 and report.waiting == 1
    assert len(lines_of(bench.server.pushed)) == 2
    bench.server.limit_bytes = 1_048_576
    assert bench.tablet.sync().ok and bench.agrees()


def test_a_line_that_no_server_takes_is_refused_when_it_is_written(bench: Bench) -> None:
    with pytest.raises(TabletError, match="line_too_long"):
        bench.tablet.add(SITE, "temperature_check", {**CHECK, "note": "x" * MAX_LINE_BYTES})
    assert bench.tablet.status().unsent == 0

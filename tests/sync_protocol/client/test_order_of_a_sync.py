"""A push says when it was made by the beacon of the pull before it, and what was unsent after its clock was read:
so that the server can never take it for newer than it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sync_protocol.client.outbox import SCHEMA
from sync_protocol.client.tablet import Tablet
from sync_protocol.client.transport import NoAnswerInTime, Request, Response, Transport
from tests.sync_protocol.client.cast import OTHER_SITE, SITE, Bench, FakeTabletClock, lose_request


def _asked(bench: Bench, before: int) -> list[str]:
    return [request.url.rpartition("/")[2] for request in bench.server.requests[before:]]


def _no_answer(inner: Transport, request: Request) -> Response:
    raise NoAnswerInTime("no answer")


def _streams(bench: Bench) -> dict[str, tuple[int, str, int]]:
    streams = bench.server.headers[-1]["streams"]
    return {name: (claim["n"], claim["hash"], claim["unsent"]) for name, claim in streams.items()}


def test_a_sync_pulls_pushes_and_pulls_what_came_of_it(bench: Bench) -> None:
    before = len(bench.server.requests)
    bench.check()
    assert bench.tablet.sync().ok and _asked(bench, before) == ["pull", "push", "pull"] and bench.agrees()


def test_with_nothing_to_send_it_pulls_and_says_so(bench: Bench) -> None:
    before = len(bench.server.requests)
    assert bench.tablet.sync().ok and _asked(bench, before) == ["pull", "push"]


def test_the_header_carries_the_last_beacon_that_was_received(bench: Bench) -> None:
    bench.server.scopes[SITE].put("duty", "duty-1", {"code": "TEMP"})
    bench.tablet.pull()
    beacon = bench.tablet.status().beacon
    bench.tablet.push()
    header = bench.server.headers[-1]
    assert header["clock"]["beacon"] == beacon and header["schema"] == SCHEMA
    bench.tablet.push()
    assert bench.server.headers[-1]["clock"]["beacon"] not in (None, beacon)


def test_a_site_is_attested_from_the_first_sync_after_it_was_assigned(bench: Bench) -> None:
    bench.server.assign(OTHER_SITE)
    bench.tablet.sync()
    assert _streams(bench) == {SITE: (0, "", 0), OTHER_SITE: (0, "", 0)}


class WritingClock(FakeTabletClock):
    """Somebody writes an entry while the clock is read."""

    def __init__(self) -> None:
        super().__init__()
        self.write: Callable[[], object] = lambda: None

    def wall_ms(self) -> int:
        write, self.write = self.write, lambda: None
        write()
        return super().wall_ms()


def test_what_is_written_after_the_clock_was_read_is_counted_as_unsent(bench: Bench) -> None:
    clock = WritingClock()
    tablet = Tablet(bench.home, clock, bench.server)
    clock.write = bench.check
    tablet.push()
    tablet.close()
    assert [header["streams"][SITE]["unsent"] for header in bench.server.headers[-2:]] == [1, 0]


def test_each_try_reads_the_clock_again(bench: Bench) -> None:
    bench.check()
    bench.wire.faults = [lose_request]
    bench.tablet.push()
    bench.clock.advance(5_000)
    bench.server.limit_entries = 0
    bench.tablet.push()
    bench.clock.advance(5_000)
    bench.server.limit_entries = 500
    bench.tablet.push()
    assert bench.server.headers[-1]["clock"]["up_ms"] == bench.clock.up_ms()


def test_a_push_is_abandoned_a_minute_after_its_clock_was_read_and_a_pull_takes_its_time(
    bench: Bench,
) -> None:
    bench.check()
    before = len(bench.server.requests)
    bench.tablet.sync()
    assert [request.within_s for request in bench.server.requests[before:]] == [None, 60.0, None]


def test_after_a_try_without_an_answer_the_next_batch_is_half_as_large_and_grows_again(bench: Bench) -> None:
    bench.checks(40)
    bench.wire.faults = [_no_answer]
    report = bench.tablet.push()
    assert report.problem is not None and report.problem.code == "no_answer" and report.waiting == 40
    assert bench.reopen().push().problem is None
    sizes = [len(lines) for lines in bench.server.pushed if lines]
    assert sizes == [20, 20]
    bench.checks(100)
    bench.tablet.push()
    assert [len(lines) for lines in bench.server.pushed if lines][2:] == [80, 20]


def test_batches_do_not_grow_while_answers_take_long(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(inner: Transport, request: Request) -> Response:
        bench.clock.advance(50_000)
        return inner.send(request)

    bench.checks(40)
    bench.wire.faults = [_no_answer, *[slow] * 4]
    bench.tablet.push()
    bench.tablet.push()
    bench.checks(40)
    bench.tablet.push()
    assert [len(lines) for lines in bench.server.pushed if lines] == [20, 20, 20, 20]

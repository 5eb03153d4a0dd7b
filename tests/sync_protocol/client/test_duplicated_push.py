"""Repeated requests, two processes on one file, a nonce used twice: nothing happens twice."""

from __future__ import annotations

import random

from sync_protocol.client.tablet import Tablet
from sync_protocol.client.transport import Request, Response, Transport
from tests.sync_protocol.client.cast import Bench, send_twice
from tests.sync_protocol.client.fake_server import lines_of


def test_a_request_that_the_network_repeats_is_refused_by_its_nonce_and_taken_once(bench: Bench) -> None:
    bench.check()
    bench.wire.faults = [send_twice]
    report = bench.tablet.push()
    assert report.problem is not None and report.problem.code == "nonce_replayed" and report.waiting == 1
    assert bench.tablet.push().outcomes == {"applied": 1}
    bench.tablet.pull()
    assert bench.agrees() and len(bench.server.entries) == 1


def test_two_processes_pushing_the_same_outbox_leave_one_clean_delivery(bench: Bench) -> None:
    for _ in range(3):
        bench.check()

    def push_meanwhile(inner: Transport, request: Request) -> Response:
        with Tablet(bench.home, bench.clock, bench.server, random.Random(99)) as other:
            assert other.push().outcomes == {"applied": 3}
        return inner.send(request)

    bench.wire.faults = [push_meanwhile]
    assert bench.tablet.push().problem is None
    assert bench.tablet.sync().ok and bench.agrees() and len(bench.server.entries) == 3


def test_an_entry_written_by_another_process_meanwhile_is_declared_unsent_or_sent(bench: Bench) -> None:
    bench.check()

    def write_meanwhile(inner: Transport, request: Request) -> Response:
        with Tablet(bench.home, bench.clock, bench.server, random.Random(98)) as other:
            other.add(next(iter(bench.server.scopes)), "temperature_check", {"celsius": 36.0})
        return inner.send(request)

    bench.wire.faults = [write_meanwhile]
    bench.tablet.push()
    assert len(lines_of(bench.server.pushed)) == 2 and bench.tablet.status().unsent == 0


def test_of_two_pulls_at_once_the_slower_one_changes_nothing(bench: Bench) -> None:
    scope = bench.server.scopes[next(iter(bench.server.scopes))]
    scope.put("duty", "duty-1", {"version": "old"})

    def pull_meanwhile(inner: Transport, request: Request) -> Response:
        slow = inner.send(request)
        scope.put("duty", "duty-1", {"version": "new"})
        with Tablet(bench.home, bench.clock, bench.server, random.Random(97)) as other:
            other.pull()
        return slow

    bench.wire.faults = [pull_meanwhile]
    bench.tablet.pull()
    assert bench.shown("duty")["duty-1"][1] == {"version": "new"} and bench.agrees()

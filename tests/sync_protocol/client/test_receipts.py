"""Only what the server has signed for is cleared from the outbox."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync_protocol.client.transport import Request, Response, Transport
from tests.sync_protocol.client.cast import Bench, cut_after


def test_an_answer_with_a_false_receipt_clears_nothing(bench: Bench) -> None:
    bench.check()
    bench.server.forging_receipts = True
    report = bench.tablet.push()
    assert report.problem is not None and report.problem.code == "receipt_invalid" and report.waiting == 1
    bench.server.forging_receipts = False
    assert bench.tablet.push().outcomes == {"applied": 1}


def test_a_push_answer_that_breaks_off_clears_nothing(bench: Bench) -> None:
    bench.check()
    bench.wire.faults = [cut_after(0, 40)]
    report = bench.tablet.push()
    assert report.problem is not None and report.problem.code == "offline" and report.waiting == 1
    assert bench.tablet.sync().ok and bench.agrees()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"<html>",
        b'{"outcomes":{}}',
        b"[" * 100_000,
        b'{"outcomes":[1],"streams":{},"receipt":{"at":"","sig":""}}',
    ],
)
def test_an_answer_that_is_none_is_reported_and_clears_nothing(bench: Bench, body: bytes) -> None:
    bench.check()

    def captive_portal(inner: Transport, request: Request) -> Response:
        return replace(inner.send(request), body=body)

    bench.wire.faults = [captive_portal]
    report = bench.tablet.push()
    assert report.problem is not None and report.problem.code == "bad_answer" and report.waiting == 1

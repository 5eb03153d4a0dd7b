"""A device that was revoked gives up what it holds, then forgets what it pulled. Others are asked to wait,
or to update."""

from __future__ import annotations

import pytest

from sync_protocol.client.reports import TabletError
from tests.sync_protocol.client.cast import SITE, Bench


def test_a_revoked_device_pushes_its_outbox_and_then_wipes_its_records(bench: Bench) -> None:
    bench.server.scopes[SITE].put("worker", "worker-1", {"name": "周吴郑王赵钱孙李"})
    bench.tablet.sync()
    entry = bench.check()
    bench.server.devices["device-1"].revoked = True
    report = bench.tablet.pull()
    assert report.problem is not None and report.problem.code == "device_revoked"
    assert entry in bench.server.entries and bench.shown("worker") == {} == bench.shown()
    assert not any("周吴郑王".encode() in path.read_bytes() for path in bench.home.iterdir())
    assert bench.tablet.status().state == "revoked"
    with pytest.raises(TabletError, match="device_revoked"):
        bench.check()


def test_a_device_whose_pushes_are_not_taken_any_more_keeps_its_unsent_lines(bench: Bench) -> None:
    bench.server.scopes[SITE].put("worker", "worker-1", {"name": "李"})
    bench.tablet.sync()
    bench.check()
    bench.server.problem = (401, {"code": "device_revoked"}, {})
    bench.tablet.sync()
    assert bench.shown("worker") == {} and bench.tablet.status().unsent == 1
    bench.server.problem = None
    bench.server.devices["device-1"].revoked = True
    assert bench.reopen().sync().push.outcomes == {"applied": 1}


def test_an_old_client_keeps_its_work_and_says_that_it_must_be_updated(bench: Bench) -> None:
    entry = bench.check()
    bench.server.pull_problem = "upgrade_required"
    report = bench.tablet.sync()
    assert report.push.problem is None and report.pull is not None and report.pull.problem is not None
    assert report.pull.problem.code == "upgrade_required" and entry in bench.items()


def test_a_busy_server_names_the_wait(bench: Bench) -> None:
    bench.check()
    bench.server.problem = (503, {"code": "busy"}, {"retry-after": "120"})
    report = bench.tablet.sync()
    assert report.wait_s >= 120 and bench.tablet.status().failures == 1
    bench.server.problem = None
    assert bench.tablet.sync().wait_s == 0 and bench.tablet.status().failures == 0

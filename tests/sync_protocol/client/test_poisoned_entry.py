"""An outbox never blocks on one entry, and what was refused is kept with its reason."""

from __future__ import annotations

import pytest

from tests.sync_protocol.client.cast import CHECK, OTHER_SITE, SITE, Bench
from tests.sync_protocol.client.fake_server import POISON


@pytest.mark.parametrize("before", [0, 250, 499, 500, 599])
def test_a_refused_entry_delays_no_other(bench: Bench, before: int) -> None:
    bench.checks(before)
    poisoned = bench.tablet.add(SITE, "temperature_check", {**CHECK, **POISON})
    bench.checks(599 - before)
    report = bench.tablet.sync()
    assert report.ok and report.push.outcomes == {"applied": 599, "refused": 1} and bench.agrees()
    (refused,) = bench.tablet.refused()
    assert (refused.id, refused.code, refused.errors) == (
        poisoned,
        "body_invalid",
        {"/poison": ["没有这个字段"]},
    )
    assert refused.body == {**CHECK, **POISON}


@pytest.mark.parametrize("before", [0, 17, 39])
def test_an_entry_that_makes_the_server_fail_is_passed_over_and_stays(bench: Bench, before: int) -> None:
    for index in range(40):
        bench.tablet.add(SITE, "temperature_check", {**CHECK, "note": "crash" if index == before else "fine"})
    bench.server.ill_over = "crash"
    report = bench.tablet.push()
    assert report.outcomes == {"applied": 39} and report.waiting == 1
    assert report.problem is not None and report.problem.status == 500
    bench.server.ill_over = None
    assert bench.tablet.sync().ok and bench.agrees()


def test_a_server_that_fails_over_everything_is_left_alone_soon(bench: Bench) -> None:
    bench.checks(600)
    bench.server.problem = (500, {"code": "internal"}, {})
    before = len(bench.server.requests)
    assert bench.tablet.push().waiting == 600 and len(bench.server.requests) - before < 15


def test_a_scope_that_answers_retry_waits_without_holding_up_another(bench: Bench) -> None:
    bench.server.assign(OTHER_SITE)
    bench.tablet.pull()
    waiting = bench.checks(510)
    other = bench.check(scope=OTHER_SITE)
    bench.server.retrying.add(SITE)
    report = bench.tablet.push()
    assert report.outcomes == {"retry": 510, "applied": 1} and report.waiting == 510
    assert other in bench.server.entries and waiting[0] not in bench.server.entries
    bench.server.retrying.clear()
    assert bench.tablet.sync().ok and bench.agrees()


def test_a_held_entry_is_shown_as_held_until_its_record_comes(bench: Bench) -> None:
    entry = bench.tablet.add(SITE, "temperature_check", CHECK, needs=["01980a1e-0000-7000-8000-0000000000ee"])
    report = bench.tablet.sync()
    assert report.push.outcomes == {"held": 1}
    assert bench.items()[entry].state == "held" and bench.tablet.status().held == 1
    bench.server.scopes[SITE].put("temperature_check", entry, CHECK)  # what it needed has come, elsewhere
    bench.tablet.sync()
    assert bench.agrees() and bench.tablet.status().held == 0

"""A scope that was taken away: what was written there goes up first, then nothing of it stays."""

from __future__ import annotations

import pytest

from sync_protocol.client.reports import TabletError
from sync_protocol.client.tablet import Tablet
from sync_protocol.client.transport import Request, Response, Transport
from tests.sync_protocol.client.cast import OTHER_SITE, SITE, Bench, FaultyTransport, lose_request


def _leave(bench: Bench) -> str:
    bench.server.assign(OTHER_SITE)
    bench.check()
    bench.check(scope=OTHER_SITE)
    bench.tablet.sync()
    entry = bench.check(37.9)
    bench.server.unassign(SITE)
    return entry


def test_a_gone_scope_is_pushed_and_then_purged(bench: Bench) -> None:
    entry = _leave(bench)
    report = bench.tablet.pull()
    assert report.gone == [SITE] and entry in bench.server.entries
    assert {item.scope for item in bench.tablet.list("temperature_check")} == {OTHER_SITE}
    assert bench.tablet.scopes() == [OTHER_SITE] and bench.tablet.status().unsent == 0


def test_without_a_push_nothing_is_purged(bench: Bench) -> None:
    entry = _leave(bench)
    bench.wire.faults = [None, lose_request]
    report = bench.tablet.pull()
    assert report.leaving == [SITE] and report.gone == [] and entry in bench.items()
    assert bench.tablet.pull().gone == [SITE] and entry in bench.server.entries


def test_an_empty_scope_that_is_gone_is_declared_before_it_is_purged(bench: Bench) -> None:
    bench.server.unassign(SITE)
    report = bench.tablet.sync()
    claim = bench.server.headers[-2]["streams"][SITE]
    assert (claim["n"], claim["hash"], claim["unsent"]) == (0, "", 0)
    assert report.pull is not None and report.pull.gone == [SITE]
    assert SITE not in bench.server.headers[-1]["streams"], "purged: nothing is held there any more"


def test_a_declaration_that_nobody_answered_is_made_again_before_anything_is_purged(bench: Bench) -> None:
    bench.server.scopes[SITE].put("worker", "worker-1", {"name": "李"})
    bench.tablet.sync()
    bench.server.unassign(SITE)
    bench.wire.faults = [None, lose_request, lose_request]
    report = bench.tablet.sync()
    assert report.pull is not None and report.pull.leaving == [SITE] and bench.shown("worker")
    bench.server.failing = {SITE}
    assert bench.tablet.pull().leaving == [SITE] and SITE in bench.server.headers[-1]["streams"]
    bench.server.failing = set()
    assert bench.tablet.pull().gone == [SITE] and SITE in bench.server.headers[-1]["streams"]
    assert bench.shown("worker") == {}


def test_a_push_that_was_made_before_gone_was_pulled_declares_nothing(bench: Bench) -> None:
    def pull_meanwhile(inner: Transport, request: Request) -> Response:
        answer = inner.send(request)
        bench.server.unassign(SITE)
        with Tablet(bench.home, bench.clock, FaultyTransport(bench.server, [None, lose_request])) as other:
            assert other.pull().leaving == [SITE]
        return answer

    bench.wire.faults = [pull_meanwhile, None, lose_request]
    bench.tablet.push()
    assert bench.tablet.pull().leaving == [SITE]


def test_nothing_new_is_written_once_gone_was_pulled(bench: Bench) -> None:
    _leave(bench)
    bench.wire.faults = [None, lose_request]
    bench.tablet.pull()
    with pytest.raises(TabletError, match="scope_gone"):
        bench.check()
    bench.server.assign(SITE)
    bench.tablet.pull()
    bench.check()
    assert bench.tablet.sync().ok and bench.agrees()


def test_no_trace_of_a_purged_scope_is_left_in_the_files(bench: Bench) -> None:
    bench.server.scopes[SITE].put("worker", "worker-1", {"name": "赵钱孙李周吴郑王"})
    bench.tablet.pull()
    needle = "赵钱孙李周吴郑王".encode()
    assert any(needle in path.read_bytes() for path in bench.home.iterdir())
    bench.server.unassign(SITE)
    bench.tablet.pull()
    assert not any(needle in path.read_bytes() for path in bench.home.iterdir())


def test_nothing_can_be_written_to_a_scope_that_is_gone_until_it_comes_back_and_then_the_chain_goes_on(
    bench: Bench,
) -> None:
    bench.check()
    bench.tablet.sync()
    bench.server.unassign(SITE)
    bench.tablet.pull()
    with pytest.raises(TabletError, match="scope_gone"):
        bench.check()
    bench.server.assign(SITE)
    bench.tablet.pull()
    bench.check()
    assert bench.tablet.sync().ok and bench.agrees()
    assert sorted(bench.server.scopes[SITE].streams["device-1"]) == [1, 2]


def test_what_is_refused_because_the_scope_was_taken_away_is_kept_with_its_code(bench: Bench) -> None:
    entry = _leave(bench)
    bench.tablet.sync()
    (refused,) = bench.tablet.refused()
    assert (refused.id, refused.code) == (entry, "scope_not_assigned")

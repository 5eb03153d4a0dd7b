"""A reset makes the records again and never touches what waits to be sent."""

from __future__ import annotations

from tests.sync_protocol.client.cast import SITE, Bench


def test_a_reset_keeps_unsent_work(bench: Bench) -> None:
    sent = bench.check(36.1)
    bench.tablet.sync()
    unsent = bench.check(36.2)
    bench.server.epoch += 1
    report = bench.tablet.pull()
    assert (
        report.resets == 1
        and set(bench.shown()) == {sent, unsent}
        and bench.items()[unsent].state == "unsent"
    )
    bench.tablet.sync()
    assert bench.agrees()


def test_a_record_that_vanished_while_the_cursor_was_too_old_vanishes_here(bench: Bench) -> None:
    scope = bench.server.scopes[SITE]
    scope.put("duty", "duty-1", {"code": "TEMP"})
    bench.tablet.pull()
    del scope.records["duty", "duty-1"]  # its tombstone was forgotten long ago
    bench.server.epoch += 1
    bench.tablet.pull()
    assert bench.shown("duty") == {} and bench.agrees()

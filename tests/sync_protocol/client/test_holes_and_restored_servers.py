"""What the server acknowledged and then lost, the tablet still has for a while, and sends again."""

from __future__ import annotations

from sync_protocol.client.outbox import KEPT_MS
from tests.sync_protocol.client.cast import SITE, Bench
from tests.sync_protocol.client.fake_server import lines_of


def _kept(bench: Bench) -> int:
    return int(bench.tablet._store.sql.execute("SELECT count(*) FROM outbox").fetchone()[0])


def test_a_hole_is_refilled_in_the_same_push(bench: Bench) -> None:
    for _ in range(5):
        bench.check()
    bench.tablet.sync()
    bench.server.forgotten |= {(SITE, 2), (SITE, 3)}
    bench.check()
    report = bench.tablet.push()
    assert report.waiting == 0 and report.sent == 3
    assert sorted(bench.server.scopes[SITE].streams["device-1"]) == [1, 2, 3, 4, 5, 6]


def test_a_server_restored_from_a_backup_gets_everything_back(bench: Bench) -> None:
    bench.check()
    bench.tablet.sync()
    backup = bench.server.backup()
    lost = {bench.check() for _ in range(3)}
    bench.tablet.sync()
    bench.server.restore(backup)
    report = bench.tablet.sync()
    assert report.ok and report.push.outcomes == {"applied": 3}
    assert lost <= set(bench.server.entries) and bench.agrees()
    bench.check()
    assert bench.tablet.sync().ok and bench.agrees()


def test_a_hole_that_nobody_can_fill_does_not_make_the_tablet_go_round(bench: Bench) -> None:
    for _ in range(3):
        bench.check()
    bench.tablet.sync()
    with bench.tablet._store.transaction() as sql:
        sql.execute("DELETE FROM outbox WHERE n = 2")
    bench.server.forgotten.add((SITE, 2))
    before = len(bench.server.requests)
    assert bench.tablet.push().problem is None and len(bench.server.requests) - before == 1


def test_lines_are_forgotten_only_a_week_after_a_receipt_covers_them(bench: Bench) -> None:
    for _ in range(4):
        bench.check()
    bench.tablet.sync()
    bench.clock.advance(KEPT_MS - 1)
    bench.server.now_ms += KEPT_MS - 1
    bench.tablet.sync()
    assert _kept(bench) == 4
    bench.clock.advance(2)
    bench.server.now_ms += 2
    bench.tablet.sync()
    assert _kept(bench) == 0
    bench.check()
    assert bench.tablet.sync().ok and bench.agrees() and len(lines_of(bench.server.pushed)) == 5


def test_lines_above_a_hole_are_kept_however_old(bench: Bench) -> None:
    for _ in range(4):
        bench.check()
    bench.tablet.sync()
    with bench.tablet._store.transaction() as sql:
        sql.execute("DELETE FROM outbox WHERE n = 2")
    bench.server.forgotten.add((SITE, 2))
    bench.clock.advance(2 * KEPT_MS)
    bench.server.now_ms += 2 * KEPT_MS
    bench.tablet.sync()
    assert _kept(bench) == 2


def test_a_tablet_restored_from_a_copy_says_that_the_server_is_ahead(bench: Bench) -> None:
    bench.check()
    bench.tablet.push()
    bench.server.scopes[SITE].streams["device-1"][2] = "ab" * 32  # written by the tablet that was copied
    bench.tablet.push()
    assert bench.tablet.status().scopes[0].trouble == "server_ahead"

"""Lines, kinds and members of a later version, and files of an earlier one."""

from __future__ import annotations

import json

from sync_protocol.client.outbox import SCHEMA
from sync_protocol.client.store import LAYOUT
from tests.sync_protocol.client.cast import SITE, Bench


def test_records_of_kinds_that_nobody_knows_are_kept_and_counted(bench: Bench) -> None:
    bench.server.scopes[SITE].put("drone_flight", "flight-1", {"metres": 120})
    bench.server.scopes[SITE].put("drone_flight", "flight-2", {"metres": 90})
    bench.server.scopes[SITE].put("drone_flight", "flight-2", None)
    report = bench.tablet.sync().pull
    assert report is not None and report.mismatched == [] and report.resets == 0
    assert bench.shown("drone_flight") == {"flight-1": (1, {"metres": 120})} and bench.agrees()


def test_lines_and_members_that_nobody_knows_are_passed_over(bench: Bench) -> None:
    bench.server.later_lines = [
        {"hint": SITE, "id": "x"},
        {"patch": "worker", "scope": SITE, "id": "w", "rev": 9},
    ]
    bench.server.later_members = {"weather": "fog", "more_of": {"streams": []}}
    bench.check()
    bench.server.scopes[SITE].put("worker", "worker-1", {"name": "李"})
    assert bench.tablet.sync().ok and bench.agrees() and bench.tablet.status().unsent == 0


def test_an_outcome_that_nobody_knows_clears_nothing(bench: Bench) -> None:
    entry = bench.check()
    bench.server.later_members = {"outcome": "deferred"}
    bench.tablet.push()
    assert bench.items()[entry].state == "unsent" and bench.tablet.status().unsent == 1
    bench.server.later_members = {}
    assert bench.tablet.sync().ok and bench.agrees()


def test_lines_go_up_under_the_schema_after_which_they_were_written(bench: Bench) -> None:
    first, second = bench.check(), bench.check()
    with bench.tablet._store.transaction() as sql:
        sql.execute("UPDATE outbox SET schema = '2026.0' WHERE id = ?", (first,))
    bench.tablet.push()
    sent = [
        (header["schema"], [json.loads(line)["id"] for line in lines])
        for header, lines in zip(bench.server.headers, bench.server.pushed, strict=True)
        if lines
    ]
    assert sent == [("2026.0", [first]), (SCHEMA, [second])]


def test_a_file_of_the_first_layout_is_taken_over_with_its_lines(bench: Bench) -> None:
    bench.check()
    with bench.tablet._store.transaction() as sql:
        for column in ("scope DROP COLUMN gone", "outbox DROP COLUMN schema"):
            sql.execute(f"ALTER TABLE {column}")
        sql.execute("PRAGMA user_version=1")
    bench.reopen()
    (layout,) = bench.tablet._store.sql.execute("PRAGMA user_version").fetchone()
    assert layout == LAYOUT
    bench.check()
    schemas = [
        row["schema"] for row in bench.tablet._store.sql.execute("SELECT schema FROM outbox ORDER BY seq")
    ]
    assert schemas == ["2026.1", SCHEMA]
    assert bench.tablet.sync().ok and bench.agrees()


def test_a_refused_entry_that_took_effect_later_is_cleared_when_it_is_pulled(bench: Bench) -> None:
    entry = bench.tablet.add(SITE, "temperature_check", {"poison": True})
    bench.tablet.sync()
    assert [refused.id for refused in bench.tablet.refused()] == [entry]
    bench.server.scopes[SITE].put("temperature_check", entry, {"celsius": 36.5})
    bench.tablet.sync()
    assert bench.tablet.refused() == [] and bench.agrees()

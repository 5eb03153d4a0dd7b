"""The plain case: write without a network, push, pull, see what others did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.client.reports import TabletError
from sync_protocol.client.tablet import Tablet
from sync_protocol.entry import entry_hash
from tests.sync_protocol.client.cast import CHECK, SITE, Bench, FakeTabletClock
from tests.sync_protocol.client.fake_server import lines_of

WORKER = {"name": "李·小龙", "role": "worker", "team": "钢筋一班"}


def test_what_was_written_offline_is_listed_before_and_after_it_reaches_the_server(bench: Bench) -> None:
    entry = bench.check(36.6)
    assert bench.items()[entry].state == "unsent"
    report = bench.tablet.sync()
    assert report.ok and report.wait_s == 0 and report.push.outcomes == {"applied": 1}
    assert bench.items()[entry].state == "synced"
    assert bench.shown()[entry] == (1, {**CHECK, "celsius": 36.6}) and bench.agrees()


def test_an_acknowledged_entry_stays_listed_until_a_pull_has_brought_it(bench: Bench) -> None:
    entry = bench.check()
    bench.tablet.push()
    assert bench.items()[entry].state == "sent"
    bench.tablet.pull()
    assert bench.items()[entry].state == "synced" and len(bench.items()) == 1


def test_a_worker_can_be_edited_before_the_server_has_ever_seen_them(bench: Bench) -> None:
    worker = bench.tablet.add(SITE, "worker", WORKER)
    edit = bench.tablet.edit(SITE, worker, {"team": "木工二班"})
    assert bench.items("worker")[worker].body["team"] == "木工二班"
    bench.tablet.sync()
    sent = json.loads(lines_of(bench.server.pushed)[-1])
    assert (sent["id"], sent["act"], sent["base"], sent["needs"]) == (edit, "edit", 1, [worker])
    assert sent["body"] == {"team": "木工二班"} and bench.agrees()


def test_an_amended_fact_stays_readable_alongside_its_correction(bench: Bench) -> None:
    fact = bench.check(39.5)
    bench.tablet.sync()
    correction = bench.tablet.amend(SITE, fact, {**CHECK, "celsius": 36.5})
    before = bench.shown()
    assert before[fact][1]["amended_by"] == correction and before[correction][1]["amends"] == fact
    bench.tablet.sync()
    after = bench.shown()
    assert (
        after[fact][1] == before[fact][1] and after[correction][1] == before[correction][1] and bench.agrees()
    )


def test_a_void_record_says_so_at_once(bench: Bench) -> None:
    fact = bench.check()
    bench.tablet.void(SITE, fact, "量错了人")
    assert bench.items()[fact].body["voided"] is True
    bench.tablet.sync()
    assert bench.items()[fact].body["voided"] is True and bench.agrees()


def test_entries_are_numbered_chained_and_dated_with_the_last_beacon(bench: Bench) -> None:
    beacon = bench.tablet.status().beacon
    bench.check()
    bench.check()
    bench.tablet.push()
    first, second = (json.loads(line) for line in lines_of(bench.server.pushed))
    assert (first["n"], first["prev"], second["n"]) == (1, "", 2)
    assert second["prev"] == entry_hash(lines_of(bench.server.pushed)[0])
    assert first["at"] == {
        "wall": "2026-11-23T12:00:00.000+08:00",
        "boot": "boot-1",
        "up_ms": 1000,
        "beacon": beacon,
    }


def test_a_push_with_nothing_to_send_is_a_heartbeat_that_attests_empty_streams_too(bench: Bench) -> None:
    assert bench.tablet.push().sent == 0
    claim = bench.server.headers[-1]["streams"][SITE]
    assert (claim["n"], claim["hash"], claim["unsent"]) == (0, "", 0)


def test_two_tablets_at_one_site_see_what_the_other_did(bench: Bench, tmp_path: Path) -> None:
    with Tablet(tmp_path / "second", FakeTabletClock(), bench.wire) as second:
        second.enrol("https://sync.test/", "CODE-2", "平板 2", "test")
        entry = second.add(SITE, "temperature_check", CHECK)
        assert second.sync().ok and bench.tablet.sync().ok
        assert set(bench.shown()) == {entry} == {item.id for item in second.list("temperature_check")}


def test_the_receipt_is_kept_and_names_the_last_entry(bench: Bench) -> None:
    bench.check()
    bench.tablet.push()
    (scope,) = bench.tablet.status().scopes
    assert scope.receipt_at == "2026-11-23T12:00:00.000+08:00" and (scope.n, scope.unsent) == (1, 0)


def test_writing_about_a_record_that_is_not_here_is_an_error_of_the_caller(bench: Bench) -> None:
    with pytest.raises(TabletError, match="unknown_record"):
        bench.tablet.edit(SITE, "01980a1e-0000-7000-8000-0000000000ff", {"team": "x"})


def test_a_body_that_is_no_json_is_refused_at_the_tablet_and_takes_no_number(bench: Bench) -> None:
    deep: list[Any] = []
    for _ in range(20):
        deep = [deep]
    bodies: list[dict[str, Any]] = [
        {"celsius": float("nan")},
        {"note": "\ud800"},
        {"deep": deep},
        {"set": {1}},
    ]
    for body in bodies:
        with pytest.raises(TabletError, match="unreadable"):
            bench.tablet.add(SITE, "temperature_check", body)
    with pytest.raises(TabletError, match="unreadable"):
        bench.check(scope="site:here")
    bench.check()
    bench.tablet.sync()
    assert bench.agrees() and bench.tablet.status().scopes[0].n == 1


def test_a_home_is_enrolled_once_and_its_file_is_nobody_elses_to_read(bench: Bench) -> None:
    with pytest.raises(TabletError, match="already_enrolled"):
        bench.tablet.enrol("https://sync.test", "CODE-2", "平板 1", "test")
    (file,) = [path for path in bench.home.iterdir() if path.suffix == ".sqlite3"]
    assert file.stat().st_mode & 0o077 == 0


def test_a_wrong_code_says_why_and_the_next_one_may_be_tried(tmp_path: Path, bench: Bench) -> None:
    with Tablet(tmp_path / "new", FakeTabletClock(), bench.wire) as tablet:
        with pytest.raises(TabletError, match="enrol_code_invalid"):
            tablet.enrol("https://sync.test", "WRONG", "新平板", "test")
        with pytest.raises(TabletError, match="not_enrolled"):
            tablet.add(SITE, "temperature_check", CHECK)
        assert tablet.enrol("https://sync.test", "CODE-2", "新平板", "test") == "device-2"

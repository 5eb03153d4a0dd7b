"""A worker who has left asks for the erasure of his data (PIPL 47): afterwards nothing in the database says who he was or
what was measured of him, the log can still be proved, and what comes about him later waits for a person."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from server.actions.audit.verify_log import verify_scope
from server.actions.erasure import find_person
from server.actions.records.segments import lines_in, segment_aad
from server.actions.sync.log_lines import log_segment_aad
from server.base.config import Config
from server.base.db import read
from server.models import (
    LogEntry,
    LogSegment,
    Quarantine,
    Record,
    Segment,
    Window,
    Worker,
)
from server.models.media import original_key, shown_key
from server.models.scope import Scope
from server.workflows import erase as erase_part
from tests.server.cast import Cast
from tests.stories.erasure.cast import ASKED, HOUR_MS, OTHER, PASS, READING, Story, everything, made_window
from tests.stories.field import WORKER
from tests.stories.photos import Photographer, picture, sha256
from tests.stories.wire import WireDevice, records


def test_nothing_says_any_more_who_he_was_and_the_log_can_still_be_proved(story: Story) -> None:
    with story.app.app_context(), read() as session:
        digest = session.get_one(Worker, (story.cast.site_a, story.him)).certificate_digest
    traces = [WORKER["name"], WORKER["phone"], WORKER["certificate_number"], digest]
    before = everything(story.app)
    assert all(trace in before for trace in traces)
    erasure = story.erase()
    after = everything(story.app)
    assert [trace for trace in traces if trace in after] == []
    assert OTHER["name"] in after and OTHER["certificate_number"] in after
    assert story.faults() == []
    kept = story.erasure(erasure)
    assert (kept.asked_by, kept.reason, kept.document) == (story.cast.users["admin"], *ASKED)
    assert kept.person is None
    assert kept.done == {"lines": 4, "records": 3}  # registered, passed, measured, left


# PostgreSQL overwrites what is deleted when it vacuums.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sealed_values_that_were_his_are_in_no_file_of_sqlite(story: Story, config: Config) -> None:
    file = config.database_file
    assert file is not None
    story.edits(story.him, phone="13900001111")  # the version before is in the file no more either
    with story.app.app_context(), read() as session:
        mine = sa.select(LogEntry.raw).where(LogEntry.record_id == story.him)
        segments = {str(UUID(bytes=raw[1:17])) for raw in session.scalars(mine)}
        held = session.scalars(sa.select(LogSegment.lines).where(LogSegment.id.in_(segments)))
        gone = {lines[5:40] for lines in held}
        state = session.get_one(Worker, (story.cast.site_a, story.him)).state
        gone.add(state[5:40])
    assert any(value in file.read_bytes() + _wal(file) for value in gone)
    story.erase()
    assert [value for value in gone if value in file.read_bytes() + _wal(file)] == []


def _wal(file: Path) -> bytes:
    wal = file.with_name(file.name + "-wal")
    return wal.read_bytes() if wal.exists() else b""


def test_tablets_drop_him_with_the_next_pull_and_a_new_one_never_gets_him(story: Story) -> None:
    scope = story.field.scope
    wire = WireDevice(story.field)
    lines = wire.pull({})
    cursor = next(line["cursor"] for line in lines if line.get("checkpoint") == scope)
    assert story.him in {line["id"] for line in records(lines, "worker")}
    story.erase()
    changed = wire.pull({scope: cursor})
    assert {line["id"] for line in changed if "del" in line} >= {story.him}
    assert len([line for line in changed if "del" in line]) == 3
    fresh = wire.pull({})
    assert story.him not in json.dumps(fresh)
    assert {line["id"] for line in records(fresh, "worker")} == {story.other}
    assert story.tablet.sync().ok
    assert story.field.tablet("t2").sync().ok


def test_windows_that_his_readings_met_stay_as_they_were_judged(story: Story) -> None:
    def meet(session: Session) -> None:
        reading = session.scalar(
            sa.select(Record).where(Record.subject == story.him, Record.kind == "temperature_check")
        )
        assert reading is not None and reading.earliest_ms is not None
        session.add(made_window(story, "met", reading.earliest_ms))

    story.change(meet)
    story.leaves(story.other)
    for worker in (story.him, story.other):  # nobody is left whom it could rest on
        story.ask(worker)
    story.tick()
    third = {**OTHER, "name": "李四", "certificate_number": "410711199003070018"}
    worker = story.tablet.add(story.field.scope, "worker", third)
    story.tablet.add(story.field.scope, "gate_pass", {"worker": worker, **PASS})
    assert story.tablet.sync().ok
    story.tick()
    with story.app.app_context(), read() as session:
        window = session.get_one(Window, (story.cast.site_a, story.cast.site_b))
        assert (window.state, window.need, window.have) == ("met", 1, 1)
        seals, scope = story.seals, session.get_one(Scope, story.cast.site_a)
        assert [fault for fault in verify_scope(session, seals, scope) if fault.device == window.id] == []


def test_a_reading_that_comes_later_waits_for_a_person_and_is_then_erased_too(story: Story) -> None:
    late = story.field.tablet("late")
    late.add(story.field.scope, "temperature_check", {"worker": story.him, **READING})
    late.edit(story.field.scope, story.him, {"phone": "13900002222"})
    story.cast.clock.advance(HOUR_MS)
    story.erase()
    report = late.sync()
    assert report.ok
    with story.app.app_context(), read() as session:
        rows = session.scalars(sa.select(Quarantine)).all()
        assert [(row.code, row.state) for row in rows] == [("person_erased", "open")] * 2
        reading = next(row for row in rows if row.entry_id)
    story.tick()
    assert story.faults() == [] and "13900002222" in everything(story.app)  # a person has not looked yet
    for row in rows:
        story.dismisses(row.id)
    assert story.tick()["erase"] == {"late": 2}
    assert "13900002222" not in everything(story.app)
    assert story.faults() == []
    with story.app.app_context(), read() as session:
        assert session.scalars(sa.select(Quarantine)).all() == []
        line = session.get_one(LogEntry, (story.cast.site_a, reading.entry_id))
        assert (line.raw, line.outcome, line.code) == (b"", "refused", "person_erased")
    assert story.tick()["erase"] == {}


def test_a_line_that_is_sent_again_after_its_erasure_is_a_duplicate(story: Story) -> None:
    wire = WireDevice(story.field)
    line = wire.line("temperature_check", {"worker": story.him, **READING})
    assert [one["outcome"] for one in wire.outcomes(line)] == ["applied"]
    story.erase()
    (outcome,) = wire.outcomes(line)
    assert (outcome["outcome"], outcome["first"]) == ("duplicate", "applied")
    assert story.faults() == []


@pytest.mark.parametrize("kind", ["worker", "void", "amend", "case"])
def test_whatever_is_about_him_is_refused_for_a_person_to_see(story: Story, kind: str) -> None:
    wire = WireDevice(story.field)
    reading = wire.line("temperature_check", {"worker": story.him, **READING})
    assert wire.outcomes(reading)[0]["outcome"] == "applied"
    fact = json.loads(reading)["id"]
    story.erase()
    lines = {
        "worker": wire.line("worker", WORKER, record=story.him),
        "void": wire.line("temperature_check", {}, act="void", record=fact, reason="看错了"),
        "amend": wire.line("temperature_check", {"worker": story.him, **READING}, act="amend", amends=fact),
        "case": wire.line("case", {"worker": story.him, "cause": "fever"}, record=story.cast.site_b),
    }
    header = wire.header({story.field.scope: (0, "", 0)})
    (outcome,) = wire.outcomes(lines[kind], header=header)
    assert (outcome["outcome"], outcome["code"]) == ("refused", "person_erased")


def test_a_photo_of_him_leaves_the_store_unless_somebody_else_is_on_it(
    app: Flask, cast: Cast, tmp_path: Path
) -> None:
    story = Story(cast, tmp_path)
    photographer = Photographer(cast, tmp_path / "p")
    mine, shared = picture(), picture("JPEG", (40, 30))
    body = {"worker": story.him, **READING}
    for data in (mine, shared):
        photographer.promise(data, kind="temperature_check", body=body)
        assert photographer.patch(photographer.create(data).headers["Location"], 0, data).status_code == 204
    photographer.promise(shared)
    store = app.extensions["gongdi"].media
    assert store.has(original_key(cast.site_a, sha256(mine)))
    erasure = story.erase()
    for key in (original_key, shown_key):
        assert not store.has(key(cast.site_a, sha256(mine)))
        assert store.has(key(cast.site_a, sha256(shared)))
    assert story.erasure(erasure).done["photos"] == 1
    assert story.erasure(erasure).leftover == []
    assert story.faults() == []


def test_an_erasure_that_is_killed_again_and_again_comes_to_the_same_end(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erase_part, "PARTS_MAX", 1)
    monkeypatch.setattr(find_person, "READ_AT_ONCE", 2)
    monkeypatch.setattr(find_person, "READ_MAX", 2)
    monkeypatch.setattr(find_person, "ERASED_AT_ONCE", 1)
    erasure = story.ask()
    for _ in range(100):
        assert story.faults() == [], story.erasure(erasure).step
        if story.erasure(erasure).done_ms is not None:
            break
        story.tick()
    assert story.erasure(erasure).done == {"lines": 4, "records": 3}
    assert WORKER["name"] not in everything(story.app)


def test_what_he_was_registered_with_earlier_goes_too(story: Story) -> None:
    """Corrected numbers, and refused lines."""
    story.edits(story.him, certificate_number="410702198807072333", phone="13900003333")
    wire = WireDevice(story.field)
    bad = {**WORKER, "certificate_number": "410702198807072333", "entered_on": "2026-11-02", "trade": "x"}
    assert wire.outcomes(wire.line("worker", bad))[0]["outcome"] == "refused"
    story.erase()
    left = everything(story.app)
    for trace in ("410702198807072333", WORKER["certificate_number"], "13900003333", WORKER["name"]):
        assert trace not in left, trace
    assert story.faults() == []


def test_somebody_else_of_the_same_name_or_telephone_stays_as_he_is(story: Story) -> None:
    twin = {
        **OTHER,
        "name": WORKER["name"],
        "phone": WORKER["phone"],
        "certificate_number": "410711199003070018",
    }
    key = story.tablet.add(story.field.scope, "worker", twin)
    assert story.tablet.sync().ok
    erasure = story.erase()
    with story.app.app_context(), read() as session:
        assert session.get(Worker, (story.cast.site_a, key)) is not None
    assert story.erasure(erasure).done["mentions"] == 1
    assert story.faults() == []


def test_his_facts_are_in_no_segment_any_more_and_those_of_others_still_are(story: Story) -> None:
    assert _served_of(story, story.him) == 2 and _served_of(story, story.other) == 2
    logged = _logged_of(story, story.other)
    assert _logged_of(story, story.him) > 0 < logged
    story.erase()
    assert _served_of(story, story.him) == 0 and _served_of(story, story.other) == 2
    assert _logged_of(story, story.him) == 0 and _logged_of(story, story.other) == logged
    assert story.faults() == []


def _served_of(story: Story, worker: str) -> int:
    """How many lines of segments name a worker."""
    with story.app.app_context(), read() as session:
        rows = session.scalars(sa.select(Segment)).all()
    return _naming(
        worker, (lines_in(story.seals, segment_aad(row.scope_id, row.first_seq), row.lines) for row in rows)
    )


def _logged_of(story: Story, worker: str) -> int:
    """How many lines of the log's segments name a worker."""
    with story.app.app_context(), read() as session:
        rows = session.scalars(sa.select(LogSegment)).all()
    return _naming(worker, (lines_in(story.seals, log_segment_aad(row), row.lines) for row in rows))


def _naming(worker: str, segments: Iterable[list[bytes]]) -> int:
    return sum(worker.encode() in line for segment in segments for line in segment)

"""A worker who has left asks for the erasure of his data (PIPL 47): afterwards nothing in the database says who he was or
what was measured of him, the log can still be proved, and what comes about him later waits for a person."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy.orm import Session

from server.actions.accounts.manage_users import find_user
from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_exchanges, verify_scope
from server.actions.erasure import find_person
from server.actions.erasure.erasure_seal import is_signed
from server.actions.erasure.request_erasure import Asked, request_erasure, same_person
from server.actions.ops.sealed_columns import SEALED_COLUMNS
from server.actions.questions.settle_questions import DISMISSED, settle_refused
from server.actions.reference.load_reference import load_reference, rules_in_force
from server.app import create_app
from server.base.config import Config
from server.base.db import Base, read, write
from server.base.problems import Problem
from server.cli.main import gongdi
from server.models import (
    CaseFile,
    ErasedLine,
    ErasedRecord,
    Erasure,
    ErasureSeal,
    Flag,
    LogEntry,
    Quarantine,
    Record,
    Window,
    Worker,
)
from server.models.access import viewer_of
from server.models.media import original_key, shown_key
from server.models.scope import Scope
from server.workflows import erase as erase_part
from server.workflows.scheduler import tick
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field
from tests.stories.photos import Photographer, picture, sha256
from tests.stories.wire import LOG, WireDevice, records

HOUR_MS = 3_600_000
OTHER = {**WORKER, "name": "周小明", "certificate_number": "410702199003072332", "phone": "13800000001"}
ASKED = ("本人依个人信息保护法第四十七条申请", "新建信删〔2026〕1 号")
READING = {"celsius": 36.5, "point": "gate", "slot": "before_work"}
PASS = {"direction": "in", "method": "manual", "health_code": "green"}


class Story:
    """Two workers of site A with a day of readings; one of them has left."""

    def __init__(self, cast: Cast, folder: Path) -> None:
        self.cast, self.app = cast, cast.app
        self.seals = cast.app.extensions["gongdi"].seals
        with cast.app.app_context(), write() as session:
            load_reference(session, self.seals, cast.clock.now_ms())
        self.field = Field(cast, folder)
        self.tablet = self.field.tablet("t1")
        scope = self.field.scope
        self.him = self.tablet.add(scope, "worker", WORKER)
        self.other = self.tablet.add(scope, "worker", OTHER)
        assert self.tablet.sync().ok
        for worker in (self.him, self.other):
            self.tablet.add(scope, "gate_pass", {"worker": worker, **PASS})
            self.tablet.add(scope, "temperature_check", {"worker": worker, **READING})
        self.tablet.add(scope, "disinfection_log", LOG)
        self.day_ms = cast.clock.now_ms()
        cast.clock.advance(HOUR_MS)
        assert self.tablet.sync().ok
        self.leaves(self.him)

    def leaves(self, worker: str) -> None:
        self.edits(worker, exited_on="2026-11-23")

    def edits(self, worker: str, **changes: Any) -> None:
        self.tablet.edit(self.field.scope, worker, changes)
        self.cast.clock.advance(60_000)
        assert self.tablet.sync().ok

    def ask(self, worker: str = "") -> str:
        with self.app.app_context():
            with read() as session:
                keys = same_person(session, worker or self.him)
            with write() as session:
                asked = Asked(find_user(session, "admin"), keys, *ASKED)
                return request_erasure(session, self.seals, asked, self.cast.clock.now_ms()).id

    def tick(self) -> dict[str, Any]:
        did: dict[str, Any] = tick(self.app, self.cast.clock.now_ms())
        assert "failed" not in did["erase"], did
        return did

    def erase(self, worker: str = "") -> str:
        erasure = self.ask(worker)
        self.tick()
        assert self.erasure(erasure).done_ms is not None, (
            self.erasure(erasure).step,
            self.erasure(erasure).done,
        )
        return erasure

    def erasure(self, key: str) -> Erasure:
        with self.app.app_context(), read() as session:
            return session.get_one(Erasure, key)

    def faults(self) -> list[str]:
        """What verify-log and rebuild --check find."""
        with self.app.app_context(), read() as session:
            scope = session.get_one(Scope, self.cast.site_a)
            found = [*verify_scope(session, self.seals, scope), *verify_exchanges(session, self.seals)]
            differing = check_scope(session, self.seals, scope.scope_id)
            return [fault.what for fault in found] + [f"{one.what} {one.id}" for one in differing]

    def dismisses(self, key: str) -> None:
        """A clerk of the section has read a refused line."""
        with self.app.app_context(), write() as session:
            viewer = viewer_of(session, find_user(session, "section"))
            decision = (DISMISSED, "此人资料已删除", self.cast.clock.now_ms(), rules_in_force(session))
            settle_refused(session, self.seals, viewer, key, *decision)

    def change(self, change: Callable[[Session], None]) -> None:
        with self.app.app_context(), write() as session:
            change(session)


@pytest.fixture
def story(app: Flask, cast: Cast, tmp_path: Path) -> Story:
    made = Story(cast, tmp_path)
    assert made.faults() == []
    return made


def everything(app: Flask) -> str:
    """All that the database says, sealed values opened."""
    seals = app.extensions["gongdi"].seals
    found: list[str] = []
    with app.app_context(), read() as session:
        for table in Base.metadata.tables.values():
            for row in session.execute(sa.select(table)):
                found += [str(value) for value in row if not isinstance(value, bytes)]
                found += [value.decode("utf-8", "replace") for value in row if isinstance(value, bytes)]
        for column in SEALED_COLUMNS:
            for row in session.execute(sa.select(*column.key_columns, column.column)):
                if row[-1] is not None:
                    found.append(seals.open(column.aad(row), row[-1]).decode("utf-8", "replace"))
    return "\n".join(found)


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


def test_sealed_values_that_were_his_are_in_no_file_of_sqlite(story: Story, config: Config) -> None:
    file = config.database_file
    if file is None:
        pytest.skip("PostgreSQL overwrites what is deleted when it vacuums")
    story.edits(story.him, phone="13900001111")  # the version before is in the file no more either
    with story.app.app_context(), read() as session:
        mine = sa.select(LogEntry.raw).where(LogEntry.record_id == story.him)
        gone = {raw[5:40] for raw in session.scalars(mine)}
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
        session.add(_window(story, "met", reading.earliest_ms))

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


def _window(story: Story, state: str, at_ms: int) -> Window:
    window = Window(scope_id=story.cast.site_a, id=story.cast.site_b, duty="TEMP", place="")
    window.local_date, window.slot = "2026-11-23", "before_work"
    window.opens_ms, window.due_ms, window.closes_ms = at_ms - HOUR_MS, at_ms + HOUR_MS, at_ms + HOUR_MS
    window.grace_s, window.state, window.need, window.have = 0, state, 1, 1
    return window


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


def _still_here(story: Story) -> str:
    return story.other


def _open_case(story: Story) -> str:
    story.tablet.add(story.field.scope, "case", {"worker": story.him, "cause": "fever"})
    assert story.tablet.sync().ok
    return story.him


def _open_flag(story: Story) -> str:
    def flagged(session: Session) -> None:
        flag = Flag(scope_id=story.cast.site_a, id=story.cast.site_b, duty="TEMP", state="open")
        flag.severity, flag.unit, flag.policy = "ordinary", "zhian", {}
        flag.opened_ms = flag.changed_ms = story.cast.clock.now_ms()
        window = _window(story, "missed", story.day_ms)
        window.flag_id = flag.id
        session.add_all((flag, window))

    story.change(flagged)
    return story.him


HOLDS = [
    (_still_here, "person_still_here"),
    (_open_case, "person_has_open_case"),
    (_open_flag, "person_is_evidence"),
]


@pytest.mark.parametrize(("prepare", "code"), HOLDS, ids=[code for _, code in HOLDS])
def test_who_is_still_needed_is_not_erased(story: Story, prepare: Callable[[Story], str], code: str) -> None:
    worker = prepare(story)
    with pytest.raises(Problem) as refused:
        story.ask(worker)
    assert (refused.value.status, refused.value.code) == (409, code)
    assert "删除" in (refused.value.detail or "")
    story.tick()
    with story.app.app_context(), read() as session:
        assert session.get(Worker, (story.cast.site_a, worker)) is not None
        assert session.scalars(sa.select(ErasedRecord)).all() == []


def test_a_case_that_is_closed_goes_with_him(story: Story) -> None:
    case = story.tablet.add(
        story.field.scope, "case", {"worker": story.him, "cause": "fever", "note": "退烧"}
    )
    assert story.tablet.sync().ok
    story.tablet.edit(story.field.scope, case, {"outcome": "cleared", "evidence": "解除通知"})
    assert story.tablet.sync().ok
    story.erase()
    with story.app.app_context(), read() as session:
        assert session.scalars(sa.select(CaseFile)).all() == []
    assert "退烧" not in everything(story.app)
    assert story.faults() == []


def test_who_comes_back_is_registered_again_as_anybody(story: Story) -> None:
    story.erase()
    key = story.tablet.add(story.field.scope, "worker", {**WORKER, "entered_on": "2026-11-23"})
    assert story.tablet.sync().ok
    with story.app.app_context(), read() as session:
        assert session.get(Worker, (story.cast.site_a, key)) is not None
    assert story.faults() == []


def _empty_a_line(session: Session) -> None:
    line = session.scalars(sa.select(LogEntry).where(LogEntry.raw != b"", LogEntry.kind == "gate_pass")).one()
    line.raw = b""


def _empty_a_line_and_say_so(session: Session) -> None:
    line = session.scalars(sa.select(LogEntry).where(LogEntry.raw != b"", LogEntry.kind == "gate_pass")).one()
    erasure = session.scalars(sa.select(Erasure)).one()
    session.add(ErasedLine(scope_id=line.scope_id, entry_id=line.id, erasure_id=erasure.id, prev="0" * 64))
    line.raw = b""


def _count_it_in(session: Session) -> None:
    _empty_a_line_and_say_so(session)
    session.scalars(sa.select(ErasureSeal)).one().lines += 1


def _give_it_another_place(session: Session) -> None:
    session.scalars(sa.select(ErasedLine)).first().prev = "1" * 64  # type: ignore[union-attr]


def _take_the_seal_away(session: Session) -> None:
    session.execute(sa.delete(ErasureSeal))


def _say_that_less_was_erased(session: Session) -> None:
    session.delete(session.scalars(sa.select(ErasedLine)).first())


def _bring_a_record_back(session: Session) -> None:
    record = session.scalars(sa.select(Record).where(Record.deleted_ms.is_not(None))).first()
    assert record is not None
    record.deleted_ms, record.body = None, b"{}"


def _change_the_state(session: Session) -> None:
    session.scalars(sa.select(ErasedRecord)).first().rev = 99  # type: ignore[union-attr]


def _forget_that_anything_was_erased(session: Session) -> None:
    for model in (ErasureSeal, ErasedLine, ErasedRecord):
        session.execute(sa.delete(model))


TAMPERED = [
    _empty_a_line,
    _empty_a_line_and_say_so,
    _count_it_in,
    _give_it_another_place,
    _take_the_seal_away,
    _say_that_less_was_erased,
    _bring_a_record_back,
    _change_the_state,
    _forget_that_anything_was_erased,
]


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda one: one.__name__.strip("_").replace("_", " "))
def test_an_erasure_that_nobody_signed_is_found(story: Story, tamper: Callable[[Session], None]) -> None:
    story.erase()
    story.change(tamper)
    assert story.faults() != []


@pytest.fixture
def run(config: Config) -> Callable[..., Result]:
    env = {"GONGDI_DATABASE_URL": config.database_url, "GONGDI_DATA_DIR": str(config.data_dir)}

    def run_it(*args: str, **given: Any) -> Result:
        result = CliRunner().invoke(gongdi, args, obj=create_app, env=env, **given)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run_it


def test_an_administrator_finds_and_erases_him_by_commands_that_say_what_was_done(
    story: Story, run: Callable[..., Result]
) -> None:
    found = run("person", "find", input=f"{WORKER['certificate_number']}\n")
    assert story.him in found.output and WORKER["certificate_number"] not in found.output
    order = ("--reason", ASKED[0], "--document", ASKED[1], "--yes")
    assert "[forbidden]" in run("person", "erase", story.him, "--by", "section", *order).output
    assert "[unknown_person]" in run("person", "erase", story.cast.site_b, "--by", "admin", *order).output
    assert (
        "[invalid_input]"
        in run("person", "erase", story.him, "--by", "admin", "--reason", " ", *order[2:]).output
    )
    assert run("person", "erase", story.him, "--by", "admin", *order).exit_code == 0
    assert "进行中" in run("person", "erasures").output
    story.tick()
    shown = run("person", "erasures").output
    assert ASKED[1] in shown and "完成" in shown and "日志行 4" in shown
    verified = run("verify-log")
    assert verified.exit_code == 0 and "依法删除 4 行" in verified.output and "日志完好" in verified.output
    rebuilt = run("rebuild", "--check")
    assert rebuilt.exit_code == 0 and "依法删除 4 行" in rebuilt.output
    assert run("rebuild").exit_code == 0 and story.faults() == []


def test_the_signature_is_the_servers(story: Story) -> None:
    story.erase()
    with story.app.app_context(), read() as session:
        scope = session.get_one(Scope, story.cast.site_a)
        kept = session.get_one(ErasureSeal, scope.scope_id)
        assert (kept.lines, kept.records, kept.seq) == (4, 3, scope.seq)
        assert is_signed(story.seals, scope, kept)
        kept.seq += 1
        assert not is_signed(story.seals, scope, kept)

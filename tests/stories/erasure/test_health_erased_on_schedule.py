"""The duties that asked for people's health have ended, and the time for which it is kept is over: the scheduler erases it
and signs for it. Verdicts, figures and the roster stay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from server.actions.reference.load_reference import rules_in_force, tx_of
from server.actions.reference.seasons import begin_duties, end_duties
from server.base.db import read, write
from server.console.pages import COOKIE
from server.models import Flag, HealthErasure, Record, Window, Worker
from server.models.form import SentForm
from server.models.health import proofs_of
from server.models.media import original_key
from server.rules.calendar import instant_ms
from server.rules.health import health_kinds
from server.workflows.scheduler import tick
from tests.server.cast import Cast
from tests.server.office import marks_of
from tests.stories.erasure.cast import PASS, READING, Story, everything
from tests.stories.field import WORKER
from tests.stories.kinds.desk import at_the_console
from tests.stories.photos import Photographer, picture, sha256
from tests.stories.wire import WireDevice, records

END, LAST, FIRST = "2026-11-24", "2027-05-22", "2027-05-23"  # 180 days after the end
READ = '"celsius":36.5'
CASE = {"cause": "fever"}


@pytest.fixture
def ended(story: Story) -> Story:
    """The duties end tomorrow; then nothing happens for half a year."""
    with story.app.app_context(), write() as session:
        tx = tx_of(session, story.seals, story.cast.clock.now_ms())
        assert end_duties(tx, [row["code"] for row in tx.book.rows["duties"]], END) > 0
    return story


def at(story: Story, day: str, time: str = "08:00") -> dict[str, Any]:
    story.cast.clock.set(instant_ms(day, time))
    did: dict[str, Any] = tick(story.app, story.cast.clock.now_ms())
    assert not any(part.get("failed") for part in did.values() if isinstance(part, dict)), did
    return did


def rows(story: Story, query: Callable[[Session], Any]) -> Any:
    with story.app.app_context(), read() as session:
        return query(session)


def health_left(story: Story) -> int:
    def count(session: Session) -> int:
        health = health_kinds(rules_in_force(session).kinds.kinds)
        live = sa.select(sa.func.count()).where(Record.kind.in_(health), Record.deleted_ms.is_(None))
        return session.scalar(live) or 0

    return int(rows(story, count))


def proofs(story: Story) -> list[HealthErasure]:
    return list(rows(story, lambda session: proofs_of(session, story.cast.site_a)))


def states(story: Story) -> Any:
    columns = (Window.id, Window.state, Window.reason, Window.need, Window.have)
    return rows(story, lambda session: session.execute(sa.select(*columns).order_by(Window.id)).all())


def test_what_was_measured_is_gone_on_its_day_and_a_proof_says_so(ended: Story) -> None:
    at(ended, LAST)
    judged, before = states(ended), health_left(ended)
    assert before > 0 and proofs(ended) == []
    assert READ in everything(ended.app)
    did = at(ended, FIRST)
    assert did["health"] == {"lines": 4}  # of each of the two workers one pass and one reading
    assert health_left(ended) == 0
    assert READ not in everything(ended.app)
    (proof,) = proofs(ended)
    assert (proof.classes, proof.lines) == ({"gate_pass": 2, "temperature_check": 2}, 4)
    assert (proof.ended_on, proof.days, proof.number, proof.prev) == (END, 180, 1, "")
    assert proof.digest_before != proof.digest_after and proof.until_ms is not None
    assert ended.faults() == []
    # What was found out by it stays, and who worked there.
    assert {row.id: row.state for row in states(ended)} == {row.id: row.state for row in judged}
    assert rows(ended, lambda session: session.get(Worker, (ended.cast.site_a, ended.him))) is not None
    assert WORKER["name"] in everything(ended.app)


def draft(story: Story, name: str, path: str, words: str) -> None:
    """A page was opened, and its form sent after the session had ended."""
    client = at_the_console(story.field, name)
    page = f"/console/sites/{story.cast.site_a}/{path}"
    marks = marks_of(client.get(page).text)
    client.get("/console/")
    client.delete_cookie(COOKIE, path="/console")
    sent = client.post(page, data={**marks, "note": words})
    assert sent.status_code in (302, 303, 401), sent.status_code


def drafts(story: Story) -> list[str]:
    found = rows(
        story, lambda session: session.scalars(sa.select(SentForm.page).where(SentForm.fields.is_not(None)))
    )
    return [page.rpartition("/")[2] for page in found]


def test_what_somebody_typed_of_it_and_never_sent_goes_too(ended: Story) -> None:
    at(ended, LAST)
    draft(ended, "inspector", "fill/travel_declaration", "曾去疫区")
    draft(ended, "inspector", "fill/disinfection_log", "还有半桶")
    assert sorted(drafts(ended)) == ["disinfection_log", "travel_declaration"]
    at(ended, FIRST)
    assert drafts(ended) == ["disinfection_log"]  # says nothing of anybody's health
    at(ended, FIRST, "09:00")
    draft(ended, "inspector", "fill/travel_declaration", "曾去疫区")
    at(ended, "2027-05-25")  # at the next look
    assert drafts(ended) == ["disinfection_log"]


def test_who_worked_where_is_no_health_data(ended: Story) -> None:
    kinds = rows(ended, lambda session: health_kinds(rules_in_force(session).kinds.kinds))
    assert {"temperature_check", "gate_pass", "case", "nucleic_test", "travel_declaration"} <= kinds
    assert kinds.isdisjoint(
        {"worker", "guard_shift", "inspection_round", "responsible_person", "disinfection_log"}
    )


def test_nothing_goes_while_a_duty_asks_or_will_ask_again(ended: Story) -> None:
    with ended.app.app_context(), write() as session:
        tx = tx_of(session, ended.seals, ended.cast.clock.now_ms())
        assert begin_duties(tx, ["TEMP"], "2027-10-01", "秋冬") == 1
    assert at(ended, FIRST)["health"] == {}
    assert health_left(ended) > 0


def test_an_open_case_keeps_it_until_it_has_ended(ended: Story) -> None:
    case = ended.tablet.add(ended.field.scope, "case", {"worker": ended.him, **CASE})
    assert ended.tablet.sync().ok
    at(ended, FIRST)
    assert health_left(ended) > 0 and proofs(ended) == []
    assert ended.tablet.sync().ok
    ended.tablet.edit(ended.field.scope, case, {"outcome": "cleared", "evidence": "两次核酸阴性报告"})
    assert ended.tablet.sync().ok

    at(ended, "2027-05-25")
    assert proofs(ended) == []  # what was not done about the case in time is still looked into

    def close(session: Session) -> None:
        session.execute(sa.update(Flag).values(closed_ms=ended.cast.clock.now_ms()))

    ended.change(close)
    at(ended, "2027-05-26")
    assert health_left(ended) == 0
    (proof,) = proofs(ended)
    assert proof.classes["case"] == 2
    assert [fault for fault in ended.faults() if "flag" not in fault] == []


def test_what_a_tablet_brings_late_goes_too_with_a_proof_of_its_own(ended: Story) -> None:
    late = ended.field.tablet("late")
    late.pull()
    late.add(ended.field.scope, "gate_pass", {"worker": ended.other, **PASS})
    at(ended, FIRST)
    ended.cast.clock.advance(60_000)
    assert late.sync().ok
    assert health_left(ended) == 1
    assert at(ended, FIRST, "20:00")["health"] == {}  # once a day
    assert at(ended, "2027-05-24", "09:00")["health"] == {"lines": 1}
    first, second = proofs(ended)
    assert second.number == 2 and second.prev != "" and first.sig != second.sig
    assert ended.faults() == []


def test_tablets_drop_it_with_the_next_pull(ended: Story) -> None:
    wire, scope = WireDevice(ended.field), ended.field.scope
    lines = wire.pull({})
    cursor = next(line["cursor"] for line in lines if line.get("checkpoint") == scope)
    assert records(lines, "temperature_check")
    at(ended, FIRST)
    after = wire.pull({scope: cursor})
    gone = {line["id"] for line in after if "del" in line}
    assert {line["id"] for line in records(lines, "temperature_check")} <= gone


def test_photos_leave_the_store_before_anybody_signs(app: Flask, cast: Cast, tmp_path: Path) -> None:
    story = Story(cast, tmp_path)
    photographer, data = Photographer(cast, tmp_path / "p"), picture()
    body = {"worker": story.him, **READING}
    photographer.promise(data, kind="temperature_check", body=body)
    assert photographer.patch(photographer.create(data).headers["Location"], 0, data).status_code == 204
    with app.app_context(), write() as session:
        tx = tx_of(session, story.seals, cast.clock.now_ms())
        end_duties(tx, [row["code"] for row in tx.book.rows["duties"]], END)
    store, key = app.extensions["gongdi"].media, original_key(cast.site_a, sha256(data))
    assert store.has(key)
    at(story, FIRST)
    assert not store.has(key)
    (proof,) = proofs(story)
    assert (proof.photos, proof.leftover, proof.done_ms is not None) == (1, [], True)


@pytest.mark.parametrize(
    "change",
    [{"lines": 3}, {"classes": {"gate_pass": 4}}, {"digest_before": 1}, {"sig": "x"}, {"prev": "ab"}],
    ids=lambda change: next(iter(change)),
)
def test_a_proof_that_was_changed_is_found(ended: Story, change: dict[str, Any]) -> None:
    at(ended, FIRST)
    assert ended.faults() == []
    ended.change(lambda session: session.execute(sa.update(HealthErasure).values(**change)))  # type: ignore[arg-type,return-value]
    assert any("health data" in fault or "proof counts" in fault for fault in ended.faults())


def test_a_proof_that_was_taken_away_is_found(ended: Story) -> None:
    at(ended, FIRST)
    ended.change(lambda session: session.execute(sa.delete(HealthErasure)))  # type: ignore[arg-type,return-value]
    assert any("no proof says why" in fault for fault in ended.faults())


def test_the_office_reads_what_is_kept_until_when_and_the_proofs(ended: Story) -> None:
    page = at_the_console(ended.field, "section").get("/console/health-data").text
    assert "仍在要求" in page or END in page
    assert "还没有到期删除的" in page and "满 180 天" in page
    at(ended, FIRST)
    page = at_the_console(ended.field, "section").get("/console/health-data").text
    for said in (END, FIRST, "进出场记录 2 条", "测温记录 2 条", "签名有效"):
        assert said in page, said
    assert at_the_console(ended.field, "inspector").get("/console/health-data").status_code == 404
    ended.change(lambda session: session.execute(sa.update(HealthErasure).values(lines=3)))  # type: ignore[arg-type,return-value]
    assert "签名不符" in at_the_console(ended.field, "section").get("/console/health-data").text

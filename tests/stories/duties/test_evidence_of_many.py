"""What speaks for windows is asked in one statement, and nobody is left out of it for being one of many."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.duties import log_evidence
from server.base.db import read, write
from server.models.entry import KeptEvidence
from tests.server.cast import Cast, identity
from tests.stories.field import WORKER, Field

HOUR_MS = 3_600_000
KINDS = {"temperature_check", "gate_pass"}


@pytest.fixture
def workers(cast: Cast, tmp_path: Path) -> tuple[Field, list[str]]:
    """Three people, each of whom was measured."""
    field = Field(cast, tmp_path)
    tablet = field.tablet("tablet")
    made = []
    for number in ("411023197105188104", "410702198001011239", "41070219870101005X"):
        made.append(tablet.add(field.scope, "worker", {**WORKER, "certificate_number": number}))
        body = {"worker": made[-1], "celsius": 36.5, "point": "gate", "slot": "before_work"}
        tablet.add(field.scope, "temperature_check", body)
    assert tablet.sync().ok
    return field, made


def _subjects(field: Field, asked: list[str] | None) -> set[str | None]:
    now_ms = field.cast.clock.now_ms()
    with field.app.app_context(), read() as session:
        span = (now_ms - HOUR_MS, now_ms + HOUR_MS)
        found = log_evidence.facts_between(session, [field.cast.site_a], KINDS, *span, asked)
    return {subject for facts in found.values() for subject, _ in facts}


def test_only_facts_about_those_who_were_asked_for_come_however_many_they_are(
    workers: tuple[Field, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    field, people = workers
    assert _subjects(field, None) == {*people}
    assert _subjects(field, people[:2]) == {*people[:2]}
    assert _subjects(field, []) == set()
    monkeypatch.setattr(log_evidence, "_SUBJECTS_MAX", 1)
    assert _subjects(field, people[:2]) == {*people[:2]}


def test_facts_come_in_one_statement(app: Flask, workers: tuple[Field, list[str]]) -> None:
    field, people = workers
    sent: list[str] = []
    with app.app_context(), read() as session:
        engine = session.get_bind().engine
    sa.event.listen(engine, "before_cursor_execute", lambda *given: sent.append(given[2]))
    _subjects(field, people)
    assert len([text for text in sent if not text.startswith("BEGIN")]) == 1


def test_what_waits_in_the_session_to_be_written_is_among_them(workers: tuple[Field, list[str]]) -> None:
    field, _ = workers
    now_ms = field.cast.clock.now_ms()
    with field.app.app_context(), write() as session:
        kept = {"kind": "gate_pass", "subject": "somebody", "earliest_ms": now_ms, "latest_ms": now_ms}
        session.add(KeptEvidence(scope_id=field.cast.site_a, entry_id=identity("held"), **kept))
        found = log_evidence.facts_between(session, [field.cast.site_a], {"gate_pass"}, now_ms, now_ms)
    assert [subject for facts in found.values() for subject, _ in facts] == ["somebody"]

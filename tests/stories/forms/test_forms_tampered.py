"""Whoever changes a published form in the database is found out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.forms.tables import tables_from_json
from server.actions.forms.publish_form import publish_form
from server.actions.reference.load_reference import tx_of
from server.actions.reference.publish_reference import form_id
from server.base.db import write
from server.models import REF, LogEntry, PublishedForm, Record
from tests.stories.field import Field
from tests.stories.forms.conftest import Run
from tests.stories.forms.workbooks import only_form

KEY = form_id("pond_round", 1)


@pytest.fixture
def published(field: Field) -> Field:
    with field.app.app_context(), write() as session:
        for version in (1, 2):
            changed = {} if version == 1 else {"survey_4": {"constraint": ". >= 1 and . <= 700"}}
            tx = tx_of(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())
            publish_form(tx, tables_from_json(only_form(version, **changed)))
    return field


def change(session: Session, model: type[PublishedForm] | type[Record] | type[LogEntry], column: str) -> None:
    """Let the form of version 1 take rounds of 900 minutes."""
    keys = {"PublishedForm": ("pond_round", 1), "Record": (REF, KEY), "LogEntry": (REF, KEY)}
    row = session.get_one(model, keys[model.__name__])
    before = getattr(row, column)
    setattr(row, column, before.replace(b'"high":600', b'"high":900'))
    assert getattr(row, column) != before


def erase(model: type[PublishedForm] | type[Record] | type[LogEntry]) -> Callable[[Session], object]:
    where = PublishedForm.version == 1 if model is PublishedForm else model.id == KEY  # type: ignore[union-attr]
    return lambda session: session.execute(sa.delete(model).where(where))


TAMPERINGS: dict[str, tuple[Callable[[Session], object], str]] = {
    "the form": (lambda session: change(session, PublishedForm, "body"), "the form was changed"),
    "the record": (lambda session: change(session, Record, "body"), "tablets get another form"),
    "the line": (lambda session: change(session, LogEntry, "raw"), "its hash differs"),
    "the form and the record": (
        lambda session: (change(session, PublishedForm, "body"), change(session, Record, "body")),
        "the form was changed",
    ),
    "no form": (erase(PublishedForm), "the form that this line published is gone"),
    "no line": (erase(LogEntry), "no line of the chain published this form"),
}


def test_what_was_published_and_not_touched_is_whole(published: Field, run: Run) -> None:
    assert run("verify-log").exit_code == 0
    assert run("verify-log", "--scope", "ref").output.strip().endswith("日志完好")


@pytest.mark.parametrize("what", TAMPERINGS)
def test_a_form_whose_content_changed_is_found(published: Field, run: Run, what: str) -> None:
    tamper, fault = TAMPERINGS[what]
    with published.app.app_context(), write() as session:
        tamper(session)
    done = run("verify-log")
    assert done.exit_code == 1
    assert fault in done.output

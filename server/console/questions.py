"""Contested values and refused entries: read and settled by people."""

from __future__ import annotations

from uuid import UUID

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from schemas.limits import REASON_MAX
from server.actions.name_codes import read_names
from server.actions.name_people import name_people
from server.actions.settle_questions import (
    SETTLEMENTS,
    open_questions,
    refused_entries,
    settle_question,
    settle_refused,
)
from server.console import field_words
from server.console.field_words import is_id
from server.console.forms import check_form, claim
from server.console.pages import blueprint, render
from server.db import read, write
from server.door import now_ms, runtime

_STATES = ("open", *SETTLEMENTS)


@blueprint.get("/questions")
def list_questions() -> str:
    """What waits for a person's judgement, and what was settled."""
    state = request.args.get("state", "open")
    state = state if state in _STATES else "open"
    with read() as session:
        kept = "open" if state == "open" else "settled"
        questions = open_questions(session, runtime().seals, g.viewer, kept)
        refused = refused_entries(session, runtime().seals, g.viewer, state)
        told = [(row.site.id, text) for row in refused for text in row.body.values() if is_id(text)]
        people = name_people(session, runtime().seals, set(told))
        names = read_names(session)
    return render(
        "questions.html",
        names,
        questions=questions,
        refused=refused,
        state=state,
        reason_max=REASON_MAX,
        people=people,
        fields=field_words,
    )


@blueprint.post("/questions/contested/<uuid:entry_id>")
def choose_value(entry_id: UUID) -> AnyResponse:
    """Choose one of two values."""
    check_form()
    field, choice, reason = (request.form.get(name, "") for name in ("field", "choice", "reason"))
    with write() as session:
        if claim(session):
            settle_question(
                session, runtime().seals, g.viewer, str(entry_id), field, choice, reason, now_ms()
            )
    return redirect(url_for("console.list_questions"), 303)


@blueprint.post("/questions/refused/<uuid:refused_id>")
def settle(refused_id: UUID) -> AnyResponse:
    """Say what became of a refused entry."""
    check_form()
    state, reason = request.form.get("state", ""), request.form.get("reason", "")
    with write() as session:
        if claim(session):
            settle_refused(session, g.viewer, str(refused_id), state, reason, now_ms())
    return redirect(url_for("console.list_questions"), 303)

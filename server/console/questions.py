"""Contested values and refused entries: read and settled by people."""

from __future__ import annotations

from uuid import UUID

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from schemas.limits import REASON_MAX
from server.actions.accounts.name_people import name_people
from server.actions.questions.merge_people import count_same_people
from server.actions.questions.settle_held import ACCEPTED, held_entries, settle_held
from server.actions.questions.settle_places import settle_place, unsettled_places
from server.actions.questions.settle_questions import (
    SETTLEMENTS,
    open_questions,
    refused_entries,
    settle_question,
    settle_refused,
)
from server.actions.reference.name_codes import read_names
from server.base.db import read, write
from server.console import field_words
from server.console.field_words import is_id
from server.console.forms import check_form, claim
from server.console.pages import blueprint, render
from server.web.responses import runtime, tx_of

_STATES = ("open", *SETTLEMENTS, ACCEPTED)


@blueprint.get("/questions")
def list_questions() -> str:
    """What waits for a decision, and what was settled."""
    state = request.args.get("state", "open")
    state = state if state in _STATES else "open"
    with read() as session:
        kept = "open" if state == "open" else "settled"
        questions = open_questions(session, runtime().seals, g.viewer, kept)
        refused = refused_entries(session, runtime().seals, g.viewer, state)
        held = held_entries(session, runtime().seals, g.viewer) if state == "open" else []
        unplaced = unsettled_places(tx_of(session), g.viewer) if state == "open" else []
        shown = [(row.site.id, row.body) for row in refused] + [(row.site.id, row.body) for row in held]
        named = [(site_id, text) for site_id, body in shown for text in body.values() if is_id(text)]
        people = name_people(session, runtime().seals, set(named))
        doubled = count_same_people(session, g.viewer)
        names = read_names(session)
    return render(
        "questions.html",
        names,
        questions=questions,
        refused=refused,
        held=held,
        unplaced=unplaced,
        doubled=doubled,
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
            settle_question(tx_of(session), g.viewer, str(entry_id), field, choice, reason)
    return redirect(url_for("console.list_questions"), 303)


@blueprint.post("/questions/places/<uuid:entry_id>")
def choose_place(entry_id: UUID) -> AnyResponse:
    """Say at which of several places something was done."""
    check_form()
    place_id, reason = request.form.get("place", ""), request.form.get("reason", "")
    with write() as session:
        if claim(session):
            settle_place(tx_of(session), g.viewer, str(entry_id), place_id, reason)
    return redirect(url_for("console.list_questions"), 303)


@blueprint.post("/questions/refused/<uuid:refused_id>")
def settle(refused_id: UUID) -> AnyResponse:
    """Say what became of a refused entry."""
    check_form()
    state, reason = request.form.get("state", ""), request.form.get("reason", "")
    with write() as session:
        if claim(session):
            settle_refused(tx_of(session), g.viewer, str(refused_id), state, reason)
    return redirect(url_for("console.list_questions"), 303)


@blueprint.post("/questions/held/<uuid:entry_id>")
def decide(entry_id: UUID) -> AnyResponse:
    """Let a held entry take effect, or not."""
    check_form()
    decision, reason = request.form.get("decision", ""), request.form.get("reason", "")
    with write() as session:
        if claim(session):
            settle_held(tx_of(session), g.viewer, str(entry_id), decision, reason)
    return redirect(url_for("console.list_questions"), 303)

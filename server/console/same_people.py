"""People who are on a roster twice: what differs between their records, and merging them."""

from __future__ import annotations

from uuid import UUID

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from schemas.limits import REASON_MAX
from server.actions.questions.merge_people import merge_people, merges, same_people, undo_merge
from server.actions.reference.name_codes import read_names
from server.base.db import read, write
from server.console import field_words
from server.console.forms import check_form, claim
from server.console.pages import blueprint, render
from server.web.responses import runtime, tx_of


@blueprint.get("/questions/people")
def list_same_people() -> str:
    """Who is on a roster twice, and what was merged."""
    with read() as session:
        questions = same_people(session, runtime().seals, g.viewer)
        merged = merges(session, runtime().seals, g.viewer)
        names = read_names(session)
    values = {"questions": questions, "merges": merged, "reason_max": REASON_MAX, "fields": field_words}
    return render("same_people.html", names, **values)


@blueprint.post("/questions/people/<uuid:site_id>/merge")
def merge_same_people(site_id: UUID) -> AnyResponse:
    """Keep one record of a person."""
    check_form()
    kept, reason = request.form.get("kept", ""), request.form.get("reason", "")
    with write() as session:
        if claim(session):
            merge_people(tx_of(session), g.viewer, str(site_id), kept, reason)
    return redirect(url_for("console.list_same_people"), 303)


@blueprint.post("/questions/people/<uuid:site_id>/<uuid:merge_id>/undo")
def undo_same_people(site_id: UUID, merge_id: UUID) -> AnyResponse:
    """Undo a merge."""
    check_form()
    reason = request.form.get("reason", "")
    with write() as session:
        if claim(session):
            undo_merge(tx_of(session), g.viewer, str(site_id), str(merge_id), reason)
    return redirect(url_for("console.list_same_people"), 303)

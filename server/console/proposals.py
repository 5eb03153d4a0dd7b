"""Proposals: what one person proposed, and the second person's decision."""

from __future__ import annotations

from uuid import UUID

from flask import g, request, url_for

from schemas.limits import REASON_MAX
from server.actions.approvals import form_publication
from server.actions.approvals.proposals import (
    ShownProposal,
    decide,
    gathered,
    one_proposal,
    page_of_proposals,
)
from server.actions.forms.preview_form import Preview
from server.actions.reference.change_rule import MARKS
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.base.problems import Problem
from server.console.pages import JUDGES, ROWS, blueprint, render, require_role
from server.console.submit import Answer, submit
from server.models.tx import Tx
from server.models.user import ADMIN
from server.rules.approval import OPEN, STATES
from server.web.responses import runtime, tx_of

_DECIDED = "decided"


@blueprint.get("/proposals")
def list_proposals() -> str:
    """Those that wait, or those that are decided."""
    require_role(ADMIN, *JUDGES)
    state = _DECIDED if request.args.get("state") == _DECIDED else OPEN
    with read() as session:
        page = page_of_proposals(tx_of(session), g.viewer, state, request.args.get("cursor"), ROWS)
        names = read_names(session)
    return render("proposals.html", names, page=page, state=state, states=STATES)


@blueprint.get("/proposals/<uuid:proposal_id>")
def show_proposal(proposal_id: UUID) -> str:
    """One proposal, and what this user may decide about it."""
    return _page(str(proposal_id), None)


@blueprint.post("/proposals/<uuid:proposal_id>/decide")
def decide_proposal(proposal_id: UUID) -> Answer:
    """Approve, reject or withdraw it."""
    require_role(ADMIN, *JUDGES)
    asked, verdict = str(proposal_id), request.form.get("verdict", "")
    with read() as session:
        outside = gathered(tx_of(session), g.viewer, runtime(), asked, verdict)
    return submit(
        lambda tx: decide(tx, g.viewer, asked, verdict, request.form.get("reason", ""), outside),
        url_for("console.show_proposal", proposal_id=proposal_id),
        lambda problem: _page(asked, problem),
    )


def _page(proposal_id: str, problem: Problem | None) -> str:
    require_role(ADMIN, *JUDGES)
    with read() as session:
        tx = tx_of(session)
        shown = one_proposal(tx, g.viewer, proposal_id)
        facts = shown.effect.describe(tx, shown.proposal.payload)
        seen, faults = _preview(tx, shown)
        names = read_names(session)
    values = {
        "seen": seen,
        "faults": faults,
        "shown": shown,
        "facts": facts,
        "states": STATES,
        "reason_max": REASON_MAX,
    }
    return render("proposal.html", names, problem=problem, marks=MARKS, **values)


def _preview(tx: Tx, shown: ShownProposal) -> tuple[Preview | None, Problem | None]:
    """A proposed form as whoever wrote it saw it, or what is wrong with it by now."""
    if shown.effect is not form_publication.EFFECT:
        return None, None
    try:
        return form_publication.preview(tx, form_publication.proposed_tables(shown.proposal.payload)), None
    except Problem as problem:
        return None, problem

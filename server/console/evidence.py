"""One record that people doubt: proposed to count no more as evidence; another one who judges the site decides."""

from __future__ import annotations

from uuid import UUID

from flask import g, request, url_for

from schemas.limits import REASON_MAX
from server.actions.approvals import evidence_revocation
from server.actions.approvals.proposals import propose
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.base.problems import Problem
from server.console.pages import JUDGES, blueprint, render, require_role
from server.console.submit import Answer, submit
from server.web.responses import tx_of


@blueprint.get("/sites/<uuid:site_id>/evidence/<uuid:record_id>")
def show_evidence(site_id: UUID, record_id: UUID) -> str:
    """The record, and a form to propose that it counts no more."""
    return _page(str(site_id), str(record_id), None)


@blueprint.post("/sites/<uuid:site_id>/evidence/<uuid:record_id>")
def propose_revocation(site_id: UUID, record_id: UUID) -> Answer:
    """Propose it; somebody else decides."""
    require_role(*JUDGES)
    site, record = str(site_id), str(record_id)
    asked = {"site": site, "record": record}
    effect = evidence_revocation.EFFECT
    return submit(
        lambda tx: propose(tx, g.viewer, effect.kind, asked, request.form.get("reason", "")),
        url_for("console.list_proposals"),
        lambda problem: _page(site, record, problem),
    )


def _page(site_id: str, record_id: str, problem: Problem | None) -> str:
    require_role(*JUDGES)
    with read() as session:
        found = evidence_revocation.evidence_of(tx_of(session), g.viewer, site_id, record_id)
        names = read_names(session, site_id)
    return render("evidence.html", names, found=found, problem=problem, reason_max=REASON_MAX)

"""The suspensions of a site (停工): proposed by one person, approved by another; and its resuming."""

from __future__ import annotations

from uuid import UUID

from flask import g, request, url_for

from schemas.limits import REASON_MAX
from server.actions.approvals import suspension
from server.actions.approvals.proposals import propose
from server.actions.reference.name_codes import read_names
from server.actions.sites import suspend_site as suspending
from server.actions.sites.edit_site import site_to_edit
from server.actions.sites.list_sites import one_site
from server.base.db import read
from server.base.problems import Problem, not_found
from server.console.pages import JUDGES, blueprint, render, require_role
from server.console.submit import Answer, submit
from server.models.site import suspensions_of
from server.models.tx import Tx
from server.models.user import ADMIN
from server.rules.calendar import local_date_of
from server.web.responses import now_ms, tx_of


@blueprint.get("/sites/<uuid:site_id>/suspensions")
def show_suspensions(site_id: UUID) -> str:
    """The site's suspensions, and a form to propose one."""
    return _page(str(site_id), None)


@blueprint.post("/sites/<uuid:site_id>/suspensions")
def propose_suspension(site_id: UUID) -> Answer:
    """Propose one; somebody else approves it."""
    require_role(ADMIN, *JUDGES)
    asked = {**request.form.to_dict(), "site": str(site_id)}
    return submit(
        lambda tx: propose(tx, g.viewer, suspension.EFFECT.kind, asked, request.form.get("reason", "")),
        url_for("console.list_proposals"),
        lambda problem: _page(str(site_id), problem),
    )


@blueprint.post("/sites/<uuid:site_id>/resume")
def resume_site(site_id: UUID) -> Answer:
    """Work goes on from now: one person decides, because duties are asked again."""
    require_role(ADMIN, *JUDGES)

    def act(tx: Tx) -> None:
        if not suspension.may_suspend(tx, g.viewer, {"site": str(site_id)}):
            raise not_found()
        site = site_to_edit(tx, str(site_id))
        suspending.resume_site(tx.session, tx.seals, tx.now_ms, site, g.viewer.id)

    here = url_for("console.show_suspensions", site_id=site_id)
    return submit(act, here, lambda problem: _page(str(site_id), problem))


def _page(site_id: str, problem: Problem | None) -> str:
    require_role(ADMIN, *JUDGES)
    with read() as session:
        shown = one_site(session, g.viewer, site_id)
        if not suspension.may_suspend(tx_of(session), g.viewer, {"site": site_id}):
            raise not_found()
        rows = suspensions_of(session, [site_id])[site_id]
        names = read_names(session)
    lasting = any(row.to_ms is None or row.to_ms > now_ms() for row in rows)
    values = {"site": shown.site, "rows": rows[::-1], "now": now_ms(), "lasting": lasting}
    limits = {"document_max": suspension.DOCUMENT_MAX, "reason_max": REASON_MAX}
    today = local_date_of(now_ms())
    return render("suspensions.html", names, problem=problem, today=today, **values, **limits)

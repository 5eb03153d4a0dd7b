"""The alert level of a site or of its district (防控级别): raised by one person at once, lowered with a second one."""

from __future__ import annotations

from uuid import UUID

from flask import g, request, url_for

from schemas.limits import REASON_MAX
from server.actions.approvals import alert_lowering
from server.actions.approvals.proposals import checked_reason, propose
from server.actions.reference.name_codes import read_names
from server.actions.sites.list_sites import one_site
from server.base.db import read
from server.base.problems import Problem, not_found
from server.console.pages import JUDGES, blueprint, render, require_role
from server.console.submit import Answer, submit
from server.models.site import ALERTS
from server.models.tx import Tx
from server.models.user import ADMIN
from server.rules.alerts import RAISED, what_follows
from server.rules.calendar import local_date_of
from server.web.responses import now_ms, tx_of


@blueprint.get("/sites/<uuid:site_id>/alert")
def show_alert(site_id: UUID) -> str:
    """The level, what a raised one asks for, and a form to change it."""
    return _page(str(site_id), None)


@blueprint.post("/sites/<uuid:site_id>/alert/raise")
def raise_site_alert(site_id: UUID) -> Answer:
    """From now on: more is asked, so one person decides."""
    require_role(ADMIN, *JUDGES)
    asked = {**request.form.to_dict(), "site": str(site_id)}

    def act(tx: Tx) -> None:
        if not alert_lowering.may_set_alert(tx, g.viewer, asked):
            raise not_found()
        alert_lowering.raise_alert(tx, g.viewer, asked, checked_reason(request.form.get("reason", "")))

    here = url_for("console.show_alert", site_id=site_id)
    return submit(act, here, lambda problem: _page(str(site_id), problem))


@blueprint.post("/sites/<uuid:site_id>/alert/lower")
def propose_lower_alert(site_id: UUID) -> Answer:
    """Propose it; somebody else approves."""
    require_role(ADMIN, *JUDGES)
    asked = {**request.form.to_dict(), "site": str(site_id)}
    return submit(
        lambda tx: propose(tx, g.viewer, alert_lowering.EFFECT.kind, asked, request.form.get("reason", "")),
        url_for("console.list_proposals"),
        lambda problem: _page(str(site_id), problem),
    )


def _page(site_id: str, problem: Problem | None) -> str:
    require_role(ADMIN, *JUDGES)
    today = local_date_of(now_ms())
    with read() as session:
        shown, tx = one_site(session, g.viewer, site_id), tx_of(session)
        if not alert_lowering.may_set_alert(tx, g.viewer, {"site": site_id}):
            raise not_found()
        site, district = shown.site, alert_lowering.DISTRICT
        counts = {
            level: len(alert_lowering.sites_reached(tx, g.viewer, site, district, level)) for level in ALERTS
        }
        follows = what_follows(tx.book.duties, tx.book.rows, site.kind, today)
        names = read_names(session)
    values = {"site": site, "is_raised": site.alert == RAISED, "levels": ALERTS, "others": counts}
    limits = {"document_max": alert_lowering.DOCUMENT_MAX, "reason_max": REASON_MAX // 2}
    return render("alerts.html", names, problem=problem, today=today, follows=follows, **values, **limits)

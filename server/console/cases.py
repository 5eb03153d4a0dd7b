"""One case: its course by clocks, its records, its contacts, and its end."""

from __future__ import annotations

from uuid import UUID

from flask import g, request, url_for

from schemas.case import REPORTS
from schemas.limits import REASON_MAX
from schemas.reference import REPORTED_TO
from server.actions.cases.contacts import VERDICTS, WHY, decide_contact
from server.actions.cases.follow_confirmed import confirm_case
from server.actions.cases.show_case import RELEASE_FAULTS, case_of, close_case, show_case
from server.actions.forms.fill_form import forms_to_fill
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.base.problems import Problem
from server.console import field_words
from server.console.pages import JUDGES, blueprint, render, require_role
from server.console.submit import Answer, submit
from server.rules.calendar import local_date_of
from server.rules.case_steps import CONTACT
from server.rules.duties.sources import MARKS
from server.rules.from_rows import in_force
from server.web.responses import now_ms, tx_of

_STATES = {
    "waiting": ("未到期或平板未报到", "window-open"),
    "met": ("已完成", "window-met"),
    "warned": ("快到时限", "window-review"),
    "overdue": ("超过时限", "window-missed"),
    "review": ("待复核", "window-review"),
}


@blueprint.get("/sites/<uuid:site_id>/cases/<uuid:case_id>")
def show_one_case(site_id: UUID, case_id: UUID) -> str:
    """The case."""
    return _page(str(site_id), str(case_id), None)


@blueprint.post("/sites/<uuid:site_id>/cases/<uuid:case_id>/contacts/<uuid:worker_id>")
def decide_one_contact(site_id: UUID, case_id: UUID, worker_id: UUID) -> Answer:
    """Keep a decision about a contact, with its reason."""
    require_role(*JUDGES)
    site, case = str(site_id), str(case_id)
    verdict, reason = request.form.get("verdict", ""), request.form.get("reason", "")
    return submit(
        lambda tx: decide_contact(
            tx, g.viewer, case_of(tx, g.viewer, site, case)[1], str(worker_id), verdict, reason
        ),
        url_for("console.show_one_case", site_id=site, case_id=case, _anchor="contacts"),
        lambda problem: _page(site, case, problem),
    )


@blueprint.post("/sites/<uuid:site_id>/cases/<uuid:case_id>/confirm")
def confirm_one_case(site_id: UUID, case_id: UUID) -> Answer:
    """Write that it is confirmed."""
    require_role(*JUDGES)
    site, case, evidence = str(site_id), str(case_id), request.form.get("evidence", "")
    return submit(
        lambda tx: confirm_case(tx, g.viewer, case_of(tx, g.viewer, site, case)[1], evidence),
        url_for("console.show_one_case", site_id=site, case_id=case),
        lambda problem: _page(site, case, problem),
    )


@blueprint.post("/sites/<uuid:site_id>/cases/<uuid:case_id>/close")
def close_one_case(site_id: UUID, case_id: UUID) -> Answer:
    """End it by the release that is on record."""
    require_role(*JUDGES)
    site, case = str(site_id), str(case_id)
    return submit(
        lambda tx: close_case(tx, g.viewer, site, case),
        url_for("console.show_one_case", site_id=site, case_id=case),
        lambda problem: _page(site, case, problem),
    )


def _page(site_id: str, case_id: str, problem: Problem | None) -> str:
    require_role("inspector", *JUDGES)
    with read() as session:
        tx = tx_of(session)
        shown = show_case(tx, g.viewer, site_id, case_id)
        fillable = [
            form
            for form in forms_to_fill(tx, g.viewer, shown.site)
            if form.code in tx.book.case_evidence - {CONTACT}
        ]
        opened = local_date_of(shown.case.opened_ms)
        sources = {
            verdict.clock.step.code: in_force(tx.book.rows["case_steps"], verdict.clock.step.code, opened)
            for verdict in shown.verdicts
        }
        names = read_names(session, site_id)
    return render(
        "case.html",
        names,
        shown=shown,
        problem=problem,
        fields=field_words,
        fillable=fillable,
        sources=sources,
        marks=MARKS,
        states=_STATES,
        reports=dict(zip(REPORTED_TO, REPORTS, strict=True)),
        faults=RELEASE_FAULTS,
        verdict_words=VERDICTS,
        why=WHY,
        now_ms=now_ms(),
        reason_max=REASON_MAX,
    )

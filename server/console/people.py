"""The people of a site: listed masked; those who may can download full numbers, with a reason."""

from __future__ import annotations

from uuid import UUID

from flask import Response, g, request, url_for

from schemas.limits import REASON_MAX, REASON_MIN
from server.actions.approvals.proposals import propose
from server.actions.reference.name_codes import read_names
from server.actions.rosters.list_people import LISTED, SEARCH_MAX, count_lookup, page_of_people
from server.actions.rosters.write_workbook import roster_file
from server.actions.sites.disclosures import UNMASK, unmasked_alone
from server.actions.sites.list_sites import one_site
from server.base.db import read, write
from server.base.problems import Problem
from server.console.forms import check_form, typed
from server.console.pages import blueprint, render, start_asked
from server.console.submit import Answer, submit
from server.files.new_workbook import MIME
from server.models.access import may_unmask, may_upload
from server.models.paging import Slice
from server.web.responses import as_download, now_ms, runtime

_PEOPLE_SHOWN = 100


@blueprint.get("/sites/<uuid:site_id>/people")
def show_people(site_id: UUID) -> str:
    """Everybody on the site's roster, numbers masked."""
    return _people_page(site_id, typed(request.path).get("text", "").strip(), start_asked(request.args))


@blueprint.post("/sites/<uuid:site_id>/people")
def search_people(site_id: UUID) -> str:
    """Some of them. A name that is searched for is in no address."""
    check_form()
    text = request.form.get("text", "").strip()
    with write() as session:
        count_lookup(session, g.viewer, str(site_id), text, now_ms())
    return _people_page(site_id, text, start_asked(request.form))


@blueprint.get("/sites/<uuid:site_id>/roster.xlsx")
def export_roster(site_id: UUID) -> Response:
    """The site's roster, masked."""
    with write() as session:
        data = roster_file(session, runtime().seals, g.viewer, str(site_id), None, now_ms())
    return as_download(data, MIME, "roster.xlsx")


@blueprint.post("/sites/<uuid:site_id>/roster.xlsx")
def export_full_roster(site_id: UUID) -> Response | tuple[str, int]:
    """The site's roster with full numbers. The reason is kept."""
    check_form()
    try:
        with write() as session:
            reason = request.form.get("reason", "")
            data = roster_file(session, runtime().seals, g.viewer, str(site_id), reason, now_ms())
    except Problem as problem:
        if problem.status not in (409, 422):
            raise
        return _people_page(site_id, "", 0, problem), problem.status
    return as_download(data, MIME, "roster.xlsx")


@blueprint.post("/sites/<uuid:site_id>/unmasking")
def propose_unmasking(site_id: UUID) -> Answer:
    """Ask an administrator to permit the export of many people's full numbers."""
    asked, reason = {"site": str(site_id)}, request.form.get("reason", "")
    return submit(
        lambda tx: propose(tx, g.viewer, UNMASK, asked, reason),
        url_for("console.list_proposals"),
        lambda problem: _people_page(site_id, "", 0, problem),
    )


def _people_page(site_id: UUID, text: str, start: int, problem: Problem | None = None) -> str:
    with read() as session:
        shown = one_site(session, g.viewer, str(site_id))
        part = Slice(start, _PEOPLE_SHOWN)
        people, total = page_of_people(session, runtime().seals, g.viewer, str(site_id), text, part)
        alone = unmasked_alone(session, now_ms())
        names = read_names(session)
    return render(
        "people.html",
        names,
        shown=shown,
        companies={company["code"]: company["name"] for company in shown.companies},
        people=people,
        columns={
            name: title
            for name, title in LISTED.items()
            if name != "company" or g.viewer.role != "contractor"
        },
        total=total,
        text=text,
        start=start,
        people_shown=_PEOPLE_SHOWN,
        problem=problem,
        search_max=SEARCH_MAX,
        reason_min=REASON_MIN,
        reason_max=REASON_MAX,
        may=may_upload(g.viewer),
        may_unmask=may_unmask(g.viewer),
        alone=alone,
    )

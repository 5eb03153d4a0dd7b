"""The contractor's pages: own sites, upload a roster, preview, commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from schemas.limits import ROSTER_BYTES_MAX, ROSTER_PEOPLE_MAX
from server.actions.reference.name_codes import read_names
from server.actions.rosters.commit_roster import Decision
from server.actions.rosters.leaving import inside_now, list_leaving
from server.actions.rosters.list_rosters import (
    GROUPS,
    ShownRow,
    columns_to_choose,
    one_roster,
    page_of_rosters,
    rows_of_roster,
)
from server.actions.rosters.write_workbook import problem_file
from server.actions.sites.list_sites import one_site, page_of_sites
from server.base.db import Session, read, write
from server.base.problems import Problem
from server.console.forms import check_form, typed
from server.console.pages import ROWS, blueprint, render, start_asked
from server.console.roster_columns import columns_form
from server.files.new_workbook import MIME
from server.models.access import may_see_people, may_upload
from server.models.paging import Slice
from server.rules.calendar import local_date_of
from server.web.responses import as_download, now_ms, runtime, this_app, tx_of, uploaded_file
from server.workflows.read_rosters import commit_preview, receive_file

_ROWS_SHOWN = 100
_ABSENT_SHOWN = 500  # people who can be chosen one by one
_FIRST_SHOWN = {  # what a person has to look at before the rest
    "preview": ("rejected", "new", "changed", "absent", "warned", "same"),
    "committing": ("new", "changed", "absent", "same", "warned", "rejected"),
    "committed": ("new", "changed", "absent", "same", "warned", "rejected"),
}


@blueprint.get("/sites")
def list_sites() -> str:
    """The viewer's sites."""
    with read() as session:
        page = page_of_sites(session, g.viewer, request.args.get("cursor"), ROWS)
        names = read_names(session)
    return render(
        "sites.html", names, page=page, may=may_upload(g.viewer), may_see_people=may_see_people(g.viewer)
    )


@blueprint.get("/sites/<uuid:site_id>/roster")
def show_site_roster(site_id: UUID) -> str:
    """Upload a roster for a site; those uploaded before."""
    return _site_page(site_id, None)


@blueprint.post("/sites/<uuid:site_id>/roster")
def take_roster(site_id: UUID) -> str | tuple[str, int] | AnyResponse:
    """Take in a file. One that cannot be read shows the form again, with what is wrong and what to do."""
    try:
        name, data = uploaded_file()
        check_form()
        roster_id = receive_file(this_app(), g.viewer, str(site_id), name, data, now_ms())
    except Problem as problem:
        if problem.status in (403, 404) or problem.code == "form_expired":
            raise
        return _site_page(site_id, problem), problem.status
    return redirect(url_for("console.show_roster", roster_id=roster_id), 303)


@blueprint.post("/sites/<uuid:site_id>/roster/leaving")
def leave_all(site_id: UUID) -> str | tuple[str, int] | AnyResponse:
    """List everybody of the company who is here, to be signed out together."""
    check_form()
    try:
        with write() as session:
            roster_id = list_leaving(tx_of(session), g.viewer, str(site_id)).id
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        return _site_page(site_id, problem), problem.status
    return redirect(url_for("console.show_roster", roster_id=roster_id), 303)


@blueprint.get("/rosters/<uuid:roster_id>")
def show_roster(roster_id: UUID) -> str:
    """One roster: its progress, the questions about its columns, its preview, or what came of it."""
    return _roster_page(str(roster_id), None)


@blueprint.post("/rosters/<uuid:roster_id>/commit")
def commit(roster_id: UUID) -> str | tuple[str, int] | AnyResponse:
    """Commit the preview, with the choice for absent people."""
    check_form()
    try:
        commit_preview(runtime().seals, g.viewer, str(roster_id), _decision(), now_ms())
    except Problem as problem:
        if problem.status == 404:
            raise
        return _roster_page(str(roster_id), problem), problem.status
    return redirect(url_for("console.show_roster", roster_id=roster_id), 303)


@blueprint.get("/rosters/<uuid:roster_id>/problems.xlsx")
def problems(roster_id: UUID) -> Response:
    """The rejected rows, to be corrected."""
    with read() as session:
        data = problem_file(session, runtime().seals, g.viewer, str(roster_id))
    return as_download(data, MIME, "problems.xlsx")


def _site_page(site_id: UUID, problem: Problem | None) -> str:
    with read() as session:
        shown = one_site(session, g.viewer, str(site_id))
        page = page_of_rosters(session, g.viewer, str(site_id), request.args.get("cursor"), ROWS)
        names = read_names(session)
    return render(
        "site_roster.html",
        names,
        shown=shown,
        page=page,
        problem=problem,
        may=may_upload(g.viewer),
        may_see_people=may_see_people(g.viewer),
        megabytes_max=ROSTER_BYTES_MAX >> 20,
        people_max=ROSTER_PEOPLE_MAX,
    )


def _roster_page(roster_id: str, problem: Problem | None) -> str:
    """In one transaction: between two of them the roster's state may change."""
    seals = runtime().seals
    with read() as session:
        shown = one_roster(session, g.viewer, roster_id)
        site = one_site(session, g.viewer, shown.roster.site_id).site
        names = read_names(session)
        if shown.roster.state == "mapping":
            return columns_form(session, shown, columns_to_choose(seals, shown.roster), names, problem)
        listed: dict[str, Any] = {"group": "", "rows": [], "total": 0, "start": 0, "absent": [], "inside": []}
        if shown.roster.result is not None:
            group, start = _group(shown.roster.state, shown.roster.counts), start_asked(request.args)
            part = Slice(start, _ROWS_SHOWN)
            rows, total = rows_of_roster(session, seals, g.viewer, roster_id, group, part)
            listed |= {"group": group, "rows": rows, "total": total, "start": start}
        if shown.roster.state == "preview" and shown.roster.counts.get("absent"):
            is_leaving = shown.roster.details.get("leaving", False)
            part = Slice(0, ROSTER_PEOPLE_MAX if is_leaving else _ABSENT_SHOWN)
            listed["absent"], _ = rows_of_roster(session, seals, g.viewer, roster_id, "absent", part)
            listed["inside"] = _inside(session, site.id, listed["absent"]) if is_leaving else []
    return render(
        "roster.html",
        names,
        shown=shown,
        roster=shown.roster,
        site=site,
        problem=problem,
        errors=problem.members.get("errors", {}) if problem is not None else {},
        asked=typed(),
        today=local_date_of(now_ms()),
        may=may_upload(g.viewer),
        rows_shown=_ROWS_SHOWN,
        **listed,
    )


def _inside(session: Session, site_id: str, people: Sequence[ShownRow]) -> list[tuple[ShownRow, int]]:
    """Those of these people who are inside, with since when."""
    by_record = {person.record or "": person for person in people}
    found = inside_now(session, runtime().seals, site_id, by_record.keys(), now_ms())
    return [(by_record[record], at_ms) for record, at_ms in sorted(found.items(), key=lambda one: one[1])]


def _group(state: str, counts: dict[str, int]) -> str:
    """Which rows to show: those asked for, else the first that there are."""
    asked = request.args.get("group", "")
    if asked in GROUPS:
        return asked
    return next((one for one in _FIRST_SHOWN[state] if counts.get(one)), "same")


def _decision() -> Decision:
    absent = request.form.get("absent", "leave")
    if absent == "leave":
        return Decision()
    people = request.form.getlist("person") if absent == "some" else None
    return Decision(request.form.get("exited_on", ""), people)

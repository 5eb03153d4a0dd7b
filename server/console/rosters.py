"""The contractor's pages: own sites, upload a roster, look at what was read, commit."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.actions.commit_roster import Decision
from server.actions.judge_roster import Chosen
from server.actions.name_codes import Names, read_names
from server.actions.show_rosters import GROUPS, one_roster, page_of_rosters, rows_of_roster
from server.actions.show_sites import one_site, page_of_sites
from server.actions.write_workbook import MIME, problem_file, roster_file
from server.console.pages import ROWS, blueprint, check_form, render
from server.db import read
from server.door import as_download, now_ms, runtime, this_app, uploaded_file
from server.models.access import may_upload
from server.problems import Problem
from server.read_rosters import commit_preview, confirm_columns, take_in_file
from server.rules.calendar import local_date_of
from server.rules.roster.fields import FIELDS

_ROWS_SHOWN = 100
_COLUMN = re.compile(r"column-(\d{1,2})-(\d{1,3})")
_START = re.compile(r"\d{1,6}")


@blueprint.get("/sites")
def list_sites() -> str:
    """The viewer's sites."""
    with read() as session:
        page = page_of_sites(session, g.viewer, request.args.get("cursor"), ROWS)
        names = read_names(session)
    return render("sites.html", names, page=page)


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
        roster_id = take_in_file(this_app(), g.viewer, str(site_id), name, data, now_ms())
    except Problem as problem:
        if problem.status in (403, 404) or problem.code == "form_expired":
            raise
        return _site_page(site_id, problem), problem.status
    return redirect(url_for("console.show_roster", roster_id=roster_id), 303)


@blueprint.get("/sites/<uuid:site_id>/roster.xlsx")
def export_roster(site_id: UUID) -> Response:
    """The site's roster, masked."""
    with read() as session:
        data = roster_file(session, runtime().seals, g.viewer, str(site_id), None, now_ms())
    return as_download(data, MIME, "roster.xlsx")


@blueprint.get("/rosters/<uuid:roster_id>")
def show_roster(roster_id: UUID) -> str:
    """One roster: its progress, the questions about its columns, its preview, or what came of it."""
    return _roster_page(roster_id, None)


@blueprint.post("/rosters/<uuid:roster_id>/columns")
def choose_columns(roster_id: UUID) -> str | tuple[str, int] | AnyResponse:
    """What the columns mean, as a person says."""
    check_form()
    try:
        confirm_columns(runtime().seals, g.viewer, str(roster_id), _chosen(), now_ms())
    except Problem as problem:
        if problem.status == 404:
            raise
        return _roster_page(roster_id, problem), problem.status
    return redirect(url_for("console.show_roster", roster_id=roster_id), 303)


@blueprint.post("/rosters/<uuid:roster_id>/commit")
def commit(roster_id: UUID) -> str | tuple[str, int] | AnyResponse:
    """Commit the preview, with what is to become of the absent."""
    check_form()
    try:
        commit_preview(runtime().seals, g.viewer, str(roster_id), _decision(), now_ms())
    except Problem as problem:
        if problem.status == 404:
            raise
        return _roster_page(roster_id, problem), problem.status
    return redirect(url_for("console.show_roster", roster_id=roster_id), 303)


@blueprint.get("/rosters/<uuid:roster_id>/problems.xlsx")
def problems(roster_id: UUID) -> Response:
    """The rejected rows, to be mended."""
    with read() as session:
        data = problem_file(session, runtime().seals, g.viewer, str(roster_id))
    return as_download(data, MIME, "problems.xlsx")


def _site_page(site_id: UUID, problem: Problem | None) -> str:
    with read() as session:
        shown = one_site(session, g.viewer, str(site_id))
        page = page_of_rosters(session, g.viewer, str(site_id), request.args.get("cursor"), ROWS)
        names = read_names(session)
    return render(
        "site_roster.html", names, shown=shown, page=page, problem=problem, may=may_upload(g.viewer)
    )


def _roster_page(roster_id: UUID, problem: Problem | None) -> str:
    seals, group = runtime().seals, request.args.get("group", "")
    with read() as session:
        shown = one_roster(session, g.viewer, str(roster_id))
        site = one_site(session, g.viewer, shown.roster.site_id).site
        names = read_names(session)
        told: dict[str, Any] = {"group": "", "rows": [], "total": 0, "start": 0}
        if shown.roster.result is not None:
            told = _rows(names, shown.roster.counts, group)
            part = (told["group"], told["start"], _ROWS_SHOWN)
            told["rows"], told["total"] = rows_of_roster(session, seals, g.viewer, str(roster_id), *part)
    return render(
        "roster.html",
        names,
        shown=shown,
        roster=shown.roster,
        site=site,
        problem=problem,
        fields=FIELDS,
        today=local_date_of(now_ms()),
        may=may_upload(g.viewer),
        rows_shown=_ROWS_SHOWN,
        **told,
    )


def _rows(names: Names, counts: dict[str, int], asked: str) -> dict[str, Any]:
    """Which group to show: the one asked for, else the first that has anybody, what needs work before the rest."""
    order = ("rejected", "new", "changed", "absent", "warned", "same")
    group = asked if asked in GROUPS else next((one for one in order if counts.get(one)), "same")
    start = request.args.get("start", "0")
    return {"group": group, "start": int(start) if _START.fullmatch(start) else 0}


def _chosen() -> Chosen:
    """The fields of the form about columns; `?` leaves a column as unknown as it was."""
    chosen: Chosen = {}
    for name, value in request.form.items():
        named = _COLUMN.fullmatch(name)
        if named is not None and value != "?":
            chosen[int(named[1]), int(named[2])] = value
    return chosen


def _decision() -> Decision:
    absent = request.form.get("absent", "leave")
    if absent == "leave":
        return Decision()
    people = request.form.getlist("person") if absent == "some" else None
    return Decision(request.form.get("exited_on", ""), people)

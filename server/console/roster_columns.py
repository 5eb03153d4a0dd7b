"""What the columns of a contractor's file mean: asked where the reader is unsure, changed from a preview, remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.actions.reference.name_codes import Names, read_names
from server.actions.rosters.list_rosters import ShownRoster, columns_to_choose, one_roster
from server.actions.rosters.upload_roster import forget_title, remembered_titles
from server.actions.rosters.validate_roster import Chosen, asked_at
from server.actions.sites.list_sites import one_site
from server.base.db import Session, read, write
from server.base.problems import Problem
from server.console.forms import check_form, typed
from server.console.pages import blueprint, render
from server.models.access import may_upload
from server.rules.calendar import local_date_of
from server.rules.rosters.fields import FIELDS, GIVABLE, required_columns
from server.web.responses import now_ms, runtime
from server.workflows.read_rosters import confirm_columns

_UNKNOWN = "?"  # leaves a column as unknown as it was


@blueprint.get("/rosters/<uuid:roster_id>/columns")
def show_columns(roster_id: UUID) -> str:
    """What each column of this file is taken for."""
    return _columns_page(str(roster_id), None)


@blueprint.post("/rosters/<uuid:roster_id>/columns")
def choose_columns(roster_id: UUID) -> str | tuple[str, int] | AnyResponse:
    """Confirm what the columns mean."""
    check_form()
    try:
        confirm_columns(
            runtime().seals, g.viewer, str(roster_id), _chosen(str(roster_id)), _given(request.form), now_ms()
        )
    except Problem as problem:
        if problem.status != 422:
            raise
        return _columns_page(str(roster_id), problem), problem.status
    return redirect(url_for("console.show_roster", roster_id=roster_id), 303)


@blueprint.get("/rosters/titles")
def show_titles() -> str:
    """What titles mean in this company's files, as its users confirmed."""
    with read() as session:
        titles = remembered_titles(session, g.viewer)
        names = read_names(session)
    return render("roster_titles.html", names, titles=titles, fields=FIELDS, may=may_upload(g.viewer))


@blueprint.post("/rosters/titles")
def forget() -> AnyResponse:
    """Forget what one title means."""
    check_form()
    with write() as session:
        forget_title(session, g.viewer, request.form.get("title", ""))
    return redirect(url_for("console.show_titles"), 303)


def _columns_page(roster_id: str, problem: Problem | None) -> str:
    with read() as session:
        shown = one_roster(session, g.viewer, roster_id)
        columns = columns_to_choose(runtime().seals, shown.roster)
        names = read_names(session)
        return columns_form(session, shown, columns, names, problem)


def columns_form(
    session: Session,
    shown: ShownRoster,
    columns: list[dict[str, Any]],
    names: Names,
    problem: Problem | None,
) -> str:
    """The form about columns, with the choices kept when it was refused."""
    details, today = problem.members if problem is not None else {}, local_date_of(now_ms())
    site = one_site(session, g.viewer, shown.roster.site_id).site
    asked = asked_at(session, site.id, today)
    sheets = [(number, list(group)) for number, group in groupby(columns, itemgetter("sheet"))]
    before = typed(url_for("console.choose_columns", roster_id=shown.roster.id))
    wrong = [(details.get("sheet"), column) for column in details.get("columns", [])]
    return render(
        "roster_columns.html",
        names,
        shown=shown,
        roster=shown.roster,
        site=site,
        sheets=sheets,
        givable=[name for name in GIVABLE if any(_lacks(group, name) for _, group in sheets)],
        given={**shown.roster.details.get("given", {}), **_given(before)},
        today=today,
        errors=details.get("errors", {}),
        chosen=before,
        skipped=before.getlist("skip"),
        wrong=wrong,
        problem=problem,
        fields=FIELDS,
        required=required_columns(asked),
        unknown=_UNKNOWN,
        may=may_upload(g.viewer),
    )


def _lacks(columns: Sequence[Mapping[str, Any]], name: str) -> bool:
    return all(column["field"] != name for column in columns)


def _given(form: Mapping[str, str]) -> dict[str, str]:
    """The values that a form gives for all rows."""
    return {name: form[f"given-{name}"].strip() for name in GIVABLE if f"given-{name}" in form}


def _chosen(roster_id: str) -> Chosen:
    """The fields of the form. Nobody reads any column of a sheet that is no roster."""
    with read() as session:
        columns = columns_to_choose(runtime().seals, one_roster(session, g.viewer, roster_id).roster)
    skipped = request.form.getlist("skip")
    chosen: Chosen = {}
    for column in columns:
        key = (column["sheet"], column["column"])
        field = request.form.get("column-{}-{}".format(*key), _UNKNOWN)
        if str(column["sheet"]) in skipped:
            chosen[key] = ""
        elif field != _UNKNOWN:
            chosen[key] = field
    return chosen

"""Forms: what is published, a new version uploaded and looked at, proposed for a second administrator, and retired."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask import Response, g, request, url_for

from schemas.forms.definition import Form
from schemas.forms.shipped import example_tables_json
from schemas.forms.tables import Tables, tables_from_json, tables_json
from schemas.limits import REASON_MAX
from server.actions.approvals.form_publication import EFFECT, preview
from server.actions.approvals.proposals import propose
from server.actions.forms.list_forms import (
    ShownForm,
    form_of_code,
    list_forms,
    reach_of,
    signers_of,
    tables_of,
)
from server.actions.forms.preview_form import conditions_of
from server.actions.forms.retire_form import retired_tables
from server.actions.reference.change_rule import MARKS
from server.actions.reference.check_codes import wrong
from server.actions.reference.load_reference import rules_in_force
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.base.problems import Problem, not_found
from server.console.forms import check_form
from server.console.pages import blueprint, render, require_role
from server.console.submit import Answer, submit
from server.files.form_files import form_workbook, read_form_file
from server.files.new_workbook import MIME
from server.models.tx import Tx
from server.models.user import ADMIN
from server.rules.calendar import add_days, local_date_of
from server.web.responses import as_download, now_ms, tx_of, uploaded_file


@dataclass(frozen=True, slots=True)
class Listed:
    """A form in the list: its latest version, and what it stands for today."""

    latest: Form
    versions: int
    standing: str


@blueprint.get("/admin/forms")
def list_published_forms() -> str:
    """Every form, and where the next one is uploaded."""
    return _list_page(None)


@blueprint.post("/admin/forms")
def check_form_file() -> Answer:
    """Look at a file: all that is wrong with it, or the form as it would be published. Changes nothing."""
    require_role(ADMIN)
    check_form()
    try:
        return _preview_page(read_form_file(*uploaded_file()), None)
    except Problem as problem:
        return _list_page(problem), problem.status


@blueprint.post("/admin/forms/proposals")
def propose_form() -> Answer:
    """Propose the form that was looked at."""
    require_role(ADMIN)
    tables = _sent_tables()

    def act(tx: Tx) -> None:
        propose(tx, g.viewer, EFFECT.kind, {"tables": tables_json(tables)}, request.form.get("reason", ""))

    def again(problem: Problem) -> str:
        return _list_page(problem) if problem.code == "form_refused" else _preview_page(tables, problem)

    return submit(act, url_for("console.list_proposals"), again)


@blueprint.get("/admin/forms/<code>")
def show_published_form(code: str) -> str:
    """One form as tablets show it, with all its versions."""
    return _form_page(code, None)


@blueprint.post("/admin/forms/<code>")
def propose_form_retiring(code: str) -> Answer:
    """Propose the version that ends the form."""
    require_role(ADMIN)

    def act(tx: Tx) -> None:
        _, tables = retired_tables(tx, code, _end_day(tx))
        propose(tx, g.viewer, EFFECT.kind, {"tables": tables_json(tables)}, request.form.get("reason", ""))

    return submit(act, url_for("console.list_proposals"), lambda problem: _form_page(code, problem))


@blueprint.get("/admin/forms/example.xlsx")
def form_example() -> Response:
    """A whole workbook to start from."""
    require_role(ADMIN)
    return as_download(form_workbook(example_tables_json()), MIME, "池塘巡查 (样表).xlsx")


@blueprint.get("/admin/forms/<code>/<int:version>.xlsx")
def export_form(code: str, version: int) -> Response:
    """A version's workbook, from which the next one is written."""
    require_role(ADMIN)
    with read() as session:
        form = _form(tx_of(session), code, version)
        data = form_workbook(tables_of(session, form))
    return as_download(data, MIME, f"{form.title}-{version}.xlsx")


def _sent_tables() -> Tables:
    """The tables that the preview's page carries. What else is sent there is a form with faults."""
    try:
        return tables_from_json(json.loads(request.form.get("tables", "")))
    except (ValueError, RecursionError):
        return tables_from_json(None)


def _end_day(tx: Tx) -> str:
    """A date as a field of this kind sends it, later than today."""
    tomorrow = add_days(local_date_of(tx.now_ms), 1)
    try:
        given = add_days(request.form.get("to", ""), 0)
    except ValueError:
        given = ""
    if given < tomorrow:
        raise wrong("to", f"停用日期应为 {tomorrow} 或以后的一天。")
    return given


def _form(tx: Tx, code: str, version: int | None = None) -> Form:
    try:
        return form_of_code(tx.book, code, version)
    except Problem:
        raise not_found() from None


def _list_page(problem: Problem | None) -> str:
    require_role(ADMIN)
    today = local_date_of(now_ms())
    with read() as session:
        shown = list_forms(session, rules_in_force(session))
        names = read_names(session)
    grouped = (list(versions) for _, versions in groupby(shown, key=lambda one: one.form.code))
    listed = [_listed(versions, today) for versions in grouped]
    return render("forms.html", names, problem=problem, listed=listed)


def _listed(versions: list[ShownForm], today: str) -> Listed:
    latest = versions[0].form
    if latest.to is not None and latest.to <= today:
        standing = "retired"
    else:
        standing = "coming" if latest.since > today else "in_force"
    return Listed(latest, len(versions), standing)


def _preview_page(tables: Tables, problem: Problem | None) -> str:
    require_role(ADMIN)
    with read() as session:
        seen = preview(tx_of(session), tables)
        names = read_names(session)
    text = json.dumps(tables_json(tables), ensure_ascii=False, separators=(",", ":"))
    values = {"seen": seen, "tables": text, "marks": MARKS, "reason_max": REASON_MAX}
    return render("form_preview.html", names, problem=problem, **values)


def _form_page(code: str, problem: Problem | None) -> str:
    require_role(ADMIN)
    with read() as session:
        tx = tx_of(session)
        form = _form(tx, code)
        versions = [one for one in list_forms(session, tx.book) if one.form.code == code]
        values: dict[str, Any] = {"form": form, "versions": versions, "reach": reach_of(session, form)}
        values["when"] = conditions_of(tables_from_json(tables_of(session, form)))
        values["people"] = signers_of(session, versions)
        names = read_names(session)
    values["tomorrow"] = add_days(local_date_of(now_ms()), 1)
    return render("form.html", names, problem=problem, marks=MARKS, reason_max=REASON_MAX, **values)

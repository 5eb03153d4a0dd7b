"""Duties, kinds of sites and places, units: the rows that an office writes itself; a change of one is proposed here."""

from __future__ import annotations

from typing import Any

from flask import g, request, url_for

from schemas.limits import REASON_MAX, REFERENCE_CODE_MAX, SOURCE_MAX
from server.actions.approvals import office_row
from server.actions.approvals.proposals import propose
from server.actions.reference.change_rule import MARKS
from server.actions.reference.name_codes import read_names
from server.actions.reference.office_fields import TITLES, OfficeField, fields_of, options_of, shown_value
from server.actions.reference.office_rows import rows_in_force, versions
from server.base.db import read
from server.base.problems import Problem, not_found
from server.console.pages import blueprint, render, require_role
from server.console.submit import Answer, submit
from server.models.user import ADMIN
from server.rules.calendar import local_date_of
from server.web.responses import now_ms, tx_of

_LISTED = (
    "unit",
    "evidence",
    "site_kinds",
    "places",
    "rests",
    "living",
    "reviews",
)  # in the list, of those there are


@blueprint.get("/admin/rows")
def list_office_rows() -> str:
    """Every duty, kind of site and place, and unit in force, and what is to follow."""
    require_role(ADMIN)
    with read() as session:
        tx, names = tx_of(session), read_names(session)
        tables = [
            (
                noun,
                title,
                [field for field in fields_of(noun) if field.name in _LISTED],
                rows_in_force(tx, noun),
            )
            for noun, title in TITLES.items()
        ]
    today = local_date_of(now_ms())
    return render("office_rows.html", names, tables=tables, shown_value=shown_value, today=today)


@blueprint.get("/admin/rows/<noun>/new")
def new_office_row(noun: str) -> str:
    """A form for a row that is not there yet."""
    return _page(noun, "", None)


@blueprint.get("/admin/rows/<noun>/<code>")
def show_office_row(noun: str, code: str) -> str:
    """One row in all its versions, and a form for another one."""
    return _page(noun, code, None)


@blueprint.post("/admin/rows/<noun>/new")
def propose_new_row(noun: str) -> Answer:
    """Propose a new row."""
    return _propose(noun, "", request.form.get("code", ""))


@blueprint.post("/admin/rows/<noun>/<code>")
def propose_row(noun: str, code: str) -> Answer:
    """Propose another version of a row."""
    return _propose(noun, code, code)


def _propose(noun: str, page_of: str, code: str) -> Answer:
    require_role(ADMIN)
    if noun not in TITLES:
        raise not_found()
    asked = {**request.form.to_dict(), "noun": noun, "code": code, "fields": _typed(noun)}
    return submit(
        lambda tx: propose(tx, g.viewer, office_row.EFFECT.kind, asked, request.form.get("reason", "")),
        url_for("console.list_proposals"),
        lambda problem: _page(noun, page_of, problem),
    )


def _typed(noun: str) -> dict[str, Any]:
    """What the form's fields say, of a list of codes all that are chosen."""
    form = request.form
    return {
        field.name: form.getlist(field.name) if field.asks == "codes" else form.get(field.name)
        for field in fields_of(noun)
    }


def _page(noun: str, code: str, problem: Problem | None) -> str:
    require_role(ADMIN)
    if noun not in TITLES:
        raise not_found()
    with read() as session:
        tx, names = tx_of(session), read_names(session)
        rows = versions(tx, noun, code) if code else []
        before = office_row.row_before(tx, noun, code) if code else {}
    if code and not rows:
        raise not_found()
    fields = fields_of(noun)

    def options(field: OfficeField) -> list[tuple[str, str]]:
        return options_of(names, field)

    values: dict[str, Any] = {
        "noun": noun,
        "title": TITLES[noun],
        "code": code,
        "rows": rows,
        "before": before,
    }
    values |= {"fields": fields, "options": options, "shown_value": shown_value, "problem": problem}
    limits = {"reason_max": REASON_MAX, "source_max": SOURCE_MAX, "code_max": REFERENCE_CODE_MAX}
    first = office_row.first_date(before, now_ms())
    today = local_date_of(now_ms())
    return render("office_row.html", names, marks=MARKS, first=first, today=today, **values, **limits)

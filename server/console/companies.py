"""Companies: what they are called, and how many sites and users they have."""

from __future__ import annotations

from flask import g, request, url_for

from server.actions.reference.name_codes import read_names
from server.actions.sites import companies
from server.base.db import read
from server.base.problems import Problem
from server.console.pages import ROWS, blueprint, render, require_role, start_asked
from server.console.submit import Answer, submit
from server.models.paging import Slice
from server.models.user import ADMIN


@blueprint.get("/admin/companies")
def list_companies() -> str:
    """The companies that somebody looks for, and a form for a new one."""
    return _page(None)


@blueprint.post("/admin/companies")
def name_company() -> Answer:
    """A company and its name: a new one, or a new name of a known one."""
    require_role(ADMIN)
    code, name = request.form.get("code", ""), request.form.get("name", "")
    return submit(
        lambda tx: companies.name_company(tx, code, name, g.viewer.id),
        url_for("console.list_companies", text=code.strip().upper()[: companies.NAME_MAX]),
        _page,
    )


def _page(problem: Problem | None) -> str:
    require_role(ADMIN)
    asked = {"text": request.args.get("text", "")}
    start = start_asked(request.args)
    with read() as session:
        found, total = companies.companies_found(session, asked["text"], Slice(start, ROWS))
        names = read_names(session)
    listed = {"found": found, "total": total, "start": start, "rows": ROWS, "asked": asked}
    return render("companies.html", names, problem=problem, name_max=companies.NAME_MAX, **listed)

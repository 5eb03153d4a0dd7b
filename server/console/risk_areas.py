"""Areas at risk: the list in force, and entering another one."""

from __future__ import annotations

from flask import Response, g, request, url_for

from schemas.limits import SOURCE_MAX
from server.actions.reference import list_areas as listing
from server.actions.reference.list_areas import TITLES
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.base.problems import Problem
from server.console.pages import ROWS, blueprint, render, require_role, start_asked
from server.console.submit import Answer, submit
from server.files.new_workbook import MIME, table_workbook
from server.files.read_workbook import read_workbook
from server.models.tx import Tx
from server.models.user import ADMIN
from server.rules.calendar import local_date_of
from server.rules.travel import LEVELS
from server.web.responses import as_download, now_ms, uploaded_file


@blueprint.get("/admin/risk-areas")
def list_risk_areas() -> str:
    """The list in force, and a form for another one."""
    return _page(None)


@blueprint.post("/admin/risk-areas")
def enter_risk_areas() -> Answer:
    """Enter a list from a file; one that cannot be read says why."""
    require_role(ADMIN)

    def act(tx: Tx) -> None:
        areas = listing.read_areas(read_workbook(uploaded_file()[1]))
        is_complete = request.form.get("complete") == "1"
        source = request.form.get("source", "")
        listing.enter_areas(tx, areas, source, is_complete=is_complete, by=g.viewer.id)

    return submit(act, url_for("console.list_risk_areas"), _page)


@blueprint.get("/admin/risk-areas/template.xlsx")
def risk_area_template() -> Response:
    """An empty file with the titles."""
    require_role(ADMIN)
    return as_download(table_workbook("风险地区", TITLES, []), MIME, "风险地区.xlsx")


def _page(problem: Problem | None) -> str:
    require_role(ADMIN)
    start = start_asked(request.args)
    with read() as session:
        rows = listing.listed_areas(session, local_date_of(now_ms()))
        names = read_names(session)
    part = rows[start : start + ROWS]
    values = {"rows": part, "total": len(rows), "start": start, "rows_shown": ROWS, "titles": TITLES}
    return render("risk_areas.html", names, problem=problem, levels=LEVELS, source_max=SOURCE_MAX, **values)

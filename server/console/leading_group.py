"""领导小组: all tasks of a plan on one page, for those who lead them."""

from __future__ import annotations

from flask import Response, g, request

from server.actions.plans.show_progress import show_progress
from server.actions.reference.load_reference import rules_in_force
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.base.problems import not_found
from server.console.exports import note_export
from server.console.pages import JUDGES, blueprint, render, require_role
from server.documents.write_documents import PDF
from server.files.new_workbook import MIME as XLSX
from server.models.access import may_read_reports
from server.models.report import Report, list_reports
from server.models.user import ADMIN
from server.rules.reports import PERIODS, period_of
from server.web.responses import as_download, now_ms

_LISTED = 24  # reports
MOVED = {"opened": "新开", "other": "办理", "answered": "整改回复", "closed": "销号或撤回"}


@blueprint.get("/leading-group")
def show_leading_group() -> str:
    """What is worst, whose move it is, since when, what is silent, and what moved since yesterday."""
    require_role(ADMIN, *JUDGES)
    with read() as session:
        book = rules_in_force(session)
        shown = show_progress(session, g.viewer, book, request.args.get("plan"), now_ms())
        names = read_names(session)
        rows = list_reports(session, shown.code, _LISTED) if may_read_reports(g.viewer) else ()
    reports = [(kind, first_day, period_of(kind, first_day), made_ms) for kind, first_day, made_ms in rows]
    words = {"moved": MOVED, "periods": PERIODS, "at_ms": now_ms()}
    return render("leading_group.html", names, shown=shown, reports=reports, **words)


@blueprint.get("/leading-group/reports/<plan>/<kind>/<first_day>.<ending>")
def show_report(plan: str, kind: str, first_day: str, ending: str) -> Response:
    """A report that was kept, as it was made."""
    require_role(ADMIN, *JUDGES)
    with read() as session:
        report = session.get(Report, (plan, kind, first_day))
    if report is None or ending not in ("pdf", "xlsx") or not may_read_reports(g.viewer):
        raise not_found()
    data, mime = (report.pdf, PDF) if ending == "pdf" else (report.workbook, XLSX)
    name = f"{PERIODS[kind]}-{period_of(kind, first_day).code}.{ending}"
    note_export(f"{report.facts['plan']}: {name}", plan)
    return as_download(data, mime, name)

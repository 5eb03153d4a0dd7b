"""The official calendar: through when it is known, and entering another year."""

from __future__ import annotations

from flask import Response, g, request, url_for

from server.actions.reference import enter_holidays as entering
from server.actions.reference.enter_holidays import SOURCE_CHARS_MAX, TITLES
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.base.problems import Problem
from server.console.pages import blueprint, render, require_role
from server.console.submit import Answer, submit
from server.files.new_workbook import MIME, table_workbook
from server.files.read_workbook import read_workbook
from server.models.tx import Tx
from server.models.user import ADMIN
from server.rules.plain_text import cleaned
from server.web.responses import as_download, now_ms, uploaded_file


@blueprint.get("/admin/holidays")
def list_holidays() -> str:
    """The years that were entered, and a form for another one."""
    return _page(None)


@blueprint.post("/admin/holidays")
def enter_year() -> Answer:
    """Enter a year from a file; one that cannot be read says why."""
    require_role(ADMIN)

    def act(tx: Tx) -> None:
        rows = entering.read_holidays(read_workbook(uploaded_file()[1]))
        entering.enter_holidays(
            tx.session, rows, cleaned(request.form.get("source", "")), tx.now_ms, g.viewer.id
        )

    return submit(act, url_for("console.list_holidays"), _page)


@blueprint.get("/admin/holidays/template.xlsx")
def holiday_template() -> Response:
    """An empty file with the titles."""
    require_role(ADMIN)
    return as_download(table_workbook("节假日", TITLES, []), MIME, "节假日.xlsx")


def _page(problem: Problem | None) -> str:
    require_role(ADMIN)
    with read() as session:
        years = entering.years_entered(session)
        until, days = entering.known_until(session, now_ms()), entering.days_known(session, now_ms())
        late = entering.runs_out(session, now_ms()) is not None
        names = read_names(session)
    values = {"years": years[::-1], "until": until, "days": days, "late": late, "titles": TITLES}
    return render("holidays.html", names, problem=problem, source_max=SOURCE_CHARS_MAX, **values)

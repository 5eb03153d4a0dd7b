"""统计: figures side by side, on a page and as a file."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, g, request

from server.actions.reference.name_codes import Names, read_names
from server.actions.sites.figures import BYS, DAYS_MAX, Figures, bys_of, figures_by, period_of_figures
from server.base.db import read
from server.console.exports import table_file
from server.console.pages import JUDGES, blueprint, render, require_role
from server.models.filters import is_day
from server.models.user import ADMIN
from server.rules.flags.moves import CONTRACTOR
from server.web.responses import now_ms

COLUMNS: tuple[tuple[str, Callable[[Figures], str | float]], ...] = (
    ("地点", lambda row: row.sites),
    ("新开", lambda row: row.opened),
    ("办结", lambda row: row.closed),
    ("平均办结天数", lambda row: round(row.closed_days, 1) if row.closed_days is not None else ""),
    ("未销号", lambda row: row.live),
    ("严重", lambda row: row.severe),
    ("逾期", lambda row: row.overdue),
    ("应做时段", lambda row: row.judged),
    ("按时", lambda row: row.met),
    ("迟做或待核", lambda row: row.late),
    ("缺失", lambda row: row.missed),
    ("失联", lambda row: row.silent),
    ("按时率", lambda row: round(row.share, 4) if row.share is not None else ""),
)


@blueprint.get("/figures")
def show_figures() -> str:
    """The figures of a period, by what is asked for; a contractor's are those of her sites."""
    require_role(ADMIN, CONTRACTOR, *JUDGES)
    by, period, rows, names = _asked()
    shown = {"bys": bys_of(g.viewer), "by": by, "period": period, "rows": rows, "days_max": DAYS_MAX}
    return render("figures.html", names, **shown, name_of=lambda row: _name(names, by, row))


@blueprint.get("/figures.<any(xlsx, csv):sort>")
def export_figures(sort: str) -> Response:
    """The same as a file."""
    require_role(ADMIN, CONTRACTOR, *JUDGES)
    by, period, rows, names = _asked()
    columns = [title for title, _ in COLUMNS if by not in ("duty", "site") or title != "地点"]
    values = dict(COLUMNS)
    table = [[_name(names, by, row), *(values[title](row) for title in columns)] for row in rows]
    name = f"统计-{BYS[by].title}-{period[0]}-{period[1]}"
    return table_file(name, [BYS[by].title, *columns], table, sort)


def _asked() -> tuple[str, tuple[str, str], list[Figures], Names]:
    asked, bys = request.args.get("by", ""), bys_of(g.viewer)
    by = asked if asked in bys else ("site" if "site" in bys else "district")
    first, last = (value if is_day(value) else None for value in map(_given, ("from", "to")))
    period = period_of_figures(first, last, now_ms())
    with read() as session:
        rows = figures_by(session, g.viewer, by, period, now_ms())
        names = read_names(session)
    return by, period, rows, names


def _given(name: str) -> str:
    return request.args.get(name, "")


def _name(names: Names, by: str, row: Figures) -> str:
    return names.of(BYS[by].noun, row.code) if BYS[by].noun else row.name

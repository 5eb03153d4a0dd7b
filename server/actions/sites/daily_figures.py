"""What became of the windows of each day, site and duty: a table for programs that draw and count."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.window import WINDOW_STATE_WORDS
from server.actions.reference.name_codes import read_names
from server.base.problems import Problem
from server.models.access import Viewer, visible_sites
from server.models.site import Site
from server.models.window import Window
from server.rules.cases import is_of_cases

ROWS_MAX = 50_000
DAYS_MAX = 366
COLUMNS = ("Id", "Date", "Site", "SiteName", "SiteKind", "District", "Duty", "DutyName", "Windows")
STATES = {state: "".join(part.title() for part in state.split("_")) for state in WINDOW_STATE_WORDS}


def daily_figures(session: Session, viewer: Viewer, first: str, last: str) -> list[dict[str, Any]]:
    """A row for each local date, site and duty that had windows, both dates included, of the sites that this viewer may see.
    Cases are left out. Raises Problem 422 for too many."""
    count = sa.func.count()
    keys = (Window.local_date, Window.scope_id, Window.duty)
    query = (
        sa.select(*keys, Window.state, Site.name, Site.kind, Site.district, count)
        .join(Site, Site.id == Window.scope_id)
        .where(visible_sites(viewer), Window.local_date >= first, Window.local_date <= last)
        .group_by(*keys, Window.state, Site.name, Site.kind, Site.district)
        .order_by(*keys)
        .limit(ROWS_MAX * len(STATES) + 1)
    )
    names = read_names(session)
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    none: dict[str, Any] = dict.fromkeys(STATES.values(), 0)
    for day, site, duty, state, name, kind, district, windows in session.execute(query):
        if is_of_cases(duty):
            continue
        row = found.get((day, site, duty))
        if row is None:
            values = (
                f"{day}|{site}|{duty}",
                day,
                site,
                name,
                kind,
                district,
                duty,
                names.of("duties", duty),
                0,
            )
            row = found[day, site, duty] = {**dict(zip(COLUMNS, values, strict=True)), **none}
        row[STATES[state]] += windows
        row["Windows"] += windows
    if len(found) > ROWS_MAX:
        raise Problem("too_many_rows", f"超过 {ROWS_MAX} 行, 请缩小日期范围。")
    return list(found.values())

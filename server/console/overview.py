"""The city at a glance, and one site's page."""

from __future__ import annotations

from uuid import UUID

from flask import g

from server.actions.name_codes import read_names
from server.actions.show_overview import overview, site_file
from server.console.pages import blueprint, render
from server.console.window_grid import grid_of
from server.db import read
from server.door import now_ms


@blueprint.get("/overview")
def show_overview() -> str:
    """Districts compared, the trend, the worst sites, silent tablets."""
    with read() as session:
        shown = overview(session, g.viewer, now_ms())
        names = read_names(session)
    most = max((day[4] for day in shown.trend), default=1)
    return render("overview.html", names, shown=shown, most=most)


@blueprint.get("/sites/<uuid:site_id>")
def show_site(site_id: UUID) -> str:
    """One site: coverage over time, live flags, tablets, signals, roster."""
    with read() as session:
        file = site_file(session, g.viewer, str(site_id), now_ms())
        names = read_names(session)
    return render("site.html", names, file=file, grid=grid_of(file.windows), several_duties=True)

"""The city at a glance, and one site's page."""

from __future__ import annotations

from uuid import UUID

from flask import current_app, g

from schemas.limits import PLACE_NAME_MAX
from server.actions.cameras.list_cameras import STANDINGS, site_cameras
from server.actions.duties.list_duties import duties_of_site
from server.actions.reference.name_codes import read_names
from server.actions.sites.edit_places import site_places
from server.actions.sites.get_site import site_file
from server.actions.sites.list_records import logs_at
from server.actions.sites.overview import overview
from server.base.db import read
from server.console import field_words
from server.console.pages import JUDGES, blueprint, render, require_role
from server.console.window_grid import grid_of
from server.models.access import may_administer, may_see_people, sees_evidence
from server.web.responses import now_ms, runtime, tx_of

_PEOPLE_PAGE = "console.show_people"
_RECORDS_PAGE = "console.show_records"


@blueprint.get("/overview")
def show_overview() -> str:
    """Districts compared, the trend, the worst sites, silent tablets."""
    require_role(*JUDGES)
    with read() as session:
        shown = overview(session, g.viewer, now_ms())
        names = read_names(session)
    return render("overview.html", names, shown=shown)


@blueprint.get("/sites/<uuid:site_id>")
def show_site(site_id: UUID) -> str:
    """One site: live flags, signals, coverage over time, cases, rounds, supplies, tablets, people."""
    with read() as session:
        file = site_file(session, runtime().seals, g.viewer, str(site_id), now_ms())
        places = site_places(session, str(site_id), now_ms())
        asked = duties_of_site(session, file.shown.site, now_ms())
        cameras = site_cameras(tx_of(session), str(site_id))
        names = read_names(session, str(site_id))
        logs = logs_at(session, names.kinds, g.viewer, file.shown.site)
    return render(
        "site.html",
        names,
        file=file,
        grid=grid_of(file.windows),
        places=places,
        cameras=cameras,
        standings=STANDINGS,
        asked=asked,
        place_name_max=PLACE_NAME_MAX,
        may_edit=may_administer(g.viewer),
        fields=field_words,
        logs=logs,
        records_page=_RECORDS_PAGE if sees_evidence(g.viewer) else None,
        people_page=_PEOPLE_PAGE
        if may_see_people(g.viewer) and _PEOPLE_PAGE in current_app.view_functions
        else None,
    )

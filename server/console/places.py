"""The places of a site, edited by an administrator on the site's page."""

from __future__ import annotations

import re
from uuid import UUID

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.actions.reference.check_codes import wrong
from server.actions.sites.edit_places import Editing, add_place, close_place, rename_place
from server.actions.sites.list_sites import one_site
from server.base.db import Session, write
from server.console.forms import check_form, claim
from server.console.pages import blueprint, require_role
from server.rules.calendar import instant_ms
from server.web.responses import tx_of

_LOCAL = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)")


@blueprint.post("/sites/<uuid:site_id>/places")
def add_site_place(site_id: UUID) -> AnyResponse:
    """Add a place."""
    check_form()
    require_role("admin")
    with write() as session:
        if claim(session):
            add_place(_editing(session, site_id), request.form.get("kind", ""), request.form.get("name", ""))
    return _back(site_id)


@blueprint.post("/sites/<uuid:site_id>/places/<uuid:place_id>/name")
def rename_site_place(site_id: UUID, place_id: UUID) -> AnyResponse:
    """Give a place another name."""
    check_form()
    require_role("admin")
    with write() as session:
        if claim(session):
            rename_place(_editing(session, site_id), str(place_id), request.form.get("name", ""))
    return _back(site_id)


@blueprint.post("/sites/<uuid:site_id>/places/<uuid:place_id>/close")
def close_site_place(site_id: UUID, place_id: UUID) -> AnyResponse:
    """Close a place, now or at a local time to come."""
    check_form()
    require_role("admin")
    to_ms = _local_ms(request.form.get("to", ""))
    with write() as session:
        if claim(session):
            close_place(_editing(session, site_id), str(place_id), to_ms)
    return _back(site_id)


def _editing(session: Session, site_id: UUID) -> Editing:
    one_site(session, g.viewer, str(site_id))  # 404 for one that is not there
    return Editing(tx_of(session), str(site_id), g.viewer.id)


def _local_ms(text: str) -> int | None:
    """`2026-11-24T08:00`, in Shanghai; None for nothing."""
    if not text:
        return None
    found = _LOCAL.fullmatch(text)
    try:
        if found is not None:
            return instant_ms(found[1], found[2])
    except ValueError:
        pass
    raise wrong("to", "停用时刻应写成 2026-11-24T08:00 的样子。")


def _back(site_id: UUID) -> AnyResponse:
    return redirect(url_for("console.show_site", site_id=site_id, _anchor="places"), 303)

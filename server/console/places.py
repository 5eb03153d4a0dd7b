"""The places of a site, edited by an administrator on the site's page."""

from __future__ import annotations

import re
from uuid import UUID

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.actions.reference.check_codes import wrong
from server.actions.sites.edit_places import Editing, add_place, close_place, measure_place, rename_place
from server.actions.sites.list_sites import one_site
from server.base.db import Session, write
from server.console.forms import check_form, claim
from server.console.pages import blueprint, require_role
from server.rules.calendar import instant_ms
from server.web.responses import tx_of

_WHOLE, _DECIMAL = re.compile(r"[0-9]{1,7}"), re.compile(r"[0-9]{1,7}(\.[0-9]{1,2})?")
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


@blueprint.post("/sites/<uuid:site_id>/places/<uuid:place_id>/size")
def measure_site_place(site_id: UUID, place_id: UUID) -> AnyResponse:
    """Say how large a place is, and for how many."""
    check_form()
    require_role("admin")
    m2 = _number("m2", request.form.get("m2", ""), _DECIMAL)
    capacity = _number("capacity", request.form.get("capacity", ""), _WHOLE)
    with write() as session:
        if claim(session):
            measure_place(
                _editing(session, site_id), str(place_id), m2, None if capacity is None else int(capacity)
            )
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


def _number(name: str, text: str, form: re.Pattern[str]) -> float | None:
    """A number as somebody typed it; None for nothing."""
    text = text.strip()
    if text and form.fullmatch(text) is None:
        raise wrong(name, "请填写数字, 小数点用半角。")
    return float(text) if text else None


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

"""Forms filled in at the console by those who write them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import g, request, url_for

from schemas.forms.definition import Item
from server.actions.cases.show_case import check_release
from server.actions.forms.fill_form import Fillable, fill_form, form_to_fill, forms_to_fill, site_to_fill
from server.actions.media.inspect_document import PDF, inspect_media
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.base.problems import Problem
from server.console.forms import check_form
from server.console.pages import blueprint, render
from server.console.submit import Answer, submit
from server.models.tx import Tx
from server.rules.case_steps import RELEASE
from server.web.responses import now_ms, runtime, tx_of, uploaded_photos
from server.workflows.receive_media import keep_photo

_OFFSET = "+08:00"  # of Asia/Shanghai, by which people here write
_POINT = ("latitude_deg", "longitude_deg", "accuracy_m")


@blueprint.get("/sites/<uuid:site_id>/fill")
def list_forms_to_fill(site_id: UUID) -> str:
    """The forms that this user writes at a site."""
    with read() as session:
        site = site_to_fill(session, g.viewer, str(site_id))
        forms = forms_to_fill(tx_of(session), g.viewer, site)
        names = read_names(session)
    return render("fill_in.html", names, site=site, forms=forms, filled=None)


@blueprint.get("/sites/<uuid:site_id>/fill/<code>")
def show_form_to_fill(site_id: UUID, code: str) -> str:
    """One of them, empty."""
    return _page(str(site_id), code, None)


@blueprint.post("/sites/<uuid:site_id>/fill/<code>")
def take_filled_form(site_id: UUID, code: str) -> Answer:
    """Write the record."""
    check_form()
    with read() as session:
        filled = form_to_fill(tx_of(session), g.viewer, str(site_id), code)
    body: dict[str, Any] = {}
    media: list[dict[str, Any]] = []

    def act(tx: Tx) -> None:
        if code == RELEASE:
            check_release(tx, g.viewer, str(site_id), body)
        fill_form(tx, g.viewer, form_to_fill(tx, g.viewer, str(site_id), code), body, media)

    try:
        for item in filled.form.items:
            body |= _read(filled, item, media)
    except Problem as problem:
        return _page(str(site_id), code, problem), problem.status
    done = url_for("console.show_form_to_fill", site_id=site_id, code=code, saved=1)
    return submit(act, done, lambda problem: _page(str(site_id), code, problem))


def _page(site_id: str, code: str, problem: Problem | None) -> str:
    with read() as session:
        filled = form_to_fill(tx_of(session), g.viewer, site_id, code)
        names = read_names(session)
    errors = (problem.members.get("errors") or {}) if problem is not None else {}
    values = {"filled": filled, "site": filled.site, "point": _POINT, "errors": errors}
    return render("fill_in.html", names, problem=problem, saved="saved" in request.args, **values)


def _read(filled: Fillable, item: Item, media: list[dict[str, Any]]) -> dict[str, Any]:
    """What was filled in for an item, as a body has it; nothing where it was left empty."""
    if item.type in ("image", "file"):
        kept = _kept(filled.site.id, item)
        media += kept
        return {item.name: [one["sha256"] for one in kept]} if kept else {}
    if item.type == "geopoint":
        parts = {part: _number(request.form.get(f"{item.name}.{part}", "")) for part in _POINT}
        return {item.name: parts} if any(value != "" for value in parts.values()) else {}
    texts = [text.strip() for text in request.form.getlist(item.name) if text.strip()]
    if not texts:
        return {}
    if item.name == filled.place_field:
        place = filled.places.get(texts[0])
        return dict(place["said"]) if place is not None else {item.name: texts[0]}
    return {item.name: _value(item, texts)}


def _value(item: Item, texts: Sequence[str]) -> Any:
    match item.type:
        case "select_multiple":
            return list(texts)
        case "acknowledge":
            return texts[0] == "yes"
        case "integer" | "decimal":
            return _number(texts[0])
        case "dateTime":
            return f"{texts[0]}:00{_OFFSET}"
        case _:
            return texts[0]


def _number(text: str) -> Any:
    """A number as it was typed; what is none stays as it is, to be refused."""
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() and "." not in text else number


def _kept(site_id: str, item: Item) -> list[dict[str, Any]]:
    """The photos or documents that came for a field, in the store. Raises Problem 413, 415 or 422."""
    kept = []
    for data in uploaded_photos(item.name, item.max or 1):
        keep_photo(runtime().media, g.viewer, site_id, data, now_ms(), inspect_media)
        of = PDF if data.startswith(b"%PDF-") else "image/jpeg"
        kept.append({"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "type": of})
    return kept

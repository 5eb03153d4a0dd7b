"""Forms filled in at the console by those who write them, and records of registers that are changed there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from flask import g, request, url_for

from schemas.forms.definition import Item
from server.actions.cases.show_case import check_release
from server.actions.forms.change_record import Changeable, change_record, may_change, record_to_change
from server.actions.forms.fill_form import (
    Fillable,
    Written,
    backfill_limit,
    fill_form,
    form_to_fill,
    forms_to_fill,
    site_to_fill,
)
from server.actions.reference.name_codes import Names, read_names
from server.base.db import read
from server.base.problems import Problem
from server.console.filled import (
    ATTACHED,
    Filled,
    controls_of,
    default_texts,
    files_typed,
    local_minute,
    moment_ms,
    read_filled,
    texts_of,
)
from server.console.forms import check_form, typed
from server.console.pages import blueprint, render
from server.console.submit import Answer, submit
from server.models.tx import Tx
from server.rules.calendar import HOUR_MS
from server.rules.case_steps import RELEASE
from server.web.responses import tx_of

_REV_DIGITS = 9


@blueprint.get("/sites/<uuid:site_id>/fill")
def list_forms_to_fill(site_id: UUID) -> str:
    """The forms that this user writes at a site."""
    with read() as session:
        site = site_to_fill(session, g.viewer, str(site_id))
        forms = forms_to_fill(tx_of(session), g.viewer, site)
        names = read_names(session)
    changed = {form.code for form in forms if may_change(form, g.viewer)}
    return render("fill_list.html", names, site=site, forms=forms, changed=changed)


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
    came = read_filled(filled, filled.items)
    try:
        observed_ms = moment_ms(request.form.get("observed", ""))
        if came.problem is not None:
            raise came.problem
    except Problem as problem:
        return _page(str(site_id), code, problem, came), problem.status
    written = Written(came.body, came.media, observed_ms)

    def act(tx: Tx) -> None:
        if code == RELEASE:
            check_release(tx, g.viewer, str(site_id), came.body)
        fill_form(tx, g.viewer, form_to_fill(tx, g.viewer, str(site_id), code), written)

    done = url_for("console.show_form_to_fill", site_id=site_id, code=code, saved=1)
    return submit(act, done, lambda problem: _page(str(site_id), code, problem, came))


@blueprint.get("/sites/<uuid:site_id>/fill/<code>/<uuid:record_id>")
def show_record_to_change(site_id: UUID, code: str, record_id: UUID) -> str:
    """A record of a register, with what it says now."""
    return _change_page(str(site_id), code, str(record_id), None)


@blueprint.post("/sites/<uuid:site_id>/fill/<code>/<uuid:record_id>")
def take_changed_record(site_id: UUID, code: str, record_id: UUID) -> Answer:
    """Write what was changed of it."""
    check_form()
    site, record = str(site_id), str(record_id)
    with read() as session:
        changing = record_to_change(tx_of(session), g.viewer, site, code, record)
    filled, before = changing.filled, _before()
    came = read_filled(filled, [item for item in filled.items if _is_changed(item, before)])
    if came.problem is not None:
        return _change_page(site, code, record, came.problem, came), came.problem.status
    changes = _changes(filled, came, before)
    rev = request.form.get("rev", "")
    base = int(rev) if rev.isdecimal() and len(rev) <= _REV_DIGITS else changing.rev

    def act(tx: Tx) -> None:
        fresh = record_to_change(tx, g.viewer, site, code, record)
        change_record(tx, g.viewer, fresh, min(base, fresh.rev), changes, came.media)

    done = url_for("console.show_records", site_id=site_id, kind=code)
    return submit(act, done, lambda problem: _change_page(site, code, record, problem, came))


def _page(site_id: str, code: str, problem: Problem | None, came: Filled | None = None) -> str:
    with read() as session:
        tx = tx_of(session)
        filled = form_to_fill(tx, g.viewer, site_id, code)
        names = read_names(session)
        hours, source = backfill_limit(tx)
    first_ms, last_ms = tx.now_ms - round(hours * HOUR_MS), tx.now_ms
    late = {"hours": hours, "source": source, "first": local_minute(first_ms), "last": local_minute(last_ms)}
    start = default_texts(filled) | {
        item.name: given for item in filled.items if (given := request.args.getlist(item.name))
    }  # a link names what the record belongs to
    shown = {"start": start, "late": late, "saved": "saved" in request.args}
    return _render(filled, names, problem, came, shown)


def _change_page(
    site_id: str, code: str, record: str, problem: Problem | None, came: Filled | None = None
) -> str:
    with read() as session:
        changing = record_to_change(tx_of(session), g.viewer, site_id, code, record)
        names = read_names(session, site_id)
    filled = changing.filled
    start = {
        key: some for item in filled.items for key, some in texts_of(filled, item, changing.body).items()
    }
    shown = {"start": start, "changing": changing, "before": json.dumps(start, ensure_ascii=False)}
    return _render(filled, names, problem, came, shown)


def _render(
    filled: Fillable, names: Names, problem: Problem | None, came: Filled | None, shown: Mapping[str, Any]
) -> str:
    values = {
        "filled": filled,
        "site": filled.site,
        "errors": (problem.members.get("errors") or {}) if problem is not None else {},
        "files": came.files if came is not None else files_typed(filled, typed()),
        "live": _live(filled, shown.get("changing")),
        "can_change": may_change(filled.form, g.viewer),
    }
    return render("fill_in.html", names, problem=problem, **values, **shown)


def _live(filled: Fillable, changing: Changeable | None) -> dict[str, Any]:
    """What the page's script shows and hides by (server/field_app/src/console/fill.ts)."""
    return {
        "form": msgspec.to_builtins(filled.form),
        "rules": filled.numbers,
        "today": filled.today,
        "place": filled.place_field,
        "places": {key: place["said"] for key, place in filled.places.items()},
        "isEdit": changing is not None,
    }


def _before() -> dict[str, list[str]]:
    """What the form that came showed at first, by control: what is still so was not changed."""
    try:
        found = msgspec.json.decode(request.form.get("before", "{}"), type=dict[str, list[str]])
    except msgspec.DecodeError:
        return {}
    return found


def _is_changed(item: Item, before: Mapping[str, Sequence[str]]) -> bool:
    if item.type in ATTACHED:
        return True
    if item.mask is not None and not any(request.form.getlist(item.name)):
        return False  # it is not shown, and stays as it is
    said = {
        key: [one.strip() for one in request.form.getlist(key) if one.strip()] for key in controls_of(item)
    }
    return any(sorted(texts) != sorted(before.get(key, ())) for key, texts in said.items())


def _changes(filled: Fillable, came: Filled, before: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The changed fields; an emptied one is None. Files stay unless new ones were chosen."""
    emptied = [
        item.name
        for item in filled.items
        if item.is_field
        and item.type not in ATTACHED
        and _is_changed(item, before)
        and item.name not in came.body
    ]
    return {**dict.fromkeys(emptied), **came.body}

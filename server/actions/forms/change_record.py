"""Change a record of a register at the console: the changed fields, as a tablet sends an edit, written by the server. Where
somebody else changed the same field meanwhile, both values are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import sqlalchemy as sa

from schemas.forms.definition import Form
from schemas.forms.validate import validate_form_body
from server.actions.forms.fill_form import (
    Fillable,
    context_of,
    errors_by_field,
    form_to_fill,
    named_in,
    refused,
    write_one,
)
from server.actions.records.segments import read_bodies
from server.actions.sync.write_server_entries import Draft
from server.base.problems import Problem, not_found
from server.models.access import Viewer, sees_cases
from server.models.record import Record
from server.models.tx import Tx

_CHOSEN = "(原来的)"


@dataclass(frozen=True, slots=True)
class Changeable:
    """A record with the form in which it is changed. `rev`: the version that `body` is, without what is masked and without
    attachments: those can be replaced, not taken over."""

    filled: Fillable
    record: str
    rev: int
    body: Mapping[str, Any]


def may_change(form: Form, viewer: Viewer) -> bool:
    """Whether those who write this form change its records at the console: of a register, and whoever may read them."""
    return form.nature == "register" and (not form.sealed or sees_cases(viewer))


def record_to_change(tx: Tx, viewer: Viewer, site_id: str, code: str, record: str) -> Changeable:
    """Raises Problem 404 for a record that is absent, no longer counts or is no register's, and for who does not write its
    form there."""
    filled = form_to_fill(tx, viewer, site_id, code)
    if not may_change(filled.form, viewer):
        raise not_found()
    is_it = (Record.scope_id == filled.site.id, Record.kind == code, Record.id == record)
    live = (Record.deleted_ms.is_(None), Record.counts)
    query = sa.select(Record.id, Record.seq, Record.body, Record.rev).where(*is_it, *live)
    row = tx.session.execute(query).first()
    if row is None:
        raise not_found()
    (said,) = read_bodies(tx.session, tx.seals, filled.site.id, [row])
    body = _own(filled.form, msgspec.json.decode(said))
    return Changeable(_offering(filled, body), record, row.rev, body)


def change_record(
    tx: Tx,
    viewer: Viewer,
    changing: Changeable,
    base: int,
    changes: Mapping[str, Any],
    media: Sequence[dict[str, Any]],
) -> None:
    """Write the changed fields; an emptied one is None. `base`: the version that they were changed from. Raises Problem 422
    with what is wrong, by field."""
    if not changes:
        raise Problem("invalid_input", "没有修改任何一项。")
    filled = changing.filled
    verdict = validate_form_body(filled.kind, "edit", dict(changes), context_of(tx, media, tx.now_ms))
    if verdict.code is not None:
        raise refused(errors_by_field(verdict))
    kept, version = named_in(changes, media), filled.form.version
    draft = Draft(filled.form.code, "edit", changing.record, dict(changes), base, form=version, media=kept)
    write_one(tx, viewer, filled.site.id, draft)


def _own(form: Form, body: Mapping[str, Any]) -> dict[str, Any]:
    fields = (one for one in form.fields if one.mask is None and one.type not in ("image", "file"))
    return {one.name: body[one.name] for one in fields if body.get(one.name) is not None}


def _offering(filled: Fillable, body: Mapping[str, Any]) -> Fillable:
    """The form with what was chosen before among its options, though it is no longer offered."""
    options = {name: dict(offered) for name, offered in filled.options.items()}
    labels = {name: {one.name: one.label for one in some} for name, some in filled.form.lists.items()}
    for item in filled.form.items:
        if item.name not in options or item.name == filled.place_field:
            continue
        said = body.get(item.name)
        for code in said if isinstance(said, list) else [said]:
            if code is not None:
                options[item.name].setdefault(code, labels.get(item.list or "", {}).get(code, _CHOSEN))
    return replace(filled, options=options)

"""A form before it is published: what it would change, what comes with it and whom it reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.forms.definition import Form
from schemas.forms.tables import Tables, cell_text
from server.actions.forms.check_form import check_form
from server.actions.forms.diff_form import Change, diff_forms
from server.actions.forms.list_forms import Reach, reach_of
from server.actions.forms.surroundings import versions_of
from server.actions.reference.edit_rows import NewRow
from server.models.tx import Tx


@dataclass(frozen=True, slots=True)
class Preview:
    """`before`: the version that it follows; `is_new`: not the content of a version that there is; `when`: the condition of
    a field or group by its name, as its author wrote it."""

    form: Form
    before: Form | None
    is_new: bool
    changes: tuple[Change, ...]
    rows: tuple[NewRow, ...]
    reach: Reach
    when: Mapping[str, str]


def preview_form(tx: Tx, tables: Tables) -> Preview:
    """Raises FormRefused with all faults. Of a published version: what it changed then."""
    checked = check_form(tx, tables)
    form = checked.compiled.form
    earlier = [one for one in versions_of(tx.book, form.code) if one.version < form.version]
    before = earlier[-1] if earlier else None
    changes = tuple(diff_forms(before, form))
    reach = reach_of(tx.session, form)
    return Preview(
        form, before, checked.compiled.changed, changes, checked.rows, reach, conditions_of(tables)
    )


def conditions_of(tables: Tables) -> Mapping[str, str]:
    """When a field or group is shown, by its name."""
    survey = tables.sheets.get("survey")
    if survey is None:
        return {}
    rows = (dict(zip(survey.headers, map(cell_text, row), strict=False)) for row in survey.rows)
    return {row["name"]: row["relevant"] for row in rows if row.get("name") and row.get("relevant")}

"""Retire a form: its next version says from which day on nobody is offered it. What was written by it stays valid."""

from __future__ import annotations

import copy

from schemas.forms.definition import Form
from schemas.forms.tables import Tables, tables_from_json
from server.actions.forms.list_forms import form_of_code, tables_of
from server.actions.reference.check_codes import wrong
from server.models.tx import Tx


def retired_tables(tx: Tx, code: str, to: str) -> tuple[Form, Tables]:
    """The version in force, and the workbook of the one after it, which ends on a local date. Raises Problem 404, 422."""
    form = form_of_code(tx.book, code)
    if form.to is not None and form.to <= to:
        raise wrong("to", f"表单 {code} 已于 {form.to} 停用。")
    if to <= form.since:
        raise wrong("to", f"停用日期应晚于起用日期 {form.since}。")
    sheets = copy.deepcopy(dict(tables_of(tx.session, form)))
    for name in ("duties", "place_kinds", "site_kinds"):  # what came with it goes on by itself
        sheets.pop(name, None)
    for sheet, cells in (("settings", {"version": form.version + 1}), ("gongdi", {"to": to})):
        row = next(row for row in sheets[sheet] if row)
        row.update(cells)
    return form, tables_from_json(sheets)

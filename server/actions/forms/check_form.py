"""Check a form as it would be published: everything that is wrong with it, and with what comes with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.book import BookFull, FormBook
from schemas.forms.compile import Compiled, compile_form
from schemas.forms.duties import SheetRow
from schemas.forms.faults import Fault, FormRefused
from schemas.forms.tables import Tables, cell_text
from server.actions.forms.surroundings import surroundings_of
from server.actions.reference.edit_rows import NewRow, RowsRefused, check_rows
from server.models.tx import Tx
from server.rules.calendar import add_days, local_date_of
from server.rules.reference_faults import RowFault

_FULL = "表单总数或总大小已达上限, 平板装不下更多。请先停用不再使用的表单。"


@dataclass(frozen=True, slots=True)
class Checked:
    """A form that may be published, with the rows that come with it, and the kinds as they will be."""

    compiled: Compiled
    rows: tuple[NewRow, ...]
    kinds: FormBook


def check_form(tx: Tx, tables: Tables) -> Checked:
    """Raises FormRefused with all faults."""
    around = surroundings_of(tx.book, _code_of(tables), local_date_of(tx.now_ms))
    compiled = compile_form(tables, around)
    kinds = tx.book.kinds
    if compiled.changed:
        try:
            kinds = kinds.with_form(compiled.form)
        except BookFull:
            raise FormRefused([Fault("settings", None, None, None, "too_many_forms", _FULL)]) from None
    rows = tuple(_new_row(tx, row) for row in compiled.rows)
    try:
        check_rows(tx, rows, kinds.kinds)
    except RowsRefused as refused:
        raise FormRefused(_faults(compiled, refused.faults)) from None
    return Checked(compiled, rows, kinds)


def _new_row(tx: Tx, row: SheetRow) -> NewRow:
    """A row that does not say from when on begins with the form; tomorrow, where there is a version already."""
    known = any(one["code"] == row.data["code"] for one in tx.book.rows[row.noun])
    if row.is_dated or not known:
        return NewRow(row.noun, row.data)
    tomorrow = add_days(local_date_of(tx.now_ms), 1)
    return NewRow(row.noun, {**row.data, "from": max(row.data["from"], tomorrow)})


def _faults(compiled: Compiled, faults: Iterable[RowFault]) -> list[Fault]:
    found = []
    for fault in faults:
        row = compiled.rows[fault.row - 1]
        found.append(Fault(row.sheet, row.number, None, None, fault.fault, fault.what))
    return found


def _code_of(tables: Tables) -> str | None:
    """The code that the settings give, as far as they can be read."""
    settings = tables.sheets.get("settings")
    if settings is None or "form_id" not in settings.headers:
        return None
    place = settings.headers.index("form_id")
    cells = (row[place] for row in settings.rows if place < len(row))
    return next((text for text in map(cell_text, cells) if text), None)


def faults_json(refused: FormRefused) -> list[Mapping[str, str | int | None]]:
    return [fault.as_json() for fault in refused.faults]

"""Load a pack on a running server: all of its rows and forms, or nothing. Loading the same pack again changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.forms.faults import FormRefused
from schemas.forms.tables import Tables
from server.actions.forms.publish_form import Signers, publish_form
from server.actions.packs.loaded_packs import note_loaded
from server.actions.reference.edit_rows import NewRow, RowsRefused, edit_rows
from server.actions.reference.load_reference import tx_of
from server.base.db import trial
from server.files.pack_files import AFTER, BEFORE, Pack, PackFault, PackRefused
from server.models.scope import REF, lock_scope, make_scope
from server.models.tx import Tx


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many versions of forms and how many rows were new."""

    forms: int
    rows: int

    @property
    def is_new(self) -> bool:
        return self.forms + self.rows > 0


def load_pack(tx: Tx, pack: Pack, signers: Signers | None = None) -> Loaded:
    """Load it in this transaction. Raises PackRefused; the transaction must then be given up.

    1. Rows that forms may name: units, numbers, usual slots, kinds of places and sites.
    2. Each form with its sheets, as `publish_form` does it. All of them are tried, so that all faults are found.
    3. Duties and slots that ask for records of these forms, or of others.
    """
    make_scope(tx.session, "ref", REF)
    lock_scope(tx.session, REF)
    rows = _edit(tx, pack, BEFORE)
    forms = 0
    faults: list[PackFault] = []
    for file, tables in pack.forms:
        try:
            done = publish_form(tx, tables, signers)
        except FormRefused as refused:
            faults += _faults_of(file, tables, refused)
        else:
            forms, rows = forms + done.is_new, rows + done.rows
    if faults:
        raise PackRefused(faults)
    rows += _edit(tx, pack, AFTER)
    loaded = Loaded(forms, rows)
    note_loaded(tx, pack)
    return loaded


def check_pack(tx: Tx, pack: Pack) -> Loaded:
    """What loading it would come to. Changes nothing. Raises PackRefused."""
    with trial(tx.session):
        return load_pack(tx, pack)


def _edit(tx: Tx, pack: Pack, nouns: Sequence[str]) -> int:
    rows, places = [], []
    for noun in nouns:
        for number, row in enumerate(pack.rows.get(noun, ()), start=1):
            if not row.get("planned"):
                rows.append(NewRow(noun, row))
                places.append((f"{noun}.json", number))
    book = tx_of(tx.session, tx.seals, tx.now_ms).book
    try:
        return edit_rows(tx, rows, book.kinds.kinds)
    except RowsRefused as refused:
        found = [
            PackFault(places[one.row - 1][0], None, places[one.row - 1][1], None, one.fault, one.what)
            for one in refused.faults
        ]
        raise PackRefused(found) from refused


def _faults_of(file: str, tables: Tables, refused: FormRefused) -> list[PackFault]:
    found = [PackFault(file, one.sheet, one.row, one.column, one.code, one.message) for one in refused.faults]
    more = refused.count - len(refused.faults)
    if more > 0:
        found.append(PackFault(file, None, None, None, "too_many_faults", f"另有 {more} 处。"))
    return found

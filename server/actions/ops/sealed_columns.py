"""Every column that holds sealed values, and what each value is bound to: for whoever has to go through all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from server.actions.accounts.form_keys import form_place
from server.actions.erasure.request_erasure import person_place
from server.actions.flags.events import tally_place
from server.actions.notices.edit_channels import address_place
from server.actions.records.edit_register import contest_place
from server.actions.records.feed import body_place
from server.actions.records.registers import state_place
from server.actions.rosters.preview import result_place
from server.actions.rosters.validate_roster import file_place
from server.actions.sync.count_lines import lines_place
from server.actions.sync.quarantine import quarantine_place
from server.actions.sync.read_push import entry_place
from server.base.db import Base
from server.base.seal import HEAD_BYTES, MAGIC
from server.models.entry import LogEntry, Quarantine
from server.models.erasure import Erasure
from server.models.form import SentForm
from server.models.notice import Channel
from server.models.record import CaseFile, Contest, Record, Worker
from server.models.roster import Roster
from server.models.scope import Scope


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column of sealed values. `place` gives what a row's value is bound to; `rows_at_once`: so many are held in
    memory, and locked, at a time."""

    model: type[Base]
    column: InstrumentedAttribute[Any]
    place: Callable[[Any], bytes]
    rows_at_once: int = 500

    @property
    def name(self) -> str:
        return f"{self.model.__tablename__}.{self.column.key}"

    @property
    def key_columns(self) -> tuple[sa.ColumnElement[Any], ...]:
        return tuple(self.model.__mapper__.primary_key)


SEALED_COLUMNS = (
    SealedColumn(LogEntry, LogEntry.raw, lambda row: entry_place(row.id)),
    SealedColumn(Quarantine, Quarantine.raw, lambda row: quarantine_place(row.id)),
    SealedColumn(Record, Record.body, lambda row: body_place(row.id)),
    SealedColumn(Worker, Worker.state, lambda row: state_place("worker", row.id)),
    SealedColumn(CaseFile, CaseFile.state, lambda row: state_place("case", row.id)),
    SealedColumn(Contest, Contest.values, lambda row: contest_place(row.entry_id, row.field)),
    SealedColumn(Channel, Channel.address, lambda row: address_place(row.id)),
    SealedColumn(Roster, Roster.file, lambda row: file_place(row.id), rows_at_once=1),  # megabytes each
    SealedColumn(Roster, Roster.result, lambda row: result_place(row.id), rows_at_once=1),
    SealedColumn(Scope, Scope.flag_tally, lambda row: tally_place(row.scope_id)),
    SealedColumn(Scope, Scope.line_tally, lambda row: lines_place(row.scope_id)),
    SealedColumn(SentForm, SentForm.fields, lambda row: form_place(row.nonce)),
    SealedColumn(Erasure, Erasure.person, lambda row: person_place(row.id)),
)


def sealed_by_others(column: SealedColumn, heads: Sequence[bytes]) -> sa.ColumnElement[bool]:
    """The values of this column that are sealed, and with none of the keys whose seals begin with these `heads`."""
    value = column.column
    sealed = sa.func.substr(value, 1, 1) == MAGIC
    return sa.and_(sealed, sa.func.substr(value, 1, HEAD_BYTES).not_in(heads))


def sealed_by(column: SealedColumn, head: bytes) -> sa.ColumnElement[bool]:
    """The values of this column that were sealed with the key whose seals begin with `head`."""
    return sa.func.substr(column.column, 1, len(head)) == head

"""Every column that holds sealed values, and what each value is bound to: for code that has to go through all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from server.actions.accounts.form_keys import form_aad
from server.actions.accounts.service_accounts import service_key_aad
from server.actions.cameras.edit_platforms import key_aad, secret_aad
from server.actions.devices.unlock_code import unlock_aad
from server.actions.erasure.person_requests import request_aad
from server.actions.erasure.request_erasure import person_aad
from server.actions.events.sinks import sink_aad
from server.actions.flags.events import tally_aad
from server.actions.gates.person_numbers import number_aad
from server.actions.notices.edit_channels import address_aad
from server.actions.papers.sealed_words import pdf_aad, service_aad, words_aad
from server.actions.records.edit_register import contest_aad
from server.actions.records.registers import state_aad
from server.actions.records.segments import body_aad, segment_aad
from server.actions.rosters.preview import result_aad
from server.actions.rosters.validate_roster import file_aad
from server.actions.sync.count_lines import lines_aad
from server.actions.sync.log_lines import entry_aad, log_segment_aad
from server.actions.sync.quarantine import quarantine_aad
from server.base.db import Base
from server.base.seal import HEAD_BYTES, MAGIC
from server.models.camera import Platform
from server.models.device import Device
from server.models.entry import LogEntry, Quarantine
from server.models.erasure import Erasure
from server.models.event import EventSink
from server.models.form import SentForm
from server.models.log_segment import LogSegment
from server.models.notice import Channel
from server.models.paper import Paper, PaperPdf, PaperService
from server.models.person_request import PersonRequest
from server.models.record import CaseFile, Contest, FormRegister, Record, Worker
from server.models.roster import Roster
from server.models.scope import Scope
from server.models.segment import Segment
from server.models.service import PersonNumber, ServiceAccount


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column of sealed values. `aad` gives what a row's value is bound to, by its primary key and `bound_to`;
    `rows_at_once`: so many are held in memory, and locked, at a time. `was_plain`: an older version did not seal it."""

    model: type[Base]
    column: InstrumentedAttribute[Any]
    aad: Callable[[Any], bytes]
    rows_at_once: int = 500
    bound_to: tuple[InstrumentedAttribute[Any], ...] = ()
    was_plain: bool = False

    @property
    def name(self) -> str:
        return f"{self.model.__tablename__}.{self.column.key}"

    @property
    def key_columns(self) -> tuple[sa.ColumnElement[Any], ...]:
        return tuple(self.model.__mapper__.primary_key)

    def rows(self) -> sa.Select[*tuple[Any, ...]]:
        """Every row: its primary key, what its value is bound to, and last the value."""
        return sa.select(*self.key_columns, *self.bound_to, self.column)


SEALED_COLUMNS = (
    SealedColumn(LogEntry, LogEntry.raw, lambda row: entry_aad(row.id)),
    SealedColumn(Quarantine, Quarantine.raw, lambda row: quarantine_aad(row.id)),
    SealedColumn(Record, Record.body, lambda row: body_aad(row.id)),
    # Tens of kilobytes each.
    SealedColumn(
        Segment, Segment.lines, lambda row: segment_aad(row.scope_id, row.first_seq), rows_at_once=50
    ),
    SealedColumn(LogSegment, LogSegment.lines, log_segment_aad, rows_at_once=50),
    SealedColumn(Worker, Worker.state, lambda row: state_aad("worker", row.id)),
    SealedColumn(CaseFile, CaseFile.state, lambda row: state_aad("case", row.id)),
    SealedColumn(
        FormRegister,
        FormRegister.state,
        lambda row: state_aad(row.kind, row.id),
        bound_to=(FormRegister.kind,),
    ),
    SealedColumn(Contest, Contest.values, lambda row: contest_aad(row.entry_id, row.field)),
    SealedColumn(Channel, Channel.address, lambda row: address_aad(row.id)),
    SealedColumn(Platform, Platform.secret, lambda row: secret_aad(row.id)),
    SealedColumn(Platform, Platform.key, lambda row: key_aad(row.id)),
    SealedColumn(ServiceAccount, ServiceAccount.key, lambda row: service_key_aad(row.id)),
    SealedColumn(Device, Device.unlock_code, lambda row: unlock_aad(row.id)),
    SealedColumn(EventSink, EventSink.address, lambda row: sink_aad(row.id, "address")),
    SealedColumn(EventSink, EventSink.secret, lambda row: sink_aad(row.id, "secret")),
    SealedColumn(
        PersonNumber,
        PersonNumber.value,
        lambda row: number_aad(row.scope_id, row.system, row.digest),
    ),
    SealedColumn(PaperPdf, PaperPdf.pdf, lambda row: pdf_aad(row.paper_id), rows_at_once=20, was_plain=True),
    SealedColumn(Paper, Paper.draft, lambda row: words_aad(row.id, "draft"), was_plain=True),
    SealedColumn(Paper, Paper.facts, lambda row: words_aad(row.id, "facts"), was_plain=True),
    SealedColumn(
        PaperService, PaperService.said, lambda row: service_aad(row.paper_id, row.n), was_plain=True
    ),
    SealedColumn(Roster, Roster.file, lambda row: file_aad(row.id), rows_at_once=1),  # megabytes each
    SealedColumn(Roster, Roster.result, lambda row: result_aad(row.id), rows_at_once=1),
    SealedColumn(Scope, Scope.flag_tally, lambda row: tally_aad(row.scope_id)),
    SealedColumn(Scope, Scope.line_tally, lambda row: lines_aad(row.scope_id)),
    SealedColumn(SentForm, SentForm.fields, lambda row: form_aad(row.nonce)),
    SealedColumn(Erasure, Erasure.person, lambda row: person_aad(row.id)),
    SealedColumn(PersonRequest, PersonRequest.said, lambda row: request_aad(row.id, "said")),
    SealedColumn(PersonRequest, PersonRequest.answer, lambda row: request_aad(row.id, "answer")),
)


def sealed_by_others(column: SealedColumn, heads: Sequence[bytes]) -> sa.ColumnElement[bool]:
    """The values of this column that are sealed, and with none of the keys whose seals begin with these `heads`."""
    value = column.column
    sealed = sa.func.substr(value, 1, 1) == MAGIC
    return sa.and_(sealed, sa.func.substr(value, 1, HEAD_BYTES).not_in(heads))


def sealed_by(column: SealedColumn, head: bytes) -> sa.ColumnElement[bool]:
    """The values of this column that were sealed with the key whose seals begin with `head`."""
    return sa.func.substr(column.column, 1, len(head)) == head

"""A change in the database of when a line was received, or the removal of lines, is found by
`gongdi verify-log`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from server.actions.audit.verify_log import verify_exchanges, verify_scope
from server.actions.sync.write_server_entries import Draft, write_server_entries
from server.base.db import read, write
from server.models import Exchange, LogEntry, StreamHead
from server.models.scope import Scope
from tests.server.cast import Cast, identity
from tests.stages import reach_reference
from tests.stories.exports import exported, take
from tests.stories.field import WORKER, Field
from tests.stories.wire import LOG, WireDevice

HOUR_MS = 3_600_000


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    """A log of three sorts: two pushes of a tablet (two lines, then one), an export that somebody carried here, and an
    entry that the server wrote for a person."""
    reach_reference(app)
    made = Field(cast, tmp_path)
    tablet, carried = made.tablet("pushed"), made.tablet("carried")
    for lines in (2, 1):
        for _ in range(lines):
            tablet.add(made.scope, "disinfection_log", LOG)
        cast.clock.advance(HOUR_MS)
        assert tablet.sync().ok
    carried.add(made.scope, "disinfection_log", LOG)
    cast.clock.advance(HOUR_MS)
    assert take(made, exported(made, "carried")).entries["applied"] == 1
    with app.app_context(), write() as session:
        draft = Draft("worker", "add", identity("written by the server"), WORKER)
        arguments = (app.extensions["gongdi"].seals, cast.users["contractor"], cast.site_a, [draft])
        write_server_entries(session, *arguments, cast.clock.now_ms())
    assert _faults(made) == []
    return made


def _faults(field: Field) -> list[str]:
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), read() as session:
        scope = session.get_one(Scope, field.cast.site_a)
        found = [*verify_scope(session, seals, scope), *verify_exchanges(session, seals)]
        return [fault.what for fault in found]


def _lines(session: Session, verb: str) -> list[LogEntry]:
    """The lines that came by this verb, by the time at which they came."""
    query = (
        sa.select(LogEntry).join(Exchange, Exchange.id == LogEntry.exchange_id).where(Exchange.verb == verb)
    )
    return list(session.scalars(query.order_by(LogEntry.received_ms, LogEntry.n)))


def _exchange(session: Session, line: LogEntry) -> Exchange:
    return session.scalars(sa.select(Exchange).where(Exchange.id == line.exchange_id)).one()


@pytest.mark.parametrize("by_ms", [-1, HOUR_MS])
@pytest.mark.parametrize("verb", ["push", "export", "roster"])
def test_a_changed_time_of_receipt_is_found_however_the_line_came(
    field: Field, verb: str, by_ms: int
) -> None:
    with field.app.app_context(), write() as session:
        _lines(session, verb)[-1].received_ms += by_ms
    assert _faults(field) == ["the time of receipt was changed: the signed receipt has another"]


def _line_and_exchange(session: Session) -> None:
    line = _lines(session, "push")[0]
    line.received_ms -= HOUR_MS
    _exchange(session, line).at_ms -= HOUR_MS


def _line_exchange_and_receipt(session: Session) -> None:
    line = _lines(session, "push")[0]
    line.received_ms -= 1000
    exchange = _exchange(session, line)
    exchange.at_ms -= 1000
    at = str((exchange.receipt or {})["at"]).replace(":20.", ":19.")
    exchange.receipt = {**(exchange.receipt or {}), "at": at}


def _earlier_exchange(session: Session) -> None:
    first, _, last = _lines(session, "push")
    last.exchange_id, last.received_ms = first.exchange_id, first.received_ms


def _later_exchange(session: Session) -> None:
    first, _, last = _lines(session, "push")
    first.exchange_id, first.received_ms = last.exchange_id, last.received_ms


def _no_exchange(session: Session) -> None:
    _lines(session, "push")[0].exchange_id = identity("nowhere")


def _pull_for_exchange(session: Session) -> None:
    line = _lines(session, "push")[0]
    pull = session.scalars(
        sa.select(Exchange).where(Exchange.verb == "pull", Exchange.device_id == line.device_id)
    )
    line.exchange_id = pull.first().id  # type: ignore[union-attr]


def _no_receipt(session: Session) -> None:
    _exchange(session, _lines(session, "export")[0]).receipt = None


def _garbage_for_a_receipt(session: Session) -> None:
    _exchange(session, _lines(session, "push")[0]).receipt = {"at": 7, "streams": [], "sig": {}}


def _delete_exchange(session: Session) -> None:
    session.delete(_exchange(session, _lines(session, "push")[0]))


def _delete_last_line(session: Session) -> None:
    session.delete(_lines(session, "push")[-1])


def _delete_last_line_and_its_exchange(session: Session) -> None:
    last = _lines(session, "push")[-1]
    session.delete(_exchange(session, last))
    session.delete(last)


def _delete_last_line_and_shorten_the_stream(session: Session) -> None:
    """The stream as it was before the last push; later heartbeats and the push itself are gone too."""
    _, before, last = _lines(session, "push")
    exchange = _exchange(session, last)
    session.execute(
        sa.delete(Exchange).where(Exchange.device_id == last.device_id, Exchange.at_ms >= exchange.at_ms)
    )
    session.delete(last)
    head = session.get_one(StreamHead, (last.scope_id, last.device_id))
    head.head = {**head.head, "n": before.n, "hash": before.hash.hex()}


def _delete_a_stream(session: Session) -> None:
    """What a person wrote: the lines and the stream that they were in."""
    device_id = _lines(session, "roster")[0].device_id
    for table in (LogEntry, StreamHead):
        session.execute(sa.delete(table).where(table.device_id == device_id))  # type: ignore[attr-defined]


def _delete_what_was_carried(session: Session) -> None:
    line = _lines(session, "export")[0]
    session.delete(session.get_one(StreamHead, (line.scope_id, line.device_id)))
    session.delete(line)


def _delete_everything_of_a_device(session: Session) -> None:
    """Lines, stream and every exchange: as if the server had never written anything for this person."""
    device_id = _lines(session, "roster")[0].device_id
    for table in (LogEntry, StreamHead, Exchange):
        session.execute(sa.delete(table).where(table.device_id == device_id))  # type: ignore[attr-defined]


def _break_the_count(session: Session) -> None:
    for scope in session.scalars(sa.select(Scope).where(Scope.line_tally.is_not(None))):
        scope.line_tally = (scope.line_tally or b"")[:-1] + b"x"


def _put_a_line_in_twice(session: Session) -> None:
    """Under another id: bytes, hash and receipt are those of a line that came."""
    line = _lines(session, "push")[-1]
    columns = {column.key: getattr(line, column.key) for column in LogEntry.__mapper__.columns}
    session.add(LogEntry(**{**columns, "id": identity("another line")}))


CHANGES = [
    _delete_everything_of_a_device,
    _break_the_count,
    _put_a_line_in_twice,
    _line_and_exchange,
    _line_exchange_and_receipt,
    _earlier_exchange,
    _later_exchange,
    _no_exchange,
    _pull_for_exchange,
    _no_receipt,
    _garbage_for_a_receipt,
    _delete_exchange,
    _delete_last_line,
    _delete_last_line_and_its_exchange,
    _delete_last_line_and_shorten_the_stream,
    _delete_a_stream,
    _delete_what_was_carried,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_").replace("_", " "))
def test_what_was_changed_or_taken_away_is_found(field: Field, change: Callable[[Session], None]) -> None:
    with field.app.app_context(), write() as session:
        change(session)
    assert _faults(field) != []


def test_a_line_that_filled_a_hole_cannot_be_given_to_the_push_before_it(field: Field) -> None:
    """A receipt names the highest line only: what fills a hole below that is signed for by itself."""
    device = WireDevice(field)
    first, hole, third = device.line(), device.line(), device.line()
    device.outcomes(first, third)
    field.cast.clock.advance(HOUR_MS)
    device.outcomes(hole)
    assert _faults(field) == []
    with field.app.app_context(), write() as session:
        query = sa.select(LogEntry).where(LogEntry.device_id == device.device).order_by(LogEntry.n)
        before, filled, _ = session.scalars(query)
        filled.exchange_id, filled.received_ms = before.exchange_id, before.received_ms
    assert _faults(field) == [
        "the exchange brought other lines than these",
        "all lines of an exchange were signed for, and the log lacks them",
    ]


def test_a_log_from_before_lines_were_counted_is_counted_with_the_next_line(field: Field) -> None:
    with field.app.app_context(), write() as session:
        session.get_one(Scope, field.cast.site_a).line_tally = None
    assert _faults(field) == []
    device = WireDevice(field)
    device.outcomes(device.line())
    assert _faults(field) == []
    with field.app.app_context(), write() as session:
        _delete_everything_of_a_device(session)
    assert _faults(field) == ["lines of the log: 6 were counted, 5 are there"]


def test_receipts_from_before_lines_were_signed_for_still_prove_their_times(field: Field) -> None:
    with field.app.app_context(), write() as session:
        for exchange in session.scalars(sa.select(Exchange).where(Exchange.receipt.is_not(None))):
            receipt = exchange.receipt or {}
            exchange.receipt = {name: receipt[name] for name in ("at", "sig", "streams")}
    assert _faults(field) == []
    with field.app.app_context(), write() as session:
        _earlier_exchange(session)
    assert _faults(field) == ["the receipt of the exchange was signed before the line was here"]

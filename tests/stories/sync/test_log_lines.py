"""Lines of the log that came together are kept in one segment: read as if each had its own row, bound to their place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_scope
from server.actions.records.segments import lines_in
from server.actions.sync import log_lines
from server.actions.sync.log_lines import entry_aad, log_segment_aad, logged_lines
from server.base.db import read, write
from server.base.seal import SealBroken, Seals
from server.models import LogEntry, LogSegment
from server.models.scope import Scope
from tests.server.cast import Cast
from tests.stories.field import WORKER
from tests.stories.wire import CHECK, LOG, WireDevice


def some_lines(device: WireDevice, count: int) -> list[bytes]:
    return [device.line("temperature_check", CHECK) for _ in range(count)]


def rows_of(session: Session, cast: Cast) -> list[LogEntry]:
    mine = sa.select(LogEntry).where(LogEntry.scope_id == cast.site_a)
    return list(session.scalars(mine.order_by(LogEntry.n)))


def faults(cast: Cast, seals: Seals) -> list[str]:
    with cast.app.app_context(), read() as session:
        scope = session.get_one(Scope, cast.site_a)
        return [found.what for found in verify_scope(session, seals, scope)]


def change(cast: Cast, change: Callable[[Session], Any]) -> None:
    with cast.app.app_context(), write() as session:
        change(session)


def test_the_lines_of_one_push_are_one_segment_and_come_back_byte_for_byte(
    cast: Cast, device: WireDevice, seals: Seals
) -> None:
    lines = [device.line("worker", WORKER), device.line("disinfection_log", LOG), *some_lines(device, 20)]
    assert {one["outcome"] for one in device.outcomes(*lines)} == {"applied"}
    with cast.app.app_context(), read() as session:
        (segment,) = session.scalars(sa.select(LogSegment)).all()
        assert segment.lines[:1] == b"\x01" and WORKER["name"].encode() not in segment.lines
        assert logged_lines(session, seals, rows_of(session, cast)) == lines
    assert faults(cast, seals) == []


def test_many_lines_of_one_transaction_are_several_segments(
    cast: Cast, device: WireDevice, seals: Seals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_lines, "SEGMENT_LINES_MAX", 3)
    lines = some_lines(device, 8)
    device.outcomes(*lines)
    with cast.app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(LogSegment)) == 3
        assert logged_lines(session, seals, rows_of(session, cast)[::-1]) == lines[::-1]


def test_a_refused_line_stays_by_itself_and_its_neighbours_are_together(
    cast: Cast, device: WireDevice, seals: Seals
) -> None:
    wrong = device.line("temperature_check", {**CHECK, "celsius": 99})
    lines = some_lines(device, 2)
    device.outcomes(wrong, *lines)
    with cast.app.app_context(), read() as session:
        (segment,) = session.scalars(sa.select(LogSegment)).all()
        assert lines_in(seals, log_segment_aad(segment), segment.lines) == lines
        refused = next(row for row in rows_of(session, cast) if row.outcome == "refused")
        assert seals.open(entry_aad(refused.id), refused.raw) == wrong


def test_lines_of_the_release_before_are_read_among_newer_ones(
    cast: Cast, device: WireDevice, seals: Seals
) -> None:
    lines = some_lines(device, 4)
    device.outcomes(*lines)

    def as_the_release_before(session: Session) -> None:
        """Some in the clear and some sealed, each in its entry's row."""
        for number, (row, line) in enumerate(zip(rows_of(session, cast), lines, strict=True)):
            row.raw = seals.seal(entry_aad(row.id), line) if number % 2 else line
        session.execute(sa.delete(LogSegment))

    change(cast, as_the_release_before)
    newer = some_lines(device, 4)
    device.outcomes(*newer)
    with cast.app.app_context(), read() as session:
        assert logged_lines(session, seals, rows_of(session, cast)) == [*lines, *newer]
        assert list(check_scope(session, seals, cast.site_a)) == []
    assert faults(cast, seals) == []


def _delete_the_segment(session: Session, row: LogEntry) -> None:
    session.execute(sa.delete(LogSegment))


def _move_the_segment(session: Session, row: LogEntry) -> None:
    segment = session.scalars(sa.select(LogSegment)).one()
    other = str(uuid4())
    row.raw = row.raw[:1] + UUID(other).bytes + row.raw[17:]
    segment.id = other


def _name_another_place(session: Session, row: LogEntry) -> None:
    row.raw = row.raw[:-1] + b"\x02"


def _name_no_place(session: Session, row: LogEntry) -> None:
    row.raw = row.raw[:-1] + b"\xff"


def _cut_the_place(session: Session, row: LogEntry) -> None:
    row.raw = row.raw[:9]


@pytest.mark.parametrize(
    "tamper", [_delete_the_segment, _move_the_segment, _name_another_place, _name_no_place, _cut_the_place]
)
def test_a_line_that_is_not_where_its_entry_says_is_noticed(
    cast: Cast, device: WireDevice, seals: Seals, tamper: Callable[[Session, LogEntry], None]
) -> None:
    device.outcomes(*some_lines(device, 4))
    change(cast, lambda session: tamper(session, rows_of(session, cast)[0]))
    assert faults(cast, seals) == ["the line does not open"]
    with cast.app.app_context(), read() as session, pytest.raises(SealBroken):
        logged_lines(session, seals, rows_of(session, cast))


def test_the_hash_of_each_entry_is_of_the_line_that_is_read_for_it(
    cast: Cast, device: WireDevice, seals: Seals
) -> None:
    for count in (1, 5, 2):
        device.outcomes(*some_lines(device, count))
    with cast.app.app_context(), read() as session:
        rows = rows_of(session, cast)
        lines = logged_lines(session, seals, rows)
    assert [hashlib.sha256(line).digest() for line in lines] == [row.hash for row in rows]

"""What tablets do all day costs few statements: heartbeats, pulls of nothing, and pushes however many lines they bring."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server.base import db
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.wire import CHECK, WireDevice

MINUTE_MS = 60_000


class Counted:
    """What went to the database: the statements, and how many transactions."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.transactions = 0


@contextmanager
def counted(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    found, plain = Counted(), db._driver_of

    def sent(_c: Any, _cursor: Any, text: str, _p: Any, _context: Any, _many: bool) -> None:
        if not text.startswith("BEGIN"):
            found.statements.append(text)

    def begun(_c: Any) -> None:
        found.transactions += 1

    def driver_of(session: Any, text: str) -> Any:
        found.statements.append(text)
        return plain(session, text)

    with cast.app.app_context():
        engine = db.db.engine
    sa.event.listen(engine, "before_cursor_execute", sent)
    sa.event.listen(engine, "begin", begun)
    with monkeypatch.context() as patch:
        patch.setattr(db, "_driver_of", driver_of)
        yield found
    sa.event.remove(engine, "before_cursor_execute", sent)
    sa.event.remove(engine, "begin", begun)


@pytest.fixture
def device(cast: Cast, tmp_path: Path) -> WireDevice:
    """A tablet whose stream the server knows, and which has reported since."""
    device = WireDevice(Field(cast, tmp_path))
    for _ in range(2):
        assert device.outcomes(device.line("temperature_check", CHECK))[0]["outcome"] == "applied"
        cast.clock.advance(MINUTE_MS)
        assert device.push().status_code == 200
        cast.clock.advance(MINUTE_MS)
    return device


def pushed(cast: Cast, monkeypatch: pytest.MonkeyPatch, device: WireDevice, lines: list[bytes]) -> list[str]:
    """The statements of one push of these lines, in one transaction."""
    with counted(cast, monkeypatch) as found:
        assert device.push(*lines).status_code == 200
    assert found.transactions == 1
    cast.clock.advance(MINUTE_MS)
    return found.statements


def test_a_heartbeat_takes_few_statements_in_one_transaction(
    cast: Cast, device: WireDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locks, a look-up, and all changes together. SQLite needs no locks, and a statement for each of the other four tables:
    boot, scope, stream and exchange."""
    statements = pushed(cast, monkeypatch, device, [])
    with cast.app.app_context():
        most = 3 if db.db.engine.dialect.name == "postgresql" else 5
    assert len(statements) <= most, statements


def test_a_pull_of_nothing_takes_two_statements_in_one_transaction(
    cast: Cast, device: WireDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursors = {line["checkpoint"]: line["cursor"] for line in device.pull({}) if "checkpoint" in line}
    with counted(cast, monkeypatch) as found:
        lines = device.pull(cursors)
    assert [line for line in lines if "put" in line] == []
    assert (len(found.statements), found.transactions) == (2, 1), found.statements


def test_a_push_of_five_hundred_lines_takes_no_more_statements_than_one_of_one(
    cast: Cast, device: WireDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = pushed(cast, monkeypatch, device, [device.line("temperature_check", CHECK)])
    many = pushed(cast, monkeypatch, device, [device.line("temperature_check", CHECK) for _ in range(500)])
    assert len(many) <= len(one) <= 15, many


def test_lines_that_are_refused_take_no_more_statements_when_they_are_many(
    cast: Cast, device: WireDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {**CHECK, "celsius": 99}
    one = pushed(cast, monkeypatch, device, [device.line("temperature_check", wrong)])
    many = pushed(cast, monkeypatch, device, [device.line("temperature_check", wrong) for _ in range(20)])
    assert len(many) <= len(one), many


def test_lines_that_come_again_take_no_more_statements_when_they_are_many(
    cast: Cast, device: WireDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is sent again and was kept before is looked up in one statement too."""
    again = [device.line("temperature_check", CHECK) for _ in range(20)]
    pushed(cast, monkeypatch, device, again)
    one = pushed(cast, monkeypatch, device, again[:1])
    many = pushed(cast, monkeypatch, device, again)
    assert len(many) <= len(one), many

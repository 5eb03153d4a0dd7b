"""An erasure that nobody signed, or that was changed afterwards, is found; commands say what was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy.orm import Session

from server.actions.erasure.erasure_seal import is_signed
from server.app import create_app
from server.base.config import Config
from server.base.db import read
from server.cli.main import gongdi
from server.models import (
    ErasedLine,
    ErasedRecord,
    Erasure,
    ErasureSeal,
    LogEntry,
    Record,
)
from server.models.scope import Scope
from tests.stories.erasure.cast import ASKED, Story
from tests.stories.field import WORKER


def _empty_a_line(session: Session) -> None:
    line = session.scalars(sa.select(LogEntry).where(LogEntry.raw != b"", LogEntry.kind == "gate_pass")).one()
    line.raw = b""


def _empty_a_line_and_say_so(session: Session) -> None:
    line = session.scalars(sa.select(LogEntry).where(LogEntry.raw != b"", LogEntry.kind == "gate_pass")).one()
    erasure = session.scalars(sa.select(Erasure)).one()
    session.add(ErasedLine(scope_id=line.scope_id, entry_id=line.id, erasure_id=erasure.id, prev="0" * 64))
    line.raw = b""


def _count_it_in(session: Session) -> None:
    _empty_a_line_and_say_so(session)
    session.scalars(sa.select(ErasureSeal)).one().lines += 1


def _give_it_another_place(session: Session) -> None:
    session.scalars(sa.select(ErasedLine)).first().prev = "1" * 64  # type: ignore[union-attr]


def _take_the_seal_away(session: Session) -> None:
    session.execute(sa.delete(ErasureSeal))


def _say_that_less_was_erased(session: Session) -> None:
    session.delete(session.scalars(sa.select(ErasedLine)).first())


def _bring_a_record_back(session: Session) -> None:
    record = session.scalars(sa.select(Record).where(Record.deleted_ms.is_not(None))).first()
    assert record is not None
    record.deleted_ms, record.body = None, b"{}"


def _change_the_state(session: Session) -> None:
    session.scalars(sa.select(ErasedRecord)).first().rev = 99  # type: ignore[union-attr]


def _forget_that_anything_was_erased(session: Session) -> None:
    for model in (ErasureSeal, ErasedLine, ErasedRecord):
        session.execute(sa.delete(model))


TAMPERED = [
    _empty_a_line,
    _empty_a_line_and_say_so,
    _count_it_in,
    _give_it_another_place,
    _take_the_seal_away,
    _say_that_less_was_erased,
    _bring_a_record_back,
    _change_the_state,
    _forget_that_anything_was_erased,
]


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda one: one.__name__.strip("_").replace("_", " "))
def test_an_erasure_that_nobody_signed_is_found(story: Story, tamper: Callable[[Session], None]) -> None:
    story.erase()
    story.change(tamper)
    assert story.faults() != []


@pytest.fixture
def run(config: Config) -> Callable[..., Result]:
    env = {"GONGDI_DATABASE_URL": config.database_url, "GONGDI_DATA_DIR": str(config.data_dir)}

    def run_it(*args: str, **given: Any) -> Result:
        result = CliRunner().invoke(gongdi, args, obj=create_app, env=env, **given)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run_it


def test_an_administrator_finds_and_erases_him_by_commands_that_say_what_was_done(
    story: Story, run: Callable[..., Result]
) -> None:
    found = run("person", "find", input=f"{WORKER['certificate_number']}\n")
    assert story.him in found.output and WORKER["certificate_number"] not in found.output
    order = ("--reason", ASKED[0], "--document", ASKED[1], "--yes")
    assert "[forbidden]" in run("person", "erase", story.him, "--by", "section", *order).output
    assert "[unknown_person]" in run("person", "erase", story.cast.site_b, "--by", "admin", *order).output
    assert (
        "[invalid_input]"
        in run("person", "erase", story.him, "--by", "admin", "--reason", " ", *order[2:]).output
    )
    assert run("person", "erase", story.him, "--by", "admin", *order).exit_code == 0
    assert "进行中" in run("person", "erasures").output
    story.tick()
    shown = run("person", "erasures").output
    assert ASKED[1] in shown and "完成" in shown and "日志行 4" in shown
    verified = run("verify-log")
    assert verified.exit_code == 0 and "依法删除 4 行" in verified.output and "日志完好" in verified.output
    rebuilt = run("rebuild", "--check")
    assert rebuilt.exit_code == 0 and "依法删除 4 行" in rebuilt.output
    assert run("rebuild").exit_code == 0 and story.faults() == []


def test_the_signature_is_the_servers(story: Story) -> None:
    story.erase()
    with story.app.app_context(), read() as session:
        scope = session.get_one(Scope, story.cast.site_a)
        kept = session.get_one(ErasureSeal, scope.scope_id)
        assert (kept.lines, kept.records, kept.seq) == (4, 3, scope.seq)
        assert is_signed(story.seals, scope, kept)
        kept.seq += 1
        assert not is_signed(story.seals, scope, kept)

"""A change in the database that makes a flag look better is found by `gongdi verify-log`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from server.actions.audit.verify_log import verify_scope
from server.base.db import read, write
from server.models import Flag, FlagEvent, FlagStep, Window
from server.models.scope import Scope
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import at, missed_flag, moved, planned_field


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    """A flag with an order, and a second one that only the scheduler has touched."""
    made = planned_field(app, cast, tmp_path)
    flag = missed_flag(made)
    moved(cast.client("section"), flag, "order_rectification")
    at(made, "13:00")
    assert _faults(made) == []
    return made


def _faults(field: Field) -> list[str]:
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), read() as session:
        scope = session.get_one(Scope, field.cast.site_a)
        return [fault.what for fault in verify_scope(session, seals, scope)]


def _ordered(session: Session) -> Flag:
    return session.scalars(sa.select(Flag).where(Flag.state == "rectifying")).one()


def _close(session: Session) -> None:
    _ordered(session).state = "closed"


def _close_well(session: Session) -> None:
    flag = _ordered(session)
    flag.state, flag.closed_ms = "closed", flag.changed_ms


def _take_away(session: Session) -> None:
    flag = _ordered(session)
    for table in (FlagEvent, FlagStep):
        session.execute(sa.delete(table).where(table.flag_id == flag.id))  # type: ignore[attr-defined]
    session.delete(flag)


def _cut_the_tail(session: Session) -> None:
    """The order never was: its event is gone, and everything else is as before it."""
    flag = _ordered(session)
    last = session.scalars(
        sa.select(FlagEvent).where(FlagEvent.flag_id == flag.id, FlagEvent.n == flag.rev)
    ).one()
    flag.state, flag.rev, flag.head, flag.company = "open", last.n - 1, last.prev, None
    session.delete(last)
    session.execute(sa.delete(FlagStep).where(FlagStep.flag_id == flag.id, FlagStep.step == "rectify"))
    steps = sa.update(FlagStep).where(
        FlagStep.flag_id == flag.id, FlagStep.step.in_(("acknowledge", "brigade"))
    )
    session.execute(steps.values(done_ms=None, next_ms=FlagStep.due_ms))


def _move_a_deadline(session: Session) -> None:
    session.execute(
        sa.update(FlagStep).where(FlagStep.step == "rectify").values(due_ms=FlagStep.due_ms + 86_400_000)
    )


def _stop_a_clock(session: Session) -> None:
    session.execute(sa.update(FlagStep).where(FlagStep.step == "rectify").values(done_ms=1, next_ms=None))


def _silence_a_clock(session: Session) -> None:
    session.execute(sa.update(FlagStep).where(FlagStep.step == "rectify").values(next_ms=None))


def _ask_nobody(session: Session) -> None:
    session.execute(sa.update(FlagStep).where(FlagStep.step == "rectify").values(asks=False))


def _another_unit(session: Session) -> None:
    _ordered(session).unit = "guihua"


def _another_severity(session: Session) -> None:
    _ordered(session).severity = "facilities"


def _another_policy(session: Session) -> None:
    flag = _ordered(session)
    flag.policy = {**flag.policy, "consecutive": 99}


def _do_the_work(session: Session) -> None:
    flag = _ordered(session)
    session.execute(sa.update(Window).where(Window.flag_id == flag.id).values(state="met", reason=None))


def _measure_everybody(session: Session) -> None:
    missed = sa.update(Window).where(Window.duty == "TEMP", Window.state != "met")
    session.execute(missed.values(state="met", evidence="01980a1e-0000-7000-8000-00000000000a"))


def _forget_the_count(session: Session) -> None:
    session.execute(sa.update(Scope).values(flag_tally=None))


@pytest.mark.parametrize(
    "change",
    [
        *(_close, _close_well, _take_away, _cut_the_tail, _move_a_deadline, _stop_a_clock, _silence_a_clock),
        *(_ask_nobody, _another_unit, _another_severity, _another_policy, _do_the_work, _measure_everybody),
        _forget_the_count,
    ],
)
def test_it_is_found(field: Field, change: Callable[[Session], None]) -> None:
    with field.app.app_context(), write() as session:
        change(session)
    assert _faults(field) != []

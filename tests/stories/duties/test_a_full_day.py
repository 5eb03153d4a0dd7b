"""A day at a site of many people: what one more check costs, what is kept of the day, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.engine.cursor import CursorFetchStrategy

from server.actions.audit.rebuild import check_scope, repair_scope
from server.actions.duties.follow_coverage import kept_evidence
from server.actions.reference.load_reference import rules_in_force
from server.base import db
from server.base.db import read, write
from server.models import CoverageDay, CoverageWorker, Record, Site, Window
from server.rules.calendar import DAY_MS, instant_ms
from server.workflows.scheduler import tick
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, at, planned_field
from tests.stories.slots import windows


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


class Work:
    """What the database was asked: statements, and rows that came back."""

    def __init__(self) -> None:
        self.statements = self.rows = 0

    @contextmanager
    def counted(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        plain, fetch_all, fetch_one = (
            db._driver_of,
            CursorFetchStrategy.fetchall,
            CursorFetchStrategy.fetchone,
        )

        def fetched(strategy: Any, result: Any, cursor: Any) -> Any:
            rows = fetch_all(strategy, result, cursor)
            self.rows += len(rows)
            return rows

        def fetched_one(strategy: Any, result: Any, cursor: Any, hard_close: bool = False) -> Any:
            row = fetch_one(strategy, result, cursor, hard_close)
            self.rows += row is not None
            return row

        @contextmanager
        def driver_of(session: Any, text: str) -> Iterator[Any]:
            self.statements += 1
            with plain(session, text) as driver:
                yield Driver(driver, self)

        def executed(*_: Any) -> None:
            self.statements += 1

        with monkeypatch.context() as patch:
            patch.setattr(CursorFetchStrategy, "fetchall", fetched)
            patch.setattr(CursorFetchStrategy, "fetchone", fetched_one)
            patch.setattr(db, "_driver_of", driver_of)
            sa.event.listen(sa.Engine, "after_cursor_execute", executed)
            try:
                yield
            finally:
                sa.event.remove(sa.Engine, "after_cursor_execute", executed)


class Driver:
    """The driver's connection, with what it fetches counted."""

    def __init__(self, driver: Any, work: Work) -> None:
        self._driver, self._work = driver, work

    def execute(self, *given: Any) -> Driver:
        return Driver(self._driver.execute(*given), self._work)

    def fetchall(self) -> Any:
        rows = self._driver.fetchall()
        self._work.rows += len(rows)
        return rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)


def _person(number: int) -> str:
    return f"01890a5d-ac96-774b-bcce-{number:012}"


def _check(field: Field, tablet: Tablet, *people: int) -> None:
    """These people are measured before work."""
    with tablet.together():
        for number in people:
            body = {"worker": _person(number), "celsius": 36.5, "point": "gate", "slot": "before_work"}
            tablet.add(field.scope, "temperature_check", body)
    assert tablet.push().problem is None
    field.cast.clock.advance(1_000)


def _work_of_one(field: Field, tablet: Tablet, number: int, monkeypatch: pytest.MonkeyPatch) -> Work:
    work = Work()
    with work.counted(monkeypatch):
        _check(field, tablet, number)
    return work


def _days(field: Field) -> list[tuple[str, int]]:
    """The kept days, and of how many workers each is."""
    with field.app.app_context(), read() as session:
        workers = sa.select(CoverageWorker.local_date, sa.func.count()).group_by(CoverageWorker.local_date)
        counts = dict(session.execute(workers).all())
        dates = session.scalars(sa.select(CoverageDay.local_date).order_by(CoverageDay.local_date))
        return [(date, counts.pop(date, 0)) for date in dates] + [(f"no {one}", 0) for one in counts]


def _differing(field: Field) -> list[str]:
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), read() as session:
        return [one.what for one in check_scope(session, seals, field.cast.site_a)]


def test_one_more_check_asks_no_more_of_the_database_than_the_first(
    field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    tablet = field.tablet("one")
    field.cast.clock.set(instant_ms(DAY, "06:00"))
    _check(field, tablet, 0)
    few = _work_of_one(field, tablet, 1, monkeypatch)
    _check(field, tablet, *range(2, 802))
    many = _work_of_one(field, tablet, 802, monkeypatch)
    assert windows(field, "TEMP")["before_work"].need == 803
    assert many.statements <= few.statements and many.rows <= few.rows < 60


def test_a_void_reads_again_what_its_own_worker_did(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    tablet = field.tablet("one")
    field.cast.clock.set(instant_ms(DAY, "06:00"))
    _check(field, tablet, *range(300))
    assert tablet.sync().ok
    (fact,) = [one.id for one in tablet.list("temperature_check") if one.body["worker"] == _person(7)]
    tablet.void(field.scope, fact, "误录")
    work = Work()
    with work.counted(monkeypatch):
        assert tablet.push().problem is None
    assert work.rows < 60
    assert windows(field, "TEMP")["before_work"].need == 299
    assert _days(field) == [(DAY, 299)], "of somebody who did nothing nothing is kept"
    assert _differing(field) == []


def test_a_window_that_moves_is_counted_by_its_new_times(field: Field) -> None:
    tablet = field.tablet("one")
    field.cast.clock.set(instant_ms(DAY, "08:00"))
    _check(field, tablet, 1)
    with field.app.app_context(), write() as session:
        window = session.scalars(
            sa.select(Window).where(Window.id == windows(field, "TEMP")["before_work"].id)
        ).one()
        window.due_ms = instant_ms(DAY, "07:00")
    _check(field, tablet, 2)
    tablet.add(field.scope, "disinfection_log", {"place": "canteen", "agent": "chlorine", "operator": "王"})
    field.cast.clock.set(instant_ms(DAY, "12:00"))
    assert tablet.sync().ok
    at(field, "12:01")
    moved = windows(field, "TEMP")["before_work"]
    assert (moved.state, moved.need, moved.have) == ("missed", 0, 0), "both came after the new deadline"
    assert _differing(field) == []


def test_what_is_kept_wrongly_is_found_and_put_right(field: Field) -> None:
    tablet = field.tablet("one")
    field.cast.clock.set(instant_ms(DAY, "06:00"))
    _check(field, tablet, 1, 2)
    assert _differing(field) == []
    with field.app.app_context(), write() as session:
        session.execute(sa.delete(CoverageWorker).where(CoverageWorker.worker == _person(1)))
    assert _differing(field) == ["coverage"]
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), write() as session:
        assert repair_scope(session, seals, field.cast.site_a, field.cast.clock.now_ms()) == 1
    assert _differing(field) == []
    _check(field, tablet, 3)
    assert windows(field, "TEMP")["before_work"].need == 3
    assert _days(field) == [(DAY, 3)]


def test_a_day_that_was_kept_by_a_damaged_record_is_put_right_with_the_record(field: Field) -> None:
    tablet = field.tablet("one")
    field.cast.clock.set(instant_ms(DAY, "06:00"))
    _check(field, tablet, 1)
    with field.app.app_context(), write() as session:
        session.execute(sa.update(Record).where(Record.subject == _person(1)).values(counts=False))
        session.execute(sa.delete(CoverageWorker))
        session.execute(sa.delete(CoverageDay))
    _check(field, tablet, 2)
    assert _differing(field) == ["record"], "the day is kept as the damaged record has it"
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), write() as session:
        repair_scope(session, seals, field.cast.site_a, field.cast.clock.now_ms())
    assert _differing(field) == []


def test_a_day_is_kept_for_as_long_as_the_rules_say(field: Field) -> None:
    tablet = field.tablet("one")
    field.cast.clock.set(instant_ms(DAY, "06:00"))
    _check(field, tablet, 1)
    with field.app.app_context(), read() as session:
        days = round(rules_in_force(session).number("coverage_days", DAY))
        ends_ms = session.scalars(sa.select(CoverageDay.to_ms)).one()
    for now_ms, kept in ((ends_ms + days * DAY_MS - 1, [(DAY, 1)]), (ends_ms + days * DAY_MS, [])):
        field.cast.clock.set(now_ms)
        tick(field.app, now_ms)
        assert _days(field) == kept


def test_what_comes_weeks_later_is_weighed_and_its_day_is_not_kept(field: Field) -> None:
    tablet = field.tablet("one")
    field.cast.clock.set(instant_ms(DAY, "06:00"))
    body = {"worker": _person(1), "celsius": 36.5, "point": "gate", "slot": "before_work"}
    tablet.add(field.scope, "temperature_check", body)
    field.cast.clock.advance(20 * DAY_MS)
    assert tablet.sync().ok
    tick(field.app, field.cast.clock.now_ms())
    window = windows(field, "TEMP")["before_work"]
    assert (window.state, window.need, window.have) == ("met", 1, 1)
    assert _days(field) == []


def test_a_kept_day_that_grew_too_old_is_never_taken_for_what_its_records_say(field: Field) -> None:
    late = field.tablet("late")
    field.cast.clock.set(instant_ms(DAY, "06:00"))
    body = {"worker": _person(2), "celsius": 36.5, "point": "gate", "slot": "before_work"}
    late.add(field.scope, "temperature_check", body)
    _check(field, field.tablet("one"), 1)
    with field.app.app_context(), read() as session:
        days = round(rules_in_force(session).number("coverage_days", DAY))
    midnight_ms = instant_ms(DAY, "00:00") + (days - 1) * DAY_MS
    field.cast.clock.set(midnight_ms)
    assert late.sync().ok
    assert _differing(field) == []
    with field.app.app_context(), read() as session:
        book, site = rules_in_force(session), session.get_one(Site, field.cast.site_a)
        before_work = session.get_one(Window, (site.id, windows(field, "TEMP")["before_work"].id))
        # A tick that began before midnight, where the day is still one that is kept.
        seen = kept_evidence(session, site, [before_work], midnight_ms - 1, book)[before_work.id]
    assert (seen.need, seen.have) == (2, 2)

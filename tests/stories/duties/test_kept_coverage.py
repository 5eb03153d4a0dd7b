"""What is kept of a day's coverage is what its records say, whatever came, went or moved, in whatever order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.actions.audit.rebuild import check_scope
from server.actions.duties.follow_coverage import kept_evidence
from server.actions.duties.weigh_coverage import coverage_evidence
from server.actions.reference.load_reference import rules_in_force
from server.base.db import read, write
from server.models import Site, Window, Worker
from server.rules.calendar import add_days, instant_ms, local_date_of
from server.workflows.scheduler import tick
from sync_protocol.client.tablet import Tablet, TabletError
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import planned_field

SLOTS = ("before_work", "after_work", "breakfast", "entry", "retest")
DECLARED = "declared"
NUMBERS = (
    "411023197105188104",
    "410702198001011232",
)  # two people, each of whom may be entered several times
HOUR_MS = 3_600_000


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


class Day:
    """A day of two tablets at one site, and what they wrote on it."""

    def __init__(self, field: Field, tablets: list[Tablet], workers: list[str]) -> None:
        self.field, self.tablets, self.workers = field, tablets, workers
        self.facts: list[tuple[Tablet, str, str]] = []  # (who wrote it, id, kind)

    def write(self, tablet: int, worker: int, what: str, hours_ago: int) -> None:
        author, who = self.tablets[tablet], self.workers[worker % len(self.workers)]
        now_ms = self.field.cast.clock.now_ms()
        observed_ms = None if hours_ago == 0 else now_ms - hours_ago * HOUR_MS
        if what in ("in", "out"):
            kind, body = "gate_pass", {"worker": who, "direction": what, "method": "manual"}
        elif what == DECLARED:
            kind = "travel_declaration"
            body = {"worker": who, "none_since": "2026-01-01", "contact": "no"}
        else:
            kind, body = "temperature_check", {"worker": who, "celsius": 36.5, "point": "gate", "slot": what}
        with suppress(TabletError):  # by a wrong clock it would be ahead of now
            fact = author.add(self.field.scope, kind, body, observed_ms=observed_ms)
            self.facts.append((author, fact, kind))

    def amend(self, number: int, worker: int, what: str) -> None:
        found = self._fact(number)
        if found is None:
            return
        author, fact, kind = found
        body: dict[str, Any] = {"worker": self.workers[worker % len(self.workers)]}
        if kind == "gate_pass":
            body |= {"direction": what if what in ("in", "out") else "in", "method": "manual"}
        elif kind == "travel_declaration":
            body |= {"none_since": "2026-01-02", "contact": "no"}
        else:
            body |= {"celsius": 36.6, "point": "gate", "slot": what if what in SLOTS else "entry"}
        self._try(lambda: self.facts.append((author, author.amend(self.field.scope, fact, body), kind)))

    def void(self, number: int) -> None:
        found = self._fact(number)
        if found is not None:
            author, fact, _ = found
            self._try(lambda: author.void(self.field.scope, fact, "误录"))

    def hold(self, tablet: int, worker: int, what: str) -> None:
        """A fact that waits for a record that never comes."""
        who = {"worker": self.workers[worker % len(self.workers)]}
        missing = "01890a5d-ac96-774b-bcce-b302099a8057"
        if what == DECLARED:
            kind, body = "travel_declaration", {**who, "none_since": "2026-01-01", "contact": "no"}
        else:
            kind, body = "temperature_check", {**who, "celsius": 36.5, "point": "gate", "slot": what}
        self.tablets[tablet].add(self.field.scope, kind, body, needs=[missing])

    def enter(self, tablet: int, number: int, is_cook: bool) -> None:
        body = {**WORKER, "certificate_number": NUMBERS[number], "canteen_staff": is_cook}
        self.workers.append(self.tablets[tablet].add(self.field.scope, "worker", body))

    def move(self, tablet: int, is_cook: bool) -> None:
        author = self.tablets[tablet]
        self._try(lambda: author.edit(self.field.scope, self.workers[-1], {"canteen_staff": is_cook}))

    def sync(self, tablet: int) -> None:
        assert self.tablets[tablet].sync().ok

    def lose_time(self, tablet: int, hours: int) -> None:
        """A tablet starts again and shows a wrong time: nobody knows any more when it wrote what."""
        clock = self.field.clocks[("one", "another")[tablet]]
        clock.restart()
        clock.skew_ms = hours * HOUR_MS

    def raise_alert(self) -> None:
        """Another alert level asks for other windows, at other times, from now on."""
        with self.field.app.app_context(), write() as session:
            site = session.get_one(Site, self.field.cast.site_a)
            site.alert = "raised" if site.alert == "normal" else "normal"
            site.planned_stamp = ""
        self.tick()

    def merge(self, one: int, other: int) -> None:
        """Two records of the roster are one person, or (with itself) none any more."""
        with self.field.app.app_context(), write() as session:
            query = sa.select(Worker).where(Worker.scope_id == self.field.cast.site_a)
            roster = list(session.scalars(query.order_by(Worker.id)))
            if roster:
                kept, merged = roster[one % len(roster)], roster[other % len(roster)]
                merged.merged_into = kept.id if kept.id != merged.id and kept.merged_into is None else None

    def pass_time(self, minutes: int) -> None:
        self.field.cast.clock.advance(minutes * 60_000)

    def tick(self) -> None:
        tick(self.field.app, self.field.cast.clock.now_ms())

    def _fact(self, number: int) -> tuple[Tablet, str, str] | None:
        return self.facts[number % len(self.facts)] if self.facts else None

    @staticmethod
    def _try(write: Callable[[], Any]) -> None:
        with suppress(TabletError):
            write()


TABLET, WORKER_NO, WHAT = (
    st.integers(0, 1),
    st.integers(0, 5),
    st.sampled_from(["in", "out", DECLARED, *SLOTS]),
)
STEP = st.one_of(
    st.tuples(st.just("write"), TABLET, WORKER_NO, WHAT, st.sampled_from([0, 0, 0, 1, 5])),
    st.tuples(st.just("write"), TABLET, WORKER_NO, WHAT, st.just(0)),
    st.tuples(st.just("amend"), st.integers(0, 20), WORKER_NO, WHAT),
    st.tuples(st.just("void"), st.integers(0, 20)),
    st.tuples(st.just("hold"), TABLET, WORKER_NO, st.sampled_from([DECLARED, *SLOTS])),
    st.tuples(st.just("enter"), TABLET, st.integers(0, 1), st.booleans()),
    st.tuples(st.just("move"), TABLET, st.booleans()),
    st.tuples(st.just("sync"), TABLET),
    st.tuples(st.just("sync"), TABLET),
    st.tuples(st.just("pass_time"), st.sampled_from([1, 30, 150])),
    st.tuples(st.just("lose_time"), TABLET, st.sampled_from([-5, 0, 3])),
    st.tuples(st.just("raise_alert")),
    st.tuples(st.just("merge"), st.integers(0, 5), st.integers(0, 5)),
    st.tuples(st.just("tick")),
)


def _differing(field: Field) -> list[Any]:
    """Windows of which the kept days say something else than all facts together, and days that are not what their records
    say."""
    now_ms = field.cast.clock.now_ms()
    with field.app.app_context(), read() as session:
        book, site = rules_in_force(session), session.get_one(Site, field.cast.site_a)
        codes = [rule.code for rule in book.duties if rule.judging == "coverage"]
        today = local_date_of(now_ms)
        wanted = Window.local_date.between(add_days(today, -3), today)
        query = sa.select(Window).where(Window.scope_id == site.id, Window.duty.in_(codes), wanted)
        windows = list(session.scalars(query))
        kept = kept_evidence(session, site, windows, now_ms, book)
        for window in windows:
            (again,) = coverage_evidence(session, site.id, site.alert, [window], book).values()
            if kept[window.id] != again:
                return [window.local_date, window.duty, window.slot, kept[window.id], again]
        seals = field.app.extensions["gongdi"].seals
        return [one for one in check_scope(session, seals, site.id) if one.what == "coverage"]


@pytest.fixture
def tablets(field: Field) -> list[Tablet]:
    other = field.second_inspector()
    return [field.tablet("one"), field.tablet("another", other)]


def _next_day(field: Field) -> None:
    now_ms = field.cast.clock.now_ms()
    field.cast.clock.set(instant_ms(add_days(local_date_of(now_ms), 1), "05:40"))
    for clock in field.clocks.values():
        clock.skew_ms = 0
    tick(field.app, field.cast.clock.now_ms())


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_it_is_what_all_facts_say_after_every_push(
    field: Field, tablets: list[Tablet], data: st.DataObject
) -> None:
    _next_day(field)
    day = Day(field, tablets, [f"01890a5d-ac96-774b-bcce-b302099a805{n}" for n in range(3)])
    for name, *arguments in data.draw(st.lists(STEP, min_size=8, max_size=40)):
        getattr(day, name)(*arguments)
        if name in ("sync", "raise_alert", "merge", "tick"):
            assert _differing(field) == []
    for number in (0, 1):
        day.sync(number)
        assert _differing(field) == []

"""Honest weeks: whatever was done in time is never called missed, in whatever order tablets bring it (each judging without
slots, both databases)."""

from __future__ import annotations

from pathlib import Path
from random import Random

from flask import Flask

from server.models import Window
from server.rules.calendar import DAY_MS, add_days, midnight_ms
from server.workflows.scheduler import tick
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.stories.duties.modes import COUNT, DORM, LABEL, MONDAY, Asked, asked_site, sheets
from tests.stories.field import WORKER

MINUTE_MS = 60_000
OK = {"type": "acknowledge", "name": "ok", LABEL: "属实", "required": "yes"}
ENDS = {"type": "date", "name": "ends", LABEL: "有效期至", "required": "yes", "bind::gongdi:role": "valid_to"}
ROSTER = {"code": "ROSTERS", "name": "名册", "judging": "period", "every": "weeks 1"}
PLANS = {"code": "PLANS", "name": "预案", "judging": "document", "every": "weeks 1"}
CODES = ("DORMS", "ROSTERS", "PLANS", "RETEST")


class City:
    """Three tablets of one site, and the weeks that they have lived through."""

    def __init__(self, app: Flask, cast: Cast, folder: Path) -> None:
        forms = (
            sheets("dorm_count", COUNT, DORM),
            sheets("roster_ok", [OK], ROSTER),
            sheets("plan_doc", [ENDS], PLANS, nature="register"),
        )
        self.asked: Asked = asked_site(app, cast, folder, *forms)
        second = self.asked.field.second_inspector()
        users = {"a": "inspector", "b": second, "c": "inspector"}
        self.tablets = [self.asked.field.tablet(name, user) for name, user in users.items()]
        self.worker = self.tablets[0].add(self.asked.scope, "worker", WORKER)
        self.monday = MONDAY
        self.sync_all(midnight_ms(MONDAY) - 60 * MINUTE_MS)

    def sync_all(self, at_ms: int) -> None:
        for tablet in self.tablets:
            self.go(at_ms)
            assert tablet.sync().ok and tablet.refused() == []
        self.go(at_ms)

    def go(self, at_ms: int) -> None:
        clock = self.asked.field.cast.clock
        clock.set(max(at_ms, clock.now_ms() + 1))

    def live(self, draw: Random) -> None:
        """A week in which everything is done in time, by any tablet, and brought at any time up to days later."""
        opens_ms = midnight_ms(self.monday)
        steps = [(at_ms, tablet, write) for at_ms, tablet, write in self.work(draw, opens_ms)]
        steps += [
            (opens_ms + draw.randrange(9 * DAY_MS), draw.choice(self.tablets), None)
            for _ in range(draw.randrange(6))
        ]
        for at_ms, tablet, write in sorted(steps, key=lambda step: step[0]):
            self.go(at_ms)
            if write is not None:
                tablet.add(self.asked.scope, *write)
                continue
            assert tablet.sync().ok
            self.look()
        self.sync_all(opens_ms + 9 * DAY_MS)
        self.look()
        self.done()
        self.monday = add_days(self.monday, 14)
        self.sync_all(midnight_ms(self.monday) - 60 * MINUTE_MS)

    def work(self, draw: Random, opens_ms: int) -> list[tuple[int, Tablet, tuple[str, dict[str, object]]]]:
        def some_ms() -> int:
            return opens_ms + 120 * MINUTE_MS + draw.randrange(7 * DAY_MS - 240 * MINUTE_MS)

        def anybody() -> Tablet:
            return draw.choice(self.tablets)

        fever_ms = some_ms()
        person = {"worker": self.worker, "point": "gate"}
        retest_ms = fever_ms + draw.randrange(MINUTE_MS, 30 * MINUTE_MS)
        return [
            (some_ms(), anybody(), ("dorm_count", {"place_id": self.asked.one, "persons": 4})),
            (some_ms(), anybody(), ("dorm_count", {"place_id": self.asked.two, "persons": 6})),
            (some_ms(), anybody(), ("roster_ok", {"ok": True})),
            (some_ms(), anybody(), ("plan_doc", {"ends": "2030-01-01"})),
            (fever_ms, anybody(), ("temperature_check", {**person, "celsius": 38.1, "slot": "entry"})),
            (retest_ms, anybody(), ("temperature_check", {**person, "celsius": 36.6, "slot": "retest"})),
        ]

    def look(self) -> None:
        """A tick: nothing of the honest week is called missed."""
        tick(self.asked.field.app, self.asked.field.cast.clock.now_ms())
        assert {one.state for one in self.windows()} <= {"open", "silent", "review", "met"}

    def windows(self) -> list[Window]:
        last = add_days(self.monday, 6)
        found = [one for code in CODES for one in self.asked.windows(code)]
        return [one for one in found if self.monday <= one.local_date <= last]

    def done(self) -> None:
        """All is here: all of it is met."""
        found = [(one.duty, one.state, one.reason) for one in self.windows()]
        duties = sorted(duty for duty, _, _ in found)
        assert duties == ["DORMS", "DORMS", "PLANS", "RETEST", "ROSTERS"]
        assert all((state, reason) == ("met", None) for _, state, reason in found), found


def test_no_honest_week_is_accused_in_whatever_order_its_records_come(
    app: Flask, cast: Cast, tmp_path: Path
) -> None:
    draws = Random(20261130)
    city = City(app, cast, tmp_path)
    for _ in range(6):
        city.live(draws)

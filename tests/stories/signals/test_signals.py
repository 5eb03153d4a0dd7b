"""Each day of a site's records is searched for signals once, whoever wrote them and however late they came."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from server.base.db import read
from server.models import SiteSignal
from server.rules.calendar import instant_ms
from server.workflows.scheduler import tick
from tests.server.cast import Cast
from tests.server.rosters.people import person
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, planned_field
from tests.stories.rosters.uploads import commit, people_file, preview, read_at_once

NEXT = "2026-11-25"


def _signals(field: Field) -> list[tuple[str, str]]:
    query = sa.select(SiteSignal.local_date, SiteSignal.code).order_by(SiteSignal.local_date, SiteSignal.n)
    with field.app.app_context(), read() as session:
        return [(row[0], row[1]) for row in session.execute(query)]


def test_thirty_people_with_one_temperature_in_three_minutes_are_a_lead(
    app: Flask, cast: Cast, tmp_path: Path
) -> None:
    field = planned_field(app, cast, tmp_path)
    read_at_once(cast)
    contractor = cast.client("contractor")
    commit(contractor, preview(contractor, cast.site_a, people_file(*map(person, range(30)))))
    tablet = field.tablet("first")
    workers = tablet.list("worker")
    for number, worker in enumerate(workers):
        cast.clock.set(instant_ms(DAY, "06:30") + number * 6_000)
        body = {"worker": worker.id, "celsius": 36.5, "slot": "before_work", "point": "gate"}
        tablet.add(field.scope, "temperature_check", body)
    tick(app, instant_ms(NEXT, "00:10"))
    assert _signals(field) == [], "nothing has arrived yet"
    cast.clock.set(instant_ms(NEXT, "09:00"))
    assert tablet.sync().ok
    tick(app, instant_ms(NEXT, "09:01"))
    assert _signals(field) == [], "once a day is enough"
    for _ in range(2):
        tick(app, instant_ms("2026-11-26", "00:10"))
        assert _signals(field) == [(DAY, "few_values"), (DAY, "no_gate_pass"), (DAY, "too_fast")]


def test_a_day_of_which_records_arrive_after_two_weeks_is_looked_at_again(
    app: Flask, cast: Cast, tmp_path: Path
) -> None:
    field = planned_field(app, cast, tmp_path)
    read_at_once(cast)
    contractor = cast.client("contractor")
    commit(contractor, preview(contractor, cast.site_a, people_file(*map(person, range(30)))))
    tablet = field.tablet("first")
    for number, worker in enumerate(tablet.list("worker")):
        cast.clock.set(instant_ms(DAY, "06:30") + number * 6_000)
        body = {"worker": worker.id, "celsius": 36.5, "slot": "before_work", "point": "gate"}
        tablet.add(field.scope, "temperature_check", body)
    for day in ("2026-12-06", "2026-12-07"):
        tick(app, instant_ms(day, "00:10"))
    assert _signals(field) == []
    cast.clock.set(instant_ms("2026-12-07", "09:00"))
    assert tablet.sync().ok
    tick(app, instant_ms("2026-12-08", "00:10"))
    found = _signals(field)
    assert {(DAY, "few_values"), (DAY, "too_fast")} <= set(found)
    tick(app, instant_ms("2026-12-09", "00:10"))
    assert _signals(field) == found, "what was found stays"

"""The demo city: sites, people and some days of history, written through the protocol by simulated tablets.

Nothing is written to the tables directly: the tablets enrol, write, lose their network, push and pull as
real ones do, on a clock that is moved through the days, and the scheduler ticks as it would have.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from server.actions.accounts.manage_users import NewUser, add_user
from server.actions.reference.load_reference import SEED_DATA, load_reference, tx_of
from server.actions.sites.end_demo import DEMO_NAMES
from server.base.clock import FakeClock
from server.base.db import alone, write
from server.base.runtime import Runtime
from server.demo.bureau import answer_for_papers
from server.demo.cases import confirmed, course, demo_lines
from server.demo.crews import Crew, DemoSite, Town, make_crews, make_relief, places_of
from server.demo.gate import at_gate, come_in
from server.demo.history import CREWS as OLD_CREWS
from server.demo.history import (
    RAISED_SITES,
    Past,
    dates_between,
    days_before,
    history,
    looked_at,
    open_places,
    past_of,
    reported,
    room_of,
)
from server.demo.incidents import Scene, find_a_fever_at_night, incidents
from server.demo.monitoring import monitoring, quiet_platform
from server.demo.numbers import company_code, id_card
from server.demo.office import Story, read_stories, stories_of, work
from server.demo.routine import daily, is_monday, once, weekly
from server.models.user import User
from server.rules.calendar import HOUR_MS, MINUTE_MS, add_days, instant_ms, local_date_of
from server.workflows.scheduler import tick

_WORKERS = 8  # at one site: enough to look at, few enough to be quick
_WITH_HISTORY = 60  # sites that have lived through all the days: the rest begin on the last one
_LAST_DAY_MS = 8 * HOUR_MS  # of it has passed at least, so that there is something of it
_SHOWN_INSPECTOR = "demo-inspector01"  # of them all, the one whose sites have something of everything

Progress = Callable[[float], None]
_Planned = tuple[int, Callable[[], None]]  # when, in ms, and what


def seed_demo(app: Flask, sites: int, days: int, until_ms: int, progress: Progress) -> None:
    """Write the demo city into an empty database: `sites` sites with `days` days of history that end at `until_ms`, those of
    the first two inspectors with the weeks and months before that; those beyond _WITH_HISTORY have only the last day.

    `app` is made with a FakeClock, which is moved. The password of its people is in seed_data/demo.
    """
    runtime: Runtime = app.extensions["gongdi"]
    clock = runtime.clock
    assert isinstance(clock, FakeClock), "the demo moves the clock through its days"
    city = read_city()
    chance = random.Random(20211201)
    first_day = add_days(local_date_of(until_ms), -days)
    last_day = max(first_day, local_date_of(until_ms - _LAST_DAY_MS))
    past = past_of(until_ms, first_day) if days else None
    agenda = _Agenda(clock, progress)
    clock.set(instant_ms(past.begins if past is not None else first_day, "04:00"))
    with app.app_context(), alone(), tempfile.TemporaryDirectory() as folder:
        town = Town(app, city, chance, Path(folder))
        with write() as session:
            load_reference(session, runtime.seals, clock.now_ms())
            answer_for_papers(tx_of(session, runtime.seals, clock.now_ms()))
            _people(session, city, clock.now_ms())
        old: list[Crew] = []
        stories: list[Story] = []
        old_sites = 0
        if past is not None:
            for size in OLD_CREWS:
                numbers = range(old_sites, min(sites, old_sites + size))
                old += make_crews(town, numbers, len(old), has_places=False)
                old_sites += len(numbers)
            for number, site in enumerate(_sites(old)):
                site.is_raised = number in RAISED_SITES
            tick(app, clock.now_ms())
            stories += stories_of(read_stories(), _site_ids(old))
            agenda.planned += _long_ago(app, old, past, first_day, stories)
            for crew in old:
                crew.through = past.silent if crew.behaviour == "silent" else ""
                begins = past.moves_in(crew.behaviour, first_day)
                agenda.planned += _first_rounds(city, crew, chance, past, begins)
                agenda.planned += _rounds(city, [crew], chance, begins, until_ms)
                agenda.planned += _routines(app, [crew], begins, days, past)
            if len(old) > 1:
                agenda.planned += find_a_fever_at_night(_scenes(app, old[1:])[0], past.silent)
            agenda.play(instant_ms(first_day, "04:00"), 0.3)
        numbers = range(old_sites, min(sites, _WITH_HISTORY))
        new = list(make_crews(town, numbers, len(old)))
        relief = make_relief(town, len(old) + len(new), (old + new)[0].sites[:1])
        crews = [*old, *new, relief]
        demo_lines(runtime.seals, clock.now_ms(), [site.id for site in crews[0].sites])
        tick(app, clock.now_ms())
        stories += stories_of(read_stories(), _site_ids(crews), len(_site_ids(old)))
        agenda.planned += [
            *_ticks(app, first_day, until_ms),
            *_desk_work(app, stories, first_day, until_ms),
            *_rounds(city, [*new, relief], chance, first_day, until_ms),
            *_routines(app, new, first_day, days, None),
            *_happenings(app, crews, first_day, days, until_ms),
        ]
        if sites > _WITH_HISTORY:
            agenda.play(instant_ms(last_day, "04:00"), 0.5)
            others = list(make_crews(town, range(_WITH_HISTORY, sites), len(crews)))
            crews += others
            agenda.planned += _rounds(city, others, chance, last_day, until_ms)
        agenda.play(until_ms, 1.0)
        tick(app, until_ms)
        for crew in crews:
            crew.tablet.close()


@dataclass(slots=True)
class _Agenda:
    """What is to happen, each thing at its time or as soon after it as the clock, which never goes back, is there."""

    clock: FakeClock
    progress: Progress
    planned: list[_Planned] = field(default_factory=list)
    shown: float = 0.0

    def play(self, until_ms: int, share: float) -> None:
        """Let everything happen that is planned for before then; `share`: of all the work, done by then."""
        due = sorted((one for one in self.planned if one[0] < until_ms), key=lambda one: one[0])
        self.planned = [one for one in self.planned if one[0] >= until_ms]
        for done, (at_ms, act) in enumerate(due):
            self.clock.set(max(at_ms, self.clock.now_ms()))
            act()
            self.progress(self.shown + (share - self.shown) * (done + 1) / len(due))
        self.shown = share
        self.clock.set(max(until_ms, self.clock.now_ms()))


def demo_log_ins(session: Session) -> list[tuple[str, str]]:
    """Who can log in to the demo: names, and what they are called. Empty where there is no demo."""
    shown = sa.or_(User.role != "inspector", User.name == _SHOWN_INSPECTOR)
    query = sa.select(User.name, User.display_name).where(
        User.name.startswith(DEMO_NAMES), User.active, shown
    )
    return [(name, shown) for name, shown in session.execute(query.order_by(User.name))]


def read_city() -> dict[str, Any]:
    """What the demo city is made of."""
    city: dict[str, Any] = json.loads((SEED_DATA / "demo" / "city.json").read_text("utf-8"))
    return city


def _people(session: Session, city: dict[str, Any], now_ms: int) -> None:
    for row in city["people"]:
        person = {**row, "company": company_code(row["company"]) if "company" in row else None}
        add_user(session, NewUser(password=city["password"], **person), now_ms)


def _ticks(app: Flask, first_day: str, until_ms: int) -> Iterator[_Planned]:
    """The scheduler's ticks, each hour."""
    for at_ms in range(instant_ms(first_day, "05:00"), until_ms, HOUR_MS):
        yield at_ms, partial(_tick, app, at_ms)


def _long_ago(
    app: Flask, crews: Sequence[Crew], past: Past, first_day: str, stories: Sequence[Story]
) -> Iterator[_Planned]:
    """The weeks and months before the workers come, with one tick a day."""
    scenes, behaviours = _scenes(app, crews), _behaviours(crews)
    city = read_city()
    yield from history(app, city["places"], scenes, behaviours, past)
    yield from quiet_platform(app, [scene.site_id for scene in scenes[1:5]], past.lived_in)
    for date in looked_at(past, first_day):
        at_ms = instant_ms(date, "00:30")
        yield at_ms, partial(_tick, app, at_ms)
        yield at_ms + 12 * HOUR_MS, partial(work, app, stories, at_ms + 12 * HOUR_MS)
    for number, (scene, behaviour) in enumerate(zip(scenes, behaviours, strict=True)):
        moves_in = past.moves_in(behaviour, first_day)
        yield from days_before(scene, past, moves_in)
        missing = [one for one in places_of(city, number) if one != room_of(city["places"])]
        yield instant_ms(moves_in, "04:10"), partial(open_places, app, [scene], missing)


def _first_rounds(
    city: dict[str, Any], crew: Crew, chance: random.Random, past: Past, moves_in: str
) -> Iterator[_Planned]:
    """The days on which only the managers are there."""
    for site in crew.sites:
        yield instant_ms(past.begins, "05:20"), partial(_roster, city, crew, site, chance, 1)
    for date in dates_between(past.begins, moves_in):
        for site in crew.sites:
            yield instant_ms(date, "07:10"), partial(_morning, crew, site, chance)
            yield instant_ms(date, "17:20"), partial(_evening, crew, site, chance)
    for at_ms in reported(past, moves_in):
        yield at_ms, partial(_exchange, crew)


def _rounds(
    city: dict[str, Any], crews: Sequence[Crew], chance: random.Random, first_day: str, until_ms: int
) -> Iterator[_Planned]:
    """The days of these crews, each with its rounds and exchanges."""
    for number, date in enumerate(dates_between(first_day, add_days(local_date_of(until_ms), 1))):
        for crew in crews:
            if date <= (crew.through or date):
                yield from _day(city, crew, chance, date, number)


def _happenings(
    app: Flask, crews: Sequence[Crew], first_day: str, days: int, until_ms: int
) -> Iterator[_Planned]:
    """What does not happen every day."""
    scenes, behaviours = _scenes(app, crews), _behaviours(crews)
    yield from incidents(scenes, crews[-1].tablet, first_day, days)
    yield from course(scenes[0], add_days(first_day, 1))
    if len(scenes) > 1:
        yield from confirmed(scenes[1], add_days(first_day, 1))
    yield from monitoring(app, scenes[0].site_id, first_day, until_ms)
    for scene, behaviour in zip(scenes, behaviours, strict=True):
        yield from at_gate(scene, behaviour, first_day, days)


def _routines(
    app: Flask, crews: Sequence[Crew], first_day: str, days: int, past: Past | None
) -> Iterator[_Planned]:
    """What these sites record besides readings and disinfection. Those of long ago (`past`) have had their papers, and what
    is over was done then, or not."""
    for scene, behaviour in zip(_scenes(app, crews), _behaviours(crews), strict=True):
        yield from daily(scene, behaviour, first_day, days)
        if past is None:
            dates = dates_between(first_day, add_days(first_day, days + 1))
            yield from weekly(
                scene, behaviour, [date for date in dates if date == first_day or is_monday(date)]
            )
            yield from once(scene, behaviour, first_day)
        elif behaviour != "silent":
            yield from weekly(scene, behaviour, [past.week])
            if behaviour == "careless":
                yield from once(scene, behaviour, first_day)


def _desk_work(app: Flask, stories: Sequence[Story], first_day: str, until_ms: int) -> Iterator[_Planned]:
    """What people do about the flags."""
    for at_ms in range(instant_ms(first_day, "12:30"), until_ms, HOUR_MS):
        yield at_ms, partial(work, app, stories, at_ms)


def _sites(crews: Sequence[Crew]) -> list[DemoSite]:
    return [site for crew in crews for site in crew.sites]


def _site_ids(crews: Sequence[Crew]) -> list[str]:
    return [site.id for site in _sites(crews)]


def _scenes(app: Flask, crews: Sequence[Crew]) -> list[Scene]:
    return [
        Scene(app, crew.name, crew.tablet, site.id, site.position, site.workers)
        for crew in crews
        for site in crew.sites
    ]


def _behaviours(crews: Sequence[Crew]) -> list[str]:
    return [site.behaviour for site in _sites(crews)]


def _day(
    city: dict[str, Any], crew: Crew, chance: random.Random, date: str, number: int
) -> Iterator[_Planned]:
    """One crew's day: the roster on the first, gate and readings in the morning, disinfection twice,
    readings in the evening; and when the tablet has a network."""
    for site in crew.sites:
        is_late = site.behaviour == "late"
        if number == 0:
            yield instant_ms(date, "05:20"), partial(_roster, city, crew, site, chance)
        yield instant_ms(date, "09:20" if is_late else "06:40"), partial(_morning, crew, site, chance)
        yield (
            instant_ms(date, "06:35"),
            partial(come_in, crew.tablet, site.scope, site.workers, site.behaviour),
        )
        set_back_ms = 5 * HOUR_MS if site.behaviour == "backfills" else 0
        yield instant_ms(date, "09:30") + set_back_ms, partial(_disinfect, crew, site, set_back_ms)
        yield instant_ms(date, "11:20"), partial(_noon, crew, site, chance)
        if site.behaviour == "careless" and number % 2 == 1:
            continue  # nothing more today, though the tablet reports in: missed
        yield instant_ms(date, "17:10" if is_late else "14:00"), partial(_disinfect, crew, site)
        if site.is_raised:
            yield instant_ms(date, "18:30"), partial(_disinfect, crew, site)
        yield instant_ms(date, "20:10" if is_late else "17:30"), partial(_evening, crew, site, chance)
    lost = crew.behaviour == "silent" and number >= 1 and not crew.through
    offline = "13:00" if crew.behaviour == "backfills" else ""
    for hour in ("06:00", "08:10", "10:15", "13:00", "15:40", "18:40", "21:10"):
        if not lost and hour != offline:
            yield instant_ms(date, hour) + chance.randrange(20) * MINUTE_MS, partial(_exchange, crew)


def _tick(app: Flask, at_ms: int) -> None:
    tick(app, at_ms)


def _exchange(crew: Crew) -> None:
    report = crew.tablet.sync()
    if not report.ok:
        raise RuntimeError(f"the demo's tablet could not sync: {report}")


def _roster(
    city: dict[str, Any], crew: Crew, site: DemoSite, chance: random.Random, persons: int = _WORKERS
) -> None:
    with crew.tablet.together():
        for number in range(persons):
            team, trade = city["teams"][number % len(city["teams"])]
            body = {
                "name": chance.choice(city["surnames"]) + "".join(chance.sample(city["given"], 2)),
                "certificate_type": "id_card",
                "certificate_number": id_card(chance),
                "company": site.company,
                "team": team,
                "trade": trade,
                "role": "worker",
                "phone": f"1{chance.choice('35789')}{chance.randrange(10**9):09}",
                "contract": "labour",
                "entered_on": "2021-11-0" + str(number % 9 + 1),
                "canteen_staff": number == _WORKERS - 1,
            }
            record = crew.tablet.add(site.scope, "worker", body)
            site.workers.append(record)


def _morning(crew: Crew, site: DemoSite, chance: random.Random) -> None:
    with crew.tablet.together():
        for worker in site.workers:
            _measure(crew, site, worker, "before_work", chance)


def _noon(crew: Crew, site: DemoSite, chance: random.Random) -> None:
    """The canteen's staff, between the meals."""
    _measure(crew, site, site.workers[-1], "meal", chance)


def _evening(crew: Crew, site: DemoSite, chance: random.Random) -> None:
    with crew.tablet.together():
        for worker in site.workers:
            _measure(crew, site, worker, "after_work", chance)


def _measure(crew: Crew, site: DemoSite, worker: str, slot: str, chance: random.Random) -> None:
    celsius = round(chance.gauss(36.5, 0.2), 1)
    body = {"worker": worker, "celsius": min(max(celsius, 35.6), 37.1), "slot": slot, "point": "gate"}
    crew.tablet.add(site.scope, "temperature_check", body)


def _disinfect(crew: Crew, site: DemoSite, set_back_ms: int = 0) -> None:
    crew.clock.set_back_ms = set_back_ms
    (known,) = crew.tablet.list("site", site.scope)
    with crew.tablet.together():
        for place in known.body["places"]:
            where = {"place": place["kind"], "place_name": place["name"], "place_id": place["id"]}
            body = {**where, "agent": "chlorine", "concentration_mg_l": 500, "operator": "保洁班"}
            crew.tablet.add(site.scope, "disinfection_log", body)
    crew.clock.set_back_ms = 0

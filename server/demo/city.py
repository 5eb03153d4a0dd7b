"""The demo city: sites, people and some days of history, written through the protocol by simulated tablets.

Nothing is written to the tables directly: the tablets enrol, write, lose their network, push and pull as
real ones do, on a clock that is moved through the days, and the scheduler ticks as it would have.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from server.actions.accounts.manage_users import NewUser, add_user
from server.actions.devices.enrol_code import make_code
from server.actions.reference.load_reference import SEED_DATA, load_reference
from server.actions.sites.assign_site import assign_site
from server.actions.sites.end_demo import DEMO_NAMES
from server.actions.sites.register_site import NewSite, register_site
from server.base.clock import FakeClock
from server.base.db import alone, write
from server.base.runtime import Runtime
from server.demo.cases import course, demo_lines
from server.demo.gate import at_gate, come_in
from server.demo.incidents import Scene, incidents
from server.demo.monitoring import monitoring
from server.demo.numbers import company_code, id_card
from server.demo.office import stories_of, work
from server.demo.routine import routine
from server.models.site import Site
from server.models.user import User
from server.rules.calendar import add_days, instant_ms, local_date_of
from server.workflows.scheduler import tick
from sync_protocol.client.tablet import Tablet
from sync_protocol.client.transport import WsgiTransport

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_ENROLMENT_MS = 3_000  # between two tablets: so many a minute the server lets in from one address
_SITES_PER_INSPECTOR = 4
_WORKERS = 8  # at one site: enough to look at, few enough to be quick
_WITH_HISTORY = 60  # sites that have lived through all the days: the rest begin on the last one
_LAST_DAY_MS = 8 * _HOUR_MS  # of it has passed at least, so that there is something of it
_SHOWN_INSPECTOR = "demo-inspector01"  # of them all, the one whose sites have something of everything

Progress = Callable[[float], None]
_Planned = tuple[int, Callable[[], None]]  # when, in ms, and what


@dataclass(slots=True)
class _DemoSite:
    id: str
    behaviour: str
    company: str
    position: tuple[float, float]
    workers: list[str] = field(default_factory=list)

    @property
    def scope(self) -> str:
        return f"site:{self.id}"


class _TabletClock:
    """A tablet's clocks on the demo's time; the wall clock is off by a little, as real ones are."""

    boot = "b0000000-0000-4000-8000-000000000001"
    set_back_ms = 0  # somebody sets the clock on the wall back, to write as if it were earlier

    def __init__(self, clock: FakeClock, skew_ms: int) -> None:
        self._clock, self._skew_ms, self._start_ms = clock, skew_ms, clock.now_ms() - _HOUR_MS

    def wall_ms(self) -> int:
        return self._clock.now_ms() + self._skew_ms - self.set_back_ms

    def up_ms(self) -> int:
        return self._clock.now_ms() - self._start_ms


@dataclass(slots=True)
class _Crew:
    """One inspector: a tablet and the sites that it serves."""

    name: str
    sites: list[_DemoSite]
    clock: _TabletClock
    tablet: Tablet


def seed_demo(app: Flask, sites: int, days: int, until_ms: int, progress: Progress) -> None:
    """Write the demo city into an empty database: `sites` sites with `days` days of history that end at
    `until_ms`; those beyond _WITH_HISTORY have only the last day.

    `app` is made with a FakeClock, which is moved. The password of its people is in seed_data/demo.
    """
    runtime: Runtime = app.extensions["gongdi"]
    clock = runtime.clock
    assert isinstance(clock, FakeClock), "the demo moves the clock through its days"
    city = read_city()
    chance = random.Random(20211201)
    first_day = add_days(local_date_of(until_ms), -days)
    last_day = max(first_day, local_date_of(until_ms - _LAST_DAY_MS))
    clock.set(instant_ms(first_day, "04:00"))
    with app.app_context(), alone(), tempfile.TemporaryDirectory() as homes:
        with write() as session:
            load_reference(session, runtime.seals, clock.now_ms())
            _people(session, city, clock.now_ms())
        crews = list(_crews(app, city, range(min(sites, _WITH_HISTORY)), chance, Path(homes)))
        crews.append(_relief(app, city, sites, crews[0].sites[:1], chance, Path(homes)))
        demo_lines(runtime.seals, clock.now_ms(), [site.id for site in crews[0].sites])
        tick(app, clock.now_ms())
        agenda = [
            *_ticks(app, first_day, until_ms),
            *_rounds(city, crews, chance, first_day, until_ms),
            *_happenings(app, crews, first_day, days, until_ms),
        ]
        if sites > _WITH_HISTORY:
            at_ms = instant_ms(last_day, "04:00")
            _play(clock, [item for item in agenda if item[0] < at_ms], lambda share: progress(share / 3))
            clock.set(max(at_ms, clock.now_ms()))
            others = list(_crews(app, city, range(_WITH_HISTORY, sites), chance, Path(homes)))
            crews += others
            agenda = [item for item in agenda if item[0] >= at_ms]
            agenda += _rounds(city, others, chance, last_day, until_ms)
        before = 1 / 3 if sites > _WITH_HISTORY else 0
        _play(clock, agenda, lambda share: progress(before + (1 - before) * share))
        clock.set(until_ms)
        tick(app, until_ms)
        for crew in crews:
            crew.tablet.close()


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


def _crews(
    app: Flask, city: dict[str, Any], numbers: range, chance: random.Random, homes: Path
) -> Iterator[_Crew]:
    """The sites of these numbers, and their inspectors with an enrolled tablet each, that has pulled its sites."""
    made = [_make_site(app, city, number) for number in numbers]
    for start in range(0, len(made), _SITES_PER_INSPECTOR):
        own = made[start : start + _SITES_PER_INSPECTOR]
        # A tablet that is not heard from silences all its sites: its first site says how it behaves.
        for site in own[1:]:
            site.behaviour = (
                "silent" if own[0].behaviour == "silent" else site.behaviour.replace("silent", "steady")
            )
        yield _crew(app, city, (numbers.start + start) // _SITES_PER_INSPECTOR, own, chance, homes)


def _relief(
    app: Flask, city: dict[str, Any], sites: int, own: list[_DemoSite], chance: random.Random, homes: Path
) -> _Crew:
    """The last inspector, who helps at the first site and has no daily round."""
    relief = _crew(app, city, -(-sites // _SITES_PER_INSPECTOR), own, chance, homes)
    relief.sites = []
    return relief


def _crew(
    app: Flask, city: dict[str, Any], number: int, sites: list[_DemoSite], chance: random.Random, homes: Path
) -> _Crew:
    name = f"demo-inspector{number + 1:02}"
    code = _enrolment(app, city, number, name, sites)
    clock: Any = app.extensions["gongdi"].clock
    device_clock = _TabletClock(clock, chance.randrange(-90_000, 90_000))
    tablet = Tablet(homes / name, device_clock, WsgiTransport(app), chance)
    clock.advance(_ENROLMENT_MS)
    tablet.enrol("http://demo.invalid", code, f"平板 {number + 1:02}", "demo")
    tablet.sync()
    return _Crew(name, sites, device_clock, tablet)


def _make_site(app: Flask, city: dict[str, Any], number: int) -> _DemoSite:
    runtime: Runtime = app.extensions["gongdi"]
    company = number % len(city["companies"])
    with write() as session:
        site = register_site(
            session,
            runtime.seals,
            runtime.clock.now_ms(),
            NewSite(
                name=_site_name(city, number),
                kind="construction",
                district=city["districts"][number % len(city["districts"])],
                unit="zhian",
                stage="building",
                inhabited=True,
                places=[*city["places"], *city["more_places"].get(_site_name(city, number), [])],
                position=_position(city, number),
                companies=[(company_code(company), city["companies"][company], "009")],
            ),
        )
        behaviour: str = city["behaviours"][number % len(city["behaviours"])]
        return _DemoSite(site.id, behaviour, company_code(company), _position(city, number))


def _position(city: dict[str, Any], number: int) -> tuple[float, float]:
    """The sites lie in rows around the city's middle, a kilometre and a half from each other."""
    latitude, longitude = city["position"]
    return latitude + (number // 5 - 2) * 0.015, longitude + (number % 5 - 2) * 0.015


def _site_name(city: dict[str, Any], number: int) -> str:
    plots: list[str] = city["plots"]
    phase = number // len(plots)
    return plots[number % len(plots)] + (f" ({phase + 1} 号地块)" if phase else "")


def _enrolment(app: Flask, city: dict[str, Any], number: int, name: str, own: list[_DemoSite]) -> str:
    runtime: Runtime = app.extensions["gongdi"]
    called = city["inspectors"][number % len(city["inspectors"])]
    with write() as session:
        new = NewUser(name, "inspector", city["password"], f"{called} (检查员, 演示)", unit="zhijianzhan")
        user: User = add_user(session, new, runtime.clock.now_ms())
        for site in own:
            assign_site(session, runtime.seals, user, session.get_one(Site, site.id), runtime.clock.now_ms())
        return make_code(session, user, runtime.clock.now_ms())


def _play(clock: FakeClock, agenda: list[_Planned], progress: Progress) -> None:
    """Let everything happen at its time, or as soon after it as the clock, which never goes back, is there."""
    for done, (at_ms, act) in enumerate(sorted(agenda, key=lambda item: item[0])):
        clock.set(max(at_ms, clock.now_ms()))
        act()
        progress((done + 1) / len(agenda))


def _ticks(app: Flask, first_day: str, until_ms: int) -> Iterator[_Planned]:
    """The scheduler's ticks, each hour."""
    for at_ms in range(instant_ms(first_day, "05:00"), until_ms, _HOUR_MS):
        yield at_ms, partial(_tick, app, at_ms)


def _rounds(
    city: dict[str, Any], crews: list[_Crew], chance: random.Random, first_day: str, until_ms: int
) -> Iterator[_Planned]:
    """The days of these crews, each with its rounds and exchanges."""
    for number in count():
        date = add_days(first_day, number)
        if instant_ms(date, "00:00") >= until_ms:
            return
        for crew in crews:
            for at_ms, act in _day(city, crew, chance, date, number):
                if at_ms < until_ms:
                    yield at_ms, act


def _happenings(
    app: Flask, crews: list[_Crew], first_day: str, days: int, until_ms: int
) -> Iterator[_Planned]:
    """What does not happen every day, and what people do about the flags."""
    scenes = [
        Scene(app, crew.name, crew.tablet, site.id, site.position, site.workers)
        for crew in crews
        for site in crew.sites
    ]
    behaviours = [site.behaviour for crew in crews for site in crew.sites]
    routines = (routine(*one, first_day, days) for one in zip(scenes, behaviours, strict=True))
    gates = (at_gate(*one, first_day, days) for one in zip(scenes, behaviours, strict=True))
    others = incidents(scenes, crews[-1].tablet, first_day, days)
    watched = monitoring(app, [scene.site_id for scene in scenes], first_day, until_ms)
    for at_ms, act in chain(others, course(scenes[0], add_days(first_day, 1)), watched, *routines, *gates):
        if at_ms < until_ms:
            yield at_ms, act
    rows = json.loads((SEED_DATA / "demo" / "stories.json").read_text("utf-8"))["rows"]
    stories = stories_of(rows, [scene.site_id for scene in scenes])
    for at_ms in range(instant_ms(first_day, "12:30"), until_ms, _HOUR_MS):
        yield at_ms, partial(work, app, stories, at_ms)


def _day(
    city: dict[str, Any], crew: _Crew, chance: random.Random, date: str, number: int
) -> Iterator[_Planned]:
    """One crew's day: the roster on the first, gate and readings in the morning, disinfection twice,
    readings in the evening; and when the tablet has a network."""
    for site in crew.sites:
        late_ms = 8 * _HOUR_MS // 3 if site.behaviour == "late" else 0
        if number == 0:
            yield instant_ms(date, "05:20"), partial(_roster, city, crew, site, chance)
        yield instant_ms(date, "06:40") + late_ms, partial(_morning, crew, site, chance)
        yield (
            instant_ms(date, "06:35"),
            partial(come_in, crew.tablet, site.scope, site.workers, site.behaviour),
        )
        set_back_ms = 5 * _HOUR_MS if site.behaviour == "backfills" else 0
        yield instant_ms(date, "09:30") + set_back_ms, partial(_disinfect, crew, site, set_back_ms)
        yield instant_ms(date, "11:20"), partial(_noon, crew, site, chance)
        if site.behaviour == "careless" and number % 2 == 1:
            continue  # nothing more today, though the tablet reports in: missed
        yield instant_ms(date, "14:00"), partial(_disinfect, crew, site)
        yield instant_ms(date, "17:30"), partial(_evening, crew, site, chance)
    behaviour = crew.sites[0].behaviour if crew.sites else "steady"
    lost = behaviour == "silent" and number >= 1
    offline = "13:00" if behaviour == "backfills" else ""
    for hour in ("06:00", "08:10", "10:15", "13:00", "15:40", "18:40", "21:10"):
        if not lost and hour != offline:
            yield instant_ms(date, hour) + chance.randrange(20) * _MINUTE_MS, partial(_exchange, crew)


def _tick(app: Flask, at_ms: int) -> None:
    tick(app, at_ms)


def _exchange(crew: _Crew) -> None:
    report = crew.tablet.sync()
    if not report.ok:
        raise RuntimeError(f"the demo's tablet could not sync: {report}")


def _roster(city: dict[str, Any], crew: _Crew, site: _DemoSite, chance: random.Random) -> None:
    with crew.tablet.together():
        for number in range(_WORKERS):
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


def _morning(crew: _Crew, site: _DemoSite, chance: random.Random) -> None:
    with crew.tablet.together():
        for worker in site.workers:
            _measure(crew, site, worker, "before_work", chance)


def _noon(crew: _Crew, site: _DemoSite, chance: random.Random) -> None:
    """The canteen's staff, between the meals."""
    _measure(crew, site, site.workers[-1], "meal", chance)


def _evening(crew: _Crew, site: _DemoSite, chance: random.Random) -> None:
    with crew.tablet.together():
        for worker in site.workers:
            _measure(crew, site, worker, "after_work", chance)


def _measure(crew: _Crew, site: _DemoSite, worker: str, slot: str, chance: random.Random) -> None:
    celsius = round(chance.gauss(36.5, 0.2), 1)
    body = {"worker": worker, "celsius": min(max(celsius, 35.6), 37.1), "slot": slot, "point": "gate"}
    crew.tablet.add(site.scope, "temperature_check", body)


def _disinfect(crew: _Crew, site: _DemoSite, set_back_ms: int = 0) -> None:
    crew.clock.set_back_ms = set_back_ms
    (known,) = crew.tablet.list("site", site.scope)
    with crew.tablet.together():
        for place in known.body["places"]:
            where = {"place": place["kind"], "place_name": place["name"], "place_id": place["id"]}
            body = {**where, "agent": "chlorine", "concentration_mg_l": 500, "operator": "保洁班"}
            crew.tablet.add(site.scope, "disinfection_log", body)
    crew.clock.set_back_ms = 0

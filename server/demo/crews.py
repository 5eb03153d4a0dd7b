"""The sites of the demo city and who inspects them: each inspector has an enrolled tablet and a few sites."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask

from server.actions.accounts.manage_users import NewUser, add_user
from server.actions.devices.enrol_code import make_code
from server.actions.sites.assign_site import assign_site
from server.actions.sites.register_site import NewSite, register_site
from server.base.clock import FakeClock
from server.base.db import write
from server.base.runtime import Runtime
from server.demo.numbers import company_code
from server.models.site import Site
from server.models.user import User
from server.rules.calendar import HOUR_MS
from sync_protocol.client.tablet import Tablet
from sync_protocol.client.transport import WsgiTransport

SITES_PER_INSPECTOR = 4
_ENROLMENT_MS = 3_000  # between two tablets: so many a minute the server lets in from one address


@dataclass(slots=True)
class DemoSite:
    id: str
    behaviour: str
    company: str
    position: tuple[float, float]
    is_raised: bool = False  # its alert level
    workers: list[str] = field(default_factory=list)

    @property
    def scope(self) -> str:
        return f"site:{self.id}"


class TabletClock:
    """A tablet's clocks on the demo's time; the wall clock is off by a little, as real ones are."""

    boot = "b0000000-0000-4000-8000-000000000001"
    set_back_ms = 0  # somebody sets the clock on the wall back, to write as if it were earlier

    def __init__(self, clock: FakeClock, skew_ms: int) -> None:
        self._clock, self._skew_ms, self._start_ms = clock, skew_ms, clock.now_ms() - HOUR_MS

    def wall_ms(self) -> int:
        return self._clock.now_ms() + self._skew_ms - self.set_back_ms

    def up_ms(self) -> int:
        return self._clock.now_ms() - self._start_ms


@dataclass(slots=True)
class Crew:
    """One inspector: a tablet and the sites that it serves. `through`: the last day on which it reports (empty: as its
    behaviour says)."""

    name: str
    sites: list[DemoSite]
    clock: TabletClock
    tablet: Tablet
    through: str = ""

    @property
    def behaviour(self) -> str:
        return self.sites[0].behaviour if self.sites else "steady"


@dataclass(frozen=True, slots=True)
class Town:
    """What sites and tablets are made from: `city`: the file; `homes`: a folder for what tablets keep."""

    app: Flask
    city: Mapping[str, Any]
    chance: random.Random
    homes: Path


def make_crews(town: Town, numbers: range, first: int, has_places: bool = True) -> Iterator[Crew]:
    """The sites of these numbers, and their inspectors, from number `first` on, with an enrolled tablet each that has pulled
    its sites."""
    made = [
        _make_site(town, number, places_of(town.city, number) if has_places else ()) for number in numbers
    ]
    for start in range(0, len(made), SITES_PER_INSPECTOR):
        own = made[start : start + SITES_PER_INSPECTOR]
        # A tablet that is not heard from silences all its sites: its first site says how it behaves.
        for site in own[1:]:
            site.behaviour = (
                "silent" if own[0].behaviour == "silent" else site.behaviour.replace("silent", "steady")
            )
        yield _crew(town, first + start // SITES_PER_INSPECTOR, own)


def make_relief(town: Town, number: int, own: list[DemoSite]) -> Crew:
    """The inspector of this number, who helps at the first site and has no daily round."""
    relief = _crew(town, number, own)
    relief.sites = []
    return relief


def _crew(town: Town, number: int, sites: list[DemoSite]) -> Crew:
    app, chance = town.app, town.chance
    name = f"demo-inspector{number + 1:02}"
    code = _enrolment(town, number, name, sites)
    clock: Any = app.extensions["gongdi"].clock
    device_clock = TabletClock(clock, chance.randrange(-90_000, 90_000))
    tablet = Tablet(town.homes / name, device_clock, WsgiTransport(app), chance)
    clock.advance(_ENROLMENT_MS)
    tablet.enrol("http://demo.invalid", code, f"平板 {number + 1:02}", "demo")
    tablet.sync()
    return Crew(name, sites, device_clock, tablet)


def places_of(city: Mapping[str, Any], number: int) -> list[dict[str, str]]:
    """The places of the site of this number."""
    return [*city["places"], *city["more_places"].get(_site_name(city, number), [])]


def _make_site(town: Town, number: int, places: Sequence[Mapping[str, str]]) -> DemoSite:
    app, city = town.app, town.city
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
                places=places,
                position=_position(city, number),
                companies=[(company_code(company), city["companies"][company], "009")],
            ),
        )
        behaviour: str = city["behaviours"][number % len(city["behaviours"])]
        return DemoSite(site.id, behaviour, company_code(company), _position(city, number))


def _position(city: Mapping[str, Any], number: int) -> tuple[float, float]:
    """The sites lie in rows around the city's middle, a kilometre and a half from each other."""
    latitude, longitude = city["position"]
    return latitude + (number // 5 - 2) * 0.015, longitude + (number % 5 - 2) * 0.015


def _site_name(city: Mapping[str, Any], number: int) -> str:
    plots: list[str] = city["plots"]
    phase = number // len(plots)
    return plots[number % len(plots)] + (f" ({phase + 1} 号地块)" if phase else "")


def _enrolment(town: Town, number: int, name: str, own: list[DemoSite]) -> str:
    app, city = town.app, town.city
    runtime: Runtime = app.extensions["gongdi"]
    called = city["inspectors"][number % len(city["inspectors"])]
    with write() as session:
        new = NewUser(name, "inspector", city["password"], f"{called} (检查员, 演示)", unit="zhijianzhan")
        user: User = add_user(session, new, runtime.clock.now_ms())
        for site in own:
            assign_site(session, runtime.seals, user, session.get_one(Site, site.id), runtime.clock.now_ms())
        return make_code(session, user, runtime.clock.now_ms())

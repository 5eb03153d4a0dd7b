"""The city in which every run begins: two sites, their people and four tablets, set up by commands once a process, and
put back to that for each seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sync_protocol.client.tablet import Tablet
from tests.simulation.chronicle import Chronicle
from tests.simulation.server_side import HOST, ServerSide
from tests.simulation.truth import Written

START_MS = 1_795_377_600_000  # 2026-11-23, a Monday, 04:00 in Shanghai
PASSWORD = "correct horse battery"
COMPANY_A, COMPANY_B = "91410700MA40000A10", "91410700MA40000B24"
INSPECTORS = ("insp1", "insp2", "insp3", "auditor")
USERS = {  # name → what `gongdi user add` needs
    **dict.fromkeys(INSPECTORS, ("--role", "inspector")),
    "contractor": ("--role", "contractor", "--company", COMPANY_A),
    "section": ("--role", "section", "--unit", "zhian"),
    "brigade": ("--role", "brigade", "--unit", "jiancha"),
    "admin": ("--role", "admin"),
}
SITES = {  # name → district, places, company
    "东苑一期": ("410702", ("canteen:食堂", "toilet:厕所"), f"{COMPANY_A}:甲建筑公司:009"),
    "西苑二期": ("410704", ("canteen:食堂",), f"{COMPANY_B}:乙建筑公司:009"),
}
PLACES = {"东苑一期": ("canteen", "toilet"), "西苑二期": ("canteen",)}
TABLETS = (("t1", "insp1"), ("t2", "insp2"), ("t3", "insp3"), ("t4", "insp1"))
HOLDERS = {
    "insp1": ("东苑一期",),
    "insp2": ("东苑一期", "西苑二期"),
    "insp3": ("西苑二期",),
    "auditor": tuple(SITES),
}
HOOK = "http://127.0.0.1:9/hook"


class WorldClock:
    """True time. The server's clock is right; a tablet's is what its owner made of it."""

    def __init__(self) -> None:
        self.at_ms = START_MS

    def now_ms(self) -> int:
        return self.at_ms


class PlainClock:
    """A right clock, for the tablets that set the city up."""

    boot = "boot-of-the-first-day"

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock

    def wall_ms(self) -> int:
        return self._clock.now_ms()

    def up_ms(self) -> int:
        return self._clock.now_ms() - START_MS + 600_000


@dataclass
class City:
    """What is put back for each seed: the database, the tablets' files, and what is true so far."""

    server: ServerSide
    clock: WorldClock
    folder: Path
    devices: dict[str, str] = field(default_factory=dict)  # tablet → device
    tokens: dict[str, str] = field(default_factory=dict)
    sites: dict[str, str] = field(default_factory=dict)  # id → name
    workers: list[Written] = field(default_factory=list)
    snapshot: Any = None
    ready_ms: int = 0

    def home(self, tablet: str) -> Path:
        return self.folder / "first" / tablet

    def truth(self) -> Chronicle:
        """What is true when a run begins."""
        truth = Chronicle(sites=dict(self.sites), now_ms=START_MS)
        ids = {name: key for key, name in self.sites.items()}
        for user, names in HOLDERS.items():
            for name in names:
                truth.hand(user, ids[name], True)
        return truth


def certificate(number: int) -> str:
    """A sound ID number (GB 11643), another for another `number`."""
    body = f"410702{1960 + number % 40}0203{number % 899 + 101}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return (
        body
        + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]
    )


def person(number: int, company: str = COMPANY_A) -> dict[str, Any]:
    """The body of a worker."""
    return {
        "name": f"工人{number}",
        "certificate_type": "id_card",
        "certificate_number": certificate(number),
        "company": company,
        "team": "钢筋一班",
        "trade": "020",
        "role": "worker",
        "entered_on": "2026-11-01",
        "canteen_staff": number % 4 == 3,
    }


def found(server: ServerSide, clock: WorldClock, folder: Path, reseed: Callable[[str], None]) -> City:
    """Set the city up, by the commands that the README names."""
    reseed("the city")
    city = City(server, clock, folder)
    clock.at_ms = START_MS
    server.done("db", "upgrade")
    server.done("seed", "reference")
    for name, options in USERS.items():
        server.done("user", "add", name, *options, "--password-stdin", stdin=PASSWORD + "\n")
    for name, (district, places, company) in SITES.items():
        wanted = [part for place in places for part in ("--place", place)]
        server.done("site", "add", name, "--district", district, "--inhabited", *wanted, "--company", company)
    for user, names in HOLDERS.items():
        for name in names:
            server.done("assign", user, name)
    server.done("channel", "add", "section", "webhook", "--address", HOOK)
    server.done("tick")
    for name in ("contractor", "section", "brigade", "admin"):
        city.tokens[name] = log_in(server, name)
    listed = server.ask("GET", "/api/v1/sites", city.tokens["admin"]).json()
    city.sites = {site["id"]: site["name"] for site in listed["items"]}
    for name, user in (*TABLETS, ("auditor", "auditor")):
        _first_day(city, name, user)
    city.ready_ms = clock.at_ms
    city.snapshot = server.database.save()
    return city


def log_in(server: ServerSide, name: str) -> str:
    answer = server.ask("POST", "/api/v1/sessions", body={"name": name, "password": PASSWORD})
    assert answer.status == 201, answer.text
    return str(answer.json()["token"])


def enrol_code(server: ServerSide, user: str) -> str:
    return server.done("enrol-code", user).split("注册码:")[1].split()[0]


def _first_day(city: City, name: str, user: str) -> None:
    """Enrol a tablet. The first two have pulled, and the first has written the people of its site down."""
    home = city.home(name)
    tablet = Tablet(home, PlainClock(city.clock), city.server.transport(), random.Random(name))
    city.devices[name] = tablet.enrol(HOST, enrol_code(city.server, user), name, "simulated")
    city.clock.at_ms += 1_000
    if name in ("t1", "t2"):
        assert tablet.sync().ok
    if name == "t1":
        (scope,) = (scope for scope in tablet.scopes() if scope.startswith("site:"))
        for number in range(3):
            _enter(city, tablet, scope, person(number))
        city.clock.at_ms += 1_000
        assert tablet.sync().ok
    tablet.close()


def _enter(city: City, tablet: Tablet, scope: str, body: dict[str, Any]) -> None:
    key, site = tablet.add(scope, "worker", body), scope.removeprefix("site:")
    device, at_ms = city.devices["t1"], city.clock.at_ms
    city.workers.append(
        Written(key, "t1", device, site, "worker", "add", key, key, body, at_ms, PlainClock.boot, None)
    )

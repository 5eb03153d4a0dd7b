"""One run: a city, its tablets and offices, true time, and a plan of steps that the seed drew."""

from __future__ import annotations

import gzip
import heapq
import json
import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sync_protocol.client.reports import TabletError
from sync_protocol.client.transport import Request, Response
from tests.simulation.city import PLACES, TABLETS, City, log_in
from tests.simulation.faults import Died, Network, death_after
from tests.simulation.oracle import Oracle
from tests.simulation.server_side import Answer
from tests.simulation.tablets import Clocks, SimTablet
from tests.simulation.truth import HOUR_MS, Written

DAY_MS = 24 * HOUR_MS
SHANGHAI_MS = 8 * HOUR_MS
# Local times at which something opens or falls due: near them mistakes are made.
EDGES_MIN = (330, 360, 510, 540, 720, 750, 990, 1200, 1230)
SKEWS_MS = (0, 0, 0, 40_000, -40_000, 600_000, -600_000, 2 * HOUR_MS, -2 * HOUR_MS, DAY_MS, -DAY_MS)


@dataclass(frozen=True)
class Step:
    """One thing that happens. It draws from a generator of its own, so that leaving others out changes nothing in it."""

    number: int
    kind: str


class World:
    """What steps work with. Everything true is in `truth`, everything seen goes to the oracle."""

    def __init__(self, seed: int, city: City, home: Path, trace: list[Any]) -> None:
        self.seed, self.city, self.home, self.trace = seed, city, home, trace
        self.server, self.clock = city.server, city.clock
        self.truth = city.truth()
        self.truth.now_ms = self.truth.began_ms = city.ready_ms
        self.oracle = Oracle(self.truth)
        self.rng = random.Random(f"{seed} people")
        self.tokens = dict(city.tokens)
        self.tablets: list[SimTablet] = []
        self.backup: tuple[Any, int] | None = None
        self.photos: list[Any] = []  # that tablets have taken
        self.hook_fails = False
        self.people = 3  # that are known by now
        self.pushes = 0  # that arrived
        self.depth = 0  # of things that happen while others are under way
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._number = 0
        self._settle_city()

    def _settle_city(self) -> None:
        for written in self.city.workers:
            self.note(written)
        for name, user in TABLETS[: self.rng.randrange(2, 5)]:
            clocks = Clocks(self.clock, random.Random(f"{self.seed} clocks {name}"))
            clocks.counts_boots = self.rng.random() < 0.75
            clocks.drift_ppm = self.rng.randrange(-50, 51)
            clocks.reboot(battery_dead=self.rng.random() < 0.1)
            clocks.skew_ms = clocks.skew_ms or self.rng.choice(SKEWS_MS)
            clocks.moves = int(clocks.skew_ms != 0)  # it was right on the first day
            home = self.home / name
            shutil.copytree(self.city.home(name), home)
            self.add_tablet(name, user, home, clocks, self.city.devices[name])
        for name in ("t1", "t2"):
            self.truth.met(self.city.devices[name], self.sites_of(dict(TABLETS)[name]), self.clock.at_ms)

    # ---- tablets

    def add_tablet(self, name: str, user: str, home: Path, clocks: Clocks, device: str = "") -> SimTablet:
        tablet = SimTablet(name, user, home, clocks, self.network(name), f"{self.seed} {name}")
        self.tablets.append(tablet)
        if device:
            self.own(tablet, device)
        return tablet

    def own(self, tablet: SimTablet, device: str) -> None:
        tablet.device = device
        self.truth.enrolled(device, tablet.name, tablet.user)

    def network(self, name: str) -> Network:
        chance = random.Random(f"{self.seed} network {name}")

        def meanwhile() -> None:
            self.meanwhile(name, chance)

        return Network(
            self.server.transport(),
            self.now_ms,
            self.pass_time,
            self.later,
            self.arriving,
            self.seen,
            meanwhile,
            chance,
        )

    def alive(self) -> list[SimTablet]:
        return [tablet for tablet in self.tablets if not tablet.lost]

    def a_tablet(self) -> SimTablet:
        """One in use."""
        return self.rng.choice(self.alive() or self.tablets)

    def sites_of(self, user: str) -> list[str]:
        now_ms = self.clock.at_ms
        return [site for site in self.truth.sites if self.truth.holds(user, site, now_ms)]

    def write(self, tablet: SimTablet, written: Callable[[], str], **true: Any) -> Written | None:
        """Have a tablet write an entry, and note what is true of it. None when the tablet would not."""
        beacon = tablet.client.status().beacon if true.pop("look", False) else None
        try:
            key = written()
        except TabletError:
            return None
        act, record = true.pop("act", "add"), true.pop("record", "") or key
        target = true.pop("target", "")
        entry = Written(
            key, tablet.name, tablet.device, true.pop("site"), true.pop("kind"), act, record, target,
            true.pop("body"), self.clock.at_ms, tablet.clocks.boot, beacon, **true,
        )  # fmt: skip
        entry.known = entry.known and self.truth.counts(tablet.device, entry.site)
        entry.unsure = not tablet.clocks.counts_boots and tablet.clocks.moves >= 2
        self.note(entry)
        return entry

    def note(self, entry: Written) -> None:
        self.truth.entries[entry.id] = entry
        if entry.kind == "worker" and entry.act == "add":
            self.truth.people[entry.record] = entry.body["certificate_number"]
            if entry.body.get("canteen_staff"):
                self.truth.canteen.add(entry.body["certificate_number"])

    def dying(self, tablet: SimTablet, statements: int, work: Callable[[], Any]) -> None:
        """Work that the tablet may not survive; it is opened again."""
        try:
            with death_after(statements):
                work()
        except Died:
            tablet.open()

    # ---- time

    def now_ms(self) -> int:
        return self.clock.at_ms

    def pass_time(self, ms: int) -> None:
        """True time goes on, and what was on its way arrives."""
        until_ms = self.clock.at_ms + ms
        while self._due and self._due[0][0] <= until_ms:
            at_ms, _, arrive = heapq.heappop(self._due)
            self._set_time(max(at_ms, self.clock.at_ms))
            arrive()
        self._set_time(max(until_ms, self.clock.at_ms))

    def _set_time(self, at_ms: int) -> None:
        self.clock.at_ms = self.truth.now_ms = at_ms

    def later(self, ms: int, arrive: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._due, (self.clock.at_ms + ms, self._number, arrive))

    def local_min(self, at_ms: int = 0) -> int:
        """Minutes after midnight, now or then."""
        return ((at_ms or self.clock.at_ms) + SHANGHAI_MS) % DAY_MS // 60_000

    def until_min(self, minute: int) -> int:
        """Milliseconds until the clock next shows so many minutes after midnight."""
        return ((minute - self.local_min() - 1) % (24 * 60) + 1) * 60_000 - self.clock.at_ms % 60_000

    def pass_some_time(self) -> None:
        """A while, or until close to the next moment at which something opens or falls due."""
        draw = self.rng.random()
        if draw < 0.35:
            self.pass_time(self.rng.randrange(1_000, 120_000))
        elif draw < 0.65:
            self.pass_time(self.rng.randrange(120_000, HOUR_MS))
        else:
            self.pass_time(self._to_an_edge())

    def _to_an_edge(self) -> int:
        minute = self.local_min()
        edge = next((edge for edge in EDGES_MIN if edge > minute + 2), EDGES_MIN[0] + 24 * 60)
        off_ms = self.rng.choice((-50_000, -20_000, -5_000, 5_000, 40_000, 90_000, 15 * 60_000))
        return max(1_000, (edge - minute) * 60_000 - self.clock.at_ms % 60_000 + off_ms)

    # ---- what others see and do

    def arriving(self, request: Request) -> None:
        """From now on the server may know what is in there, whether or not it lives to answer."""
        if request.url.endswith("/sync/v1/push"):
            self.pushes += 1
            for line in gzip.decompress(request.body).rstrip(b"\n").split(b"\n")[1:]:
                self.truth.arrived.add(json.loads(line)["id"])

    def seen(self, request: Request, answer: Response) -> None:
        """A tablet's request arrived and was answered."""
        self.server.note(answer)
        path = request.url.partition("//")[2].partition("/")[2]
        if answer.status >= 500 and not self.server.faults.struck:
            self.oracle.report("server_error", f"{path} answered {answer.status}: {answer.body[:200]!r}")
        if answer.status != 200:
            return
        if path == "sync/v1/push":
            plain = gzip.decompress(request.body).rstrip(b"\n").split(b"\n")
            header, *lines = (json.loads(line) for line in plain)
            device = self._sender(request)
            self.oracle.pushed(device, header, lines, json.loads(answer.body), self.clock.at_ms)
            for tablet in self.tablets:
                if tablet.device == device:
                    tablet.clocks.moves = 0
        elif path == "sync/v1/pull":
            lines = [json.loads(line) for line in answer.body.splitlines()]
            self.oracle.pulled(self._sender(request), lines, self.clock.at_ms)

    @staticmethod
    def _sender(request: Request) -> str:
        headers = {name.lower(): value for name, value in request.headers.items()}
        return headers["signature-input"].partition('keyid="')[2].partition('"')[0]

    def meanwhile(self, name: str, chance: random.Random) -> None:
        """While a tablet's request is on its way, somebody writes, or another machine is at work."""
        draw = chance.random()
        if self.depth or draw > 0.3:
            return
        self.depth += 1
        outer, self.rng = self.rng, chance
        try:
            if draw < 0.15:
                self.log_place(next(tablet for tablet in self.tablets if tablet.name == name))
            elif draw < 0.2:
                self.tick()
            else:
                self.a_tablet().client.push()
        finally:
            self.rng = outer
            self.depth -= 1

    def log_place(
        self, tablet: SimTablet, media: Sequence[Mapping[str, Any]] = (), **true: Any
    ) -> Written | None:
        """The most ordinary thing: a place was disinfected."""
        sites = self.sites_on(tablet)
        if not sites:
            return None
        site = true.pop("site", "") or self.rng.choice(sites)
        body = {
            "place": self.rng.choice(PLACES[self.truth.sites[site]]),
            "agent": "chlorine",
            "operator": "王师傅",
            "amount_l": self.rng.choice((1.5, 20)),
            "concentration_mg_l": 500,
        }
        scope = f"site:{site}"
        return self.write(
            tablet,
            lambda: tablet.client.add(
                scope, "disinfection_log", body, media=media, observed_ms=true.get("observed_ms")
            ),
            site=site, kind="disinfection_log", body=body, **true,
        )  # fmt: skip

    def sites_on(self, tablet: SimTablet) -> list[str]:
        """The sites that the tablet has pulled."""
        return [scope[5:] for scope in tablet.client.scopes() if scope[5:] in self.truth.sites]

    def tick(self) -> None:
        """One look of a scheduler, which may die of it."""
        began_ms = self.clock.at_ms
        try:
            code, printed = self.server.command("tick")
        except Died:
            return
        if self.server.faults.struck:
            return
        self.truth.ticked_ms = began_ms
        did = json.loads(printed) if code == 0 else {}
        parts = [part for name, part in did.items() if isinstance(part, dict) and name != "notices"]
        if code or any(part.get("failed") for part in parts):
            self.oracle.report("tick_failed", printed)

    def ask(self, name: str, method: str, path: str, body: Any = None, **sent: Any) -> Answer:
        """A person of an office at her desk."""
        answer = self._asked(name, method, path, body, sent)
        if answer.status == 401:
            self.tokens[name] = log_in(self.server, name)
            answer = self._asked(name, method, path, body, sent)
        return answer

    def _asked(self, name: str, method: str, path: str, body: Any, sent: dict[str, Any]) -> Answer:
        answer = self.server.ask(method, path, self.tokens[name], body, **sent)
        if answer.status >= 500 and not self.server.faults.struck:
            self.oracle.report("server_error", f"{method} {path} answered {answer.status}")
        return answer

    def command(self, *words: str) -> bool:
        """A command of the administrator; whether it was done."""
        try:
            return self.server.command(*words)[0] == 0
        except Died:
            return False

    def take_site(self, user: str, site: str) -> bool:
        """The administrator takes a site from a user; whether it was done."""
        done = self.command("unassign", user, self.truth.sites[site])
        if done:
            self.truth.hand(user, site, False)
        return done

    def posted(self, *given: Any, **sent: Any) -> Any:
        """The webhook's receiver, in place of a network. It may be out of order."""
        key = sent["headers"]["webhook-id"]
        self.trace[0].update(sent["body"])
        self.oracle.notified(key, json.loads(sent["body"]), failed=self.hook_fails)

        class Received:
            status = 500 if self.hook_fails else 200

            def close(self) -> None:
                pass

        return Received()

    def look(self, settled: bool = False) -> None:
        """The oracle looks at all windows, as the section sees them; `settled`: when nothing may be left undone."""
        day = DAY_MS
        local = [(self.clock.at_ms + SHANGHAI_MS - shift) // day * day for shift in (2 * day, 0)]
        first, last = (_date(at_ms) for at_ms in local)
        for site in self.truth.sites:
            found = self.ask("section", "GET", f"/api/v1/sites/{site}/windows?from={first}&to={last}")
            if found.status == 200:
                shown = found.json()["items"]
                for body in shown:
                    self.oracle.evidence.window(site, body)
                if settled:
                    self.oracle.forgotten(site, shown)

    @property
    def fingerprint(self) -> str:
        return str(self.trace[0].hexdigest())


def _date(local_ms: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=local_ms // DAY_MS)).isoformat()

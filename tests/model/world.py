"""A site, its tablets and what really happened there, against the rules of time and watermark.

True time is known here and nowhere else. Tablets have clocks that are wrong in every way that was thought of; requests are
late, lost, cut and repeated; devices are revoked, handed back and carried in as files. The server's side is put together
from the product's pure rules, in the fewest lines: what it keeps, it keeps in lists.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from server.rules.duties.judge import judge, reason_code
from server.rules.duties.matching import Candidate, Fact, match_facts
from server.rules.duties.reporting import RELEASED, UNHEARD, Counted, Reporting, reporting
from sync_protocol import intervals
from sync_protocol.entry import At
from sync_protocol.intervals import UNKNOWN_MS, BootTies, Floor, Interval, Tie, Written
from sync_protocol.stream import Link, Stream, extend
from sync_protocol.watermark import Declared, declared_through

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_700_000_000_000 // DAY * DAY
KIND = "disinfection_log"
DAYS = 2
# opens, due, deadline, closes: hours of the day, with a grace and without
_SLOTS = (
    ((6.0, 12.0, 12.5, 12.5), (12.5, 20.0, 20.5, 30.0)),
    ((6.0, 12.0, 12.0, 12.5), (12.5, 20.0, 20.0, 30.0)),
)


class Line(NamedTuple):
    """An entry as its tablet wrote it, and when that really was. `kept`: the server will hold or refuse it."""

    n: int
    hash: str
    at: At
    beacon_ms: int | None
    true_ms: int
    honest: bool
    kept: bool


class Arrived(NamedTuple):
    """A line that the server stores: which push brought it (None: a file), and when."""

    line: Line
    push: int | None
    received_ms: int


class Header(NamedTuple):
    """What a push declares, by the clocks that were read at `read_ms`."""

    read_ms: int
    wall_ms: int
    boot: str | None
    up_ms: int | None
    beacon_ms: int | None
    pulled_ms: int | None  # the same, where a pull brought it
    n: int
    unsent: int


@dataclass
class Clocks:
    """A tablet's clocks. `skew_ms` of its wall clock; the clock since boot drifts by `ppm`, and may be missing."""

    skew_ms: int
    has_boot: bool
    ppm: int
    boot: int = 0
    booted_ms: int = START - DAY
    moved_unseen: bool = False  # set, and put back before the next push

    def at(self, true_ms: int, beacon_ms: int | None) -> tuple[At, int | None]:
        up_ms = round((true_ms - self.booted_ms) * (1 + self.ppm / 1e6)) if self.has_boot else None
        boot = f"b{self.boot}" if self.has_boot else None
        return At(true_ms + self.skew_ms, "", boot, up_ms), beacon_ms

    def reboot(self, true_ms: int, dead_battery: bool) -> None:
        self.boot += 1
        self.booted_ms = true_ms
        if dead_battery:
            self.skew_ms = -true_ms  # 1970


@dataclass
class Tablet:
    """A device: what it wrote, what it knows to be stored, the last beacon it was given."""

    name: str
    clocks: Clocks
    sends_beacon: bool
    lines: list[Line] = field(default_factory=list)
    acked: int = 0
    beacon_ms: int | None = None
    pulled_ms: int | None = None  # the same, where a pull brought it
    assigned: bool = True
    revoked: bool = False  # what it writes from then on is refused, whoever writes it
    knows_gone: bool = False

    @property
    def has_let_go(self) -> bool:
        """It pulled `gone`, and all that it wrote is stored."""
        return self.knows_gone and self.acked == len(self.lines)

    def write(self, true_ms: int, honest: bool = True, kept: bool = False, back_ms: int = 0) -> None:
        at, beacon_ms = self.clocks.at(true_ms, self.beacon_ms)
        if back_ms:  # a clock that is set back on purpose, for this entry
            at = At(at.wall_ms - back_ms, "", at.boot, at.up_ms)
        n = len(self.lines) + 1
        self.lines.append(Line(n, f"{self.name}{n}", at, beacon_ms, true_ms, honest, kept))

    def header(self, true_ms: int, batch: int) -> Header:
        """Clock first, then the count."""
        at, beacon_ms = self.clocks.at(true_ms, self.beacon_ms if self.sends_beacon else None)
        n = min(self.acked + batch, len(self.lines))
        pulled_ms = self.pulled_ms if self.sends_beacon else None
        return Header(true_ms, at.wall_ms, at.boot, at.up_ms, beacon_ms, pulled_ms, n, len(self.lines) - n)


@dataclass
class Known:
    """What the server knows of a device."""

    since_ms: int
    arrived: dict[int, Arrived] = field(default_factory=dict)
    ties: list[Tie] = field(default_factory=list)
    floors: list[Floor] = field(default_factory=list)
    boots: dict[str, BootTies] = field(default_factory=dict)
    pending: tuple[Declared, ...] = ()
    complete_ms: int | None = None
    gone_ms: int | None = None
    ended_ms: int | None = None
    left_ms: int | None = None
    left_why: str | None = None
    revoked_ms: int | None = None

    def stream(self) -> Stream:
        links = [
            Link(n, f"{one.line.hash[:1]}{n - 1}" if n > 1 else "", one.line.hash)
            for n, one in self.arrived.items()
        ]
        return extend(Stream(), links)

    def times(self) -> dict[int, Interval]:
        written, numbers = [], sorted(self.arrived)
        for n in numbers:
            line, push, received_ms = self.arrived[n]
            floor = intervals.floor_of(self.floors, n)
            floor_ms = floor.t_ms if floor is not None else UNKNOWN_MS
            around = (
                intervals.ties_around(self.ties[: push + 1], line.beacon_ms, floor)
                if push is not None
                else ()
            )
            last = self.ties[-1] if push is None and self.ties else None
            grade, span = intervals.estimate(line.at, self.boots.get(line.at.boot or ""), around, last)
            not_before = max(line.beacon_ms or UNKNOWN_MS, floor_ms)
            written.append(Written(n - 1 in self.arrived, grade, span, not_before, received_ms, floor_ms))
        return dict(zip(numbers, intervals.settle(written), strict=True))


@dataclass
class Server:
    """The site as the server sees it."""

    known: dict[str, Known] = field(default_factory=dict)
    windows: list[Candidate] = field(default_factory=list)
    states: list[tuple[str, str | None]] = field(default_factory=list)
    accused: set[int] = field(
        default_factory=set
    )  # windows that were missed though a record was made in time

    def pull(self, tablet: Tablet, now_ms: int) -> None:
        known = self.known.setdefault(tablet.name, Known(now_ms))
        if known.ended_ms is not None and known.gone_ms is None:
            known.gone_ms = now_ms
        elif known.gone_ms is not None and tablet.has_let_go and known.left_ms is None:
            known.left_ms, known.left_why = now_ms, RELEASED

    def push(self, tablet: Tablet, header: Header, lines: list[Line], arrival_ms: int) -> None:
        known = self.known.setdefault(tablet.name, Known(arrival_ms))
        t_ms = intervals.push_time(arrival_ms, header.beacon_ms)
        tie = Tie(t_ms, arrival_ms, header.wall_ms, header.boot, header.up_ms)
        known.ties.append(tie)
        if tie.boot is not None:
            known.boots[tie.boot] = intervals.with_tie(known.boots.get(tie.boot, BootTies()), tie)
        known.floors.append(Floor(header.n + header.unsent, t_ms, arrival_ms))
        for line in lines:
            known.arrived.setdefault(line.n, Arrived(line, len(known.ties) - 1, arrival_ms))
        fresh = None
        if header.unsent == 0:
            fresh = Declared(header.n, f"{tablet.name}{header.n}" if header.n else "", t_ms)
            known.pending = (*known.pending, fresh)
        through = declared_through(
            known.stream(), known.pending, lambda n: f"{tablet.name}{n}" if n else "", known.complete_ms
        )
        known.complete_ms, known.pending = through.complete_ms, through.pending
        knows = known.gone_ms is not None and (header.pulled_ms or 0) >= known.gone_ms
        if fresh is not None and fresh not in known.pending and knows:
            known.left_ms, known.left_why = arrival_ms, RELEASED

    def carry(self, tablet: Tablet, now_ms: int) -> None:
        known = self.known.setdefault(tablet.name, Known(now_ms))
        for line in tablet.lines:
            known.arrived.setdefault(line.n, Arrived(line, None, now_ms))

    def reports(self, now_ms: int) -> Reporting:
        devices = []
        for name, one in self.known.items():
            if one.ended_ms is not None and one.left_ms is None and one.ended_ms <= now_ms - 72 * HOUR:
                one.left_ms, one.left_why = one.ended_ms, UNHEARD
            devices.append(
                Counted(
                    name, "tablet", one.complete_ms, one.since_ms, one.left_ms, one.left_why, one.revoked_ms
                )
            )
        return reporting(devices, {"tablet": None}, now_ms)

    def tick(self, now_ms: int, tablets: list[Tablet]) -> None:
        """Judge every window by all that is known, and hold what is missed against what really happened."""
        facts = []
        for name, known in self.known.items():
            for n, times in known.times().items():
                line = known.arrived[n].line
                stopped = known.revoked_ms is not None and known.arrived[n].received_ms >= known.revoked_ms
                kept = line.kept or stopped
                facts.append(Fact(f"{name}{n}", times.earliest_ms, times.latest_ms, None, kept))
        reports = self.reports(now_ms)
        watermark_ms = reports.watermark([KIND])
        found = match_facts(facts, self.windows)
        for i, window in enumerate(self.windows):
            lost = reports.lost_of([KIND], window.opens_ms, window.deadline_ms)
            verdict = judge(
                *self.states[i], now_ms, window.deadline_ms, watermark_ms, found[i].evidence, lost
            )
            self.states[i] = (verdict.state, verdict.reason)
            if verdict.state == "missed" and _was_done(window, tablets):
                self.accused.add(i)


def _was_done(window: Candidate, tablets: list[Tablet]) -> bool:
    return any(
        line.honest and window.opens_ms <= line.true_ms <= window.due_ms
        for tablet in tablets
        for line in tablet.lines
    )


class Outcome(NamedTuple):
    """What an episode came to, in windows. `accused`: missed though an honest record was made in time; `put_back`: the same,
    where a clock was moved unseen and put back; `cheated`: met only by a record that its provable bounds exclude."""

    steps: int
    windows: int
    missed: int
    accused: int
    put_back: int
    review: int
    cheated: int


def _windows(rng: Random) -> list[Candidate]:
    slots = rng.choice(_SLOTS)
    return [
        Candidate(*(START + day * DAY + round(hours * HOUR) for hours in slot))
        for day in range(DAYS)
        for slot in slots
    ]


def episode(rng: Random, good: bool = False, cheats: bool = False) -> Outcome:
    """Two or so days of a site. `good`: clocks that are right to a second and a network that answers; `cheats`: some
    records are made to look earlier than they were."""
    server, diligence = Server(windows=_windows(rng)), rng.choice((0.02, 0.05, 0.1, 0.4))
    server.states = [("open", None)] * len(server.windows)
    tablets = [_tablet(rng, name, good) for name in ("a", "b")[: rng.choice((1, 1, 2))]]
    now_ms, steps = START, 0
    for tablet in tablets:
        _sync(rng, server, tablet, now_ms, good)
    while now_ms < START + DAYS * DAY + 12 * HOUR:
        now_ms = _later(rng, server, now_ms)
        steps += 1
        now_ms += _step(rng, server, rng.choice(tablets), now_ms, diligence, good, cheats)
        if rng.random() < 0.5:
            server.tick(now_ms, tablets)
            steps += 1
    if good:  # everything comes in sooner or later
        for tablet in tablets:
            now_ms += _sync(rng, server, tablet, now_ms, good)
    server.tick(now_ms + MINUTE, tablets)
    return _outcome(server, tablets, steps)


def _later(rng: Random, server: Server, now_ms: int) -> int:
    """When the next thing happens: often just before the edge of a window, where mistakes would show."""
    edges = [edge for window in server.windows for edge in window[:4] if edge > now_ms + 2 * MINUTE]
    if edges and rng.random() < 0.3:
        return min(edges) - rng.randrange(1, 100_000)
    return now_ms + rng.choice((20_000, 5 * MINUTE, 40 * MINUTE, 2 * HOUR, rng.randrange(1, 4 * HOUR)))


def _tablet(rng: Random, name: str, good: bool) -> Tablet:
    skew = 0 if good else rng.choice((0, 0, -30_000, -10 * MINUTE, rng.randint(-2 * DAY, 2 * DAY)))
    clocks = Clocks(skew, has_boot=rng.random() < 0.6, ppm=0 if good else rng.randint(-80, 80))
    return Tablet(name, clocks, sends_beacon=good or rng.random() < 0.7)


def _step(
    rng: Random, server: Server, tablet: Tablet, now_ms: int, diligence: float, good: bool, cheats: bool
) -> int:
    """One thing that happens. Gives how long it took."""
    known = server.known.get(tablet.name)
    if rng.random() < diligence:
        if not tablet.knows_gone:
            kept = not good and rng.random() < 0.05
            if cheats and rng.random() < 0.3:
                tablet.write(now_ms, honest=False, back_ms=rng.randrange(1, DAY))
            else:
                tablet.write(now_ms, honest=not tablet.revoked, kept=kept)
        return 0
    what = rng.random()
    if what < 0.8 or good:
        return _sync(rng, server, tablet, now_ms, good)
    if what < 0.84:
        tablet.clocks.reboot(now_ms, dead_battery=rng.random() < 0.3)
    elif what < 0.88:
        tablet.clocks.skew_ms += rng.choice((-HOUR, HOUR, rng.randint(-DAY, DAY)))
    elif what < 0.885:  # moved unseen, something written, and put back
        moved = rng.choice((-1, 1)) * rng.randrange(MINUTE, 6 * HOUR)
        tablet.clocks.skew_ms += moved
        tablet.write(now_ms, honest=not tablet.revoked)
        tablet.clocks.skew_ms -= moved
        tablet.clocks.moved_unseen = True
    elif what < 0.91:
        server.carry(tablet, now_ms)
    elif what < 0.94 and known is not None and known.revoked_ms is None:
        known.revoked_ms, tablet.revoked = now_ms, True
    elif what < 0.97 and known is not None and known.ended_ms is None:
        known.ended_ms, tablet.assigned = now_ms, False
    return 0


def _sync(rng: Random, server: Server, tablet: Tablet, now_ms: int, good: bool) -> int:
    """Pull, then push what there is in batches, over a network that does what it likes. Gives how long it took."""
    spent = 0
    if good or rng.random() < 0.8:  # else the pull failed, and the push goes on by itself
        spent += rng.randrange(50, 500 if good else 20_000)
        server.pull(tablet, now_ms + spent)
        if good or rng.random() < 0.9:  # else its answer was lost
            tablet.beacon_ms = tablet.pulled_ms = now_ms + spent
            tablet.knows_gone |= not tablet.assigned
            spent += rng.randrange(10, 200)
    for _ in range(2):
        batch = rng.choice((1, 3, 100))
        header = tablet.header(now_ms + spent, batch)
        if not good and rng.random() < 0.2 and not tablet.knows_gone:
            tablet.write(
                now_ms + spent, honest=not tablet.revoked
            )  # after the clock was read, and not in the count
        sent = tablet.lines[tablet.acked : header.n]
        latency = rng.randrange(20, 900) if good else rng.choice((100, 2_000, rng.randrange(1, 59_000)))
        if not good and rng.random() < 0.1:
            spent += 60_000
            continue  # lost on its way
        if not good and rng.random() < 0.1 and sent:
            sent = rng.sample(sent, rng.randrange(len(sent)))  # some of its scopes' parts answered `retry`
        arrival_ms = now_ms + spent + latency
        server.push(tablet, header, sent, arrival_ms)
        spent += latency
        if good or rng.random() < 0.9:  # else the answer was lost
            stored = server.known[tablet.name].stream().n
            tablet.acked = max(tablet.acked, min(stored, header.n))
            tablet.beacon_ms, tablet.pulled_ms = arrival_ms, None
    return spent


def _outcome(server: Server, tablets: list[Tablet], steps: int) -> Outcome:
    review = cheated = 0
    for window, (state, reason) in zip(server.windows, server.states, strict=True):
        review += state == "review" and reason_code(reason) in ("time_uncertain", "device_unheard")
        cheated += state == "met" and not _reachable(server, window)
    moved = any(tablet.clocks.moved_unseen for tablet in tablets)
    wrong = len(server.accused)
    accused, put_back = (0, wrong) if moved else (wrong, 0)
    missed = sum(state == "missed" for state, _ in server.states)
    return Outcome(steps, len(server.windows), missed, accused, put_back, review, cheated)


def _reachable(server: Server, window: Candidate) -> bool:
    """Whether some record may have been made in the window, by what is proved of it."""
    for known in server.known.values():
        for times in known.times().values():
            if times.not_before_ms < window.deadline_ms and times.not_after_ms >= window.opens_ms:
                return True
    return False

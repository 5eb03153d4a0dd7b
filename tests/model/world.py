"""A site, its tablets and what really happened there, against the rules of time and watermark.

True time is known here and nowhere else. Tablets have clocks that are wrong in every way that was thought of; requests are
late, lost, cut and repeated; devices are revoked, handed back and carried in as files. The server's side is put together
from the product's pure rules, in the fewest lines: what it keeps, it keeps in lists.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from server.rules.duties.judge import Reported, judge
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
        """Judge every window by all that is known, and compare what is missed with what really happened."""
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
            reported = Reported(now_ms, watermark_ms, lost)
            verdict = judge(*self.states[i], window.deadline_ms, reported, found[i].evidence)
            self.states[i] = (verdict.state, verdict.reason)
            if verdict.state == "missed" and _was_done(window, tablets):
                self.accused.add(i)


def _was_done(window: Candidate, tablets: list[Tablet]) -> bool:
    return any(
        line.honest and window.opens_ms <= line.true_ms <= window.due_ms
        for tablet in tablets
        for line in tablet.lines
    )

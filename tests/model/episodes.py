"""Two or so days of a site: what happens to its tablets and on the network, drawn at random, and what came of it."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from server.rules.duties.judge import reason_code
from server.rules.duties.matching import Candidate
from tests.model.world import DAY, HOUR, MINUTE, START, Clocks, Server, Tablet

DAYS = 2
# opens, due, deadline, closes: hours of the day, with a grace and without
_SLOTS = (
    ((6.0, 12.0, 12.5, 12.5), (12.5, 20.0, 20.5, 30.0)),
    ((6.0, 12.0, 12.0, 12.5), (12.5, 20.0, 20.0, 30.0)),
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

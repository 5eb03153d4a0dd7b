"""What passes of a gate say of a site: how many people are on it, and what does not fit the roster or the rules.

Nothing here accuses by what may still be in a tablet: a day is looked at when all devices have reported past its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from server.rules.calendar import DAY_MS, HOUR_MS, add_days, local_date_of, midnight_ms
from server.rules.newcomers import Newcomer, came_new, has_test
from server.rules.signals import Signal

NOT_REGISTERED, NOT_MEASURED = "not_registered", "not_measured_in"
INSIDE_LONG, FEW_MASKS = "inside_long", "few_masks"
NEW_UNTESTED, CAME_AFTER_EXIT = "new_untested", "came_after_exit"
GATE_CODES = (NOT_REGISTERED, CAME_AFTER_EXIT, NOT_MEASURED, INSIDE_LONG, FEW_MASKS, NEW_UNTESTED)
MENDED_BY_RECORDS = (
    NOT_REGISTERED,
    CAME_AFTER_EXIT,
    NEW_UNTESTED,
)  # by a roster, or a test, that is written down later
_HOURS = 24


@dataclass(frozen=True, slots=True)
class GatePass:
    """One worker through the gate, as it counts; who was turned away did not pass. `person`: by which the worker's records
    are counted. `earliest_ms`, `latest_ms`: between which moments."""

    worker: str
    person: str
    is_in: bool
    at_ms: int
    earliest_ms: int
    latest_ms: int
    has_celsius: bool = False
    mask_worn: bool | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One reading of a worker, between two moments."""

    worker: str
    person: str
    at_ms: int
    earliest_ms: int
    latest_ms: int


@dataclass(frozen=True, slots=True)
class Listed:
    """One record of the roster. `until`: the last local date of who has left. `lives_here`: sleeps on the site. `since`: the
    local date on which it says that he came."""

    person: str
    until: str | None = None
    lives_here: bool = False
    since: str = ""


@dataclass(frozen=True, slots=True)
class GateLimits:
    """`measured_within_ms`: how far from a pass a reading of the same person counts for it; `inside_max_ms`: how long
    somebody is inside who does not live there; `masks_from`: fewer passes say nothing of masks; `mask_share`: of passes,
    with a mask. `tested_within_ms`: of the local dates on which it is asked, how long before the first way in of somebody
    new a negative sample may have been taken; `new_days`: so long after the roster's date he is new."""

    measured_within_ms: int
    inside_max_ms: int
    masks_from: int
    mask_share: float
    tested_within_ms: Mapping[str, int] = field(default_factory=dict)
    new_days: int = 0


@dataclass(frozen=True, slots=True)
class AtGate:
    """What is known of one site's gate. `roster`: by a worker's id, without what was voided. `newcomers`: who began
    lately."""

    passes: Sequence[GatePass]
    seen: Sequence[Seen]
    roster: Mapping[str, Listed]
    newcomers: Sequence[Newcomer] = ()


def gate_signals(found: AtGate, limits: GateLimits, days: Sequence[str], through_ms: int) -> list[Signal]:
    """The signals of these local dates. All devices have reported up to `through_ms`; of a date that ends later nothing is
    said."""
    known = [day for day in days if midnight_ms(add_days(day, 1)) <= through_ms]
    signals: list[Signal] = []
    for day in known:
        passes = [one for one in found.passes if local_date_of(one.at_ms) == day]
        entries = [one for one in passes if one.is_in]
        seen = [one for one in found.seen if local_date_of(one.at_ms) == day]
        signals += _not_registered(day, entries, seen, found.roster)
        signals += _not_measured(day, entries, found.seen, limits)
        signals += _inside_long(day, entries, found, limits, through_ms)
        signals += _few_masks(day, entries, limits)
        signals += _new_untested(day, found.newcomers, limits)
    return signals


def _not_registered(
    day: str, entries: Iterable[GatePass], seen: Iterable[Seen], roster: Mapping[str, Listed]
) -> Iterable[Signal]:
    """People who came in, or were measured, and are on no roster; and those who left before. A reading may be of a night
    shift that began on the last day."""
    by_person: dict[str, list[Listed]] = defaultdict(list)
    for row in roster.values():
        by_person[row.person].append(row)

    def is_there(person: str, first: str) -> bool:
        return any(row.until is None or row.until >= first for row in by_person[person])

    strangers = {one.person for one in entries if not is_there(one.person, day)}
    strangers |= {one.person for one in seen if not is_there(one.person, add_days(day, -1))}
    left = sum(bool(by_person[person]) for person in strangers)
    if len(strangers) > left:
        yield Signal(NOT_REGISTERED, day, {"people": len(strangers) - left})
    if left:
        yield Signal(CAME_AFTER_EXIT, day, {"people": left})


def _not_measured(
    day: str, entries: Sequence[GatePass], seen: Iterable[Seen], limits: GateLimits
) -> Iterable[Signal]:
    """Each way in is measured, again and again. A reading that may have been taken close to it counts."""
    readings: dict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        readings[one.person].append(one)
    slack_ms = limits.measured_within_ms

    def is_measured(entry: GatePass) -> bool:
        return entry.has_celsius or any(
            one.earliest_ms - slack_ms <= entry.latest_ms and entry.earliest_ms <= one.latest_ms + slack_ms
            for one in readings[entry.person]
        )

    count = sum(not is_measured(entry) for entry in entries)
    if count:
        yield Signal(NOT_MEASURED, day, {"count": count, "passes": len(entries)})


def _inside_long(
    day: str, entries: Iterable[GatePass], found: AtGate, limits: GateLimits, through_ms: int
) -> Iterable[Signal]:
    """People without a bed on the site who came in and were not seen at the gate again for too long."""
    live_here = {row.person for row in found.roster.values() if row.lives_here}
    on_roster = {row.person for row in found.roster.values()}
    times: dict[str, list[int]] = defaultdict(list)
    for one in found.passes:
        times[one.person].append(one.at_ms)
    stayed = set()
    for entry in entries:
        if entry.person in live_here or entry.person not in on_roster:
            continue
        next_ms = min((at_ms for at_ms in times[entry.person] if at_ms > entry.at_ms), default=through_ms)
        if next_ms - entry.latest_ms > limits.inside_max_ms:
            stayed.add(entry.person)
    if stayed:
        hours = limits.inside_max_ms // HOUR_MS
        yield Signal(INSIDE_LONG, day, {"people": len(stayed), "hours": hours})


def _few_masks(day: str, entries: Iterable[GatePass], limits: GateLimits) -> Iterable[Signal]:
    worn, said = mask_share(entries)
    if said >= limits.masks_from and worn < limits.mask_share * said:
        figures = {"worn": worn, "passes": said, "share": round(100 * worn / said)}
        yield Signal(FEW_MASKS, day, {**figures, "least": round(100 * limits.mask_share)})


def _new_untested(day: str, newcomers: Iterable[Newcomer], limits: GateLimits) -> Iterable[Signal]:
    within_ms = limits.tested_within_ms.get(day)
    if within_ms is None:
        return
    came = [one for one in newcomers if came_new(one, day, limits.new_days)]
    lacking = sum(not has_test(one, within_ms) for one in came)
    if lacking:
        figures = {"people": lacking, "new": len(came), "hours": within_ms // HOUR_MS}
        yield Signal(NEW_UNTESTED, day, figures)


def mask_share(passes: Iterable[GatePass]) -> tuple[int, int]:
    """How many came in with a mask, and of how many it is said."""
    said = [one.mask_worn for one in passes if one.is_in and one.mask_worn is not None]
    return sum(said), len(said)


@dataclass(frozen=True, slots=True)
class Group:
    """Visitors who went in or out together: `persons` of them."""

    is_in: bool
    at_ms: int
    persons: int


@dataclass(frozen=True, slots=True)
class VehiclePass:
    """A vehicle that went in or out, by its plate."""

    plate: str
    is_in: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class HourCount:
    """People and vehicles on the site when an hour of the day ends, or at the last moment that is known. `in_`, `out`:
    passes of workers and visitors in that hour."""

    hour: int
    workers: int
    visitors: int
    in_: int
    out: int
    vehicles: int = 0


def living_here(roster: Mapping[str, Listed], day: str) -> set[str]:
    """The people who sleep on the site on a local date."""
    return {
        row.person for row in roster.values() if row.lives_here and (row.until is None or row.until >= day)
    }


def vehicles_inside(passes: Iterable[VehiclePass], from_ms: int, before_ms: int) -> int:
    """How many plates went in last within these moments."""
    ordered = sorted((one for one in passes if from_ms <= one.at_ms < before_ms), key=lambda one: one.at_ms)
    return sum({one.plate: one.is_in for one in ordered}.values())


def head_counts(
    found: AtGate,
    visitors: Sequence[Group],
    day: str,
    until_ms: int,
    vehicles: Sequence[VehiclePass] = (),
) -> list[HourCount]:
    """The people on a site through a local date, hour by hour up to `until_ms`. Who lives there is inside when the day
    begins; then everybody is where the last pass leaves them. Visitors: in − out since midnight; vehicles: those whose
    last pass since midnight was in."""
    start_ms = midnight_ms(day)
    end_ms = min(until_ms, start_ms + DAY_MS)
    passes = sorted(
        (one for one in found.passes if start_ms <= one.at_ms < end_ms), key=lambda one: one.at_ms
    )
    groups = sorted((one for one in visitors if start_ms <= one.at_ms < end_ms), key=lambda one: one.at_ms)
    inside = living_here(found.roster, day)
    guests = 0
    counts = []
    for hour in range(_HOURS):
        low_ms, high_ms = start_ms + hour * HOUR_MS, start_ms + (hour + 1) * HOUR_MS
        if low_ms >= end_ms:
            break
        moved = [one for one in passes if low_ms <= one.at_ms < high_ms]
        for one in moved:
            (inside.add if one.is_in else inside.discard)(one.person)
        called = [one for one in groups if low_ms <= one.at_ms < high_ms]
        for group in called:
            guests = max(0, guests + (group.persons if group.is_in else -group.persons))
        went_in = sum(one.is_in for one in moved) + sum(one.persons for one in called if one.is_in)
        went_out = sum(not one.is_in for one in moved) + sum(one.persons for one in called if not one.is_in)
        parked = vehicles_inside(vehicles, start_ms, min(high_ms, end_ms))
        counts.append(HourCount(hour, len(inside), guests, went_in, went_out, parked))
    return counts

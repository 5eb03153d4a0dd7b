"""Signals: what in a site's records looks unlike real work (DOMAIN: Records that lie).

Each is a lead with its figures, for a person to look at. None is a verdict, and none changes a window.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import asin, cos, radians, sin, sqrt
from typing import Any

from schemas.temperature_check import SLOTS
from server.rules.calendar import DAY_MS, MINUTE_MS, add_days, local_date_of

_EARTH_M = 6_371_000


@dataclass(frozen=True, slots=True)
class Reading:
    """One temperature check as it counts. `backfilled`: provably entered later than it claims."""

    worker: str
    celsius: float
    slot: str
    device: str
    at_ms: int
    backfilled: bool = False


@dataclass(frozen=True, slots=True)
class Chlorine:
    """Disinfectant of the last `days`, as grams of what disinfects: what logs say was used, and what the store issued."""

    used_g: float
    issued_g: float
    days: int


@dataclass(frozen=True, slots=True)
class Records:
    """What is known of one site. `passes`: (worker, local date) of gate passes; `days`: local date → states of its
    windows, the dates in order and complete; `reused`: local date → how many photos of that day prove something else
    too; `slots`: (local date, slot) → when its window opens and closes; `cases`: worker → when that
    worker's cases were opened; `rounds`: (time, metres from the site beyond the tablet's own error)."""

    readings: Sequence[Reading] = ()
    passes: Collection[tuple[str, str]] = ()
    days: Mapping[str, Sequence[str]] = field(default_factory=dict)
    reused: Mapping[str, int] = field(default_factory=dict)
    slots: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    cases: Mapping[str, Sequence[int]] = field(default_factory=dict)
    rounds: Sequence[tuple[int, float]] = ()
    chlorine: Chlorine | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds, from reference data. `people_min`: fewer say nothing; `values_max`: so few different values are odd;
    `per_minute_max`: what one thermometer can do; `perfect_days`: so many days in a row without one anomaly are odd;
    `normal_from`, `normal_below` (°C): between them a reading is no anomaly; `fever_above` (°C) and `fever_readings`: so
    many in a day are a fever; `slot_slack_ms`: what a reading may lie outside its slot; `site_radius_m`: how far a site
    reaches."""

    people_min: int
    values_max: int
    per_minute_max: int
    perfect_days: int
    normal_from: float
    normal_below: float
    fever_above: float
    fever_readings: int
    slot_slack_ms: int
    site_radius_m: float


@dataclass(frozen=True, slots=True)
class Signal:
    """`code` names the rule, `figures` are what its explanation needs, `local_date` the day that it is about."""

    code: str
    local_date: str
    figures: Mapping[str, Any]


# What a person reads: the name, and why it is worth a look. Figures go into the braces.
CATALOGUE: Mapping[str, tuple[str, str]] = {
    "few_values": ("读数雷同", "{slot} {people} 人的体温只有 {values} 种读数。"),
    "too_fast": ("测得过快", "一台设备一分钟记录 {count} 次, 一支体温计做不到 (上限 {most})。"),
    "no_gate_pass": ("测温而无进场", "{people} 人有测温记录, 当日没有进出场记录 (共测 {measured} 人)。"),
    "out_of_slot": ("不在时段", "{count} 条{slot}测温, 测量时刻不在该时段内 (共 {readings} 条)。"),
    "fever_no_case": (
        "发热未立案",
        "{people} 人当日多次读数偏高 (超过 {celsius} °C), 之后一日内没有个案记录。",
    ),
    "off_site": ("异地巡查", "{rounds} 次巡查提交时, 平板距登记位置最远 {metres} 米。"),
    "more_than_issued": (
        "用多于领",
        "近 {days} 天消毒记录用量折合有效成分 {used_g} 克, 领用 {issued_g} 克。",
    ),
    "entered_later": ("事后补录", "{count} 条测温可证明是补录的 (共 {readings} 条)。"),
    "photo_twice": ("照片重复", "{photos} 张照片不止一次作为凭证。"),
    "not_registered": ("名册外人员", "{people} 人不在名册上仍有进场或测温记录。"),
    "came_after_exit": ("退场后进场", "{people} 人已退场, 之后仍有进场或测温记录。"),
    "not_measured_in": ("进场未测温", "{count} 次进场没有测温 (共 {passes} 次进场)。"),
    "inside_long": ("长时间未出场", "{people} 人进场后超过 {hours} 小时没有出场记录, 名册上不在场内住宿。"),
    "new_untested": (
        "新进场无核酸证明",
        "{new} 名新进场人员中, {people} 人首次进场前 {hours} 小时内没有核酸阴性记录。",
    ),
    "few_masks": ("佩戴口罩", "进场时戴口罩的占 {share}% ({worn}/{passes}), 应不低于 {least}%。"),
    "perfect": ("长期全优", "连续 {days} 天全部完成, 没有一次缺失、迟做或偏高读数。"),
}


def find_signals(records: Records, limits: Limits, today: str) -> list[Signal]:
    """Every signal in these records of one site, by date; one about a stretch of days is of the day before `today`."""
    by_day: dict[str, list[Reading]] = defaultdict(list)
    for reading in records.readings:
        by_day[local_date_of(reading.at_ms)].append(reading)
    passed = set(records.passes)
    found: list[Signal] = []
    for day, readings in sorted(by_day.items()):
        found += _few_values(day, readings, limits)
        found += _too_fast(day, readings, limits)
        found += _no_gate_pass(day, readings, passed, limits)
        found += _entered_later(day, readings, limits)
        found += _out_of_slot(day, readings, records.slots, limits)
        found += _fever_no_case(day, readings, records.cases, limits)
    found += [Signal("photo_twice", day, {"photos": count}) for day, count in records.reused.items()]
    found += _off_site(records.rounds, limits)
    found += _more_than_issued(records.chlorine, today)
    found += _perfect(by_day, records.days, limits)
    return sorted(found, key=lambda signal: (signal.local_date, signal.code))


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The distance of two places on the globe, each (latitude, longitude) in degrees; by the haversine formula."""
    (lat_1, lon_1), (lat_2, lon_2) = (tuple(map(radians, place)) for place in (one, other))
    a = sin((lat_2 - lat_1) / 2) ** 2 + cos(lat_1) * cos(lat_2) * sin((lon_2 - lon_1) / 2) ** 2
    return 2 * _EARTH_M * asin(sqrt(min(1.0, a)))


def explain(signal: Signal) -> tuple[str, str]:
    """The name and the explanation with its figures."""
    name, text = CATALOGUE[signal.code]
    slot = SLOTS.get(signal.figures.get("slot", ""), "")
    return name, text.format(**{**signal.figures, "slot": slot})


def _few_values(day: str, readings: Sequence[Reading], limits: Limits) -> Iterable[Signal]:
    slots: dict[str, dict[str, float]] = defaultdict(dict)
    for reading in readings:
        slots[reading.slot][reading.worker] = reading.celsius
    for slot, values in sorted(slots.items()):
        different = len(set(values.values()))
        if len(values) >= limits.people_min and different <= limits.values_max:
            yield Signal("few_values", day, {"slot": slot, "people": len(values), "values": different})


def _too_fast(day: str, readings: Sequence[Reading], limits: Limits) -> Iterable[Signal]:
    """The most readings that one device took within any minute."""
    times: dict[str, list[int]] = defaultdict(list)
    for reading in readings:
        times[reading.device].append(reading.at_ms)
    most = max((_most_within(sorted(times_of), MINUTE_MS) for times_of in times.values()), default=0)
    if most > limits.per_minute_max:
        yield Signal("too_fast", day, {"count": most, "most": limits.per_minute_max})


def _most_within(times: Sequence[int], span_ms: int) -> int:
    most = first = 0
    for last, at_ms in enumerate(times):
        while at_ms - times[first] >= span_ms:
            first += 1
        most = max(most, last - first + 1)
    return most


def _no_gate_pass(
    day: str, readings: Sequence[Reading], passed: set[tuple[str, str]], limits: Limits
) -> Iterable[Signal]:
    measured = {reading.worker for reading in readings}
    absent = sum((worker, day) not in passed for worker in measured)
    if absent and len(measured) >= limits.people_min:
        yield Signal("no_gate_pass", day, {"people": absent, "measured": len(measured)})


def _entered_later(day: str, readings: Sequence[Reading], limits: Limits) -> Iterable[Signal]:
    count = sum(reading.backfilled for reading in readings)
    if count and len(readings) >= limits.people_min:
        yield Signal("entered_later", day, {"count": count, "readings": len(readings)})


def _out_of_slot(
    day: str, readings: Sequence[Reading], slots: Mapping[tuple[str, str], tuple[int, int]], limits: Limits
) -> Iterable[Signal]:
    """Readings that say they are of a slot and were made long before it began or after it ended."""
    by_slot: dict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        by_slot[reading.slot].append(reading)
    for slot, of_slot in sorted(by_slot.items()):
        if (day, slot) not in slots:
            continue
        opens_ms, closes_ms = slots[day, slot]
        low, high = opens_ms - limits.slot_slack_ms, closes_ms + limits.slot_slack_ms
        count = sum(not low <= reading.at_ms <= high for reading in of_slot)
        if count and len(of_slot) >= limits.people_min:
            yield Signal("out_of_slot", day, {"count": count, "slot": slot, "readings": len(of_slot)})


def _fever_no_case(
    day: str, readings: Sequence[Reading], cases: Mapping[str, Sequence[int]], limits: Limits
) -> Iterable[Signal]:
    """People with a fever of whom no case was opened within a day; one is enough to look at."""
    high: dict[str, list[int]] = defaultdict(list)
    for reading in readings:
        if reading.celsius > limits.fever_above:
            high[reading.worker].append(reading.at_ms)
    without = [
        worker
        for worker, times in high.items()
        if len(times) >= limits.fever_readings
        and not any(min(times) <= opened_ms <= max(times) + DAY_MS for opened_ms in cases.get(worker, ()))
    ]
    if without:
        yield Signal("fever_no_case", day, {"people": len(without), "celsius": limits.fever_above})


def _off_site(rounds: Sequence[tuple[int, float]], limits: Limits) -> list[Signal]:
    """Rounds that were handed in from somewhere else."""
    far: dict[str, list[float]] = defaultdict(list)
    for at_ms, metres in rounds:
        if metres > limits.site_radius_m:
            far[local_date_of(at_ms)].append(metres)
    return [
        Signal("off_site", day, {"rounds": len(metres), "metres": round(max(metres))})
        for day, metres in far.items()
    ]


def _more_than_issued(chlorine: Chlorine | None, today: str) -> list[Signal]:
    """Where nothing was ever issued the store keeps no book, which says nothing of what was used."""
    if chlorine is None or chlorine.issued_g <= 0 or chlorine.used_g <= chlorine.issued_g:
        return []
    figures = {"days": chlorine.days, "used_g": round(chlorine.used_g), "issued_g": round(chlorine.issued_g)}
    return [Signal("more_than_issued", add_days(today, -1), figures)]


def _perfect(
    by_day: Mapping[str, Sequence[Reading]], days: Mapping[str, Sequence[str]], limits: Limits
) -> list[Signal]:
    """Days in a row up to the last on which all was met and no reading was unusual."""
    run = 0
    last = ""
    for day, states in sorted(days.items()):
        asked = Counter(state for state in states if state not in ("excused", "void"))
        if not asked:
            continue  # a day on which nothing is asked breaks no row
        readings = by_day.get(day, ())
        stands_out = any(
            not limits.normal_from <= reading.celsius < limits.normal_below for reading in readings
        )
        fine = set(asked) == {"met"} and readings and not stands_out
        run, last = (run + 1, day) if fine else (0, "")
    return [Signal("perfect", last, {"days": run})] if run >= limits.perfect_days else []

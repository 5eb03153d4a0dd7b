"""Signals: what in a site's records does not look like work that was done (DOMAIN: Records that lie).

Each is a lead with its figures, for a person to look at. None is a verdict, and none changes a window or a flag.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.rules.calendar import local_date_of

_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Reading:
    """One temperature check as it counts. `received_ms`: when the server had it; `backfilled`: provably entered later
    than it claims."""

    worker: str
    celsius: float
    slot: str
    device: str
    at_ms: int
    received_ms: int
    backfilled: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds, from reference data. `people_min`: fewer say nothing; `values_max`: so few different values are odd;
    `per_minute_max`: what one thermometer can do; `perfect_days`: so many days in a row without one anomaly are odd;
    `normal_from`, `normal_below` (°C): between them a reading is no anomaly."""

    people_min: int
    values_max: int
    per_minute_max: int
    perfect_days: int
    normal_from: float
    normal_below: float


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
    "entered_later": ("事后补录", "{count} 条测温可证明是补录的 (共 {readings} 条)。"),
    "photo_twice": ("照片重复", "{photos} 张照片不止一次作为凭证。"),
    "perfect": ("长期全优", "连续 {days} 天全部完成, 没有一次缺失、迟做或偏高读数。"),
}


def find_signals(
    readings: Sequence[Reading],
    passes: Iterable[tuple[str, str]],
    days: Mapping[str, Sequence[str]],
    reused: Mapping[str, int],
    limits: Limits,
) -> list[Signal]:
    """Every signal in these records of one site, by date. `passes`: (worker, local date) of gate passes; `days`: local
    date → states of its windows, the dates in order and complete; `reused`: local date → how many photos of that day prove
    something else too."""
    by_day: dict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        by_day[local_date_of(reading.at_ms)].append(reading)
    passed = set(passes)
    found: list[Signal] = []
    for day, told in sorted(by_day.items()):
        found += _few_values(day, told, limits)
        found += _too_fast(day, told, limits)
        found += _no_gate_pass(day, told, passed, limits)
        found += _entered_later(day, told, limits)
    found += [Signal("photo_twice", day, {"photos": count}) for day, count in reused.items()]
    return sorted(found + _perfect(by_day, days, limits), key=lambda signal: (signal.local_date, signal.code))


def explain(signal: Signal) -> tuple[str, str]:
    """The name and the explanation with its figures."""
    name, text = CATALOGUE[signal.code]
    return name, text.format(**signal.figures)


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
    most = max((_most_within(sorted(times_of), _MINUTE_MS) for times_of in times.values()), default=0)
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


def _perfect(
    by_day: Mapping[str, Sequence[Reading]], days: Mapping[str, Sequence[str]], limits: Limits
) -> list[Signal]:
    """Days in a row up to the last on which all was met and nobody's reading stood out."""
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

"""The course of a case: which steps it has by the rows of seed_data/case_steps.json, the clock of each, and what records
of the case's forms say of it.

A step is met by evidence of its time, and by nothing else; one that may have been in time is for a person to look at, and
accuses nobody. Evidence that came after the time does not decide: an earlier one may be on another tablet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from server.rules.calendar import HOUR_MS, add_days, local_date_of, midnight_ms
from server.rules.cases import Limits, StepState, step_state
from server.rules.duties.matching import Fact
from server.rules.from_rows import Row, holds

Fit = Literal["met", "review", "late"]
Number = Callable[[str, str], float]  # a rule's value on a local date
ORDER, TEST, RELEASE = "isolation_order", "nucleic_test", "release"
CONTACT = "case_contact"
CONFIRMED = "confirmed"  # an outcome; also what starts steps
_WATCH = "watch"  # a mode of isolation: at home, after it or instead
_ELSEWHERE = (
    "hospital",
    "central_isolation",
    CONFIRMED,
)  # outcomes after which others decide about the release
_BEST: tuple[Fit | None, ...] = ("met", "review", "late", None)


@dataclass(frozen=True, slots=True)
class CaseStep:
    """One row, its hours as they held when the case was opened. `code` is the duty of its flag."""

    code: str
    name: str
    starts: str
    each: str
    evidence: str
    parts: tuple[str, ...]
    in_case: bool
    warn_ms: int | None
    limit_ms: int
    unit: str
    severity: str
    modes: tuple[str, ...]
    outlasts: bool


def steps_of(rows: Sequence[Row], number: Number, local_date: str) -> tuple[CaseStep, ...]:
    """The steps that a case has which was opened on a local date."""

    def hours_ms(code: str) -> int:
        return round(number(code, local_date) * HOUR_MS)

    return tuple(
        CaseStep(
            code=str(row["code"]),
            name=str(row["name"]),
            starts=str(row["starts"]),
            each=str(row["each"]),
            evidence=str(row["evidence"]),
            parts=tuple(row["parts"]),
            in_case=bool(row["in_case"]),
            warn_ms=hours_ms(row["warn"]) if row["warn"] else None,
            limit_ms=hours_ms(row["limit"]) if row["limit"] else 0,
            unit=str(row["unit"]),
            severity=str(row["severity"]),
            modes=tuple(row["modes"]),
            outlasts=bool(row["outlasts"]),
        )
        for row in rows
        if holds(row, local_date)
    )


class SampleDays(NamedTuple):
    """On which days of an order by one rule samples are taken. `watch`: of the watch at home that follows isolation (None:
    the rule has none, and `days` are those of any order)."""

    days: Sequence[int]
    watch: Sequence[int] | None = None

    def of(self, mode: str) -> Sequence[int]:
        """Those of an order of this mode."""
        return self.watch if self.watch is not None and mode == _WATCH else self.days


class Said(NamedTuple):
    """A record of the case, and what it says: `claimed_ms`, when it was done, where its form asks for that."""

    kind: str
    fact: Fact
    body: Mapping[str, Any]
    claimed_ms: int | None = None

    @property
    def at_ms(self) -> int:
        """When it was done, as well as is known."""
        if self.claimed_ms is not None:
            return self.claimed_ms
        return self.fact.observed_ms if self.fact.observed_ms is not None else self.fact.latest_ms


@dataclass(frozen=True, slots=True)
class Course:
    """What is known of a case. `ended_ms` and `outcome`: its end, as the case says it; `reports`: the times of reports in
    the case itself, by part; `said`: its records; `test_days`: by rule of return, when samples are taken;
    `backfill_ms`: how long after it was done something may be written down."""

    opened_ms: int
    ended_ms: int | None
    outcome: str
    reports: Mapping[str, int]
    said: Sequence[Said]
    test_days: Mapping[str, SampleDays]
    backfill_ms: int

    def of(self, kind: str) -> list[Said]:
        """The records of a kind that were applied, the earliest first."""
        found = [one for one in self.said if one.kind == kind and not one.fact.kept]
        return sorted(found, key=lambda one: (one.at_ms, one.fact.id))

    @property
    def last_day(self) -> str | None:
        """The last day of isolation that was ordered."""
        return max((str(one.body["until"]) for one in self.of(ORDER)), default=None)


_NO_TESTS = SampleDays(())


class Clock(NamedTuple):
    """One deadline of a case. `day`: the local date that it is about, else empty; `number`: that day's, from 1."""

    step: CaseStep
    start_ms: int
    due_ms: int
    day: str = ""
    number: int = 0

    @property
    def limits(self) -> Limits:
        return Limits(self.step.warn_ms, self.due_ms - self.start_ms)


class Verdict(NamedTuple):
    """What a clock has come to. `proof`: the record, or records, that say so; `fit`: how they lie to the deadline."""

    clock: Clock
    state: StepState
    fit: Fit | None
    proof: tuple[str, ...] = ()
    done_ms: int | None = None


def clocks(course: Course, steps: Sequence[CaseStep]) -> list[Clock]:
    """The deadlines of a case, the earliest first. What fell due after its end is not asked."""
    end_ms = course.ended_ms
    found = [
        clock
        for step in steps
        for clock in _clocks_of(course, step)
        if step.outlasts or end_ms is None or clock.due_ms <= end_ms
    ]
    return sorted(found, key=lambda clock: (clock.due_ms, clock.step.code))


def _clocks_of(course: Course, step: CaseStep) -> Iterator[Clock]:
    if step.starts == "ordered_end":
        yield from _release_clock(course, step)
    elif step.starts == CONFIRMED:
        if course.outcome == CONFIRMED and course.ended_ms is not None:
            yield Clock(step, course.ended_ms, course.ended_ms + step.limit_ms)
    elif step.each == "":
        yield Clock(step, course.opened_ms, course.opened_ms + step.limit_ms)
    else:
        days: dict[str, int] = {}
        for order in course.of(ORDER):
            if not step.modes or order.body["mode"] in step.modes:
                for number in _numbers(course, step, order.body):
                    days.setdefault(add_days(str(order.body["since"]), number - 1), number)
        first = local_date_of(course.opened_ms)
        for day, number in days.items():
            if day >= first:  # what was before anybody knew of the case is not asked
                yield Clock(step, midnight_ms(day), midnight_ms(add_days(day, 1)), day, number)


def _numbers(course: Course, step: CaseStep, order: Mapping[str, Any]) -> Sequence[int]:
    numbers = range(1, int(order["days"]) + 1)
    if step.each == "test_day":
        asked = course.test_days.get(str(order.get("rule", "")).replace("_", "-"), _NO_TESTS)
        return [number for number in asked.of(str(order["mode"])) if number in numbers]
    return numbers


def _release_clock(course: Course, step: CaseStep) -> Iterator[Clock]:
    """Whoever is released, by record or by ending the case, before that is fit, is so at once."""
    last_day = course.last_day
    if last_day is None or course.outcome in _ELSEWHERE:
        return
    start_ms = midnight_ms(add_days(last_day, 1))
    due_ms = start_ms + step.limit_ms
    releases = course.of(RELEASE)
    if any(release_faults(course, one) == () for one in releases):
        yield Clock(step, start_ms, due_ms)
        return
    early = [midnight_ms(add_days(str(one.body["released_on"]), 1)) for one in releases]
    if course.ended_ms is not None:
        early.append(course.ended_ms)
    due_ms = min([due_ms, *early])
    yield Clock(step, min(start_ms, due_ms), due_ms)


def release_faults(course: Course, release: Said) -> tuple[str, ...]:
    """Why nobody may be released by this; nothing: he may be."""
    found, day = [], str(release.body["released_on"])
    if course.outcome == CONFIRMED:
        found.append("confirmed")
    if course.last_day is not None and day < course.last_day:
        found.append("too_early")
    tests = [one for one in course.of(TEST) if local_date_of(one.at_ms) <= day]
    is_negative = bool(tests) and tests[-1].body["result"] == "negative"
    if not is_negative or release.body["last_test_negative"] != "yes":
        found.append("not_negative")
    return tuple(found)


def contacts_to_open(course: Course) -> list[str]:
    """Of a confirmed case, the workers whom the latest decision about each has for contacts."""
    if course.outcome != CONFIRMED:
        return []
    verdicts = {str(one.body["worker"]): one.body["verdict"] for one in course.of(CONTACT)}
    return [worker for worker, verdict in verdicts.items() if verdict == "accepted"]


def judge_clock(course: Course, clock: Clock, watermark_ms: int | None) -> Verdict:
    """What a deadline has come to, as far as the tablets have reported (None: nobody can say)."""
    step = clock.step
    best = [_best(course, clock, part) for part in step.parts or ("",)]
    fits = [fit for fit, _, _ in best]
    worst = max(fits, key=_BEST.index)
    proof = tuple(dict.fromkeys(one for _, one, _ in best if one))
    times = [at_ms for _, _, at_ms in best if at_ms is not None]
    done_ms = max(times) if None not in fits and times else None
    if worst == "met":
        return Verdict(clock, "met", worst, proof, done_ms)
    # What the case itself says is one value: no other tablet holds an earlier one.
    is_said = (
        worst == "late"
        and done_ms is not None
        and all(not record for fit, record, _ in best if fit == "late")
    )
    known_ms = done_ms if is_said else None
    state = step_state(clock.start_ms, known_ms, watermark_ms, clock.limits)
    if worst == "review" and state in ("warned", "overdue"):
        state = "review"
    return Verdict(clock, state, worst, proof, done_ms)


def _best(course: Course, clock: Clock, part: str) -> tuple[Fit | None, str, int | None]:
    """The best evidence of one part of a step: how it lies to the deadline, its record and its time."""
    found: list[tuple[Fit | None, str, int | None]] = [(None, "", None)]
    if clock.step.in_case and part in course.reports:
        at_ms = course.reports[part]
        found.append(("met" if at_ms <= clock.due_ms else "late", "", at_ms))
    for one in course.said:
        if one.kind == clock.step.evidence and (not part or one.fact.slot in (part, None)):
            fit = _fit(course, clock, one)
            if fit is not None:
                found.append((fit, one.fact.id, None if one.fact.kept else one.at_ms))
    return min(found, key=lambda each: (_BEST.index(each[0]), each[2] or 0))


def _fit(course: Course, clock: Clock, one: Said) -> Fit | None:
    """How a record lies to a deadline; None: it is about something else."""
    fact, latest_ms = one.fact, clock.due_ms + course.backfill_ms
    if fact.kept:
        return "review" if fact.earliest_ms <= latest_ms else None
    if clock.step.each == "day":
        return _fit_day(clock, one)
    if clock.step.each == "test_day" and one.body["day"] != clock.number:
        return None
    if one.kind == RELEASE:
        if release_faults(course, one):
            return None
        return "met" if midnight_ms(str(one.body["released_on"])) <= clock.due_ms else "late"
    done_ms = one.claimed_ms if one.claimed_ms is not None else fact.observed_ms
    if done_ms is not None:
        if done_ms > clock.due_ms:
            return "late"
        return "met" if fact.earliest_ms <= latest_ms else "review"
    if fact.latest_ms <= clock.due_ms:
        return "met"
    return "review" if fact.earliest_ms <= clock.due_ms else "late"


def _fit_day(clock: Clock, one: Said) -> Fit | None:
    at_ms = one.claimed_ms if one.claimed_ms is not None else one.fact.observed_ms
    first_ms, last_ms = (at_ms, at_ms) if at_ms is not None else (one.fact.earliest_ms, one.fact.latest_ms)
    if last_ms < clock.start_ms or first_ms >= clock.due_ms:
        return None
    return "met" if clock.start_ms <= first_ms and last_ms < clock.due_ms else "review"


def evidence_kinds(rows: Sequence[Row]) -> frozenset[str]:
    """The kinds of records by which steps are judged."""
    return frozenset(str(row["evidence"]) for row in rows) | {ORDER, TEST, RELEASE} if rows else frozenset()

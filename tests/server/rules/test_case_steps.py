"""The steps of a case are judged by what is known of it: never before the tablets have reported, and the same in whatever
order it came."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.forms.shipped import shipped_forms
from server.actions.reference.load_reference import SEED_DATA
from server.rules.calendar import DAY_MS, add_days, instant_ms, midnight_ms
from server.rules.case_steps import (
    CaseStep,
    Course,
    Said,
    SampleDays,
    Verdict,
    clocks,
    contacts_to_open,
    judge_clock,
    release_faults,
    steps_of,
)
from server.rules.cases import Limits, step_state
from server.rules.duties.matching import Fact

DAY = "2026-11-24"
HOUR_MS = 3_600_000
OPENED_MS = instant_ms(DAY, "08:00")
PARTS = ("community", "headquarters", "bureau")
TEST_DAYS = {"MEDIUM-2022": SampleDays((1, 4, 7)), "CONTACT-2022": SampleDays((1, 2, 3, 5, 7), (3,))}
_COUNT = iter(range(1, 1_000_000))


def _rows(noun: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((SEED_DATA / f"{noun}.json").read_text("utf-8"))["rows"]
    return rows


def _number(code: str, _: str) -> float:
    return float(next(row["value"] for row in _rows("rules") if row["code"] == code))


STEPS = steps_of(_rows("case_steps"), _number, DAY)


def step(code: str) -> CaseStep:
    return next(one for one in STEPS if one.code == code)


def said(kind: str, at_ms: int, slot: str | None = None, **body: Any) -> Said:
    """A record that was written at a time, to the second."""
    fact = Fact(f"fact-{next(_COUNT)}", at_ms, at_ms, slot=slot)
    claimed = {"nucleic_test": "sampled", "case_report": "reported", "community_acceptance": "accepted"}
    return Said(kind, fact, body, at_ms if kind in claimed else None)


def ordered(at_ms: int, since: str = DAY, days: int = 7, mode: str = "home", **more: Any) -> Said:
    until = add_days(since, days - 1)
    return said("isolation_order", at_ms, mode, since=since, until=until, days=days, mode=mode, **more)


def sampled(day: str, number: int, result: str = "negative") -> Said:
    return said("nucleic_test", instant_ms(day, "10:00"), day=number, result=result)


def released(day: str, is_negative: bool = True) -> Said:
    answer = "yes" if is_negative else "no"
    return said("release", instant_ms(day, "12:00"), released_on=day, last_test_negative=answer)


def course(*records: Said, **more: Any) -> Course:
    known: dict[str, Any] = {"ended_ms": None, "outcome": "", "reports": {}}
    known |= more
    return Course(OPENED_MS, said=records, test_days=TEST_DAYS, backfill_ms=48 * HOUR_MS, **known)


def judged(of: Course, watermark_ms: int | None, steps: Sequence[CaseStep] = STEPS) -> list[Verdict]:
    return [judge_clock(of, clock, watermark_ms) for clock in clocks(of, steps)]


def states(of: Course, watermark_ms: int | None, code: str) -> list[str]:
    return [one.state for one in judged(of, watermark_ms, [step(code)])]


TIMES = st.integers(OPENED_MS - HOUR_MS, OPENED_MS + 4 * HOUR_MS)


@given(st.dictionaries(st.sampled_from(PARTS), TIMES), st.none() | TIMES)
def test_reports_in_the_case_itself_are_judged_as_they_always_were(
    reports: dict[str, int], watermark_ms: int | None
) -> None:
    last_ms = max(reports.values()) if len(reports) == len(PARTS) else None
    expected = step_state(OPENED_MS, last_ms, watermark_ms, Limits(HOUR_MS, 2 * HOUR_MS))
    assert states(course(reports=reports), watermark_ms, "CASE") == [expected]


def test_a_report_by_record_counts_as_one_in_the_case() -> None:
    taken = [said("case_report", OPENED_MS + HOUR_MS, part) for part in PARTS]
    assert states(course(*taken), None, "CASE") == ["met"]
    two = course(*taken[:2], reports={"bureau": OPENED_MS + HOUR_MS})
    assert states(two, None, "CASE") == ["met"]
    assert states(two, OPENED_MS + DAY_MS, "CASE-RECEIPTS") == ["overdue"], "of one there is no receipt"


def test_a_step_waits_while_the_tablets_have_not_reported_past_its_deadline() -> None:
    for code in ("CASE-ACCEPTED", "CASE-TESTED", "CASE-ISOLATED"):
        assert states(course(), None, code) == ["waiting"]
        assert states(course(), OPENED_MS + DAY_MS - 1, code) == ["waiting"]
        assert states(course(), OPENED_MS + DAY_MS, code) == ["overdue"]


def test_what_came_late_does_not_decide_before_the_tablets_have_reported() -> None:
    late = said("community_acceptance", OPENED_MS + DAY_MS + 1)
    assert states(course(late), OPENED_MS + DAY_MS - 1, "CASE-ACCEPTED") == ["waiting"]
    assert states(course(late), OPENED_MS + DAY_MS, "CASE-ACCEPTED") == ["overdue"]


def test_evidence_that_may_have_been_in_time_is_for_a_person() -> None:
    due_ms = OPENED_MS + DAY_MS
    held = Said("community_acceptance", Fact("held", due_ms - 5, due_ms + 5, kept=True), {})
    written_late = held._replace(
        fact=Fact("claims", due_ms + 49 * HOUR_MS, due_ms + 49 * HOUR_MS), claimed_ms=due_ms - 1
    )
    uncertain = Said("isolation_order", Fact("wide", due_ms - 5, due_ms + 5), ordered(due_ms).body)
    for record, code in (
        (held, "CASE-ACCEPTED"),
        (written_late, "CASE-ACCEPTED"),
        (uncertain, "CASE-ISOLATED"),
    ):
        assert states(course(record), due_ms, code) == ["review"]
        assert states(course(record), due_ms - 1, code) == ["waiting"]


def test_every_day_of_isolation_at_home_is_watched_and_none_elsewhere() -> None:
    home = ordered(OPENED_MS, days=3)
    end_ms = midnight_ms(add_days(DAY, 3))
    watched = [said("health_watch", instant_ms(add_days(DAY, n), "09:00"), celsius=36.5) for n in (0, 2)]
    assert states(course(home, *watched), end_ms, "CASE-WATCHED") == ["met", "overdue", "met"]
    assert states(course(ordered(OPENED_MS, mode="central")), end_ms, "CASE-WATCHED") == []


def test_an_order_that_reaches_back_asks_for_no_day_before_the_case() -> None:
    early = ordered(OPENED_MS, since=add_days(DAY, -2), days=4)
    days = [one.clock.day for one in judged(course(early), None, [step("CASE-WATCHED")])]
    assert days == [DAY, add_days(DAY, 1)]


def test_samples_are_asked_on_the_days_of_the_rule_that_the_order_names() -> None:
    order = ordered(OPENED_MS, rule="MEDIUM_2022")
    found = judged(course(order, sampled(DAY, 1)), midnight_ms(add_days(DAY, 4)), [step("CASE-TEST-DAYS")])
    assert [(one.clock.number, one.state) for one in found] == [(1, "met"), (4, "overdue"), (7, "waiting")]


@pytest.mark.parametrize(
    ("records", "day", "faults"),
    [
        ([sampled(add_days(DAY, 6), 7)], 6, ()),
        ([sampled(add_days(DAY, 2), 3)], 3, ("too_early",)),
        ([sampled(add_days(DAY, 5), 6), sampled(add_days(DAY, 6), 7, "pending")], 6, ("not_negative",)),
        ([], 6, ("not_negative",)),
    ],
)
def test_nobody_is_released_early_or_without_a_negative_test(
    records: list[Said], day: int, faults: tuple[str, ...]
) -> None:
    free = released(add_days(DAY, day))
    known = course(ordered(OPENED_MS), *records, free)
    assert release_faults(known, free) == faults
    day_over_ms = midnight_ms(add_days(DAY, day + 1))
    expected = ["overdue"] if faults else ["met"]
    assert states(known, day_over_ms, "CASE-RELEASED") == expected
    assert states(known, None, "CASE-RELEASED") == (["waiting"] if faults else ["met"])


def test_nobody_is_isolated_longer_than_ordered_without_a_decision() -> None:
    end_ms = midnight_ms(add_days(DAY, 7))
    known = course(ordered(OPENED_MS))
    assert states(known, end_ms + DAY_MS - 1, "CASE-RELEASED") == ["waiting"]
    assert states(known, end_ms + DAY_MS, "CASE-RELEASED") == ["overdue"]


def test_a_case_that_ends_early_asks_for_no_more_but_its_reports_and_a_release() -> None:
    ended = course(ended_ms=OPENED_MS + HOUR_MS, outcome="cleared")
    assert [one.clock.step.code for one in judged(ended, None)] == ["CASE"]
    isolated = course(ordered(OPENED_MS), ended_ms=OPENED_MS + HOUR_MS, outcome="cleared")
    assert states(isolated, OPENED_MS + HOUR_MS, "CASE-RELEASED") == ["overdue"]
    taken = course(ordered(OPENED_MS), ended_ms=OPENED_MS + HOUR_MS, outcome="hospital")
    assert states(taken, OPENED_MS + DAY_MS, "CASE-RELEASED") == []


def test_a_confirmed_case_is_released_never_and_asks_for_hospital_and_contacts() -> None:
    ended_ms = OPENED_MS + HOUR_MS
    confirmed = course(ordered(OPENED_MS), ended_ms=ended_ms, outcome="confirmed")
    over_ms = OPENED_MS + 30 * DAY_MS
    assert states(confirmed, over_ms, "CASE-RELEASED") == []
    assert release_faults(confirmed, released(add_days(DAY, 9))) == ("confirmed", "not_negative")
    assert states(confirmed, ended_ms + 2 * HOUR_MS - 1, "CASE-HOSPITAL") == ["waiting"]
    assert states(confirmed, ended_ms + 2 * HOUR_MS, "CASE-HOSPITAL") == ["overdue"]
    assert states(confirmed, over_ms, "CASE-CONTACTS") == ["overdue"]
    for outcome in ("hospital", "cleared"):
        other = course(ended_ms=ended_ms, outcome=outcome)
        assert states(other, over_ms, "CASE-HOSPITAL") == states(other, over_ms, "CASE-CONTACTS") == []


def test_the_latest_decision_about_each_contact_counts() -> None:
    def decided(hours: int, worker: str, verdict: str) -> Said:
        return said("case_contact", OPENED_MS + hours * HOUR_MS, worker=worker, verdict=verdict)

    decisions = [decided(3, "a", "rejected"), decided(1, "a", "accepted"), decided(2, "b", "accepted")]
    confirmed = course(*decisions, ended_ms=OPENED_MS + HOUR_MS, outcome="confirmed")
    assert contacts_to_open(confirmed) == ["b"]
    assert contacts_to_open(course(*decisions)) == [], "nothing follows before it is confirmed"


def _honest(days: int) -> list[Said]:
    """The records of a case in which everything was done in time."""
    records = [said("case_report", OPENED_MS + HOUR_MS // 2, part) for part in PARTS]
    records += [said("community_acceptance", OPENED_MS + 2 * HOUR_MS), sampled(DAY, 1)]
    records += [ordered(OPENED_MS + 3 * HOUR_MS, days=days, rule="MEDIUM_2022")]
    records += [sampled(add_days(DAY, number - 1), number) for number in (4, 7) if number <= days]
    records += [
        said("health_watch", instant_ms(add_days(DAY, n), "20:00"), celsius=36.4) for n in range(days)
    ]
    return [*records, released(add_days(DAY, days - 1))]


@given(st.data())
def test_no_honest_case_is_accused_in_whatever_order_two_tablets_report(data: st.DataObject) -> None:
    """Each record is on one of two tablets; they report at times of their own, each all that it has by then."""
    records = sorted(_honest(7), key=lambda one: one.fact.earliest_ms)
    owners = data.draw(st.lists(st.booleans(), min_size=len(records), max_size=len(records)))
    last_ms = OPENED_MS + 12 * DAY_MS
    syncs = data.draw(
        st.lists(st.tuples(st.booleans(), st.integers(OPENED_MS, last_ms)), min_size=1, max_size=12)
    )
    through = {True: OPENED_MS, False: OPENED_MS}
    for which, at_ms in sorted(syncs, key=lambda one: one[1]):
        through[which] = at_ms
        here = [one for one, own in zip(records, owners, strict=True) if one.fact.latest_ms <= through[own]]
        found = judged(course(*here), min(through.values()))
        assert [one for one in found if one.state not in ("met", "waiting")] == []


@given(st.permutations(_honest(4)))
def test_the_order_in_which_records_came_decides_nothing(records: list[Said]) -> None:
    def shown(of: Sequence[Said]) -> list[tuple[str, str, str]]:
        found = judged(course(*of), OPENED_MS + 30 * DAY_MS)
        return [(one.clock.step.code, one.clock.day, one.state) for one in found]

    assert shown(records) == shown(sorted(records, key=lambda one: one.fact.id))


def test_a_contact_is_sampled_on_other_days_of_the_watch_than_of_the_isolation_before() -> None:
    rule = {"rule": "CONTACT_2022"}
    isolated = ordered(OPENED_MS, days=7, mode="central", **rule)
    watched = ordered(OPENED_MS, since=add_days(DAY, 7), days=3, mode="watch", **rule)
    found = [one.clock.day for one in judged(course(isolated, watched), None, [step("CASE-TEST-DAYS")])]
    assert found == [add_days(DAY, after) for after in (0, 1, 2, 4, 6, 9)]


def test_every_rule_of_return_can_be_named_in_an_order() -> None:
    form = next(one for one in shipped_forms() if one.code == "isolation_order")
    named = {choice.name.replace("_", "-") for choice in form.lists["rule"]}
    assert named == {row["code"] for row in _rows("return_rules")}

"""Of the facts of a push only those are read whole that a duty of an event may be about."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from server.actions.reference.load_reference import seed_rows
from server.rules.calendar import DAY_MS, instant_ms, local_date_of
from server.rules.duties.event_filter import EventFilter
from server.rules.duties.matching import Fact
from server.rules.duties.modes import Mode, Trigger
from server.rules.duties.windows import DutyRule
from server.rules.rulebook import rulebook

KIND, FEVER, RETEST = (
    "temperature_check",
    "${slot} != 'retest' and ${celsius} > rule('retest_above')",
    "${slot} = 'retest'",
)
rows: dict[str, list[dict[str, object]]] = {}
for noun, found in seed_rows():
    rows.setdefault(noun, []).extend({**row, "from": row["from"] or ""} for row in found)
BOOK = rulebook("test", rows)
FEVERISH = {"celsius": 38, "slot": "before_work"}
BEFORE_RULES_MS = instant_ms("2021-11-30", "08:00")  # the threshold is in force from the next day on

bodies = st.fixed_dictionaries(
    {"worker": st.text(max_size=3), "at": st.just({"celsius": 42, "slot": "retest"})},
    optional={
        "celsius": st.one_of(st.none(), st.sampled_from([36.5, 37.3, 37.4, 38, 41.9])),
        "slot": st.one_of(st.none(), st.sampled_from(["before_work", "retest"])),
    },
)
days = st.integers(-2, 400).map(lambda day: BEFORE_RULES_MS + day * DAY_MS)


def event(evidence: str, when: str, trigger: str, trigger_when: str) -> DutyRule:
    mode = Mode(when=when, trigger=Trigger(trigger, trigger_when, "worker", 1800))
    return DutyRule("X", "normal", "event", evidence, (), mode=mode)


def filter_of(rule: DutyRule) -> EventFilter:
    return EventFilter([rule], BOOK.condition, BOOK.kinds.number)


def is_met(wanted: EventFilter, body: dict[str, Any], at_ms: int) -> bool:
    return wanted.is_met(KIND, Fact("a", at_ms, at_ms), json.dumps(body, ensure_ascii=False).encode())


@example([(FEVERISH, BEFORE_RULES_MS), (FEVERISH, BEFORE_RULES_MS + DAY_MS)])  # no threshold yet
@given(st.lists(st.tuples(bodies, days), min_size=1, max_size=20))
def test_it_finds_what_the_conditions_find_in_whole_bodies(facts: list[tuple[dict[str, Any], int]]) -> None:
    wanted = filter_of(event(KIND, RETEST, KIND, FEVER))
    conditions = [BOOK.condition(KIND, text) for text in (FEVER, RETEST)]
    for body, at_ms in facts:
        around = wanted.around(local_date_of(at_ms))
        fits = any(condition is not None and condition.holds(body, around) for condition in conditions)
        assert is_met(wanted, body, at_ms) == fits


@given(bodies, days)
def test_a_duty_that_asks_nothing_of_the_record_takes_each(body: dict[str, Any], at_ms: int) -> None:
    assert is_met(filter_of(event(KIND, "", "case", "")), body, at_ms)


@given(bodies, days)
def test_a_condition_that_fits_its_kind_no_more_takes_none(body: dict[str, Any], at_ms: int) -> None:
    wanted = filter_of(event(KIND, "${gone} = 1", "case", ""))
    assert not is_met(wanted, body, at_ms)


@given(days)
def test_a_condition_that_names_no_field_is_held_against_the_date(at_ms: int) -> None:
    wanted = filter_of(event(KIND, "rule('retest_above') > 37", "case", ""))
    is_in_force = BOOK.kinds.number("retest_above", local_date_of(at_ms)) is not None
    assert is_met(wanted, {}, at_ms) == is_in_force

"""Judging by state, period, document, event and telemetry: tables, and what must hold in whatever order records come."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.book import SHIPPED
from server.rules.calendar import instant_ms
from server.rules.duties.conditions import Finding, Surrounding, condition
from server.rules.duties.judge import REASONS, REMEDIES, Evidence, Reported, judge
from server.rules.duties.modes import ModeFault, read_mode
from server.rules.duties.periods import PeriodFault, read_every, read_rolling, read_within
from server.rules.duties.rolling import next_first_day
from server.rules.duties.transition import Decision, ask_again, decide, withdraw

DEADLINE = 1_000_000
BEFORE, AFTER = DEADLINE - 1, DEADLINE
HEARD, NOT_HEARD = DEADLINE, DEADLINE - 1
VIOLATED = Evidence("violated", 6, 8, why="not_satisfied: 居住人数应不超过 6, 实为 8")
SHORT = Evidence(need=7, have=3, lack="not_satisfied: 口罩可用天数应不少于 7, 实为 3.0")
UNHEARD, UNDECLARED = Evidence("unheard"), Evidence(lack="not_declared")
HOLDS, UNSURE = Evidence("timely"), Evidence("uncertain", why="time_uncertain")


@pytest.mark.parametrize(
    ("was", "evidence", "now_ms", "watermark_ms", "becomes"),
    [
        (("open", None), VIOLATED, BEFORE, None, "missed"),  # a fact proves it: nobody is waited for
        (("silent", "not_heard"), VIOLATED, AFTER, NOT_HEARD, "missed"),
        (("review", "time_uncertain"), VIOLATED, AFTER, NOT_HEARD, "missed"),
        (("met", None), VIOLATED, BEFORE, None, "missed"),
        (("met", None), VIOLATED, AFTER, HEARD, "review"),
        (("missed", "not_satisfied: x"), VIOLATED, AFTER, HEARD, "missed"),
        (("missed", "not_satisfied: x"), Evidence(), AFTER, HEARD, "review"),
        (("missed", "not_satisfied: x"), HOLDS, BEFORE, HEARD, "review"),
        (("missed", "not_declared"), VIOLATED, AFTER, HEARD, "review"),
        (("open", None), SHORT, BEFORE, HEARD, "open"),  # another tablet may know of more: waited for
        (("open", None), SHORT, AFTER, NOT_HEARD, "silent"),
        (("silent", "not_heard"), SHORT, AFTER, HEARD, "missed"),
        (("met", None), SHORT, BEFORE, HEARD, "open"),
        (("met", None), SHORT, AFTER, HEARD, "review"),
        (("missed", "not_satisfied: x"), SHORT, AFTER, HEARD, "missed"),
        (("missed", "not_declared"), HOLDS, AFTER, HEARD, "review"),
        (("excused", "suspended: 王某"), VIOLATED, AFTER, HEARD, "excused"),
        (("void", "trigger_gone"), VIOLATED, AFTER, HEARD, "void"),
        (("open", None), UNDECLARED, BEFORE, HEARD, "open"),
        (("open", None), UNDECLARED, AFTER, NOT_HEARD, "silent"),
        (("open", None), UNDECLARED, AFTER, HEARD, "missed"),
        (("open", None), UNHEARD, BEFORE, HEARD, "open"),
        (("open", None), UNHEARD, AFTER, HEARD, "silent"),
        (("silent", "source_silent"), UNHEARD, AFTER, HEARD, "silent"),
        (("silent", "source_silent"), HOLDS, AFTER, HEARD, "met"),
        (("missed", "not_online"), UNHEARD, AFTER, HEARD, "missed"),
    ],
)
def test_the_table_of_what_only_some_modes_know(
    was: tuple[str, str | None], evidence: Evidence, now_ms: int, watermark_ms: int | None, becomes: str
) -> None:
    assert judge(*was, DEADLINE, Reported(now_ms, watermark_ms), evidence).state == becomes


def test_what_was_lacking_is_the_reason_and_what_ends_soon_is_said_of_what_is_met() -> None:
    assert judge("open", None, DEADLINE, Reported(AFTER, HEARD), UNDECLARED).reason == "not_declared"
    soon = Evidence("timely", why="expiring: 2026-12-20 到期")
    assert judge("open", None, DEADLINE, Reported(BEFORE, None), soon).reason == soon.why
    assert judge("met", soon.why, DEADLINE, Reported(AFTER, HEARD), HOLDS).reason is None  # a new one came


def test_every_reason_that_people_have_to_act_upon_says_what_to_do() -> None:
    for reason in ("not_satisfied", "not_declared", "not_valid", "expiring", "source_silent", "not_online"):
        assert REASONS[reason] and REMEDIES[reason]
    for reason in ("contradicted", "proof_lost", "cannot_tell", "file_pending"):
        assert REASONS[reason] and REMEDIES[reason]


class _Window:
    state, reason, need, have, flag_id = "open", None, None, None, None
    opens_ms, deadline_ms = 0, DEADLINE


def test_a_window_that_waits_for_a_file_is_looked_at_every_hour() -> None:
    pending = Evidence("uncertain", why="file_pending")
    decided = decide(_Window(), pending, Reported(AFTER, HEARD), 0)
    assert decided == Decision("review", "file_pending", None, None, AFTER + 3_600_000)


def test_a_withdrawn_window_asks_for_nothing_until_its_record_counts_again() -> None:
    assert withdraw(_Window(), AFTER) == Decision("void", "trigger_gone", None, None, None)
    assert ask_again(_Window(), BEFORE) == Decision("open", None, None, None, DEADLINE)


# Periods.


@pytest.mark.parametrize(
    ("text", "date", "first", "opens_due"),
    [
        ("weeks 1", "2026-11-26", "2026-11-23", ("2026-11-23 00:00", "2026-11-30 00:00")),
        ("days 1 due 17:00", "2026-11-26", "2026-11-26", ("2026-11-26 00:00", "2026-11-26 17:00")),
        ("months 1", "2026-02-26", "2026-02-01", ("2026-02-01 00:00", "2026-03-01 00:00")),
        ("months 2", "2026-11-26", "2026-10-01", ("2026-10-01 00:00", "2026-12-01 00:00")),
        ("months 1 anchor 2021-12-15", "2026-11-14", "2026-10-15", ("2026-10-15 00:00", "2026-11-15 00:00")),
        ("weeks 2 anchor 2026-11-25", "2026-11-24", "2026-11-11", ("2026-11-11 00:00", "2026-11-25 00:00")),
    ],
)
def test_a_period_is_keyed_by_its_first_day(
    text: str, date: str, first: str, opens_due: tuple[str, str]
) -> None:
    every = read_every(text)
    assert every.first_day_of(date) == first
    assert every.span(first) == tuple(instant_ms(*one.split()) for one in opens_due)


@given(
    st.sampled_from(["days", "weeks", "months"]),
    st.integers(1, 12),
    st.dates(min_value=date(2020, 1, 1), max_value=date(2040, 1, 1)),
)
def test_every_day_lies_in_one_period_and_periods_touch(unit: str, count: int, day: Any) -> None:
    every = read_every(f"{unit} {count}")
    first = every.first_day_of(day.isoformat())
    assert first <= day.isoformat() < every.after(first)
    assert every.first_day_of(first) == first
    assert every.first_day_of(every.after(first)) == every.after(first)
    assert every.span(first)[1] == every.span(every.after(first))[0]


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_every, "weekly"),
        (read_every, "weeks 1 days 1"),
        (read_every, "weeks 0"),
        (read_every, "weeks 1 due 24:00"),
        (read_every, "months 1 anchor 2021-12-31"),
        (read_every, "weeks 1 weeks 2"),
        (read_rolling, "months 2 after never"),
        (read_within, "minutes 0"),
        (read_within, "days 32"),
    ],
)
def test_a_period_that_nobody_can_read_says_what_to_write(read: Any, text: str) -> None:
    with pytest.raises(PeriodFault, match=r"[\u4e00-\u9fff]"):
        read(text)


class _Asked:
    def __init__(self, local_date: str, state: str, due: str, evidence: str | None = None) -> None:
        self.local_date, self.state = local_date, state
        self.due_ms = instant_ms(due, "00:00")
        self.evidence_ms = None if evidence is None else instant_ms(evidence, "10:00")


@pytest.mark.parametrize(
    ("latest", "begins"),
    [
        (None, "2026-11-27"),
        (_Asked("2026-10-01", "met", "2026-12-01", "2026-11-20"), "2026-11-21"),
        (_Asked("2026-10-01", "open", "2026-12-01"), None),
        (_Asked("2026-09-28", "missed", "2026-11-28"), "2026-11-28"),
        (_Asked("2026-10-01", "review", "2026-12-01"), None),
    ],
)
def test_the_next_period_begins_after_the_last_record(latest: Any, begins: str | None) -> None:
    assert next_first_day(latest, instant_ms("2026-11-26", "09:00"), "2026-11-28") == begins


# Conditions and rows.


@pytest.mark.parametrize(
    ("text", "body", "finding"),
    [
        ("${celsius} > rule('retest_above')", {"celsius": 37.9}, Finding(True)),
        (
            "${celsius} > rule('retest_above')",
            {"celsius": 37.3},
            Finding(False, "体温 (°C)应大于 37.3, 实为 37.3"),
        ),
        ("${celsius} > rule('unknown')", {"celsius": 37.9}, Finding(None)),
        ("${slot} = 'retest'", {"slot": "entry"}, Finding(False, "时段应为 retest, 实为 entry")),
        ("${slot} = 'retest'", {}, Finding(None)),
        ("${mask_worn} = 'OK'", {"mask_worn": True}, Finding(True)),
        ("6 >= place.capacity", {}, Finding(False, "场所容量应不超过 6, 实为 8", 6, 8)),
        ("place.m2 > 5", {}, Finding(None)),
    ],
)
def test_a_condition_says_what_was_needed_and_found(
    text: str, body: dict[str, Any], finding: Finding
) -> None:
    compiled = condition(text, SHIPPED.kinds["temperature_check"])
    numbers = {"retest_above": 37.3}
    around = Surrounding("2026-11-26", numbers.get, {"place.m2": None, "place.capacity": 8})
    assert compiled.find(body, around) == finding


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"judging": "state", "every": "weeks 1"}, "holds"),
        ({"judging": "period"}, "every"),
        ({"judging": "period", "every": "weeks 1", "rolling": "months 2"}, "every"),
        ({"judging": "document", "rolling": "months 2"}, "every"),
        ({"judging": "period", "every": "fortnight"}, "every"),
        ({"judging": "state", "every": "weeks 1", "holds": "x", "valid_days": "soon"}, "valid_days"),
        ({"judging": "period", "every": "weeks 1", "per": "place"}, "per"),
        ({"judging": "event"}, "trigger"),
        ({"judging": "event", "trigger": "x", "relation": "friend"}, "relation"),
        ({"judging": "event", "trigger": "x", "relation": "worker", "within": "soon"}, "within"),
        ({"judging": "telemetry", "every": "days 1", "need": "2"}, "need"),
        ({"judging": "period", "every": "weeks 1", "writer": "friend"}, "writer"),
        ({"judging": "document", "every": "weeks 1", "writer": "supervisor"}, "writer"),
        ({"judging": "period", "every": "weeks 1", "also": "letter"}, "also"),
        ({"judging": "state", "every": "weeks 1", "reckons": "money"}, "reckons"),
        ({"judging": "period", "every": "weeks 1", "reckons": "stock", "items": "mask"}, "reckons"),
        ({"judging": "state", "every": "weeks 1", "reckons": "stock"}, "items"),
    ],
)
def test_a_row_that_says_too_little_names_the_member(row: dict[str, Any], name: str) -> None:
    with pytest.raises(ModeFault) as refused:
        read_mode({"places": [], **row})
    assert refused.value.name == name

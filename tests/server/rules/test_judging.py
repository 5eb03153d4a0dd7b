"""What a window becomes: the table of judge(), and what must hold whatever comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules.duties.judge import (
    DEVICE_REASONS,
    REASONS,
    REMEDIES,
    STATES,
    Evidence,
    Reported,
    is_soft,
    judge,
    reason_code,
)

DEADLINE = 1_000_000
BEFORE, AFTER = DEADLINE - 1, DEADLINE
HEARD, NOT_HEARD = DEADLINE, DEADLINE - 1
NONE, TIMELY, LATE, BACKFILLED = (Evidence(kind) for kind in ("none", "timely", "late", "backfilled"))
UNCERTAIN = Evidence("uncertain", why="time_uncertain: 至多 1 / 2")
UNSURE = Evidence("uncertain", 4, 3, why="time_uncertain")
COVERED, UNCOVERED = Evidence("timely", 4, 4), Evidence("none", 4, 3)


@pytest.mark.parametrize(
    ("state", "evidence", "now_ms", "watermark_ms", "becomes"),
    [
        ("open", NONE, BEFORE, HEARD, "open"),
        ("open", TIMELY, BEFORE, None, "met"),
        ("open", COVERED, BEFORE, HEARD, "open"),  # people may still arrive
        ("open", COVERED, AFTER, None, "silent"),  # others may have been there
        ("open", COVERED, AFTER, HEARD, "met"),
        ("open", UNCERTAIN, BEFORE, None, "review"),
        ("open", UNCERTAIN, AFTER, HEARD, "review"),
        ("open", UNSURE, BEFORE, HEARD, "open"),
        ("open", UNSURE, AFTER, NOT_HEARD, "review"),
        ("open", UNSURE, AFTER, HEARD, "review"),
        ("missed", UNCERTAIN, AFTER, HEARD, "review"),
        ("met", UNCERTAIN, AFTER, HEARD, "review"),
        ("open", NONE, AFTER, None, "silent"),
        ("open", NONE, AFTER, NOT_HEARD, "silent"),
        ("open", NONE, AFTER, HEARD, "missed"),
        ("open", UNCOVERED, AFTER, HEARD, "missed"),
        ("open", LATE, AFTER, HEARD, "done_late"),
        ("open", BACKFILLED, AFTER, HEARD, "backfilled"),
        ("silent", NONE, AFTER, NOT_HEARD, "silent"),
        ("silent", NONE, AFTER, HEARD, "missed"),
        ("silent", TIMELY, AFTER, HEARD, "met"),
        ("silent", LATE, AFTER, HEARD, "done_late"),
        ("missed", NONE, AFTER, HEARD, "missed"),
        ("missed", NONE, AFTER, None, "missed"),
        ("missed", TIMELY, AFTER, HEARD, "review"),
        ("missed", LATE, AFTER, HEARD, "review"),
        ("missed", BACKFILLED, AFTER, HEARD, "review"),
        ("met", TIMELY, AFTER, HEARD, "met"),
        ("met", NONE, AFTER, HEARD, "review"),
        ("met", LATE, AFTER, HEARD, "review"),
        ("met", UNCOVERED, AFTER, HEARD, "review"),
        ("met", NONE, BEFORE, HEARD, "open"),  # voided while there is still time
        ("done_late", LATE, AFTER, HEARD, "done_late"),
        ("done_late", TIMELY, AFTER, HEARD, "done_late"),
        ("done_late", NONE, AFTER, HEARD, "review"),
        ("backfilled", NONE, AFTER, HEARD, "review"),
        ("review", TIMELY, AFTER, HEARD, "review"),
        ("void", TIMELY, AFTER, HEARD, "void"),
    ],
)
def test_the_table_of_judging(
    state: str, evidence: Evidence, now_ms: int, watermark_ms: int | None, becomes: str
) -> None:
    assert judge(state, None, DEADLINE, Reported(now_ms, watermark_ms), evidence).state == becomes


@pytest.mark.parametrize("reason", ["time_uncertain: 至多 1 / 2", "evidence_kept", *DEVICE_REASONS])
def test_a_review_for_want_of_knowledge_ends_when_more_is_known(reason: str) -> None:
    known = [TIMELY, LATE, NONE, UNCERTAIN]
    states = [judge("review", reason, DEADLINE, Reported(AFTER, HEARD), one).state for one in known]
    assert states == ["met", "done_late", "missed", "review"]
    assert judge("review", "evidence_lost", DEADLINE, Reported(AFTER, HEARD), TIMELY).state == "review"


@pytest.mark.parametrize("reason", DEVICE_REASONS)
def test_what_may_be_in_a_device_that_reports_no_more_is_not_called_missed(reason: str) -> None:
    for watermark_ms in (None, NOT_HEARD, HEARD):
        verdict = judge("open", None, DEADLINE, Reported(AFTER, watermark_ms, reason), NONE)
        assert (verdict.state, verdict.reason) == ("review", reason)
    assert judge("open", None, DEADLINE, Reported(BEFORE, HEARD, reason), NONE).state == "open"
    assert judge("open", None, DEADLINE, Reported(AFTER, HEARD, reason), TIMELY).state == "met"


def test_every_reason_of_review_says_what_to_do() -> None:
    assert set(REMEDIES) <= set(REASONS)
    assert {*DEVICE_REASONS, "time_uncertain", "evidence_kept", "evidence_lost"} <= set(REMEDIES)


def test_the_scheduler_looks_again_at_the_deadline_only() -> None:
    assert judge("open", None, DEADLINE, Reported(BEFORE, None)).next_check_ms == DEADLINE
    assert judge("open", None, DEADLINE, Reported(AFTER, None)).next_check_ms is None


def test_a_silent_window_says_that_nothing_was_heard_and_a_missed_one_that_nothing_was_done() -> None:
    assert judge("open", None, DEADLINE, Reported(AFTER, NOT_HEARD)).reason == "not_heard"
    assert judge("open", None, DEADLINE, Reported(AFTER, HEARD)).reason == "not_done"
    assert judge("open", None, DEADLINE, Reported(AFTER, HEARD), UNCOVERED).reason == "not_covered"


def test_a_suspended_window_stays_excused_whatever_comes() -> None:
    verdict = judge("excused", "suspended: 质安科王某, 大风", DEADLINE, Reported(AFTER, HEARD), COVERED)
    assert (verdict.state, verdict.reason) == ("excused", "suspended: 质安科王某, 大风")


@pytest.mark.parametrize(
    ("evidence", "becomes"),
    [
        (NONE, "excused"),
        (Evidence("none", 0, 0), "excused"),
        (UNCOVERED, "missed"),
        (COVERED, "met"),
        (TIMELY, "met"),
    ],
)
def test_a_rest_day_excuses_only_while_nobody_comes(evidence: Evidence, becomes: str) -> None:
    assert judge("excused", "rest_day", DEADLINE, Reported(AFTER, HEARD), evidence).state == becomes


def test_where_nobody_is_to_be_measured_nothing_is_missed_until_somebody_is() -> None:
    nobody = Evidence("none", 0, 0, expected=False)
    verdict = judge("open", None, DEADLINE, Reported(AFTER, HEARD), nobody)
    assert (verdict.state, verdict.reason) == ("excused", "nobody_expected")
    assert judge("excused", "nobody_expected", DEADLINE, Reported(AFTER, HEARD), UNCOVERED).state == "missed"


KINDS = st.sampled_from(["none", "timely", "late", "backfilled"])
EVIDENCE = st.one_of(
    st.builds(Evidence, KINDS),
    st.builds(Evidence, KINDS, st.integers(0, 3), st.integers(0, 3), st.booleans()),
    st.sampled_from([UNCERTAIN, UNSURE]),
)
TIMES = st.integers(DEADLINE - 3, DEADLINE + 3)
WATERMARKS = st.none() | TIMES
BEGINNINGS = st.sampled_from(
    [(state, None) for state in STATES if state != "excused"]
    + [("excused", reason) for reason in ("suspended: 王某, 大风", "stopped", "rest_day", "nobody_expected")]
)
# From a state to itself is always allowed.
MOVES = {
    "open": {"met", "done_late", "backfilled", "silent", "missed", "excused", "review"},
    "silent": {"met", "done_late", "backfilled", "missed", "open", "excused", "review"},
    "excused": {"open", "met", "done_late", "backfilled", "silent", "missed", "review"},
    "missed": {"review"},
    "met": {"review"},
    "done_late": {"review"},
    "backfilled": {"review"},
    "review": set[str](),  # but for those that end by themselves
    "void": set[str](),
}


@given(BEGINNINGS, TIMES, WATERMARKS, EVIDENCE)
def test_judging_twice_is_judging_once(
    beginning: tuple[str, str | None], now_ms: int, watermark_ms: int | None, evidence: Evidence
) -> None:
    once = judge(*beginning, DEADLINE, Reported(now_ms, watermark_ms), evidence)
    assert judge(once.state, once.reason, DEADLINE, Reported(now_ms, watermark_ms), evidence) == once


@given(BEGINNINGS, TIMES, WATERMARKS, EVIDENCE)
def test_nothing_is_missed_before_the_tablets_have_reported_past_the_deadline(
    beginning: tuple[str, str | None], now_ms: int, watermark_ms: int | None, evidence: Evidence
) -> None:
    verdict = judge(*beginning, DEADLINE, Reported(now_ms, watermark_ms), evidence)
    if verdict.state == "missed" and beginning[0] != "missed":
        assert watermark_ms is not None and watermark_ms >= DEADLINE and now_ms >= DEADLINE


@given(BEGINNINGS, st.lists(st.tuples(TIMES, TIMES, EVIDENCE), max_size=6))
def test_states_move_forward_only(
    beginning: tuple[str, str | None], ticks: list[tuple[int, int, Evidence]]
) -> None:
    state, reason = beginning
    for now_ms, watermark_ms, evidence in sorted(ticks, key=lambda tick: tick[:2]):
        verdict = judge(state, reason, DEADLINE, Reported(now_ms, watermark_ms), evidence)
        allowed = ({*MOVES["silent"], "silent"} if is_soft(reason) else MOVES[state]) | (
            {*MOVES["open"], "open"}
            if now_ms < DEADLINE and state in ("met", "done_late", "backfilled")
            else set()
        )
        assert verdict.state == state or verdict.state in allowed
        assert reason_code(verdict.reason) in {"", *REASONS}
        state, reason = verdict.state, verdict.reason


@given(
    st.sampled_from(["open", "silent"]),
    EVIDENCE,
    st.lists(st.tuples(TIMES, WATERMARKS), min_size=1, max_size=6),
)
def test_with_the_same_facts_a_decision_is_never_taken_back(
    state: str, evidence: Evidence, ticks: list[tuple[int, int | None]]
) -> None:
    reason, decided = None, None
    for now_ms, watermark_ms in sorted(ticks, key=lambda tick: tick[0]):
        verdict = judge(state, reason, DEADLINE, Reported(now_ms, watermark_ms), evidence)
        state, reason = verdict.state, verdict.reason
        assert decided is None or state == decided
        decided = None if state in ("open", "silent") or is_soft(reason) else state

"""What records say of a state, a document, a source and an event, in whatever order they come."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.rules.calendar import DAY_MS, instant_ms
from server.rules.duties.conditions import Finding
from server.rules.duties.documents import Document, match_document
from server.rules.duties.events import plan_event
from server.rules.duties.judge import Reported, judge, reason_code
from server.rules.duties.matching import Candidate, Fact, match_facts
from server.rules.duties.modes import Mode, Trigger
from server.rules.duties.states import Statement, match_state
from server.rules.duties.telemetry import Stretch, weigh_stretches
from server.rules.duties.windows import DutyRule, PlannedWindow

# States.

WEEK = Candidate(0, 7 * DAY_MS, 7 * DAY_MS, 7 * DAY_MS)
YES, NO, UNKNOWN = Finding(True), Finding(False, "人数应不超过 6, 实为 8", 6, 8), Finding(None)


def said(key: str, from_ms: int, to_ms: int, finding: Finding, **more: Any) -> Statement:
    return Statement(Fact(key, from_ms, to_ms, **more), finding)


@pytest.mark.parametrize(
    ("statements", "fulfilled", "why"),
    [
        ([], "none", None),
        ([said("a", 5, 6, YES)], "timely", None),
        ([said("a", 5, 6, NO)], "violated", "not_satisfied: 人数应不超过 6, 实为 8"),
        ([said("a", 5, 6, NO), said("b", 9, 9, YES)], "timely", None),
        ([said("a", 5, 6, YES), said("b", 9, 9, NO)], "violated", "not_satisfied: 人数应不超过 6, 实为 8"),
        ([said("a", 5, 9, NO), said("b", 6, 8, YES)], "uncertain", "time_uncertain"),
        ([said("a", 5, 6, NO), said("b", 9, 9, UNKNOWN, kept=True)], "uncertain", "evidence_kept"),
        ([said("a", 5, 6, YES), said("b", 9, 9, UNKNOWN, kept=True)], "timely", None),
        ([said("a", -5, 6, NO)], "uncertain", "time_uncertain"),
        ([said("a", -5, -1, NO)], "none", None),
        ([said("a", 7 * DAY_MS, 7 * DAY_MS, NO)], "none", None),
        ([said("a", 5, 6, NO, astray=True)], "uncertain", "place_uncertain"),
        ([said("a", 5, 6, UNKNOWN)], "uncertain", "cannot_tell"),
        ([said("a", 8 * DAY_MS, 8 * DAY_MS, YES, observed_ms=6 * DAY_MS)], "backfilled", None),
    ],
)
def test_the_latest_statement_decides(statements: list[Statement], fulfilled: str, why: str | None) -> None:
    evidence = match_state(statements, WEEK).evidence
    assert (evidence.fulfilled, evidence.why) == (fulfilled, why)


def test_a_later_statement_takes_back_no_violation_that_stands() -> None:
    statements = [said("a", 5, 6, NO), said("b", 9, 9, YES)]
    assert match_state(statements, WEEK, proof="a").evidence.fulfilled == "violated"
    assert match_state(statements[1:], WEEK, proof="a").evidence.fulfilled == "timely"


TRUE_MS = st.integers(0, 7 * DAY_MS - 1)
WIDTH = st.integers(0, DAY_MS)


@st.composite
def honest_weeks(draw: st.DrawFn) -> list[Statement]:
    """A week in which every count was as it had to be, each known within an interval that holds its true time; the server
    has any part of it, some kept and not applied."""
    week = []
    for number in range(draw(st.integers(1, 5))):
        true_ms = draw(TRUE_MS)
        kept = draw(st.booleans())
        finding = UNKNOWN if kept else YES
        fact = Fact(str(number), true_ms - draw(WIDTH), true_ms + draw(WIDTH), kept=kept)
        week.append(Statement(fact, finding))
    return week


@given(honest_weeks(), st.data())
def test_no_honest_week_is_called_not_satisfied_and_none_is_missed_that_has_come(
    week: list[Statement], data: st.DataObject
) -> None:
    state, reason = "open", None
    arrived: list[Statement] = []
    for one in data.draw(st.permutations(week)):
        arrived.append(one)
        now_ms = data.draw(st.integers(0, 9 * DAY_MS))
        found = match_state(arrived, WEEK)
        # What is not here yet was not reported: until all is here, the watermark is not past the deadline.
        through_ms = WEEK.deadline_ms if len(arrived) == len(week) else WEEK.deadline_ms - 1
        verdict = judge(state, reason, WEEK.deadline_ms, Reported(now_ms, through_ms), found.evidence)
        state, reason = verdict.state, verdict.reason
        assert state in ("open", "silent", "met", "review")


# Documents.

END = instant_ms("2026-11-30", "00:00")


def document(begins: str | None, ends: str | None, at_ms: int = END - DAY_MS, **more: Any) -> Document:
    has_files = more.pop("has_files", True)
    return Document(Fact("d", at_ms, at_ms, **more), begins, ends, has_files)


@pytest.mark.parametrize(
    ("documents", "fulfilled", "says"),
    [
        ([], "none", "not_valid"),
        ([document("2026-01-01", "2027-12-31")], "timely", None),
        ([document(None, None)], "timely", None),
        ([document("2026-11-30", "2027-12-31")], "none", "not_valid"),
        ([document("2026-01-01", "2026-11-28")], "none", "not_valid: 最近一份 2026-11-28 到期"),
        ([document("2026-01-01", "2026-11-29")], "timely", "expiring: 2026-11-29 到期"),
        ([document("2026-01-01", "2026-11-29"), document("2026-01-01", "2028-01-01")], "timely", None),
        ([document("2026-01-01", "2027-12-31", has_files=False)], "uncertain", "file_pending"),
        ([document("2026-01-01", "2027-12-31", END)], "none", "not_valid"),
        ([document(None, None, kept=True)], "uncertain", "evidence_kept"),
    ],
)
def test_a_document_is_valid_on_the_day_of_the_look(
    documents: list[Document], fulfilled: str, says: str | None
) -> None:
    evidence = match_document(documents, END, END).evidence
    assert evidence.fulfilled == fulfilled
    assert says == (evidence.lack if fulfilled == "none" else evidence.why)


# Telemetry.

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("stretches", "fulfilled"),
    [
        ([], "unheard"),
        ([Stretch(0, 11 * HOUR, 0)], "unheard"),  # most of the day nobody reported on
        ([Stretch(0, 24 * HOUR, 24 * HOUR)], "timely"),
        ([Stretch(0, 24 * HOUR, 23 * HOUR)], "timely"),
        ([Stretch(0, 24 * HOUR, 22 * HOUR)], "none"),
        ([Stretch(0, 12 * HOUR, 12 * HOUR)], "timely"),  # of what was reported, all online
        (
            [Stretch(0, 24 * HOUR, 0), Stretch(0, 24 * HOUR, 24 * HOUR)],
            "timely",
        ),  # reported twice: the better one
        ([Stretch(5, 5, 0)], "unheard"),
    ],
)
def test_a_share_counts_of_what_the_source_reported(stretches: list[Stretch], fulfilled: str) -> None:
    evidence = weigh_stretches(stretches, 0, 24 * HOUR, 0.95)
    assert evidence.fulfilled == fulfilled
    if fulfilled == "none":
        assert reason_code(evidence.lack) == "not_online"


@given(st.lists(st.tuples(st.integers(0, 24), st.integers(1, 6)), max_size=8))
def test_a_camera_that_was_always_online_is_never_accused_however_its_platform_reports(
    reports: list[tuple[int, int]],
) -> None:
    stretches = [Stretch(h * HOUR, (h + n) * HOUR, n * HOUR) for h, n in reports]
    assert weigh_stretches(stretches, 0, 24 * HOUR, 1.0).fulfilled in ("timely", "unheard")


# Events.

RULE = DutyRule("X", "normal", "event", "retest", (), mode=Mode(trigger=Trigger("fever", "", "worker", 900)))


@example(0, 0, 0, 900_000, 0, 0, 0, False)  # in the last moment
@given(
    st.integers(0, 3 * HOUR),
    WIDTH,
    WIDTH,
    st.integers(0, 900_000),
    WIDTH,
    WIDTH,
    st.integers(0, 9 * HOUR),
    st.booleans(),
)
def test_an_answer_in_time_is_never_accused_whenever_the_question_comes(
    x_ms: int,
    x_before: int,
    x_after: int,
    late_ms: int,
    y_before: int,
    y_after: int,
    more_ms: int,
    heard: bool,
) -> None:
    asks = Fact("x", x_ms - x_before, x_ms + x_after)
    y_ms = x_ms + late_ms
    answer = Fact("y", y_ms - y_before, y_ms + y_after)
    window: PlannedWindow = plan_event(RULE, asks)
    asked = Candidate(window.opens_ms, window.due_ms, window.deadline_ms, window.closes_ms)
    (found,) = match_facts([answer], [asked])
    now_ms = window.deadline_ms + more_ms
    verdict = judge(
        "open", None, window.deadline_ms, Reported(now_ms, now_ms if heard else None), found.evidence
    )
    assert verdict.state in ("met", "review")

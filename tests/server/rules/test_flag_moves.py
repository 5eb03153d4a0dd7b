"""The table of moves: what leads where, who may make it, and what no table can hold."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.flag import FLAG_STATES
from server.rules.flags.moves import (
    BRIGADE,
    CONTRACTOR,
    ENDED,
    INSPECTOR,
    MOVES,
    SECTION,
    TABLE,
    Asked,
    allowed,
    party,
    refusal,
    started,
)
from server.rules.from_rows import reviewing
from tests.server.rules.cast import rows

PARTIES = (CONTRACTOR, SECTION, BRIGADE, INSPECTOR, None)


def asked(action: str, party: str | None, state: str, **more: object) -> Asked:
    return Asked(action, "somebody", party, state, note="因故", **more)  # type: ignore[arg-type]


def test_the_states_are_those_that_tablets_know() -> None:
    assert {state for move in TABLE for state in (*move.routes, *move.routes.values())} == set(FLAG_STATES)


def test_every_clock_that_the_table_names_is_a_step_of_the_policy() -> None:
    for policy in json.loads(json.dumps(rows("escalation"))):
        codes = {step["code"] for step in policy["steps"]}
        starts = {step["starts"] for step in policy["steps"]}
        assert {code for move in TABLE for code in move.stops} - {"*"} <= codes
        assert {start for move in TABLE for start in move.starts} <= starts


def test_the_usual_way_leads_from_open_to_closed() -> None:
    state = "open"
    for action, by in (
        ("acknowledge", SECTION),
        ("order_rectification", SECTION),
        ("submit_rectification", CONTRACTOR),
        ("pass_recheck", SECTION),
        ("close", SECTION),
    ):
        assert refusal(asked(action, by, state)) is None
        state = MOVES[action].routes[state]
    assert state == "closed"


@given(st.sampled_from(TABLE), st.sampled_from(FLAG_STATES))
def test_a_contractor_replies_and_remarks_and_nothing_else(move: object, state: str) -> None:
    may = {one.action for one in allowed(asked("comment", CONTRACTOR, state))}
    assert may <= {"submit_rectification", "state_mended", "state_defence", "comment"}


@given(st.sampled_from(list(MOVES)), st.sampled_from(PARTIES), st.sampled_from(FLAG_STATES), st.booleans())
def test_what_is_allowed_is_what_is_not_refused(
    action: str, by: str | None, state: str, other_open: bool
) -> None:
    one = asked(action, by, state, other_open=other_open)
    assert (MOVES[action] in allowed(one)) == (refusal(one) is None)


def test_whoever_rectified_never_verifies() -> None:
    for action, state in (
        ("pass_recheck", "submitted"),
        ("fail_recheck", "submitted"),
        ("consent_resume", "stop_work"),
        ("withdraw", "submitted"),
    ):
        assert refusal(asked(action, BRIGADE, state, rectifiers=("somebody",))) == "same_person"
        assert refusal(asked(action, BRIGADE, state, rectifiers=("somebody else",))) is None


@pytest.mark.parametrize("action", ["pass_recheck", "fail_recheck"])
def test_an_inspector_of_a_unit_that_reviews_rechecks_what_is_not_the_brigades(action: str) -> None:
    assert refusal(asked(action, INSPECTOR, "submitted")) is None
    assert refusal(asked(action, INSPECTOR, "submitted", reviews=False)) == "role_not_allowed"
    assert refusal(asked(action, INSPECTOR, "submitted", taken_over=True)) == "role_not_allowed"
    assert refusal(asked(action, INSPECTOR, "submitted", rectifiers=("somebody",))) == "same_person"
    assert refusal(asked(action, INSPECTOR, "rectifying")) == "illegal_move"


@given(st.sampled_from(FLAG_STATES))
def test_an_inspector_rechecks_and_remarks_and_nothing_else(state: str) -> None:
    may = {one.action for one in allowed(asked("comment", INSPECTOR, state))}
    assert may <= {"pass_recheck", "fail_recheck", "comment", "note"}


def test_a_company_that_runs_sites_is_nothing_to_a_flag() -> None:
    reviews = reviewing(rows("units"))
    assert party("section", "shizheng", "shizheng", reviews) is None
    assert party("section", "zhian", "zhian", reviews) == SECTION
    assert party("section", "guihua", "zhian", reviews) is None
    assert party("brigade", "jiancha", "zhian", reviews) == BRIGADE
    assert party("admin", None, "zhian", reviews) is None


@pytest.mark.parametrize("state", FLAG_STATES)
def test_what_was_transferred_or_stopped_once_is_the_brigades_alone(state: str) -> None:
    may = {move.action for move in allowed(asked("comment", SECTION, state, taken_over=True))}
    assert may <= {"comment", "note", "submit_rectification", "state_defence"}
    theirs = {move.action for move in allowed(asked("comment", BRIGADE, state, taken_over=True))}
    assert theirs == {move.action for move in allowed(asked("comment", BRIGADE, state))}


def test_what_is_addressed_to_one_company_is_not_answered_by_another() -> None:
    one = asked("submit_rectification", CONTRACTOR, "rectifying", addressed=False)
    assert refusal(one) == "role_not_allowed"
    assert refusal(asked("submit_rectification", SECTION, "rectifying", addressed=False)) is None


@pytest.mark.parametrize("action", ["submit_rectification", "state_mended", "state_defence"])
def test_only_the_company_that_a_flag_is_addressed_to_says_something_for_it(action: str) -> None:
    state = next(iter(MOVES[action].routes))
    assert refusal(asked(action, CONTRACTOR, state, addressed=False)) == "role_not_allowed"
    assert refusal(asked(action, CONTRACTOR, state)) is None


def test_that_it_is_mended_already_is_said_before_an_order_and_leads_nowhere() -> None:
    said = MOVES["state_mended"]
    assert set(said.routes) == {"open", "acknowledged", "transferred"}
    assert all(before == after for before, after in said.routes.items())
    assert not said.stops and not said.starts, "it ends no clock and begins none"


@pytest.mark.parametrize("state", FLAG_STATES)
@pytest.mark.parametrize("by", [SECTION, BRIGADE])
def test_what_burdens_or_ends_waits_for_the_answer_to_a_defence(by: str, state: str) -> None:
    before = {move.action for move in allowed(asked("comment", by, state))}
    while_open = {move.action for move in allowed(asked("comment", by, state, defended=True))}
    waits = {"order_rectification", "fail_recheck", "transfer", "close"}
    answers = {"accept_defence", "accept_defence_partly", "reject_defence"}
    assert before - while_open == before & waits
    assert while_open - before == (answers if state not in ENDED else set())
    one = asked("order_stop_work", BRIGADE, "acknowledged", defended=True)
    assert refusal(one) is None, "a danger waits for nobody"


def test_there_is_nothing_to_answer_without_a_defence() -> None:
    assert refusal(asked("accept_defence", SECTION, "acknowledged")) == "no_defence"
    assert refusal(asked("accept_defence", CONTRACTOR, "acknowledged", defended=True)) == "role_not_allowed"
    burden = asked("order_rectification", SECTION, "acknowledged", defended=True)
    assert refusal(burden) == "defence_unanswered"


def test_a_reply_under_stop_work_starts_no_recheck() -> None:
    reply = MOVES["submit_rectification"]
    assert started(reply, reply.routes["rectifying"]) == ("submitted",)
    assert started(reply, reply.routes["stop_work"]) == ()


@pytest.mark.parametrize("state", ENDED)
def test_a_flag_is_not_reopened_alongside_one_that_is_open(state: str) -> None:
    assert refusal(asked("reopen", SECTION, state, other_open=True)) == "another_open"
    assert refusal(asked("reopen", SECTION, state)) is None


def test_words_are_asked_for_where_the_table_says() -> None:
    assert refusal(Asked("order_rectification", "x", SECTION, "open", note="  ")) == "note_required"
    assert refusal(Asked("acknowledge", "x", SECTION, "open")) is None

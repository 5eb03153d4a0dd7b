"""Who has to act on a flag."""

from __future__ import annotations

from server.rules.flags.escalation import policy_from, turn
from tests.server.rules.cast import rows

POLICY = policy_from(rows("escalation")[0])


def test_before_an_order_what_is_due_first_comes_first() -> None:
    assert turn(POLICY, {"acknowledge": 1, "order": 2}) == "acknowledge"
    assert turn(POLICY, {}) is None


def test_what_was_passed_on_waits_for_the_unit_that_has_it_now() -> None:
    assert turn(POLICY, {"acknowledge": 1, "brigade": 5}) == "brigade"
    assert turn(POLICY, {"order": 1, "brigade": 5}) == "brigade"


def test_what_an_order_began_comes_before_all_that_the_opening_did() -> None:
    assert turn(POLICY, {"brigade": 1, "rectify": 5}) == "rectify"
    assert turn(POLICY, {"brigade": 1, "recheck": 5}) == "recheck"
    assert turn(POLICY, {"close": 3, "resume": 2, "acknowledge": 1}) == "resume"


def test_a_step_that_the_policy_does_not_know_is_no_reason_to_fail() -> None:
    assert turn(POLICY, {"gone": 1}) == "gone"


def test_the_answer_to_a_defence_comes_before_all_that_waits_for_it() -> None:
    assert turn(POLICY, {"recheck": 1, "answer": 5}) == "answer"
    assert turn(POLICY, {"acknowledge": 1, "brigade": 2, "answer": 5}) == "answer"

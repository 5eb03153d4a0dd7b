"""Two people: whoever proposes never approves, and nobody decides twice or too late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.rules.approval import (
    APPROVE,
    BECOMES,
    EXPIRED,
    OPEN,
    STATES,
    WITHDRAW,
    Standing,
    refusal,
    state_at,
)

PEOPLE = st.sampled_from(["lan", "mei", "wu"])
VERDICTS = st.sampled_from(sorted(BECOMES))
TIMES = st.integers(0, 10)


@given(st.lists(st.tuples(VERDICTS, PEOPLE, TIMES)), PEOPLE, TIMES)
def test_a_proposal_is_decided_at_most_once_in_time_and_never_approved_by_its_author(
    tries: list[tuple[str, str, int]], author: str, expires: int
) -> None:
    standing, decided = Standing(OPEN, author, expires), []
    for verdict, by, at in sorted(tries, key=lambda one: one[2]):
        if refusal(standing, verdict, by, at) is None:
            decided.append((verdict, by, at))
            standing = Standing(BECOMES[verdict], author, expires)
    assert len(decided) <= 1
    for verdict, by, at in decided:
        assert at < expires
        assert (by == author) == (verdict == WITHDRAW)


def test_each_refusal_has_its_own_code() -> None:
    fresh = Standing(OPEN, "lan", 10)
    assert refusal(fresh, APPROVE, "lan", 0) == "second_person_needed"
    assert refusal(fresh, WITHDRAW, "mei", 0) == "not_your_proposal"
    assert refusal(fresh, APPROVE, "mei", 10) == "proposal_expired"
    assert refusal(Standing("approved", "lan", 10), APPROVE, "mei", 99) == "proposal_decided"
    assert refusal(fresh, APPROVE, "mei", 9) is None
    assert refusal(fresh, APPROVE, "mei", 9, dependent=True) == "not_independent"
    assert refusal(fresh, "reject", "mei", 9, dependent=True) is None


def test_an_open_proposal_expires_by_itself_and_every_state_has_a_word() -> None:
    assert state_at(Standing(OPEN, "lan", 10), 9) == OPEN
    assert state_at(Standing(OPEN, "lan", 10), 10) == EXPIRED
    assert state_at(Standing("approved", "lan", 10), 99) == "approved"
    assert {OPEN, EXPIRED, *BECOMES.values()} == STATES.keys()

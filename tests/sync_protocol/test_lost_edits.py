"""Whatever two devices edit, no value disappears without being kept, and no device's order is reversed."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.merge import Merged, Stamp, merge

FIELDS = ("name", "team", "phone")
RULES = {"name": "keep", "team": "latest"}  # phone has none
changes = st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(["x", "y", True, 1, None]), min_size=1)
stamps = st.builds(
    Stamp,
    st.integers(1, 5),
    st.sampled_from("ABC"),
    st.integers(1, 9),
    st.integers(0, 3),
    st.uuids().map(str),
)
fields = st.dictionaries(st.sampled_from(FIELDS), st.tuples(st.sampled_from(["x", "y", True, 1]), stamps))


def merged(fields: dict[str, tuple[Any, Stamp]], base: int, changes: dict[str, Any], stamp: Stamp) -> Merged:
    state = {name: value for name, (value, _) in fields.items()}
    return merge(state, {name: last for name, (_, last) in fields.items()}, base, changes, stamp, RULES)


@given(fields, st.integers(0, 5), changes, stamps)
def test_every_value_is_kept_is_contested_or_was_known(
    fields: dict[str, tuple[Any, Stamp]], base: int, changes: dict[str, Any], stamp: Stamp
) -> None:
    result = merged(fields, base, changes, stamp)
    contested = {contest.field: contest for contest in result.contested}
    for name, value in changes.items():
        before, last = fields.get(name, (None, None))
        if name in contested:
            assert {repr(contested[name].kept), repr(contested[name].other)} == {repr(before), repr(value)}
            assert repr(result.state[name]) == repr(contested[name].kept)
        elif last is None or last.rev <= base:
            assert repr(result.state[name]) == repr(value)
        elif last.device == stamp.device:
            assert repr(result.state[name]) == repr(value if stamp.n > last.n else before)
        else:
            assert repr(before) == repr(value)
    for name in set(fields) - set(changes):
        assert (result.state[name], result.stamps[name]) == fields[name]


@given(fields, st.integers(0, 5), changes, stamps)
def test_the_outcome_says_what_others_did(
    fields: dict[str, tuple[Any, Stamp]], base: int, changes: dict[str, Any], stamp: Stamp
) -> None:
    result = merged(fields, base, changes, stamp)
    others = any(last.rev > base and last.device != stamp.device for _, last in fields.values())
    expected = "contested" if result.contested else "merged" if others else "applied"
    assert result.outcome == expected


@given(st.permutations([("A", 1, "x"), ("A", 2, "y"), ("A", 3, "z")]))
def test_one_device_s_edits_end_the_same_in_any_order(order: list[tuple[str, int, str]]) -> None:
    state, last = {"team": "old"}, {"team": Stamp(1, "server", 0, 0, "e0")}
    for rev, (device, n, value) in enumerate(order, start=2):
        result = merge(state, last, 1, {"team": value}, Stamp(rev, device, n, n, f"e{n}"), RULES)
        state, last = result.state, result.stamps
        assert result.outcome == "applied"
    assert state == {"team": "z"}


@given(fields, st.integers(0, 5), changes, stamps)
def test_what_was_passed_in_is_left_alone(
    fields: dict[str, tuple[Any, Stamp]], base: int, changes: dict[str, Any], stamp: Stamp
) -> None:
    before, asked = dict(fields), dict(changes)
    merged(fields, base, changes, stamp)
    assert (fields, changes) == (before, asked)

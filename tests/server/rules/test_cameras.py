"""Of many reports few lines: what is written of a camera says what its platform said, and no more."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules.calendar import HOUR_MS
from server.rules.camera_adapters import Adapter
from server.rules.cameras import OFFLINE, ONLINE, Span, Watched, is_code, leave, observe
from server.rules.duties.telemetry import Stretch, weigh_stretches
from tests.server.rules.cast import rows

MINUTE_MS = 60_000
GAP_MS = 10 * MINUTE_MS
START_MS = 1_795_446_000_000  # a full hour
Reports = list[tuple[int, str]]


def _lines(reports: Reports) -> list[Span]:
    now, lines = Watched(), []
    for at_ms, state in reports:
        now, spans = observe(now, state, at_ms, GAP_MS)
        lines += spans
    return [*lines, *leave(now)[1]]


def _stretches(lines: list[Span]) -> list[Stretch]:
    return [Stretch(one.from_ms, one.to_ms, round(one.online_minutes * MINUTE_MS)) for one in lines]


_steps = st.tuples(st.integers(1, 25), st.sampled_from((ONLINE, OFFLINE)))
_reports = st.lists(_steps, min_size=2, max_size=60).map(
    lambda steps: [
        (START_MS + sum(m for m, _ in steps[: n + 1]) * MINUTE_MS, s) for n, (_, s) in enumerate(steps)
    ]
)


@given(_reports)
def test_lines_follow_each_other_and_tell_only_of_what_was_reported(reports: Reports) -> None:
    lines = _lines(reports)
    assert all(one.from_ms < one.to_ms for one in lines)
    assert all(one.to_ms <= other.from_ms for one, other in pairwise(lines))
    for (before_ms, _), (after_ms, _) in pairwise(reports):
        if after_ms - before_ms > GAP_MS:
            assert not any(one.from_ms < after_ms and before_ms < one.to_ms for one in lines), (
                "nobody knows of a gap"
            )
    for at_ms, state in reports:
        within = [one.state for one in lines if one.from_ms < at_ms < one.to_ms]
        assert set(within) <= {state}


@given(_reports)
def test_a_line_is_written_at_a_change_once_an_hour_and_where_a_gap_begins(reports: Reports) -> None:
    changes = sum(one[1] != other[1] for one, other in pairwise(reports))
    gaps = sum(other[0] - one[0] > GAP_MS for one, other in pairwise(reports))
    hours = (reports[-1][0] - reports[0][0]) // HOUR_MS
    assert len(_lines(reports)) <= 1 + changes + gaps + hours + 1


@given(_reports, st.randoms(use_true_random=False), st.integers(1, 5))
def test_lines_say_the_same_in_whatever_order_and_however_often_they_come(
    reports: Reports, chance: random.Random, times: int
) -> None:
    stretches = _stretches(_lines(reports))
    mixed = stretches * times
    chance.shuffle(mixed)
    window = (START_MS, START_MS + 12 * HOUR_MS, 0.95, HOUR_MS)
    assert weigh_stretches(mixed, *window) == weigh_stretches(stretches, *window)


@given(_reports)
def test_two_hours_offline_are_found_just_where_every_report_of_them_says_so(reports: Reports) -> None:
    longest = run = 0
    for (before_ms, before), (after_ms, after) in pairwise(reports):
        goes_on = before == after == OFFLINE and after_ms - before_ms <= GAP_MS
        run = run + after_ms - before_ms if goes_on else 0
        longest = max(longest, run)
    found = weigh_stretches(_stretches(_lines(reports)), START_MS, START_MS + 48 * HOUR_MS, 0.95, 2 * HOUR_MS)
    assert (found.fulfilled == "violated") == (longest >= 2 * HOUR_MS)


@given(_reports)
def test_an_old_report_changes_nothing(reports: Reports) -> None:
    now = Watched()
    for at_ms, state in reports:
        now, _ = observe(now, state, at_ms, GAP_MS)
    assert observe(now, OFFLINE, reports[0][0], GAP_MS) == (now, [])


def test_a_change_seen_between_two_reports_is_taken_for_online() -> None:
    minute = [START_MS + n * MINUTE_MS for n in range(6)]
    lines = _lines([(minute[0], ONLINE), (minute[1], OFFLINE), (minute[2], OFFLINE), (minute[3], ONLINE)])
    assert lines == [
        Span(ONLINE, minute[0], minute[1]),
        Span(OFFLINE, minute[1], minute[2]),
        Span(ONLINE, minute[2], minute[3]),
    ]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("41070200001320000001", True),
        ("4107020000132000000", False),
        ("4107020000132000000x", False),
        ("", False),
    ],
)
def test_a_code_has_twenty_digits(text: str, is_one: bool) -> None:
    assert is_code(text) is is_one


def _adapter(code: str) -> Adapter:
    row = next(row for row in rows("camera_adapters") if row["code"] == code)
    return Adapter(code, row["name"], row["transport"], row)


CODE, OTHER = "41070200001320000001", "41070200001320000002"


@pytest.mark.parametrize(
    ("said", "device_online", "found"),
    [
        ("ON", True, {CODE: ONLINE}),
        ("OFF", True, {CODE: OFFLINE}),
        ("ON", False, {CODE: OFFLINE}),
        ("ON", None, {CODE: ONLINE}),
        (None, True, {}),
        (None, False, {CODE: OFFLINE}),
        ("不认识的词", True, {CODE: OFFLINE}),
    ],
)
def test_a_channel_is_online_where_it_and_its_device_say_so(
    said: str | None, device_online: bool | None, found: dict[str, str]
) -> None:
    assert _adapter("wvp").states([{"deviceId": CODE, "status": said}], device_online) == found


@pytest.mark.parametrize(
    "strange", [None, 7, "x", [], {"data": None}, {"data": {"list": {"a": 1}}}, {"data": 1}]
)
def test_an_answer_that_is_not_understood_says_nothing(strange: object) -> None:
    adapter = _adapter("wvp")
    assert (
        adapter.items(strange),
        adapter.states(adapter.items(strange)),
        list(adapter.events(strange)),
    ) == ([], {}, [])


def test_another_platform_is_another_row() -> None:
    row = {
        **{
            "code": "isc",
            "name": "综合安防",
            "transport": "poll",
            "devices": "/artemis/cameras",
            "ok": ["code=0"],
        },
        **{"items": "data.rows", "camera": "indexCode", "state": "status.now", "online": ["1"]},
    }
    adapter = Adapter("isc", "综合安防", "poll", row)
    answer = {
        "code": "0",
        "data": {"rows": [{"indexCode": CODE, "status": {"now": 1}}, {"indexCode": OTHER}]},
    }
    assert adapter.succeeded(answer) and not adapter.succeeded({"code": 1})
    assert adapter.states(adapter.items(answer)) == {CODE: ONLINE}

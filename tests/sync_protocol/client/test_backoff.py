"""Waiting: exponential, with full jitter, never less than the server asked for."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.client.backoff import BASE_S, CAP_S, RETRY_AFTER_MAX_S, delay_s, retry_after_s
from tests.sync_protocol.client.fake_server import NOON_MS


def test_nothing_failed_means_no_wait() -> None:
    assert delay_s(0, random.Random(1)) == 0.0


@given(failures=st.integers(1, 10**9), seed=st.integers())
def test_a_wait_lies_between_nothing_and_the_doubled_bound(failures: int, seed: int) -> None:
    bound = min(CAP_S, BASE_S * 2 ** min(failures - 1, 30))
    assert 0.0 <= delay_s(failures, random.Random(seed)) <= bound


def test_waits_of_many_tablets_are_spread_over_the_whole_bound() -> None:
    waits = sorted(delay_s(9, random.Random(seed)) for seed in range(400))
    bound = BASE_S * 2**8
    assert (
        waits[0] < bound * 0.05
        and waits[-1] > bound * 0.95
        and abs(sum(waits) / 400 - bound / 2) < bound * 0.1
    )


@given(asked_s=st.floats(0, 3600), seed=st.integers())
def test_the_server_s_own_wish_is_a_floor(asked_s: float, seed: int) -> None:
    assert delay_s(1, random.Random(seed), asked_s) >= asked_s


@pytest.mark.parametrize(
    ("header", "expected_s"),
    [
        (None, None),
        ("30", 30.0),
        (" 0 ", 0.0),
        ("9" * 5000, RETRY_AFTER_MAX_S),
        ("Mon, 23 Nov 2026 04:01:00 GMT", 60.0),
        ("Mon, 23 Nov 2026 03:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str | None, expected_s: float | None) -> None:
    assert retry_after_s(header, NOON_MS) == expected_s

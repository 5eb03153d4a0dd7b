"""The same push sent by two processes at once: the state is that of one clean delivery."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from werkzeug.test import TestResponse

from tests.stories.wire import WireDevice, records


def test_the_same_batch_under_two_nonces_takes_effect_once(device: WireDevice) -> None:
    lines = [device.line() for _ in range(40)]

    def send(nonce: str) -> TestResponse:
        return device.push(*lines, nonce=nonce)

    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(send, ("first", "second")))
    found = sorted({o["outcome"] for o in answer.get_json()["outcomes"]} for answer in answers)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert sorted(map(sorted, found)) == [["applied"], ["duplicate"]]
    assert len(records(device.pull({}), "disinfection_log")) == 40


def test_the_very_same_request_twice_at_once_is_taken_once(device: WireDevice) -> None:
    lines = [device.line() for _ in range(40)]
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda _: device.push(*lines, nonce="same"), range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 401]
    assert len(records(device.pull({}), "disinfection_log")) == 40

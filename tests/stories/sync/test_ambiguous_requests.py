"""What two readers could read differently is refused, in a pull as in a push; a clock far ahead spoils no other line."""

from __future__ import annotations

import json
import logging

import pytest
import sqlalchemy as sa
from flask import Flask

from server.base.db import read
from server.models import Quarantine
from tests.server.cast import Cast
from tests.stories.wire import WireDevice


@pytest.mark.parametrize(
    "body",
    [
        b'{"sync":1,"schema":"2026.1","scopes":{},"scopes":{},"max_bytes":1000}',
        b'{"sync":1,"schema":"2026.1","scopes":{"site:a":"","site:a":"x"},"max_bytes":1000}',
    ],
    ids=["a member", "a scope"],
)
def test_a_pull_with_a_name_twice_is_refused(device: WireDevice, body: bytes) -> None:
    answer = device.send("/sync/v1/pull", body, "application/json")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "header_invalid")
    assert "重复" in answer.get_json()["detail"]


def test_a_pull_may_be_written_on_several_lines(device: WireDevice) -> None:
    asked = {"sync": 1, "schema": "2026.1", "scopes": {}, "max_bytes": 100_000}
    answer = device.send("/sync/v1/pull", json.dumps(asked, indent=2).encode(), "application/json")
    assert answer.status_code == 200, answer.text


def test_an_enrolment_with_a_name_twice_is_refused(app: Flask, cast: Cast) -> None:
    body = b'{"code":"A","code":"B","public_key":"x","name":"x","platform":"x"}'
    answer = app.test_client().post("/sync/v1/enrol", data=body, content_type="application/json")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "header_invalid")


@pytest.mark.parametrize("wall", ["9999-12-31T23:59:59.999+00:00", "0001-01-01T00:00:00.000+08:00"])
def test_a_time_beyond_the_calendar_is_kept_aside_and_the_others_are_applied(
    device: WireDevice, wall: str
) -> None:
    lines = [device.line(), device.line(at={"wall": wall, "boot": "b", "up_ms": 1}), device.line()]
    found = [outcome["outcome"] for outcome in device.outcomes(*lines)]
    assert found == ["applied", "refused", "applied"]
    with device.field.app.app_context(), read() as session:
        assert session.scalars(sa.select(Quarantine.state)).all() == ["open"]


@pytest.mark.parametrize("wall", ["2099-01-01T00:00:00.000+08:00", "2027-11-29T00:00:00.000+08:00"])
def test_a_clock_that_is_years_ahead_dates_nothing_after_its_receipt(device: WireDevice, wall: str) -> None:
    lines = [device.line(), device.line(at={"wall": wall}), device.line()]
    assert {outcome["outcome"] for outcome in device.outcomes(*lines)} == {"applied"}


def test_forwarded_addresses_of_an_uncounted_proxy_are_warned_of_once(
    app: Flask, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    client = app.test_client()
    with caplog.at_level(logging.WARNING, "gongdi.app"):
        client.get("/healthz")
        assert caplog.records == []
        for _ in range(2):
            client.get("/healthz", headers={"X-Forwarded-For": "203.0.113.7"})
    (warned,) = caplog.records
    assert "GONGDI_TRUSTED_PROXIES" in warned.getMessage()
    assert "203.0.113.7" not in warned.getMessage()

"""A platform that publishes by MQTT: what it says is taken in once and in its order, also what came while nobody was there;
what can't be read does no harm; and why nothing is heard is said."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.base.db import write
from server.models import Device, Platform
from server.workflows.listen_platforms import LEASE_MS
from server.workflows.poll_platforms import poll_platforms
from tests.stories.cameras.broker import PASSWORD, USER, Running, running_broker, wait_until
from tests.stories.cameras.hearing import hearing
from tests.stories.cameras.platform import DAY, GATE, WALL, Watching

SECRET = f"{USER}:{PASSWORD}"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Running]:
    with running_broker(tmp_path) as found:
        yield found


@pytest.fixture
def published(bare: Watching, broker: Running) -> Watching:
    """Site A with two cameras of a platform that publishes."""
    bare.add_platform("mqtt", broker.address, secret=SECRET)
    bare.add_camera(GATE, "大门球机")
    bare.add_camera(WALL, "围墙枪机")
    bare.tick()
    bare.now("08:00")
    return bare


def _connected(broker: Running) -> None:
    """Wait until one client is there and has subscribed."""
    wait_until(lambda: "connected" in broker.states().values() and broker.broker._subscriptions)


def _says(**states: bool) -> dict[str, Any]:
    codes = {"gate": GATE, "wall": WALL}
    return {
        "data": {
            "cameras": [{"code": codes[name], "online": is_online} for name, is_online in states.items()]
        }
    }


def _state(watching: Watching, code: str = GATE) -> str:
    return watching.camera(code).state


def test_what_it_publishes_moves_its_cameras_and_is_a_line_under_its_key(
    published: Watching, broker: Running
) -> None:
    with hearing(published.app):
        _connected(broker)
        broker.publish(_says(gate=True, wall=False))
        wait_until(lambda: _state(published, WALL) == "offline")
        assert _state(published) == "online"
        published.now("08:05")
        broker.publish(_says(gate=False))
        wait_until(lambda: _state(published) == "offline")
    lines = [
        (one["camera"], one["status"], one["started"][11:16], one["ended"][11:16])
        for one in published.lines()
    ]
    assert lines == [(GATE, "online", "08:00", "08:05")]
    row = published.platform_row()
    assert (row.problem, row.heard_ms) == ("", published.cast.clock.now_ms())


def test_what_it_published_while_nobody_listened_arrives_afterwards(
    published: Watching, broker: Running
) -> None:
    with hearing(published.app):
        _connected(broker)
    wait_until(lambda: "connected" not in broker.states().values())
    broker.publish(_says(gate=True))
    assert _state(published) == ""
    with hearing(published.app):
        wait_until(lambda: _state(published) == "online")


def test_what_it_thinks_it_saw_is_kept_once_though_it_comes_twice(
    published: Watching, broker: Running
) -> None:
    event = {"code": GATE, "event": "helmet", "at": f"{DAY}T07:59:00+08:00"}
    with hearing(published.app):
        _connected(broker)
        broker.publish({"data": {"events": [event]}})
        broker.publish({"data": {"events": [event]}})
        broker.publish(_says(gate=True))
        wait_until(lambda: _state(published) == "online")
    assert [one["event"] for one in published.lines("camera_event")] == ["no_helmet"]


def test_garbage_and_what_is_too_large_do_no_harm_and_are_logged_once(
    published: Watching, broker: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with hearing(published.app):
        _connected(broker)
        for garbage in (b"\xff\xfe", b"[" * 50_000, b"7", b"{", b'"x"'):
            broker.publish(garbage)
        wait_until(lambda: published.platform_row().problem == "unreadable")
        broker.publish(b'{"data": {"cameras": [], "padding": "' + b"x" * 300_000 + b'"}}')
        wait_until(lambda: published.platform_row().problem == "too_large")
        assert published.platform_row().heard_ms is None
        broker.publish(_says(gate=True))
        wait_until(lambda: _state(published) == "online")
        assert list(broker.states().values()).count("connected") == 1
    assert published.platform_row().problem == ""
    said = [record.fields["problem"] for record in caplog.records if hasattr(record, "fields")]
    assert said == ["unreadable", "too_large"]


def test_a_wrong_password_is_said_and_is_in_no_log(
    bare: Watching, broker: Running, caplog: pytest.LogCaptureFixture
) -> None:
    bare.add_platform("mqtt", broker.address, secret=f"{USER}:wrong-password")
    bare.add_camera(GATE, "大门球机")
    with hearing(bare.app):
        wait_until(lambda: bare.platform_row().problem == "denied")
        broker.publish(_says(gate=True))
    assert (_state(bare), bare.lines()) == ("", [])
    row = bare.platform_row()
    assert "wrong-password" not in caplog.text + row.address and b"wrong-password" not in (row.secret or b"")


def test_without_the_extra_it_is_said_and_no_lease_is_held(
    published: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiomqtt", None)
    with hearing(published.app):
        wait_until(lambda: published.platform_row().problem == "mqtt_missing")
    assert (published.platform_row().next_ms or 0) <= published.cast.clock.now_ms()


def test_a_broker_inside_is_heard_only_where_the_settings_name_its_host(
    bare: Watching, broker: Running
) -> None:
    bare.add_platform("mqtt", broker.address.replace("127.0.0.1", "localhost"), secret=SECRET)
    with hearing(bare.app):
        wait_until(lambda: bare.platform_row().problem == "not_allowed")
    assert broker.states() == {}


def test_of_two_schedulers_one_hears_it_and_the_other_when_that_one_ends(
    published: Watching, second_app: Flask, broker: Running
) -> None:
    second_app.extensions["gongdi"] = published.app.extensions["gongdi"]
    first = ExitStack()
    with first:
        first.enter_context(hearing(published.app))
        _connected(broker)
        holds_ms = published.platform_row().next_ms
        assert holds_ms == published.cast.clock.now_ms() + LEASE_MS
        with hearing(second_app) as second:
            broker.publish(_says(gate=True))
            wait_until(lambda: _state(published) == "online")
            assert second._heard == {}
            first.close()
            wait_until(lambda: second._heard)
            published.now("08:01")
            broker.publish(_says(gate=False))
            wait_until(lambda: _state(published) == "offline")


def test_what_the_broker_kept_of_before_is_no_report_of_now(published: Watching, broker: Running) -> None:
    broker.publish(_says(gate=False), retain=True)
    with hearing(published.app):
        _connected(broker)
        broker.publish(_says(wall=True))
        wait_until(lambda: _state(published, WALL) == "online")
    assert _state(published) == ""


def test_a_revoked_platform_is_heard_no_more(published: Watching, broker: Running) -> None:
    with hearing(published.app):
        _connected(broker)
        with published.app.app_context(), write() as session:
            session.get_one(Device, published.platform).state = "revoked"
        wait_until(lambda: "connected" not in broker.states().values())


def test_it_is_not_polled(published: Watching) -> None:
    assert poll_platforms(published.app, published.cast.clock.now_ms() + LEASE_MS) == {}
    assert published.platform_row().problem == ""


@pytest.mark.parametrize(
    ("address", "kept"),
    [("broker.example:1883", "mqtt://broker.example:1883"), ("mqtts://broker.example", None)],
)
def test_a_broker_is_named_with_or_without_its_scheme(bare: Watching, address: str, kept: str | None) -> None:
    bare.add_platform("mqtt", address, secret=SECRET)
    row: Platform = bare.platform_row()
    assert row.address == (kept or address)
    assert SECRET.encode() not in (row.secret or b"")

"""A platform that sends messages by itself: signed, fresh, once; what it thinks it saw is a lead and nothing more."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook
from werkzeug.test import TestResponse

from tests.stories.cameras.platform import DAY, GATE, NEXT_DAY, WALL, Watching


@pytest.fixture
def called(bare: Watching) -> Watching:
    """Site A with two cameras of a platform that calls."""
    bare.add_platform("webhook")
    bare.add_camera(GATE, "大门球机")
    bare.add_camera(WALL, "围墙枪机")
    bare.tick()
    return bare


def _send(
    watching: Watching,
    data: Any,
    message: str = "m1",
    *,
    late_s: int = 0,
    secret: str = "",
    platform: str = "",
) -> TestResponse:
    body = json.dumps({"type": "camera.report", "data": data}, ensure_ascii=False)
    at = datetime.fromtimestamp(watching.cast.clock.now_ms() // 1000 - late_s, UTC)
    signature = Webhook(secret or watching.secret).sign(message, at, body)
    headers = {
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
        "content-type": "application/json",
    }
    path = f"/telemetry/v1/platforms/{platform or watching.platform}"
    return watching.app.test_client().post(path, data=body, headers=headers)


def _cameras(**states: bool) -> dict[str, Any]:
    codes = {"gate": GATE, "wall": WALL}
    return {"cameras": [{"code": codes[name], "online": is_online} for name, is_online in states.items()]}


def test_a_signed_message_moves_the_cameras_that_it_names(called: Watching) -> None:
    called.now("08:00")
    answer = _send(called, _cameras(gate=True, wall=False))
    assert (answer.status_code, answer.get_json()) == (200, {"cameras": 2, "events": 0, "unknown": 0})
    assert (called.camera(GATE).state, called.camera(WALL).state) == ("online", "offline")


def test_messages_that_only_tell_changes_keep_the_others_as_they_were(called: Watching) -> None:
    called.now("08:00")
    _send(called, _cameras(gate=True, wall=False), "m0")
    for number, minute in enumerate(range(5, 125, 5), 1):
        called.now(f"{8 + minute // 60:02}:{minute % 60:02}")
        assert _send(called, _cameras(gate=True), f"m{number}").status_code == 200
    called.tick()
    assert called.window(WALL) == ("missed", "not_satisfied")
    assert called.window(GATE)[0] != "missed"


def test_the_same_message_twice_does_nothing_the_second_time(called: Watching) -> None:
    called.now("08:00")
    event = {"code": GATE, "event": "helmet", "at": f"{DAY}T07:59:00+08:00", "said": "未戴安全帽 1 人"}
    assert _send(called, {"events": [event]}).get_json()["events"] == 1
    assert _send(called, {"events": [event]}).get_json() == {"duplicate": True}
    assert len(called.lines("camera_event")) == 1


def test_what_a_platform_thinks_it_saw_is_kept_and_accuses_nobody(called: Watching) -> None:
    called.now("08:00")
    events = [
        {"code": GATE, "event": "helmet", "at": f"{DAY}T07:59:00+08:00"},
        {"code": WALL, "event": "烟雾识别", "at": "昨天"},
        {"code": "41070200001320009999", "event": "fire"},
    ]
    assert _send(called, {"events": events}).get_json() == {"cameras": 0, "events": 2, "unknown": 1}
    said = [(one["event"], one.get("said_at"), one["said"]) for one in called.lines("camera_event")]
    assert said == [("no_helmet", f"{DAY}T07:59:00+08:00", "helmet"), ("other", None, "烟雾识别")]
    called.now("03:00", NEXT_DAY)
    called.tick()
    assert called.flags("CAMERA") == []


@pytest.mark.parametrize("wrong", ["old", "new", "key", "platform", "changed"])
def test_a_message_that_is_not_the_platforms_own_or_not_of_now_is_refused(
    called: Watching, wrong: str
) -> None:
    called.now("08:00")
    given: dict[str, Any] = {
        "old": {"late_s": 301},
        "new": {"late_s": -301},
        "key": {"secret": "whsec_" + "A" * 44},
        "platform": {"platform": "00000000-0000-4000-8000-000000000000"},
    }.get(wrong, {})
    if wrong == "changed":
        headers = {"webhook-id": "m1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
        path = f"/telemetry/v1/platforms/{called.platform}"
        answer = called.app.test_client().post(path, data=b"{}", headers=headers)
    else:
        answer = _send(called, _cameras(gate=True), **given)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "message_refused")
    assert called.camera(GATE).state == ""


def test_a_message_that_is_too_long_is_refused_before_it_is_read(called: Watching) -> None:
    called.now("08:00")
    assert _send(called, {"padding": "x" * 300_000}).status_code == 413


def test_a_platform_that_is_polled_takes_no_messages(bare: Watching) -> None:
    bare.add_platform("wvp", "https://wvp.example", secret="whsec_" + "A" * 44)
    bare.now("08:00")
    assert _send(bare, _cameras(gate=True), secret="whsec_" + "A" * 44).status_code == 401

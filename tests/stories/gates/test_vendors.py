"""A vendor's machine speaks its own words: which member is what, and which code means what, is a row of data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server.actions.reference.load_reference import SEED_DATA
from server.rules.gate_adapters import GateAdapter, gate_adapter
from tests.stories.gates.vendor import DAY, NUMBERS, WU, ZHOU, Gate

_ROWS = json.loads((SEED_DATA / "gate_adapters.json").read_text("utf-8"))["rows"]


def _adapter(code: str) -> GateAdapter:
    found = gate_adapter(_ROWS, code, DAY)
    assert found is not None
    return found


def _know(gate: Gate) -> None:
    numbers = [
        {"person": {"worker": ZHOU}, "card": "0004417788", "external_id": "1001"},
        {"person": {"worker": WU}, "external_id": "1002"},
    ]
    assert gate.post(f"{gate.cast.site_a}/person-numbers", {"numbers": numbers}).status_code == 200


def _hikvision(serial: int, **said: Any) -> dict[str, Any]:
    event = {
        "deviceName": "East",
        "serialNo": serial,
        "currentVerifyMode": "face",
        "attendanceStatus": "checkIn",
    }
    return {
        "ipAddress": "192.168.1.27",
        "dateTime": f"{DAY}T07:29:05+08:00",
        "eventType": "AccessControllerEvent",
        "AccessControllerEvent": {**event, **said},
    }


def test_a_hikvision_terminal_is_understood_and_gets_its_ok(gate: Gate) -> None:
    _know(gate)
    path = f"{gate.cast.site_a}/gate-passes/hikvision"
    answer = gate.post(path, _hikvision(17, employeeNoString="1001", currTemperature=36.4, mask="yes"))
    assert answer.get_json() == {"statusCode": 1, "statusString": "OK", "verdict": "known"}
    ((_, body),) = gate.records()
    assert body["worker"] == ZHOU and body["celsius"] == 36.4 and body["mask_worn"] is True
    assert (body["direction"], body["method"]) == ("in", "face")


def test_a_terminal_may_send_its_event_as_a_part_of_a_form_with_a_password(gate: Gate) -> None:
    _know(gate)
    form = {"event_log": json.dumps(_hikvision(18, cardNo="0004417788", currentVerifyMode="card"))}
    answer = gate.app.test_client().post(
        f"/api/v1/sites/{gate.cast.site_a}/gate-passes/hikvision",
        data=form,
        content_type="multipart/form-data",
        auth=("gate", gate.key),
    )
    assert answer.status_code == 200, answer.text
    assert [(body["worker"], body["method"]) for _, body in gate.records()] == [(ZHOU, "card")]


def test_a_heartbeat_of_a_terminal_says_that_nothing_is_unsent(gate: Gate) -> None:
    answer = gate.post(f"{gate.cast.site_a}/gate-passes/hikvision", {"eventType": "heartBeat"})
    assert answer.status_code == 200 and gate.records() == []
    assert gate.complete_ms() is not None


def test_a_labour_platform_brings_temperature_and_health_code_in_chinese_words(gate: Gate) -> None:
    _know(gate)
    rows = [
        {
            "third_attendance_id": "a-1",
            "third_user_id": "1001",
            "attendance_time": f"{DAY} 07:28:11",
            "attendance_directions": "进场",
            "attendance_manner": "人脸识别",
            "antiepidemic_qr_colour": "绿",
            "animal_heat": "36.6",
        },
        {
            "third_attendance_id": "a-2",
            "third_user_id": "1002",
            "attendance_time": f"{DAY} 07:28:40",
            "attendance_directions": "出场",
            "attendance_manner": "虹膜识别",
        },
    ]
    answer = gate.post(f"{gate.cast.site_a}/gate-passes/mysre", rows)
    assert answer.get_json() == {"code": 0, "message": "success", "verdict": ["known", "unmeasured"]}
    first, second = (body for _, body in gate.records())
    assert (first["celsius"], first["health_code"], first["direction"]) == (36.6, "green", "in")
    assert (second["worker"], second["method"], second["direction"]) == (WU, "manual", "out")


def test_a_real_name_platform_names_people_by_certificate_and_gets_its_codes_back(gate: Gate) -> None:
    rows = [
        {"idCardType": "01", "idCardNumber": NUMBERS[ZHOU], "date": f"{DAY} 07:20:00", "direction": "01"},
        {
            "idCardType": "01",
            "idCardNumber": "410702198512120011",
            "date": f"{DAY} 07:21:00",
            "direction": "02",
        },
    ]
    body = {"projectCode": "P1", "teamSysNo": 1, "dataList": rows}
    path = f"{gate.cast.site_a}/gate-passes/worker_attendance"
    answer = gate.post(path, body)
    assert answer.get_json() == {"code": 0, "message": "成功", "data": ["02", "05"]}
    assert gate.post(path, body).get_json()["data"] == ["02", "05"]
    assert [body["worker"] for _, body in gate.records()] == [ZHOU] and len(gate.quarantined()) == 1


def test_a_roster_goes_out_in_the_platforms_words(gate: Gate) -> None:
    _know(gate)
    page = gate.get(
        f"sites/{gate.cast.site_a}/roster", query_string={"adapter": "worker_attendance"}
    ).get_json()
    mine = next(one for one in page["items"] if one.get("workerSysNo") == "1001")
    assert (mine["idCardType"], mine["workRole"], mine["workType"]) == ("01", "20", "020")
    assert mine["idCardNumber"] != NUMBERS[ZHOU] and "*" in mine["idCardNumber"]


def _roster(gate: Gate, adapter: str) -> list[dict[str, Any]]:
    """Page after page, as a platform asks for it."""
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        asked = {"adapter": adapter, "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = gate.get(f"sites/{gate.cast.site_a}/roster", query_string=asked).get_json()
        found, cursor = [*found, *page["items"]], page["next"]
    return found


def test_a_terminal_gets_people_as_it_stores_them_with_the_days_on_which_they_may_enter(gate: Gate) -> None:
    _know(gate)
    people = _roster(gate, "hikvision")
    (zhou,) = [one for one in people if one["UserInfo"].get("employeeNo") == "1001"]
    assert zhou == {
        "UserInfo": {
            "employeeNo": "1001",
            "name": "买买提·吐尔逊",
            "userType": "normal",
            "Valid": {"enable": True, "beginTime": "2026-11-01T00:00:00", "endTime": "2037-12-31T23:59:59"},
        },
        "CardInfo": {"cardNo": "0004417788"},
    }
    (left,) = [one for one in people if "employeeNo" not in one["UserInfo"]]
    assert left["UserInfo"]["Valid"]["endTime"] == "2026-11-20T23:59:59" and "CardInfo" not in left


def test_a_labour_platform_gets_a_roster_in_chinese_words(gate: Gate) -> None:
    _know(gate)
    (zhou,) = [one for one in _roster(gate, "mysre") if one.get("third_user_id") == "1001"]
    assert (zhou["certificate_type"], zhou["user_type"]) == ("身份证", "工人")
    assert zhou["enter_date"] == "2026-11-01" and "leave_date" not in zhou


def test_a_site_platform_gets_its_codes_for_workers(gate: Gate) -> None:
    _know(gate)
    (wu,) = [one for one in _roster(gate, "glodon") if one.get("workerId") == "1002"]
    assert wu.keys() == {"workerId", "name", "identification", "workerCategory"}
    assert (
        wu["workerCategory"] == 0 and wu["identification"].startswith("411") and "*" in wu["identification"]
    )


@pytest.mark.parametrize("code", [row["code"] for row in _ROWS])
def test_every_platform_gets_everybody_and_no_whole_number(gate: Gate, code: str) -> None:
    _know(gate)
    people = _roster(gate, code)
    assert len(people) == 3
    assert [number for number in NUMBERS.values() if number in json.dumps(people)] == []


def test_numbers_of_one_system_are_not_another_systems(gate: Gate) -> None:
    _know(gate)
    gate.let_in("另一平台")
    (outcome,) = gate.outcomes(gate.passed("e-1", "07:29", {"external_id": "1001"}))
    assert outcome["verdict"] == "unknown"
    assert "external_id" not in str(gate.get(f"sites/{gate.cast.site_a}/roster").get_json())


def test_accounts_of_one_system_share_its_numbers(gate: Gate) -> None:
    gate.let_in("北门", system="yun")
    _know(gate)
    gate.let_in("南门", system="yun")
    assert [
        one["verdict"] for one in gate.outcomes(gate.passed("e-1", "07:29", {"external_id": "1001"}))
    ] == ["unmeasured"]


def test_a_word_that_nobody_knows_is_refused_and_kept(gate: Gate) -> None:
    _know(gate)
    answer = gate.post(
        f"{gate.cast.site_a}/gate-passes/hikvision",
        _hikvision(19, employeeNoString="1001", attendanceStatus="undefined"),
    )
    assert answer.status_code == 200 and gate.records() == [] and len(gate.quarantined()) == 1


def test_a_machine_for_one_direction_says_so_in_its_address(gate: Gate) -> None:
    _know(gate)
    message = _hikvision(20, employeeNoString="1001")
    del message["AccessControllerEvent"]["attendanceStatus"]
    gate.post(f"{gate.cast.site_a}/gate-passes/hikvision?direction=out", message)
    assert [body["direction"] for _, body in gate.records()] == ["out"]


def test_an_unknown_adapter_is_not_found(gate: Gate) -> None:
    answer = gate.post(f"{gate.cast.site_a}/gate-passes/nobody", {})
    assert (answer.status_code, answer.get_json()["code"]) == (404, "unknown_adapter")


@pytest.mark.parametrize("message", [None, 7, "x", [], [7, None], {"dataList": 3}, {"data": [[]]}])
@pytest.mark.parametrize("code", [row["code"] for row in _ROWS])
def test_nothing_that_is_sent_breaks_an_adapter(message: Any, code: str) -> None:
    adapter = _adapter(code)
    assert isinstance(adapter.rows(message), list)
    adapter.sent_ms(message, 0), adapter.unsent(message), adapter.answer([])

"""The code that opens a tablet whose PIN was forgotten: left by the tablet, kept sealed, read out by an administrator with a
reason that is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from server.actions.devices.revoke_device import revoke_device
from server.base.db import read, write
from server.models import AuditEvent, Device
from tests.server.cast import Cast
from tests.server.office import Office
from tests.stories.field import Field
from tests.stories.wire import WireDevice

CODE = "7K3MXXXXXXXXXXXXXXXXXX0Z"
READ_OUT = "7K3M-XXXX-XXXX-XXXX-XXXX-XX0Z"


@pytest.fixture
def device(cast: Cast, tmp_path: Path) -> WireDevice:
    return WireDevice(Field(cast, tmp_path))


def leave(device: WireDevice, asked: object = None, **sent: str) -> TestResponse:
    body = json.dumps({"code": CODE} if asked is None else asked).encode()
    return device.send("/sync/v1/unlock-code", body, "application/json", **sent)  # type: ignore[arg-type]


def stored(device: WireDevice) -> bytes | None:
    with device.field.app.app_context(), read() as session:
        return session.scalars(sa.select(Device.unlock_code).where(Device.id == device.device)).one()


def test_it_is_kept_sealed_and_a_later_one_takes_its_place(device: WireDevice) -> None:
    answer = leave(device)
    assert answer.status_code == 200, answer.text
    assert set(answer.get_json()) == {"beacon", "server_time"}
    first = stored(device)
    assert first is not None and CODE.encode() not in first
    assert leave(device, {"code": CODE[::-1]}).status_code == 200
    assert stored(device) != first


@pytest.mark.parametrize(
    "asked", [{}, {"code": "SHORT"}, {"code": 7}, {"code": CODE, "more": 1}, [CODE], None]
)
def test_what_is_no_code_is_refused_and_nothing_is_kept(device: WireDevice, asked: object) -> None:
    answer = device.send("/sync/v1/unlock-code", json.dumps(asked).encode(), "application/json")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "header_invalid")
    assert stored(device) is None


def test_nobody_leaves_one_for_another_device_twice_or_after_it_was_revoked(device: WireDevice) -> None:
    unsigned = device.http.post("/sync/v1/unlock-code", json={"code": CODE})
    assert (unsigned.status_code, stored(device)) == (401, None)
    assert leave(device, nonce="once").status_code == 200
    assert leave(device, nonce="once").get_json()["code"] == "nonce_replayed"
    with device.field.app.app_context(), write() as session:
        revoke_device(session, device.device, device.clock.now_ms())
    assert leave(device).get_json()["code"] == "device_revoked"


def test_an_administrator_reads_it_out_once_for_a_reason_that_is_kept(office: Office, tmp_path: Path) -> None:
    device = WireDevice(Field(office.cast, tmp_path))
    admin, page = office.seat("admin"), f"admin/devices/{device.device}"
    assert "忘记 PIN 码" not in admin.get(page)
    assert leave(device).status_code == 200
    shown = admin.get(page)
    assert "忘记 PIN 码" in shown and READ_OUT not in shown
    action = f"{page}/unlock-code"
    assert admin.send(page, action, reason="忘").status_code == 422
    answer = admin.send(page, action, reason="本人忘记, 已当面核实")
    assert answer.status_code == 200 and READ_OUT in answer.text
    assert READ_OUT not in admin.get(page)
    with office.app.app_context(), read() as session:
        row = session.scalars(sa.select(AuditEvent).where(AuditEvent.what == "unlock_code_shown")).one()
        assert (row.user_id, row.subject_id) == (office.cast.users["admin"], device.device)
        assert CODE not in str(row.__dict__)


def test_nobody_but_an_administrator_reads_it_out(office: Office, tmp_path: Path) -> None:
    device = WireDevice(Field(office.cast, tmp_path))
    assert leave(device).status_code == 200
    for name in ("section", "inspector"):
        answer = office.seat(name).send(
            "password", f"admin/devices/{device.device}/unlock-code", reason="想看一看"
        )
        assert answer.status_code in (403, 404)
        assert READ_OUT not in answer.text


def test_a_device_that_left_none_says_so(office: Office, tmp_path: Path) -> None:
    device = WireDevice(Field(office.cast, tmp_path))
    page = f"admin/devices/{device.device}"
    answer = office.seat("admin").send(page, f"{page}/unlock-code", reason="本人忘记, 已当面核实")
    assert answer.status_code == 409 and "没有设 PIN 码" in answer.text

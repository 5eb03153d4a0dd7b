"""Tokens, keys, nonces, clocks, revocation and assignments: who may sync, and what becomes of what was
written."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask

from server.actions.devices.revoke_device import revoke_device
from server.actions.sites.assign_site import unassign_site
from server.base.db import write
from server.models import Site, User
from tests.server.cast import Cast
from tests.stories.wire import WireDevice, records


def test_a_copied_token_without_the_key_is_useless(device: WireDevice) -> None:
    answer = device.push(device.line(), key=Ed25519PrivateKey.generate())
    assert (answer.status_code, answer.get_json()["code"]) == (401, "signature_invalid")


def test_a_replayed_nonce_is_401_and_changes_nothing(device: WireDevice) -> None:
    device.outcomes(device.line(), nonce="once")
    answer = device.push(device.line(), nonce="once")
    assert (answer.status_code, answer.get_json()["code"]) == (401, "nonce_replayed")
    assert len(records(device.pull({}), "disinfection_log")) == 1


def test_a_clock_that_is_off_gets_the_servers_time_to_sign_again_with(device: WireDevice) -> None:
    answer = device.push(created_s=device.clock.now_ms() // 1000 - 3600)
    problem = answer.get_json()
    assert (answer.status_code, problem["code"]) == (401, "clock_skew")
    assert problem["server_time"].startswith("20")


def test_a_signature_over_another_body_is_refused(device: WireDevice) -> None:
    answer = device.push(headers={"Content-Digest": "sha-256=:AAAA:"})
    assert answer.status_code in (400, 401)


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer x"}, {"Signature-Input": "x"}, {"Signature": "sig1=:AA==:"}]
)
def test_a_mangled_envelope_is_401(device: WireDevice, headers: dict[str, str]) -> None:
    assert device.push(headers=headers).status_code == 401


def test_what_a_revoked_device_wrote_before_waits_for_a_person_and_later_entries_are_refused(
    device: WireDevice,
) -> None:
    before = device.line()
    device.clock.advance(60_000)
    with device.field.app.app_context(), write() as session:
        revoke_device(session, device.device, device.clock.now_ms())
    device.clock.advance(60_000)
    after = device.line()
    outcomes = device.outcomes(before, after)
    assert [(o["outcome"], o["code"]) for o in outcomes] == [
        ("held", "device_revoked"),
        ("refused", "device_revoked"),
    ]
    asked = b'{"sync":1,"schema":"2026.1","scopes":{}}'
    pulled = device.send("/sync/v1/pull", asked, "application/json")
    assert (pulled.status_code, pulled.get_json()["code"]) == (401, "device_revoked")


def test_a_scope_taken_away_comes_as_gone_and_still_takes_what_was_written_before(device: WireDevice) -> None:
    field = device.field
    before = device.line()
    device.clock.advance(60_000)
    with field.app.app_context(), write() as session:
        user, site = (
            session.get_one(User, field.cast.users["inspector"]),
            session.get_one(Site, field.cast.site_a),
        )
        unassign_site(session, field.app.extensions["gongdi"].seals, user, site, device.clock.now_ms())
    device.clock.advance(60_000)
    assert {"gone": field.scope, "reason": "unassigned"} in device.pull({field.scope: ""})
    device.clock.advance(120_000)
    outcomes = device.outcomes(before, device.line())
    assert [o["outcome"] for o in outcomes] == ["applied", "held"]
    assert outcomes[1]["code"] == "scope_not_assigned"


def test_a_site_of_somebody_else_is_refused_like_one_that_does_not_exist(device: WireDevice) -> None:
    foreign = f"site:{device.field.cast.site_b}"
    nowhere = "site:01980a1e-0000-7000-8000-00000000000f"
    answer = device.push(device.line(scope=foreign), device.line(scope=nowhere)).get_json()
    one, other = ({k: v for k, v in o.items() if k != "id"} for o in answer["outcomes"])
    assert one == other
    assert one["code"] == "scope_not_assigned"
    assert answer["streams"] == {}
    lines = device.pull({foreign: "", nowhere: ""})
    gone = [line for line in lines if "gone" in line]
    assert [line["reason"] for line in gone] == ["unassigned", "unassigned"]
    assert not [line for line in lines if line.get("scope") == foreign]


def test_only_what_says_that_it_was_done_earlier_is_shown_as_written_down_later(device: WireDevice) -> None:
    slow = {"wall": "2026-11-20T08:00:00.000+08:00", "boot": "b", "up_ms": 5, "beacon": device.beacon}
    device.outcomes(device.line(at=slow))
    (stored,) = records(device.pull({}), "disinfection_log")
    assert "backfilled" not in stored["body"]


def test_a_process_that_knows_a_device_sees_at_once_that_another_revoked_it(
    cast: Cast, device: WireDevice, second_app: Flask
) -> None:
    device.http = second_app.test_client()
    device.pull({})  # from now on that process knows its key and token
    device.outcomes(device.line())
    with cast.app.app_context(), write() as session:
        revoke_device(session, device.device, device.clock.now_ms())
    answer = device.send("/sync/v1/pull", b'{"sync":1,"schema":"2026.1"}', "application/json")
    assert (answer.status_code, answer.get_json()["code"]) == (401, "device_revoked")
    device.clock.advance(1)
    (outcome,) = device.outcomes(device.line())
    assert outcome["code"] == "device_revoked"

"""A platform that publishes by MQTT over TLS (mqtts://): it is heard when this machine trusts its certificate, and that is
for the host that was asked for; any other is left, before it hears the password."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.cameras.broker import (
    PASSWORD,
    USER,
    Running,
    make_certificate,
    running_broker,
    wait_until,
)
from tests.stories.cameras.hearing import hearing
from tests.stories.cameras.platform import GATE, Watching

SECRET = f"{USER}:{PASSWORD}"
ONLINE = {"data": {"cameras": [{"code": GATE, "online": True}]}}


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Running]:
    with running_broker(tmp_path, make_certificate(tmp_path, "127.0.0.1")) as found:
        yield found


def _trust(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
    """As if the machine's administrator had added this certificate."""
    monkeypatch.setattr(
        ssl.SSLContext, "load_default_certs", lambda context: context.load_verify_locations(certificate)
    )


def _watched(bare: Watching, address: str) -> Watching:
    bare.add_platform("mqtt", address, secret=SECRET)
    bare.add_camera(GATE, "大门球机")
    bare.tick()
    bare.now("08:00")
    return bare


def test_a_broker_whose_certificate_is_trusted_is_heard(
    bare: Watching, secure: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert secure.certificate is not None and secure.address.startswith("mqtts://")
    _trust(monkeypatch, secure.certificate)
    watched = _watched(bare, secure.address)
    with hearing(watched.app):
        wait_until(lambda: "connected" in secure.states().values() and secure.broker._subscriptions)
        secure.publish(ONLINE)
        wait_until(lambda: watched.camera(GATE).state == "online")
    assert watched.platform_row().problem == ""


def test_a_broker_whose_certificate_nobody_trusts_is_not(bare: Watching, secure: Running) -> None:
    watched = _watched(bare, secure.address)
    with hearing(watched.app):
        wait_until(lambda: watched.platform_row().problem == "unreachable")
    assert secure.states() == {} and watched.camera(GATE).state == ""


def test_a_trusted_certificate_of_another_host_is_not_enough(
    bare: Watching, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_certificate(tmp_path, "127.0.0.2")
    _trust(monkeypatch, other[0])
    with running_broker(tmp_path, other) as broker:
        watched = _watched(bare, broker.address)
        with hearing(watched.app):
            wait_until(lambda: watched.platform_row().problem == "unreachable")
        assert broker.states() == {}


def test_a_broker_without_tls_is_not_heard_where_tls_is_asked_for(bare: Watching, tmp_path: Path) -> None:
    with running_broker(tmp_path) as broker:
        watched = _watched(bare, broker.address.replace("mqtt:", "mqtts:"))
        with hearing(watched.app):
            wait_until(lambda: watched.platform_row().problem == "unreachable")
        assert broker.states() == {}

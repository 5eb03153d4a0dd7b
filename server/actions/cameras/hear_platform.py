"""Hear what a platform publishes by MQTT. A message is acknowledged after it was taken in: when this process dies meanwhile,
the broker delivers it again. User name and password are in no URL and in no log, and no failure repeats them."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Collection, Coroutine
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from server.actions.cameras.ask_platform import NotAnswered
from server.base.egress import resolve
from server.rules.camera_adapters import Adapter

if TYPE_CHECKING:
    import aiomqtt

_PACKAGE = "aiomqtt"  # an extra: without it everything else works
PORTS = {"mqtt": 1883, "mqtts": 8883}
QUEUE_MAX = 100  # messages that wait here; the broker keeps what comes on top and is not acknowledged
KEEPALIVE_S = 30
TIMEOUT_S = 8.0
_CLIENT_ID_DIGITS = 17  # with the name 23 characters, which every broker has to take
_DENIED = (134, 135)  # reasons of a broker: wrong user name or password; not authorized
_wire_log = logging.getLogger("gongdi.cameras.mqtt")
_wire_log.setLevel(logging.ERROR)  # lower ones are of packets


@dataclass(frozen=True, slots=True)
class Hearing:
    """One platform that is heard. `secret`: user name and password with a colon between, empty for none."""

    platform_id: str
    adapter: Adapter
    address: str
    secret: str
    private_hosts: Collection[str]

    @property
    def client_id(self) -> str:
        """Always the same: the broker keeps the messages that come meanwhile for whoever has it."""
        return f"gongdi{self.platform_id.replace('-', '')[-_CLIENT_ID_DIGITS:]}"


class _Named(ssl.SSLContext):
    """TLS with the host of this name, whatever address the connection leads to. What has no certificate for it is closed:
    the client leaves it open."""

    host = ""

    def wrap_socket(self, *given: Any, **named: Any) -> ssl.SSLSocket:
        wrapped = super().wrap_socket(*given, **{**named, "server_hostname": self.host})
        try:
            wrapped.settimeout(TIMEOUT_S)
            wrapped.do_handshake()
        except OSError:
            wrapped.close()
            raise
        return wrapped


def has_mqtt() -> bool:
    """Whether the extra `mqtt` is installed."""
    try:
        import_module(_PACKAGE)
    except ImportError:
        return False
    return True


async def hear(
    hearing: Hearing, begun: Callable[[], Awaitable[None]], take: Callable[[bytes], Awaitable[None]]
) -> None:
    """Call `begun` when the platform can be heard, then `take` with each message in its order, until the connection ends.
    What the broker kept of before for everybody (`retain`) is left out: nobody knows of when it is. Raises NotAnswered."""
    try:
        mqtt = import_module(_PACKAGE)
    except ImportError:
        raise NotAnswered("mqtt_missing") from None
    try:
        client = mqtt.Client(**await _options(hearing))
        client._client.manual_ack_set(
            True
        )  # else what only waits here is acknowledged, and lost with this process
        async with client:
            # Together: some brokers confirm nothing before what they kept was acknowledged.
            await _together(_subscribe(client, hearing.adapter.of("topic"), begun), _take_all(client, take))
    except mqtt.MqttCodeError as failed:
        is_denied = getattr(failed.rc, "value", None) in _DENIED
        raise NotAnswered("denied" if is_denied else "unreachable") from None
    except (mqtt.MqttError, OSError):
        raise NotAnswered("unreachable") from None
    raise NotAnswered("unreachable")


async def _subscribe(client: aiomqtt.Client, topic: str, begun: Callable[[], Awaitable[None]]) -> None:
    codes = await client.subscribe(topic, qos=1)
    if any(getattr(code, "is_failure", False) for code in codes):
        raise NotAnswered("denied")
    await begun()


async def _take_all(client: aiomqtt.Client, take: Callable[[bytes], Awaitable[None]]) -> None:
    async for message in client.messages:
        if not message.retain:
            await take(message.payload)
        client._client.ack(message.mid, message.qos)


async def _together(*works: Coroutine[Any, Any, None]) -> None:
    """Until all have ended, or one has failed, which ends the others."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _options(hearing: Hearing) -> dict[str, Any]:
    """How to connect: to the address that was found for the host and checked."""
    parts = urlsplit(hearing.address)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    found = await asyncio.to_thread(resolve, host, port, host in hearing.private_hosts)
    if found is None:
        raise NotAnswered("not_allowed")
    user, _, password = hearing.secret.partition(":")
    options: dict[str, Any] = {"hostname": found, "port": port, "identifier": hearing.client_id}
    if user:
        options |= {"username": user, "password": password}
    if parts.scheme == "mqtts":
        options["tls_context"] = context = _Named(ssl.PROTOCOL_TLS_CLIENT)
        context.host = host
        context.load_default_certs()
    limits = {"timeout": TIMEOUT_S, "keepalive": KEEPALIVE_S, "max_queued_incoming_messages": QUEUE_MAX}
    return {**options, **limits, "clean_session": False, "logger": _wire_log}

"""A real MQTT broker (amqtt) on a port of this machine, with one user, in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from amqtt.broker import Broker
from amqtt.session import Session
from argon2 import PasswordHasher
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from paho.mqtt import publish

COMMON_NAME = NameOID.COMMON_NAME
USER, PASSWORD = "gongdi", "only-the-broker-knows"
DEADLINE_S = 30.0
logging.getLogger("amqtt").setLevel(logging.CRITICAL)
logging.getLogger("transitions").setLevel(logging.CRITICAL)


class Conforming(Broker):
    """amqtt marks what it kept for one client that was away as `retain`, which MQTT 3.1.1 (3.3.1.3) reserves for what a
    broker keeps of a topic for everybody."""

    async def _publish_session_retained_messages(self, session: Session) -> None:
        handler: Any = self._get_handler(session)
        while not session.retained_messages.empty():
            kept = await session.retained_messages.get()
            await handler.mqtt_publish(kept.topic, kept.data, kept.qos, retain=False)


@dataclass
class Running:
    """`certificate`: of a broker that speaks TLS only, the file of its own certificate."""

    broker: Broker
    loop: asyncio.AbstractEventLoop
    certificate: Path | None = None

    @property
    def port(self) -> int:
        server: Any = self.broker._servers["default"].instance
        return int(server.sockets[0].getsockname()[1])

    @property
    def address(self) -> str:
        return f"mqtt{'s' if self.certificate else ''}://127.0.0.1:{self.port}"

    def publish(self, message: Any, topic: str = "cameras/a", *, retain: bool = False) -> None:
        """Publish as a platform does, and wait until the broker has it."""
        text = message if isinstance(message, bytes) else json.dumps(message, ensure_ascii=False).encode()
        auth: Any = {"username": USER, "password": PASSWORD}
        tls: Any = {"ca_certs": str(self.certificate)} if self.certificate else None
        to: Any = {"hostname": "127.0.0.1", "port": self.port, "auth": auth, "tls": tls}
        publish.single(topic, text, qos=1, retain=retain, **to)

    def states(self) -> dict[str, str]:
        """Of each client that the broker knows, by its id."""
        return {id: session.transitions.state for id, (session, _) in list(self.broker._sessions.items())}


def make_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """A certificate for this address that signs itself, and its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(COMMON_NAME, host)])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(alternative, critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate, secret = folder / f"{host}.pem", folder / f"{host}.key"
    certificate.write_bytes(made.sign(key, SHA256()).public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, secret


@contextmanager
def running_broker(folder: Path, tls: tuple[Path, Path] | None = None) -> Iterator[Running]:
    """`tls`: with this certificate and key, and nothing without them."""
    users = folder / "users"
    users.write_text(f"{USER}:{PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)}\n")
    secure = {"ssl": True, "certfile": str(tls[0]), "keyfile": str(tls[1])} if tls else {}
    config: dict[str, Any] = {
        "listeners": {"default": {"type": "tcp", "bind": "127.0.0.1:0", **secure}},
        "plugins": {"amqtt.plugins.authentication.FileAuthPlugin": {"password_file": str(users)}},
    }
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="broker", daemon=True)
    thread.start()

    async def start() -> Broker:
        broker = Conforming(config)
        await broker.start()
        return broker

    broker = asyncio.run_coroutine_threadsafe(start(), loop).result(DEADLINE_S)
    try:
        yield Running(broker, loop, tls[0] if tls else None)
    finally:
        asyncio.run_coroutine_threadsafe(broker.shutdown(), loop).result(DEADLINE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def wait_until(is_so: Callable[[], object]) -> None:
    """Wait for a condition; fails when it does not come true in time."""
    pause, ends_s = threading.Event(), time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < ends_s, "it did not come true in time"
        pause.wait(0.02)

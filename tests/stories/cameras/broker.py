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
from pathlib import Path
from typing import Any

from amqtt.broker import Broker
from amqtt.session import Session
from argon2 import PasswordHasher
from paho.mqtt import publish

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
    broker: Broker
    loop: asyncio.AbstractEventLoop

    @property
    def port(self) -> int:
        server: Any = self.broker._servers["default"].instance
        return int(server.sockets[0].getsockname()[1])

    @property
    def address(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def publish(self, message: Any, topic: str = "cameras/a", *, retain: bool = False) -> None:
        """Publish as a platform does, and wait until the broker has it."""
        text = message if isinstance(message, bytes) else json.dumps(message, ensure_ascii=False).encode()
        auth: Any = {"username": USER, "password": PASSWORD}
        publish.single(topic, text, qos=1, retain=retain, hostname="127.0.0.1", port=self.port, auth=auth)

    def states(self) -> dict[str, str]:
        """Of each client that the broker knows, by its id."""
        return {id: session.transitions.state for id, (session, _) in list(self.broker._sessions.items())}


@contextmanager
def running_broker(folder: Path) -> Iterator[Running]:
    users = folder / "users"
    users.write_text(f"{USER}:{PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)}\n")
    config: dict[str, Any] = {
        "listeners": {"default": {"type": "tcp", "bind": "127.0.0.1:0"}},
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
        yield Running(broker, loop)
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

"""Five hundred sockets that say nothing, or next to nothing, while a tablet brings its day in."""

from __future__ import annotations

import shutil
import socket
from contextlib import ExitStack
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest

from server.base.config import Config
from tests.live import served
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.wire import WireDevice

SOCKETS = 500
IDLE_S = 5


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Sockets know no database."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'gongdi.sqlite3')}"


def test_a_tablet_gets_through_while_five_hundred_sockets_idle(
    cast: Cast, config: Config, tmp_path: Path
) -> None:
    device = WireDevice(Field(cast, tmp_path))
    with served(cast.app, replace(config, idle_s=IDLE_S)) as port, ExitStack() as open_sockets:
        idle = []
        for number in range(SOCKETS):
            one = socket.create_connection(("127.0.0.1", port), 60)
            idle.append(open_sockets.enter_context(one))
            one.sendall((b"", b"G", b"GET / HTTP/1.1\r\nX: ")[number % 3])
        line = device.line()
        body = b"\n".join((device.header(), line)) + b"\n"
        signed = device.signed("POST", "/sync/v1/push", body, {"Content-Type": "application/x-ndjson"})
        client = HTTPConnection("127.0.0.1", port, timeout=30)
        client.request("POST", "/sync/v1/push", body, {**signed, "Host": "localhost"})
        answer = client.getresponse()
        assert answer.status == 200, answer.read()
        client.close()
        for one in idle:
            one.settimeout(60)
            assert not one.recv(1), "each is hung up on"

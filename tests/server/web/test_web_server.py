"""Connections that would never end, and requests that can be read in two ways."""

from __future__ import annotations

import resource
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from typing import Any

import pytest

from server.base.config import Config
from server.web import web_server
from server.web.web_server import allowed_connections
from tests.live import served

IDLE_S = 1
WAIT_S = 20  # before a test gives up
LARGE = b"x" * 8_000_000
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def _app(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Gives back what was sent, or something large."""
    sent = environ["wsgi.input"].read()
    start("200 OK", [("Content-Type", "text/plain")])
    return [LARGE if environ["PATH_INFO"] == "/large" else b"got:" + sent]


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(web_server, "GRACE_S", IDLE_S)
    with served(_app, replace(Config.from_env({}), idle_s=IDLE_S)) as where:
        yield where


def _connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), WAIT_S)


def _is_closed(connection: socket.socket) -> bool:
    """Whether the server closes the connection before WAIT_S have passed."""
    try:
        while connection.recv(65_536):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        return False
    return True


def _trickle(connection: socket.socket, ended: threading.Event) -> None:
    """A byte now and then, so that there is always life."""
    while not ended.wait(IDLE_S / 5):
        try:
            connection.sendall(b"x")
        except OSError:
            return


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nX-Slow: ",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
    ],
    ids=["nothing", "headers", "body", "chunks"],
)
@pytest.mark.parametrize("trickles", [False, True])
def test_who_sends_too_little_for_too_long_is_hung_up_on(port: int, sent: bytes, trickles: bool) -> None:
    ended = threading.Event()
    with _connected(port) as connection:
        connection.sendall(sent)
        if trickles:
            threading.Thread(target=_trickle, args=(connection, ended), daemon=True).start()
        assert _is_closed(connection)
    ended.set()


def test_who_stays_after_an_answer_is_hung_up_on(port: int) -> None:
    with _connected(port) as connection:
        connection.sendall(GET)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        assert _is_closed(connection)


def test_who_does_not_read_the_answer_is_hung_up_on(port: int) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(WAIT_S)
        connection.connect(("127.0.0.1", port))
        connection.sendall(GET.replace(b"/ ", b"/large ", 1))
        read = len(connection.recv(1024))
        threading.Event().wait(IDLE_S * 4)  # the deadline itself, not what it waits for
        try:
            while data := connection.recv(65_536):
                read += len(data)
        except ConnectionResetError:
            pass
        assert read < len(LARGE)


def test_who_keeps_pace_is_served_however_long_it_takes(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    body = b"x" * 40_000
    with _connected(port) as connection:
        head = f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode())
        for start in range(0, len(body), 8_000):
            connection.sendall(body[start : start + 8_000])
            threading.Event().wait(IDLE_S * 0.6)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("order", [0, 1])
def test_a_length_that_is_said_in_two_ways_is_refused_and_hung_up_on(port: int, order: int) -> None:
    said = [b"Content-Length: 4\r\n", b"Transfer-Encoding: chunked\r\n"]
    lengths = b"".join(said if order else reversed(said))
    with _connected(port) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\n" + lengths + b"\r\n0\r\n\r\n" + GET)
        answer = b""
        while data := connection.recv(65_536):
            answer += data
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1, "what follows is no request"


def test_each_length_alone_is_fine(port: int) -> None:
    client = HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    client.request(
        "POST", "/", body=iter([b"ab", b"cd"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    assert client.getresponse().read() == b"got:abcd"
    client.request("POST", "/", body=b"abcd")
    assert client.getresponse().read() == b"got:abcd"
    client.close()


def test_as_many_connections_are_held_as_there_are_descriptors_for() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, before[1]))
        assert allowed_connections(700) == 700, "the process may ask for more"
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 700
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

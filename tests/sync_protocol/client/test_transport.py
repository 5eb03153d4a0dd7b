"""The two transports, against real sockets and a real WSGI application."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sync_protocol.client.transport import (
    INFLATED_BYTES_MAX,
    HttpTransport,
    NoAnswerInTime,
    Request,
    Response,
    TransportError,
    WsgiTransport,
    inflated,
)

LINES = b"".join(b'{"line":%d}\n' % index for index in range(5_000))


@contextmanager
def serving(answer: bytes) -> Iterator[str]:
    """A server that reads one request, sends these bytes and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join()
        listener.close()


def _get(url: str) -> Response:
    return HttpTransport(timeout_s=5).send(
        Request("POST", url + "/sync/v1/pull?a=1", {"Accept-Encoding": "gzip"}, b"{}")
    )


def _http(body: bytes, *headers: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode() + body


def test_a_gzip_answer_is_inflated() -> None:
    packed = gzip.compress(LINES)
    with serving(_http(packed, "Content-Encoding: gzip", f"Content-Length: {len(packed)}")) as url:
        answer = _get(url)
    assert (answer.status, answer.body, answer.complete) == (200, LINES, True)


@pytest.mark.parametrize("coding", ["gzip", "identity"])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_an_answer_that_breaks_off_gives_what_came(coding: str, framing: str) -> None:
    whole = gzip.compress(LINES) if coding == "gzip" else LINES
    half = whole[: len(whole) // 2]
    if framing == "length":
        reply = _http(half, f"Content-Encoding: {coding}", f"Content-Length: {len(whole)}")
    else:
        reply = _http(
            b"%x\r\n%s" % (len(whole), half), f"Content-Encoding: {coding}", "Transfer-Encoding: chunked"
        )
    with serving(reply) as url:
        answer = _get(url)
    assert not answer.complete and LINES.startswith(answer.body) and len(answer.body) > 1_000


def test_a_bomb_is_not_inflated() -> None:
    bomb = gzip.compress(b"\0" * (INFLATED_BYTES_MAX + 1))
    reply = _http(bomb, "Content-Encoding: gzip", f"Content-Length: {len(bomb)}")
    with serving(reply) as url, pytest.raises(TransportError, match="inflates"):
        _get(url)


@pytest.mark.parametrize("reply", [b"", b"not http at all\r\n\r\n", b"HTTP/1.1 2x0 OK\r\n\r\n"])
def test_what_is_no_answer_is_an_error_of_the_network(reply: bytes) -> None:
    with serving(reply) as url, pytest.raises(OSError):
        _get(url)


def test_a_closed_port_and_a_wrong_scheme_are_errors_of_the_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", "ftp://127.0.0.1", "sync.test"):
        with pytest.raises(OSError):
            _get(url)


WITHIN_S = 0.2


@contextmanager
def stalling(reply: bytes, reads: bool) -> Iterator[tuple[str, list[BaseException | bytes]]]:
    """A server that reads the request or does not, sends these bytes, and says no more. Gives its address, and at the
    end what it read, or how reading failed."""
    listener = socket.create_server(("127.0.0.1", 0))
    abandoned = threading.Event()
    found: list[BaseException | bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            if reads:
                connection.recv(65_536)
                connection.sendall(reply)
            abandoned.wait()
            try:
                while piece := connection.recv(65_536):
                    found.append(piece)
            except ConnectionError as error:
                found.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", found
    finally:
        abandoned.set()
        thread.join()
        listener.close()


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 200 OK\r\n", _http(b"half", "Content-Length: 8")])
def test_an_answer_that_is_not_here_in_time_is_not_waited_for(reply: bytes) -> None:
    with stalling(reply, reads=True) as (url, _), pytest.raises(NoAnswerInTime):
        HttpTransport().send(Request("POST", url, {}, b"{}", WITHIN_S))


def test_a_request_that_is_abandoned_does_not_arrive_later() -> None:
    body = b"x" * 20_000_000
    with stalling(b"", reads=False) as (url, found), pytest.raises(NoAnswerInTime):
        HttpTransport().send(Request("POST", url, {}, body, WITHIN_S))
    assert isinstance(found[-1], ConnectionError), "the rest was taken back, and not delivered as the end"
    assert sum(len(piece) for piece in found if isinstance(piece, bytes)) < len(body)


def test_a_request_for_which_no_time_is_left_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NoAnswerInTime):  # and no refused connection: nobody was asked
        HttpTransport().send(Request("POST", f"http://127.0.0.1:{port}", {}, b"{}", 0.0))


@pytest.mark.parametrize("headers", [{"content-encoding": "br"}, {"content-encoding": "gzip"}])
def test_a_coding_that_was_not_asked_for_or_is_broken_is_an_error(headers: dict[str, str]) -> None:
    with pytest.raises(TransportError):
        inflated(Response(200, headers, b"????????????"))


def test_a_wsgi_application_sees_the_request_as_it_is_and_its_answer_comes_back() -> None:
    seen: dict[str, Any] = {}
    closed: list[bool] = []

    class Body(list[bytes]):
        def close(self) -> None:
            closed.append(True)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Body:
        seen.update(environ, read=environ["wsgi.input"].read())
        write = start_response("202 Accepted", [("Content-Encoding", "gzip"), ("X-One", "1")])
        packed = gzip.compress(LINES)
        write(packed[:10])
        return Body([packed[10:]])

    headers = {
        "Content-Type": "application/x-ndjson",
        "Authorization": "Bearer x",
        "Content-Digest": "sha-256=:x:",
    }
    answer = WsgiTransport(app).send(
        Request("POST", "https://sync.test:8443/sync/v1/%E4%B8%AD?q=1", headers, b"body")
    )
    assert (answer.status, answer.body, answer.headers["x-one"], closed) == (202, LINES, "1", [True])
    assert (seen["REQUEST_METHOD"], seen["QUERY_STRING"], seen["CONTENT_LENGTH"], seen["read"]) == (
        "POST",
        "q=1",
        "4",
        b"body",
    )
    assert (
        seen["PATH_INFO"].encode("latin-1").decode() == "/sync/v1/中"
        and seen["HTTP_HOST"] == "sync.test:8443"
    )
    assert seen["CONTENT_TYPE"] == "application/x-ndjson" and seen["HTTP_CONTENT_DIGEST"] == "sha-256=:x:"

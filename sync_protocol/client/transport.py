"""How bytes reach the server. The client knows only `Transport`; faults, simulations and benches come in
here."""

from __future__ import annotations

import http.client
import io
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from sync_protocol.client.clock import BOOT_CLOCK
from sync_protocol.signatures import HttpRequest

INFLATED_BYTES_MAX = 16 * 1024 * 1024  # no answer of the protocol comes near; a bomb stops here
_CHUNK_BYTES = 64 * 1024


class TransportError(OSError):
    """No usable answer came back. Whether the server has acted on the request is unknown."""


class NoAnswerInTime(TransportError):
    """The whole answer did not arrive within `Request.within_s`: the try was abandoned."""


@dataclass(frozen=True, slots=True)
class Request(HttpRequest):
    """One HTTP request. Header names are written as they go out. `within_s`: the try is abandoned when the whole answer has
    not arrived after so many seconds (None: no limit)."""

    within_s: float | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer, already inflated. Header names are lower-case. `complete` is False when the
    connection died while the body was being read: what came until then is still there, because a pull can
    use it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True


class Transport(Protocol):
    """Sends one request. Raises OSError (TransportError or another subclass) when there is no answer."""

    def send(self, request: Request) -> Response: ...


def inflated(response: Response, limit_bytes: int = INFLATED_BYTES_MAX) -> Response:
    """The answer without its content coding. A cut gzip stream gives what can be read of it, and
    `complete=False`.

    Raises TransportError for a coding that was not asked for, for bytes that are no gzip, and above
    `limit_bytes`.
    """
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding in ("", "identity"):
        if len(response.body) > limit_bytes:
            raise TransportError(f"the answer is larger than {limit_bytes} bytes")
        return response
    if coding not in ("gzip", "x-gzip"):
        raise TransportError(f"the answer came in an unexpected coding: {coding}")
    inflater = zlib.decompressobj(wbits=31)
    try:
        body = inflater.decompress(response.body, limit_bytes + 1)
    except zlib.error as error:
        raise TransportError("the answer is not gzip") from error
    if len(body) > limit_bytes:
        raise TransportError(f"the answer inflates to more than {limit_bytes} bytes")
    headers = {name: value for name, value in response.headers.items() if name != "content-encoding"}
    return replace(response, headers=headers, body=body, complete=response.complete and inflater.eof)


class HttpTransport:
    """HTTP/1.1 by the standard library: one connection a request, certificates verified as the system does
    it. `timeout_s`: how long one step, a connection or a read, may take."""

    def __init__(self, timeout_s: float = 30.0) -> None:
        self._timeout_s = timeout_s

    def send(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        allowed = _Allowed(self._timeout_s, request.within_s)
        if allowed.left_s() <= 0:
            raise NoAnswerInTime("no time is left")
        connection = _connection(parts, allowed.left_s())
        try:
            connection.connect()
            return _exchange(connection, _target(parts), request, allowed)
        except http.client.HTTPException as error:
            raise TransportError(f"{type(error).__name__}: {error}") from error
        except TimeoutError as error:
            if request.within_s is None:
                raise
            _reset(connection)
            raise NoAnswerInTime("no answer in time") from error
        finally:
            connection.close()


class _Allowed:
    """The time that one request may take: `step_s` for each step, and `within_s` for all of them together,
    sleep included."""

    def __init__(self, step_s: float, within_s: float | None) -> None:
        self.is_limited = within_s is not None
        self._step_s = step_s
        self._ends_s = time.clock_gettime(BOOT_CLOCK) + (within_s or 0)

    def left_s(self) -> float:
        """Seconds for the step that begins now."""
        if not self.is_limited:
            return self._step_s
        return min(self._step_s, self._ends_s - time.clock_gettime(BOOT_CLOCK))

    def begin_step(self, open_socket: socket.socket) -> None:
        """Gives the next step its time. Raises TimeoutError when none is left."""
        left_s = self.left_s()
        if left_s <= 0:
            raise TimeoutError("no time is left")
        if open_socket.fileno() >= 0:  # closed where the answer ends with the connection, and was read whole
            open_socket.settimeout(left_s)


def _connection(parts: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
    if parts.hostname is None or parts.scheme not in ("http", "https"):
        raise TransportError("the server's address must begin with http:// or https://")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname, parts.port, timeout=timeout_s)


def _exchange(
    connection: http.client.HTTPConnection, target: str, request: Request, allowed: _Allowed
) -> Response:
    """Sends and reads over an open connection, each piece within the time that is left."""
    open_socket = connection.sock
    headers = {**request.headers, "Content-Length": str(len(request.body))}
    connection.request(request.method, target, _paced(open_socket, request.body, allowed), headers)
    allowed.begin_step(open_socket)
    answer = connection.getresponse()
    names = {name.lower(): value for name, value in answer.getheaders()}
    body, complete = _read(answer, open_socket, allowed)
    return inflated(Response(answer.status, names, body, complete))


def _paced(open_socket: socket.socket, body: bytes, allowed: _Allowed) -> Iterator[bytes]:
    for start in range(0, len(body), _CHUNK_BYTES):
        allowed.begin_step(open_socket)
        yield body[start : start + _CHUNK_BYTES]


def _reset(connection: http.client.HTTPConnection) -> None:
    """Closing then takes back what the system has not sent yet: a request that is abandoned must not arrive
    minutes later."""
    if connection.sock is not None:
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _target(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _read(
    answer: http.client.HTTPResponse, open_socket: socket.socket, allowed: _Allowed
) -> tuple[bytes, bool]:
    """The body piece by piece, so that what arrived before a cut is not lost with it. Raises TimeoutError
    where the time for the whole request is up."""
    pieces: list[bytes] = []
    held_bytes = 0
    try:
        while piece := answer.read1(_CHUNK_BYTES):
            allowed.begin_step(open_socket)
            pieces.append(piece)
            held_bytes += len(piece)
            if held_bytes > INFLATED_BYTES_MAX:
                raise TransportError(f"the answer is larger than {INFLATED_BYTES_MAX} bytes")
    except TransportError:
        raise
    except TimeoutError:
        if allowed.is_limited:
            raise
        return b"".join(pieces), False
    except http.client.IncompleteRead as error:
        return b"".join([*pieces, error.partial]), False
    except (OSError, http.client.HTTPException):
        return b"".join(pieces), False
    # read1 ends quietly when the peer closes early: only the promised length shows it
    return b"".join(pieces), answer.length in (None, 0)


WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WsgiTransport:
    """Calls a WSGI application in this process: tests, the demo city and benches, without a socket."""

    def __init__(self, app: WsgiApp, remote_addr: str = "127.0.0.1") -> None:
        self._app = app
        self._remote_addr = remote_addr

    def send(self, request: Request) -> Response:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: object = None
        ) -> Callable[[bytes], None]:
            started.append((status, headers))
            return written.append

        written: list[bytes] = []
        answer = self._app(self._environ(request), start_response)
        try:
            written.extend(answer)
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()
        status, headers = started[-1]
        names = {name.lower(): value for name, value in headers}
        return inflated(Response(int(status.split(" ", 1)[0]), names, b"".join(written)))

    def _environ(self, request: Request) -> dict[str, Any]:
        """The request as PEP 3333 defines it."""
        parts = urlsplit(request.url)
        secure = parts.scheme == "https"
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(parts.path or "/", encoding="latin-1"),
            "QUERY_STRING": parts.query,
            "SERVER_NAME": parts.hostname or "localhost",
            "SERVER_PORT": str(parts.port or (443 if secure else 80)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self._remote_addr,
            "CONTENT_LENGTH": str(len(request.body)),
            "HTTP_HOST": parts.netloc.rpartition("@")[2],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": parts.scheme or "http",
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in request.headers.items():
            key = name.upper().replace("-", "_")
            if key == "CONTENT_LENGTH":
                continue
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        return environ

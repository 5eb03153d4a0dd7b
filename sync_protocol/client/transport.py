"""How bytes reach the server. The client knows only `Transport`; faults, simulations and benches come in
here."""

from __future__ import annotations

import http.client
import io
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

INFLATED_BYTES_MAX = 16 * 1024 * 1024  # no answer of the protocol comes near; a bomb stops here
_CHUNK_BYTES = 64 * 1024


class TransportError(OSError):
    """No usable answer came back. Whether the server has acted on the request is unknown."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `url` is absolute; header names are written as they go out."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


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
    """Sends one request. Raises OSError (TransportError or any of its kin) when there is no answer."""

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
    it."""

    def __init__(self, timeout_s: float = 30.0) -> None:
        self._timeout_s = timeout_s

    def send(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        connection = self._connect(parts)
        try:
            connection.request(
                request.method, _target(parts), body=request.body, headers=dict(request.headers)
            )
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            body, complete = _read(answer)
            return inflated(Response(answer.status, headers, body, complete))
        except http.client.HTTPException as error:
            raise TransportError(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def _connect(self, parts: SplitResult) -> http.client.HTTPConnection:
        if parts.hostname is None or parts.scheme not in ("http", "https"):
            raise TransportError("the server's address must begin with http:// or https://")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.hostname, parts.port, timeout=self._timeout_s)


def _target(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _read(answer: http.client.HTTPResponse) -> tuple[bytes, bool]:
    """The body piece by piece, so that what arrived before a cut is not lost with it."""
    pieces: list[bytes] = []
    held_bytes = 0
    try:
        while piece := answer.read1(_CHUNK_BYTES):
            pieces.append(piece)
            held_bytes += len(piece)
            if held_bytes > INFLATED_BYTES_MAX:
                raise TransportError(f"the answer is larger than {INFLATED_BYTES_MAX} bytes")
    except TransportError:
        raise
    except http.client.IncompleteRead as error:
        return b"".join([*pieces, error.partial]), False
    except (OSError, http.client.HTTPException):
        return b"".join(pieces), False
    # read1 ends quietly when the peer closes early: only the promised length tells
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
        """The request as PEP 3333 wants it."""
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

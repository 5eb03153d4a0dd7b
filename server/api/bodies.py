"""Bodies on the wire: requests are inflated within a bound, answers compressed as the client accepts."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import zstandard
from flask import Request, Response

from server.base.problems import Problem, protocol_problem
from sync_protocol.entry import MAX_ENTRIES
from sync_protocol.strict_json import Unreadable, read_json

_WORTH_COMPRESSING = 200  # bytes; below it the header costs more than it saves
_DEPTH_MAX = 32  # of arrays and objects in each other
_ON_ONE_LINE = bytes.maketrans(b"\n\r", b"  ")
_WINDOW_MAX = 8 * 1024 * 1024  # of a zstd frame, so that a hostile one cannot ask for gigabytes


def read_body(request: Request, max_bytes: int) -> bytes:
    """The body as sent, still compressed. Raises Problem 413 past `max_bytes`."""
    if request.content_length is not None and request.content_length > max_bytes:
        raise too_large(max_bytes)
    body = request.stream.read(max_bytes + 1)
    if len(body) > max_bytes:
        raise too_large(max_bytes)
    return body


def inflate(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """The body inflated, never beyond `max_bytes`. Raises Problem 413, 415 (another encoding) or 400 (not
    that encoding)."""
    encoding = encoding.strip().lower()
    try:
        if encoding in ("", "identity"):
            plain = body
        elif encoding == "gzip":
            plain = _gunzip(body, max_bytes)
        elif encoding == "zstd":
            reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW_MAX).stream_reader(body)
            plain = reader.read(max_bytes + 1)
        else:
            raise protocol_problem("unsupported_encoding", accepted=["gzip", "zstd", "identity"])
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        raise protocol_problem("header_invalid", "请求正文无法解压。") from error
    if len(plain) > max_bytes:
        raise too_large(max_bytes)
    return plain


def _gunzip(body: bytes, max_bytes: int) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    plain = inflater.decompress(body, max_bytes + 1)
    if len(plain) <= max_bytes and not inflater.eof:
        raise EOFError("the gzip stream ends early")
    return plain


def read_json_body(plain: bytes) -> Any:
    """A JSON body that all readers understand alike: no name twice in an object. Raises Problem 400 `malformed_json`."""
    try:
        # A newline can only be between two values: in a string it would be escaped.
        return read_json(plain.translate(_ON_ONE_LINE), _DEPTH_MAX)
    except Unreadable as error:
        raise Problem("malformed_json", error.reason) from error


def too_large(max_bytes: int, code: str = "too_large") -> Problem:
    """413 names both limits, so that the client knows to halve."""
    return protocol_problem(code, max_entries=MAX_ENTRIES, max_bytes=max_bytes)


def compressed(response: Response, accept_encoding: str) -> Response:
    """The same answer, compressed as the client accepts: zstd before gzip."""
    plain = response.get_data()
    response.headers["Vary"] = "Accept-Encoding"
    if len(plain) < _WORTH_COMPRESSING:
        return response
    offered = {
        item.partition(";")[0].strip().lower()
        for item in accept_encoding.split(",")
        if "q=0" not in item.replace(" ", "")
    }
    if "zstd" in offered:
        response.set_data(zstandard.ZstdCompressor(level=3).compress(plain))
        response.headers["Content-Encoding"] = "zstd"
    elif "gzip" in offered:
        response.set_data(gzip.compress(plain, compresslevel=5, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response

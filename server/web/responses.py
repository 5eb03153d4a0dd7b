"""What the API and the pages share: the process's runtime, problems turned into answers, and the log-in."""

from __future__ import annotations

import http
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import msgspec
from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from schemas.limits import ROSTER_BYTES_MAX
from server.actions.accounts.log_in import LoggedIn, begin_log_in, check_password, finish_log_in
from server.actions.reference import load_reference as reference
from server.base.catalogue import CATALOGUE, Entry
from server.base.db import Session, write
from server.base.problems import Problem
from server.base.runtime import Runtime
from server.files.problems import too_large
from server.models.tx import Tx
from server.web.log_in_turns import LogInTurns

PROBLEM_TYPE = "application/problem+json"
FILE_BODY: dict[str, Any] = {  # how the API's description shows an uploaded file
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        }
    },
}
FORM_BYTES = 64 * 1024  # what a multipart body needs around its file

# What a client can meet before any endpoint of ours has looked at its request.
_PLAIN: Mapping[int, str] = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timeout",
    411: "length_required",
    413: "too_large",
    414: "uri_too_long",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    431: "headers_too_large",
    500: "internal_error",
    503: "busy",
}


def runtime() -> Runtime:
    """Settings, clock and keys of the app that serves this request."""
    held: Runtime = current_app.extensions["gongdi"]
    return held


def now_ms() -> int:
    return runtime().clock.now_ms()


def tx_of(session: Session) -> Tx:
    """The transaction of this request, with all that an action in it works with."""
    return reference.tx_of(session, runtime().seals, now_ms())


def answer_problem(problem: Problem) -> Response:
    """The problem as RFC 9457 asks."""
    body = msgspec.json.encode(problem.as_dict())
    return Response(body, problem.status, problem.headers, content_type=PROBLEM_TYPE)


def problem_of(error: HTTPException) -> Problem:
    """Flask's and werkzeug's own errors (no such route, too large, a method that is not there …) as
    problems."""
    status = error.code or 500
    code = _PLAIN.get(status, f"http_{status}")
    entry = CATALOGUE.get(code) or Entry(0, code, status, http.HTTPStatus(status).phrase, "")
    members: dict[str, Any] = {}
    if isinstance(error, RequestEntityTooLarge) and request.max_content_length is not None:
        members["max_bytes"] = request.max_content_length
    problem = Problem(code, "", entry._replace(remedy=""), **members)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after", "www-authenticate", "content-range"):
            problem.with_header(name, value)  # a 405 must say what is allowed (RFC 9110, 15.5.6)
    return problem


def this_app() -> Flask:
    """The app itself, for work that outlives the request."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app


def uploaded_file() -> tuple[str, bytes]:
    """The name and the bytes of the file that this request uploads as `file`. Raises Problem 413 or 422."""
    request.max_content_length = ROSTER_BYTES_MAX + FORM_BYTES
    try:
        file = request.files.get("file")
    except RequestEntityTooLarge as error:
        raise too_large() from error
    if file is None or not file.filename:
        message = "请选择一个文件 (multipart/form-data 的 file 一项)。"
        raise Problem("file_missing", message, errors={"/file": [message]})
    with file.stream as stream:
        return file.filename, stream.read()


def uploaded_photos(name: str, most: int) -> list[bytes]:
    """The bytes of the photos that this form uploads under `name`. The caller has bounded the request. Raises Problem
    422 for too many."""
    files = [file for file in request.files.getlist(name) if file.filename]
    if len(files) > most:
        raise Problem("too_many_photos", f"一次最多 {most} 张。")
    photos = []
    for file in files:
        with file.stream as stream:
            photos.append(stream.read())
    return photos


def as_evidence(data: bytes, mime: str, sha256: str) -> Response:
    """A photo shown in the page, anything else to download; never stored by a proxy. Types are not guessed (`nosniff` of
    security_headers.py), and no script runs."""
    response = Response(data, content_type=mime)
    how, ending = ("inline", "jpg") if mime == "image/jpeg" else ("attachment", mime.partition("/")[2])
    response.headers["Content-Disposition"] = f'{how}; filename="{sha256[:16]}.{ending}"'
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def as_download(data: bytes | Iterable[bytes], mime: str, name: str) -> Response:
    """A file to download, whole or piece by piece, never stored by a proxy."""
    response = Response(data, content_type=mime)
    plain = name if name.isascii() else f"file{PurePath(name).suffix}"  # for who knows nothing of RFC 6266
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def log_in(name: str, password: str, known_browser: str | None = None) -> LoggedIn:
    """Two short transactions with Argon2 between them: a try is counted before the password is looked at,
    and no writer waits for the hash. `known_browser`: which of this name's browsers it is. Raises Problem 401, 429 or
    503."""
    at_ms = now_ms()
    turns: LogInTurns = current_app.extensions["gongdi_log_ins"]
    with turns.admitted():
        with write() as session:
            attempt = begin_log_in(session, name, request.remote_addr or "", at_ms, known_browser)
        with turns.hashing:
            check_password(attempt, password)
        with write() as session:
            return finish_log_in(session, attempt, password, at_ms)

"""The sync endpoints: enrol, push, pull and kinds (SPEC). Parse, one call, answer."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response, request

from schemas.enrolment import EnrolmentSchema, UnlockCodeSchema
from server.actions.accounts.limit_rate import limit_rate
from server.actions.devices.enrol_device import enrol_device, validated, wrong_code
from server.actions.devices.unlock_code import keep_unlock_code
from server.actions.reference.load_reference import last_rules, rules_in_force
from server.actions.sync.accept_push import RulesChanged, accept_push
from server.actions.sync.open_pull import open_pull, scopes_of
from server.actions.sync.read_push import Push, read_lines
from server.actions.sync.serve_pull import encode, is_current, read_pull, serve_pull
from server.api.bodies import compressed, inflate, read_body, read_json_body, too_large
from server.api.senders import signed_sender
from server.base.clock import to_iso
from server.base.db import db, read, write
from server.base.problems import Problem, protocol_problem
from server.rules.rulebook import Rulebook
from server.web.responses import now_ms, runtime
from sync_protocol.entry import MAX_ENTRIES, MAX_INFLATED_BYTES, Refusal
from sync_protocol.header import Header, read_header

blueprint = Blueprint("sync", __name__, url_prefix="/sync/v1")

SMALL_BYTES = 64 * 1024
NDJSON = "application/x-ndjson"
ENROL_TRIES = 30  # wrong or right, from one address in a minute


@blueprint.post("/enrol")
def enrol() -> Response:
    at_ms = now_ms()
    asked = validated(EnrolmentSchema(), _json_body())
    with write() as session:
        limit_rate(session, f"enrol|{request.remote_addr}", ENROL_TRIES, 60_000, at_ms)
    with write() as session:
        answer = enrol_device(session, runtime().seals, asked, at_ms)
    if answer is None:  # only now: the wrong try had to be committed
        raise wrong_code()
    return _json(answer)


@blueprint.post("/push")
def push() -> Response:
    seals = runtime().seals
    body = read_body(request, MAX_INFLATED_BYTES)
    at_ms = now_ms()  # the arrival: the whole request has come
    sender = signed_sender(body, at_ms)
    plain = inflate(body, request.headers.get("Content-Encoding", ""), MAX_INFLATED_BYTES)
    try:
        pushed = _split(plain, last_rules(db.engine))
        with write() as session:
            answer = accept_push(session, seals, sender, pushed, at_ms)
    except RulesChanged:  # since this process looked last
        pushed = _split(plain)
        with write() as session:
            answer = accept_push(session, seals, sender, pushed, at_ms)
    return compressed(_json(answer), request.headers.get("Accept-Encoding", ""))


@blueprint.post("/pull")
def pull() -> Response:
    seals = runtime().seals
    body = read_body(request, SMALL_BYTES)
    at_ms = now_ms()
    sender = signed_sender(body, at_ms)
    asked = read_pull(_decoded(inflate(body, request.headers.get("Content-Encoding", ""), SMALL_BYTES)))
    with write() as session:
        opened = open_pull(session, sender, asked.scopes, at_ms)
    if is_current(opened.scopes, asked):
        lines, more = serve_pull(None, seals, opened.scopes, asked)
    else:  # in a snapshot of its own: on SQLite it keeps no writer waiting
        with read() as session:
            lines, more = serve_pull(session, seals, scopes_of(session, opened.user_id), asked)
    lines.append(encode({"end": True, "more": more, "beacon": opened.beacon, "server_time": to_iso(at_ms)}))
    answer = Response(b"\n".join(lines) + b"\n", content_type=NDJSON)
    return compressed(answer, request.headers.get("Accept-Encoding", ""))


@blueprint.post("/unlock-code")
def leave_unlock_code() -> Response:
    body = read_body(request, SMALL_BYTES)
    at_ms = now_ms()
    sender = signed_sender(body, at_ms)
    plain = inflate(body, request.headers.get("Content-Encoding", ""), SMALL_BYTES)
    code = str(validated(UnlockCodeSchema(), _decoded(plain))["code"])
    with write() as session:
        return _json(keep_unlock_code(session, runtime().seals, sender, code, at_ms))


@blueprint.get("/kinds")
def kinds() -> Response:
    with read() as session:
        known = rules_in_force(session).kinds
    return compressed(_json(known.json_schemas()), request.headers.get("Accept-Encoding", ""))


def _split(plain: bytes, book: Rulebook | None = None) -> Push:
    """Header and lines. `book`: by which the lines are read, if it is in force; None: by that which is. Raises Problem 400
    for a header that can't be read, 413 for too many entries."""
    first, *rest = plain.removesuffix(b"\n").split(b"\n")
    if len(rest) > MAX_ENTRIES:
        raise too_large(MAX_INFLATED_BYTES, "too_many_entries")
    header = _header(first)
    if not rest:
        return Push(header, [])
    if book is not None:
        return Push(header, read_lines(rest, book.kinds, header.schema), book.stamp)
    with read() as session:
        kinds = rules_in_force(session).kinds
    return Push(header, read_lines(rest, kinds, header.schema))


def _header(line: bytes) -> Header:
    try:
        return read_header(line)
    except Refusal as refusal:
        raise protocol_problem(refusal.code, errors=refusal.errors) from refusal


def _json_body() -> Any:
    return _decoded(
        inflate(read_body(request, SMALL_BYTES), request.headers.get("Content-Encoding", ""), SMALL_BYTES)
    )


def _decoded(plain: bytes) -> Any:
    try:
        return read_json_body(plain)
    except Problem as problem:
        raise protocol_problem("header_invalid", problem.detail) from problem


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), content_type="application/json")

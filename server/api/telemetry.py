"""The endpoint to which camera platforms send what they see by themselves, signed as Standard Webhooks asks."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, jsonify, request

from server.actions.cameras.take_message import BYTES_MAX, Signed, check_message, take_message
from server.api.bodies import read_body, read_json_body
from server.base.db import read, write
from server.web.responses import now_ms, runtime, tx_of

blueprint = Blueprint("telemetry", __name__, url_prefix="/telemetry/v1")
_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


@blueprint.post("/platforms/<uuid:platform_id>")
def receive(platform_id: UUID) -> Response:
    """Take in a message of a platform. Nothing is read of it before its signature is checked."""
    body = read_body(request, BYTES_MAX)
    signed = Signed(*(request.headers.get(name, "") for name in _HEADERS))
    with read() as session:
        check_message(session, runtime().seals, str(platform_id), signed, body, now_ms())
    message = read_json_body(body)
    with write() as session:
        return jsonify(take_message(tx_of(session), str(platform_id), signed.id, message))

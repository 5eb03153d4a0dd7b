"""The OpenAPI document, made from the endpoints and their schemas."""

from __future__ import annotations

import http
from typing import Any

from flask import Flask
from flask_smorest import Api
from flask_smorest.utils import prepare_response
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException

from server.api.blueprint import problem_answer
from server.web.responses import PROBLEM_TYPE


class ProblemSchema(Schema):
    """An RFC 9457 problem."""

    type = fields.String(required=True, metadata={"example": "urn:gongdi:problem:not_found"})
    title = fields.String(required=True, metadata={"description": "给人看的中文标题"})
    status = fields.Integer(required=True)
    detail = fields.String(metadata={"description": "怎么办"})
    code = fields.String(required=True, metadata={"description": "稳定的机器代码"})
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "按 JSON 指针或参数名列出的问题"},
    )


class GongdiApi(Api):
    """flask-smorest whose errors are RFC 9457 problems, documented with their own content type."""

    ERROR_SCHEMA = ProblemSchema

    def handle_http_exception(self, error: HTTPException) -> Any:
        return problem_answer(error)

    def _register_responses(self) -> None:
        named = {status.name: status.phrase for status in http.HTTPStatus}
        named |= {"REQUEST_ENTITY_TOO_LARGE": "Content Too Large", "DEFAULT_ERROR": "Problem"}
        for name, description in named.items():
            answer = {"description": description, "schema": self.ERROR_SCHEMA}
            prepare_response(answer, self.spec, PROBLEM_TYPE)
            self.spec.components.response(name, answer, lazy=True)


def make_api(app: Flask, version: str) -> GongdiApi:
    """The API of this app; its document is served at /api/v1/openapi.json."""
    app.config.update(
        API_TITLE="工地 Gongdi",
        API_VERSION=version,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
    )
    scheme = {"type": "http", "scheme": "bearer", "description": "由 POST /api/v1/sessions 取得"}
    options = {
        "info": {
            "description": "建设工地常态化防控检查: 工地、时段、问题标记。时间均为带时区的 RFC 3339 文本。"
        },
        "servers": [{"url": "/"}],
        "security": [{"session": []}],
    }
    api = GongdiApi(app, spec_kwargs=options)
    api.spec.components.security_scheme("session", scheme)
    return api

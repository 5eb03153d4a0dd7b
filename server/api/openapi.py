"""The OpenAPI document, made from the endpoints and their schemas when it is first asked for."""

from __future__ import annotations

import http
import threading
from typing import Any

from flask import Flask, Response
from flask_smorest import Api, Blueprint
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
    """flask-smorest whose errors are RFC 9457 problems, documented with their own content type. A process starts without
    the document, which takes as long to make as all the rest of an app."""

    ERROR_SCHEMA = ProblemSchema

    def __init__(self, app: Flask, spec_kwargs: dict[str, Any]) -> None:
        self._turn = threading.Lock()
        self._undocumented: list[Blueprint] = []
        super().__init__(app, spec_kwargs=spec_kwargs)

    def register_blueprint(self, blp: Blueprint, **options: Any) -> None:
        """Its endpoints; the document gets them later. Takes no options of its own."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp, **options)
        self._undocumented.append(blp)

    def _init_spec(self, **_options: Any) -> None:
        """Not yet: see `_openapi_json`."""

    def _openapi_json(self) -> Response:
        with self._turn:
            if self.spec is None:
                self._document()
        answer: Response = super()._openapi_json()
        return answer

    def _document(self) -> None:
        super()._init_spec(**self._spec_kwargs)
        scheme = {"type": "http", "scheme": "bearer", "description": "由 POST /api/v1/sessions 取得"}
        self.spec.components.security_scheme("session", scheme)
        for blueprint in self._undocumented:
            blueprint.register_views_in_doc(self, self._app, self.spec, name=blueprint.name, parameters=None)
            self.spec.tag({"name": blueprint.name, "description": blueprint.description})

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
    options = {
        "info": {"description": "现场检查: 地点、时段、问题标记。时间均为带时区的 RFC 3339 文本。"},
        "servers": [{"url": "/"}],
        "security": [{"session": []}],
    }
    return GongdiApi(app, options)

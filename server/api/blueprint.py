"""What every endpoint of the API needs: the user of a request, and one shape for refused input."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NoReturn

from flask import Flask, Request, g, request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser

from server.actions.accounts.log_in import viewer_by_token
from server.actions.accounts.service_accounts import SCOPES
from server.actions.accounts.service_keys import Caller, caller_by_key, is_service_key, note_use
from server.api.bodies import read_json_body
from server.base.db import read, write
from server.base.problems import Problem
from server.models.access import Viewer, may_administer
from server.web.responses import answer_problem, now_ms, problem_of, runtime

__all__ = ["ApiBlueprint", "answer_problem", "register_problems", "require_admin", "runtime", "viewer"]

BODY_BYTES_MAX = 64 * 1024
TOKEN_CHARS_MAX = 200
ERRORS_MAX = 100  # reported of one request
ANY_SCOPE = "*"  # whatever a program's key opens


def register_problems(app: Flask) -> None:
    """Every Problem that an endpoint raises becomes `application/problem+json`."""
    app.register_error_handler(Problem, answer_problem)


class Parser(FlaskParser):
    """webargs with our ideas of input: nothing unknown, JSON that says it is JSON, problems of one shape."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        if not req.is_json:
            raise Problem("unsupported_media_type")
        return read_json_body(req.get_data())

    def handle_error(self, error: ValidationError, req: Request, schema: Schema, **_: Any) -> NoReturn:
        raise invalid_input(error)


def invalid_input(error: ValidationError) -> Problem:
    """422 with the messages of each field: by JSON pointer in a body, by name in the query."""
    messages = error.messages if isinstance(error.messages, dict) else {"json": error.messages}
    errors: dict[str, list[str]] = {}
    for location, nested in messages.items():
        for pointer, texts in islice(_by_pointer(nested), ERRORS_MAX):
            errors[pointer.removeprefix("/") if location == "query" else pointer] = texts
    return Problem("invalid_input", "请按提示修改。", errors=errors)


def _by_pointer(messages: Any, pointer: str = "") -> Iterator[tuple[str, list[str]]]:
    """marshmallow's messages as they are nested, each with the JSON pointer (RFC 6901) of what it is about."""
    if not isinstance(messages, dict):
        yield pointer, [str(text) for text in (messages if isinstance(messages, list) else [messages])]
        return
    for name, inner in messages.items():
        step = str(name).replace("~", "~0").replace("/", "~1")
        yield from _by_pointer(inner, pointer if name == "_schema" else f"{pointer}/{step}")


class ApiBlueprint(Blueprint):
    """A blueprint of the API: its input goes through our parser; unless it is `open_to_all`, only logged-in
    users may call it, and programs whose key has its `service_scope` (of SCOPES, or ANY_SCOPE). With `services_only` users
    may not."""

    ARGUMENTS_PARSER = Parser(unknown=RAISE)

    def __init__(
        self,
        name: str,
        import_name: str,
        *,
        open_to_all: bool = False,
        service_scope: str = "",
        services_only: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(name, import_name, **options)
        self.before_request(_bound_body)
        if not open_to_all:
            self.before_request(lambda: require_viewer(service_scope, services_only=services_only))

    def _store_endpoint_docs(
        self, endpoint: str, obj: Any, parameters: Any, tags: Any, **options: Any
    ) -> None:
        """Every operation has an id, after which generated clients name their functions: blueprint and function."""
        super()._store_endpoint_docs(endpoint, obj, parameters, tags, **options)
        for method, doc in self._docs[endpoint].items():
            if method != "parameters":
                doc["manual_doc"] = {"operationId": f"{self.name}_{endpoint}", **doc.get("manual_doc", {})}


def _bound_body() -> None:
    request.max_content_length = BODY_BYTES_MAX


def require_viewer(service_scope: str = "", *, services_only: bool = False) -> None:
    """Find the user by the bearer token, or the program by its key. Raises Problem 401, and 403 for a key without this
    scope."""
    token = _token()
    if not 0 < len(token) <= TOKEN_CHARS_MAX:
        raise unauthenticated()
    if is_service_key(token):
        _require_scope(token, service_scope)
        return
    if services_only:
        raise Problem("key_scope_lacking", f"这里只对对接系统开放, 要有权限: {SCOPES[service_scope]}。")
    with read() as session:
        found = viewer_by_token(session, token, now_ms())
    if found is None:
        raise unauthenticated()
    if found.must_change:
        raise Problem("password_change_needed")
    g.viewer, g.token = found, token


def _token() -> str:
    """The bearer token; or, from machines that know nothing else, the password of HTTP Basic."""
    scheme, _, said = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return said
    given = request.authorization
    password = given.password if given is not None and scheme.lower() == "basic" else None
    return password if password is not None and is_service_key(password) else ""


def _require_scope(token: str, scope: str) -> None:
    at_ms = now_ms()
    with read() as session:
        found = caller_by_key(session, token, at_ms)
    if found is None:
        raise unauthenticated()
    if scope not in (ANY_SCOPE, *found.scopes):
        lacking = f"要有权限: {SCOPES[scope]}。" if scope else "这里不对对接系统开放。"
        raise Problem("key_scope_lacking", lacking)
    if not found.is_noted:
        with write() as session:
            note_use(session, found.key_id, at_ms)
    g.viewer, g.token, g.caller = found.viewer, token, found


def caller() -> Caller | None:
    """The program of this request; None for a user."""
    found: Caller | None = g.get("caller")
    return found


def viewer() -> Viewer:
    """The user of this request; known after `require_viewer`."""
    asking: Viewer = g.viewer
    return asking


def require_admin() -> None:
    """Raises Problem 403 for every other role."""
    if not may_administer(viewer()):
        raise Problem("role_not_allowed", "此操作只对系统管理员开放。")


def unauthenticated() -> Problem:
    detail = "请先登录: POST /api/v1/sessions, 再带上 Authorization: Bearer <token>。"
    return Problem("unauthenticated", detail).with_header("WWW-Authenticate", "Bearer")


def problem_answer(error: Any) -> Any:
    """Flask's own errors at an endpoint, as problems."""
    return answer_problem(problem_of(error))

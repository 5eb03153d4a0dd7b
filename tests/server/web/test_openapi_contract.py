"""The OpenAPI document and the server agree: random requests get documented answers and never a 500."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings

from server.actions.accounts.service_accounts import SCOPES, NewService, add_service
from server.actions.reference.load_reference import tx_of
from server.base.db import write
from server.models import Site
from tests.server.cast import Cast, add_flag

if TYPE_CHECKING:
    from schemathesis.schemas import APIOperation


@pytest.mark.parametrize("sent", ["positive", "negative"])
@pytest.mark.parametrize("who", ["a person", "a program"])
def test_random_requests_get_documented_answers(app: Flask, cast: Cast, who: str, sent: str) -> None:
    import schemathesis  # here: it takes seconds, and every worker reads every file of tests
    from schemathesis.checks import not_a_server_error
    from schemathesis.core.result import Ok
    from schemathesis.specs.openapi import checks

    held = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]
    mode = schemathesis.GenerationMode(sent)
    with app.app_context(), write() as session:
        add_flag(session, cast.site_a, "flag a")
    token = cast.client("admin").token if who == "a person" else _key(app, cast)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    headers = {"Authorization": f"Bearer {token}"}
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.method == "delete" or (sent == "negative" and not _can_go_wrong(operation)):
            continue  # a log-out would end our own session
        if who == "a program" and operation.definition.raw["tags"][0] not in _OF_PROGRAMS:
            continue  # nothing is there for it

        @settings(
            max_examples=8,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def probe(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(headers=headers, checks=held)

        probe()


_OF_PROGRAMS = ("sites", "records", "gate_passes", "service_roster", "events")


def _key(app: Flask, cast: Cast) -> str:
    """Of a program that may do all that programs may, at site A."""
    with app.app_context(), write() as session:
        tx = tx_of(session, app.extensions["gongdi"].seals, cast.clock.now_ms())
        new = NewService("省平台", tuple(SCOPES), [session.get_one(Site, cast.site_a)])
        return add_service(tx, new)[1]


def _can_go_wrong(operation: APIOperation[Any, Any, Any, Any]) -> bool:
    """Whether this operation takes anything that could be wrong."""
    return bool(operation.query or operation.body or operation.path_parameters)


def test_every_operation_documents_401_or_is_open(app: Flask) -> None:
    paths = app.test_client().get("/api/v1/openapi.json").get_json()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            if method in ("get", "post", "delete"):
                assert "401" in operation["responses"], (method, path)

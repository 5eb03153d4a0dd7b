"""The OpenAPI document and the server agree: random requests get documented answers and never a 500."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from server.base.db import write
from tests.server.cast import Cast, add_flag

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_random_requests_get_documented_answers(app: Flask, cast: Cast, mode: GenerationMode) -> None:
    with app.app_context(), write() as session:
        add_flag(session, cast.site_a, "flag a")
    token = cast.client("admin").token
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    headers = {"Authorization": f"Bearer {token}"}
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.method == "delete" or not _can_go_wrong(operation, mode):
            continue  # a log-out would end our own session

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
            case.call_and_validate(headers=headers, checks=CHECKS)

        probe()


def _can_go_wrong(
    operation: schemathesis.schemas.APIOperation[Any, Any, Any, Any], mode: GenerationMode
) -> bool:
    """Whether this operation takes anything that could be wrong."""
    takes = operation.query or operation.body or operation.path_parameters
    return mode is GenerationMode.POSITIVE or bool(takes)


def test_every_operation_documents_401_or_is_open(app: Flask) -> None:
    paths = app.test_client().get("/api/v1/openapi.json").get_json()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            if method in ("get", "post", "delete"):
                assert "401" in operation["responses"], (method, path)

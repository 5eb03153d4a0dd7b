"""Whatever a client sends, the answer is a problem with a code, never a 500 and never a traceback."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from tests.server.cast import Cast

BODIES = {
    "not JSON": (b"{", 400, "malformed_json"),
    "nothing": (b"", 400, "malformed_json"),
    "bad UTF-8": (b'{"name":"\xff"}', 400, "malformed_json"),
    "a lone surrogate": (b'{"name":"\\ud800","password":"x"}', 400, "malformed_json"),
    "NaN": (b'{"name":NaN,"password":"x"}', 400, "malformed_json"),
    "deep nesting": (b"[" * 50_000, 400, "malformed_json"),
    "a list": (b"[]", 422, "invalid_input"),
    "an unknown field": (b'{"name":"a","password":"b","role":"admin"}', 422, "invalid_input"),
    "a number for a name": (b'{"name":1,"password":"b"}', 422, "invalid_input"),
    "a huge number": (b'{"name":' + b"9" * 5000 + b',"password":"b"}', 400, "malformed_json"),
    "a name that is too long": (
        json.dumps({"name": "a" * 65, "password": "b"}).encode(),
        422,
        "invalid_input",
    ),
    "a NUL": (b'{"name":"a\\u0000b","password":"b"}', 400, "malformed_json"),
    "a name twice": (b'{"name":"a","name":"section","password":"b"}', 400, "malformed_json"),
    "newlines between values": (b'{\r\n "name": "a",\n "password": "b"\n}', 401, "login_failed"),
    "too many bytes": (b'{"name":"' + b"a" * 70_000 + b'"}', 413, "too_large"),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_bad_body_is_answered_with_its_own_problem(app: Flask, cast: Cast, case: str) -> None:
    body, status, code = BODIES[case]
    answer = app.test_client().post("/api/v1/sessions", data=body, content_type="application/json")
    problem = answer.get_json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert answer.content_type == "application/problem+json"
    assert problem["type"] == f"urn:gongdi:problem:{code}"
    assert problem["title"]
    assert problem["status"] == status


def test_another_content_type_is_415(app: Flask, cast: Cast) -> None:
    answer = app.test_client().post("/api/v1/sessions", data={"name": "section", "password": "x"})
    assert (answer.status_code, answer.get_json()["code"]) == (415, "unsupported_media_type")


def test_errors_name_the_field_by_pointer_and_speak_chinese(app: Flask, cast: Cast) -> None:
    errors = app.test_client().post("/api/v1/sessions", json={"nam": "x"}).get_json()["errors"]
    assert errors == {"/name": ["必填。"], "/password": ["必填。"], "/nam": ["不认识的参数。"]}


def test_unknown_and_impossible_parameters_are_named(cast: Cast) -> None:
    caller = cast.client("section")
    for query in (
        "colour=red",
        "state=purple",
        "limit=0",
        "limit=1000",
        "limit=x",
        "duty=%00",
        "district=1'--",
    ):
        answer = caller.get(f"/api/v1/flags?{query}")
        assert answer.status_code == 422, query
        assert list(answer.get_json()["errors"]) == [query.partition("=")[0]]
    assert caller.get("/api/v1/sessions/current?x=1").status_code == 422


def test_a_route_or_method_that_is_not_there_is_a_problem_too(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    assert client.get("/api/v1/nothing").get_json()["code"] == "not_found"
    answer = client.put("/api/v1/flags")
    assert (answer.status_code, answer.get_json()["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) >= {"GET", "HEAD"}
    assert cast.client("section").get("/api/v1/flags/not-a-uuid").status_code == 404

"""Every answer carries the security headers and a request id; pages load nothing that the policy would
refuse."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.server.cast import Cast

PATHS = (
    "/",
    "/healthz",
    "/api/v1/openapi.json",
    "/api/v1/docs",
    "/api/v1/flags",
    "/nowhere",
    "/console/login",
)


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_a_strict_policy(app: Flask, cast: Cast, path: str) -> None:
    headers = app.test_client().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_pages_have_no_inline_script_or_style_and_load_only_from_here(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    for path in ("/api/v1/docs", "/console/login"):
        page = client.get(path).text
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|https?://", page), path
        for address in re.findall(r'(?:src|href)="([^"#]+)"', page):
            with client.get(address) as loaded:
                assert loaded.status_code in (200, 302, 303), address


def test_a_sane_request_id_is_kept_and_any_other_is_replaced(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    assert (
        client.get("/healthz", headers={"X-Request-Id": "abc-12345"}).headers["X-Request-Id"] == "abc-12345"
    )
    for given in ("short", "a b c d e f g h", "x" * 65, "<script>alert(1)</script>"):
        made = client.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"]
        assert re.fullmatch(r"[0-9a-f-]{36}", made)

"""What pages load is asked for once, and comes small."""

from __future__ import annotations

import gzip
import re

import pytest
from flask import Flask


@pytest.fixture
def styles(app: Flask) -> str:
    """The address of the styles as a page names it."""
    found = re.search(r'<link rel="stylesheet" href="([^"]+console\.css[^"]*)"', page_of(app))
    assert found is not None
    return found[1]


def page_of(app: Flask) -> str:
    return app.test_client().get("/console/login").text


def test_the_styles_are_kept_for_good_and_come_compressed(app: Flask, styles: str) -> None:
    plain = app.test_client().get(styles)
    small = app.test_client().get(styles, headers={"Accept-Encoding": "gzip"})
    assert plain.mimetype == small.mimetype == "text/css"
    assert "immutable" in small.headers["Cache-Control"] and small.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(small.data) == plain.data and len(small.data) < len(plain.data) / 3


def test_an_address_of_another_version_is_not_kept(app: Flask, styles: str) -> None:
    for path in (styles.partition("?")[0], f"{styles}0"):
        answer = app.test_client().get(path)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize("name", ["none.css", "..", "%2e%2e", "console.css%00", "..%2fpages.py"])
def test_nothing_else_is_served(app: Flask, name: str) -> None:
    assert app.test_client().get(f"/console/static/{name}").status_code in (303, 404)

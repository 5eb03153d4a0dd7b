"""Somebody of the cast in front of the console."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from tests.server.cast import PASSWORD
from tests.stories.field import Field


def at_the_console(field: Field, name: str) -> FlaskClient:
    client = field.app.test_client()
    found = re.search(r'name="form_token" value="([^"]+)"', client.get("/console/login").text)
    assert found is not None
    form = {"name": name, "password": PASSWORD, "form_token": found[1]}
    assert client.post("/console/login", data=form).status_code == 303
    return client

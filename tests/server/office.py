"""Two administrators in front of the console, without a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.actions.accounts.manage_users import NewUser
from server.base.db import write
from server.console.pages import COOKIE
from server.models.scope import fresh_scope
from tests.server.cast import PASSWORD, Cast, _user
from tests.stages import reach, reach_reference

DEPUTY = NewUser("deputy", "admin", PASSWORD, "管理员二")


@dataclass
class Seat:
    """A user's browser. `send` fills in the form on a page, as the page has it, and what is given."""

    client: FlaskClient

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(f"/console/{path}")
        assert answer.status_code == status, answer.text
        return answer.text

    def send(self, page: str, to: str | None = None, /, **fields: object) -> TestResponse:
        """Send the form of `page`; `to`: where it goes, if not to the page itself."""
        marks = marks_of(self.get(page))
        return self.client.post(f"/console/{to or page}", data={**marks, **fields})


@dataclass
class Office:
    app: Flask
    cast: Cast

    def seat(self, name: str) -> Seat:
        client = self.app.test_client()
        client.set_cookie(COOKIE, self.cast.client(name).token, path="/console")
        return Seat(client)


def marks_of(page: str) -> dict[str, str]:
    """The hidden fields of the last form of a page: the first one logs out."""
    found = {}
    for name in ("form_token", "form_key"):
        found[name] = re.findall(rf'name="{name}" value="([^"]+)"', page)[-1]
    return found


def refusal_of(answer: TestResponse) -> str:
    """The code of the problem that a page shows."""
    found = re.search(r'data-code="(\w+)"', answer.text)
    return found[1] if found else ""


def add_deputy(app: Flask, cast: Cast) -> None:
    """A second administrator."""
    cast.users["deputy"] = reach(app, "deputy", lambda: _add_deputy(app))


def _add_deputy(app: Flask) -> str:
    deputy = _user(DEPUTY)
    with app.app_context(), write() as session:
        session.add(deputy)
        session.flush()
        session.add(fresh_scope("user", deputy.id))
    return deputy.id


@pytest.fixture
def office(app: Flask, cast: Cast) -> Office:
    """The cast with a second administrator, and reference data."""
    reach_reference(app)
    add_deputy(app, cast)
    return Office(app, cast)

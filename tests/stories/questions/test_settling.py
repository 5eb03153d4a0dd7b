"""Contested values and refused entries wait for a decision and are settled once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from schemas.certificates import person_check_character
from server.actions.audit.rebuild import check_scope
from server.base.db import read
from server.models import Contest, Quarantine
from tests.server.cast import PASSWORD, Cast
from tests.stories.field import WORKER, Field


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return Field(cast, tmp_path)


def contested_worker(field: Field) -> str:
    """Two inspectors give one worker two teams without knowing of each other; gives the record."""
    first = field.tablet("one")
    worker = first.add(field.scope, "worker", WORKER)
    assert first.sync().ok
    second = field.tablet("another", field.second_inspector())
    first.edit(field.scope, worker, {"team": "木工班"})
    second.edit(field.scope, worker, {"team": "瓦工班"})
    field.cast.clock.advance(1_000)
    assert first.sync().ok and second.sync().ok
    return worker


def console(field: Field, name: str) -> FlaskClient:
    client = field.app.test_client()
    page = client.get("/console/login").text
    form = {"name": name, "password": PASSWORD, "form_token": _token(page)}
    assert client.post("/console/login", data=form).status_code == 303
    return client


def _token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def choose(client: FlaskClient, choice: str, reason: str = "以身份证登记为准") -> int:
    page = client.get("/console/questions").text
    action = re.search(r'action="(/console/questions/contested/[^"]+)"', page)
    assert action is not None
    form = {"form_token": _token(page), "field": "team", "choice": choice, "reason": reason}
    return client.post(action[1], data=form).status_code


def test_what_was_lost_comes_down_masked_as_its_field_is(field: Field) -> None:
    first = field.tablet("one")
    worker = first.add(field.scope, "worker", WORKER)
    assert first.sync().ok
    second = field.tablet("another", field.second_inspector())
    number = "41070219900307002" + person_check_character("41070219900307002")
    first.edit(
        field.scope, worker, {"phone": "13911112222", "certificate_number": number, "dormitory": "1-101"}
    )
    second.edit(
        field.scope,
        worker,
        {"phone": "13833334444", "certificate_number": WORKER["certificate_number"], "dormitory": None},
    )
    field.cast.clock.advance(1_000)
    assert first.sync().ok and second.sync().ok
    with field.tablet("third") as tablet:
        (held,) = tablet.list("worker")
    lost, shown = held.body["contested_values"], str(held.body)
    assert {"phone", "dormitory"} <= set(held.body["contested"])
    assert set(lost) == {"phone", "dormitory"}
    assert len(lost["phone"]) == 1 and "****" in lost["phone"][0]
    assert lost["dormitory"] in (["1-101"], [None])
    assert not any(secret in shown for secret in ("13911112222", "13833334444", number))


@pytest.mark.parametrize(("choice", "team"), [("kept", "瓦工班"), ("other", "木工班")])
def test_a_contested_value_is_chosen_and_reaches_every_tablet(field: Field, choice: str, team: str) -> None:
    worker = contested_worker(field)
    tablet = field.tablet("third")
    (held,) = tablet.list("worker")
    assert held.body["contested"] == ["team"]
    assert held.body["contested_values"] == {"team": ["木工班"]}
    section = console(field, "section")
    page = section.get("/console/questions").text
    assert "木工班" in page and "瓦工班" in page and "检查员韩梅" in page
    assert choose(section, choice, reason=" ") == 422
    assert choose(section, choice) == 303
    assert tablet.sync().ok
    (held,) = tablet.list("worker")
    assert (held.id, held.body["team"], held.body.get("contested")) == (worker, team, None)
    assert "contested_values" not in held.body
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), read() as session:
        assert list(check_scope(session, seals, field.cast.site_a)) == []
        (contest,) = session.scalars(sa.select(Contest))
        assert contest.state == "settled" and contest.settled_entry is not None
        assert (contest.settled_by, contest.reason) == (field.cast.users["section"], "以身份证登记为准")
        assert contest.settled_ms == field.cast.clock.now_ms()
    settled = section.get("/console/questions?state=mended").text
    assert "以身份证登记为准" in settled and "质安科孙丽" in settled


def test_a_tablet_that_saw_both_settles_by_editing_and_one_that_did_not_does_not(field: Field) -> None:
    worker = contested_worker(field)
    blind = field.tablet("blind")
    seeing = field.tablet("seeing")
    blind.edit(field.scope, worker, {"dormitory": "1-101"})
    assert blind.sync().ok
    with field.app.app_context(), read() as session:
        assert session.scalar(sa.select(Contest.state)) == "open", "another field settles nothing"
    assert seeing.sync().ok
    seeing.edit(field.scope, worker, {"team": "架子班"})
    assert seeing.sync().ok
    with field.app.app_context(), read() as session:
        assert session.scalar(sa.select(Contest.state)) == "settled"


def test_a_refused_entry_is_read_without_what_names_people_and_settled_with_a_reason(field: Field) -> None:
    tablet = field.tablet("first")
    wrong = {**WORKER, "entered_on": "2030-01-01"}
    tablet.add(field.scope, "worker", wrong)
    assert tablet.sync().ok
    section = console(field, "section")
    page = section.get("/console/questions").text
    assert WORKER["certificate_number"] not in page and "411***********8104" in page
    action = re.search(r'action="(/console/questions/refused/[^"]+)"', page)
    assert action is not None
    form = {"form_token": _token(page), "state": "dismissed", "reason": ""}
    assert section.post(action[1], data=form).status_code == 422
    assert section.post(action[1], data={**form, "reason": "日期写错"}).status_code == 303
    assert section.post(action[1], data={**form, "reason": "再来一次"}).status_code == 404
    assert "日期写错" in section.get("/console/questions?state=dismissed").text
    with field.app.app_context(), read() as session:
        (row,) = session.scalars(sa.select(Quarantine))
        assert (row.state, row.settled_by) == ("dismissed", field.cast.users["section"])


@pytest.mark.parametrize("name", ["contractor", "competitor", "admin"])
def test_it_is_nobody_elses_business(field: Field, name: str) -> None:
    contested_worker(field)
    assert console(field, name).get("/console/questions").status_code == 404

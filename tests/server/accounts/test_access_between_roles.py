"""Who sees what: a contractor nothing of another contractor, a section its districts, the brigade what is flagged."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from server.base.db import write
from server.models import Assignment, Site, User
from server.models.access import (
    may_administer,
    may_see_people,
    may_settle,
    may_unmask,
    may_upload,
    sees_signals,
    viewer_of,
)
from tests.server.cast import Cast, add_flag, identity


@pytest.fixture
def flags(app: Flask, cast: Cast) -> dict[str, str]:
    with app.app_context(), write() as session:
        made = {cast.site_a: add_flag(session, cast.site_a, "flag a")}
        return {**made, cast.site_b: add_flag(session, cast.site_b, "flag b")}


def _sites(cast: Cast, name: str) -> set[str]:
    return {site["id"] for site in cast.client(name).get("/api/v1/sites").get_json()["items"]}


def test_a_contractor_finds_nothing_of_another_by_list_by_id_or_by_filter(
    cast: Cast, flags: dict[str, str]
) -> None:
    caller = cast.client("contractor")
    assert _sites(cast, "contractor") == {cast.site_a}
    listed = caller.get("/api/v1/flags").get_json()["items"]
    assert [flag["site"]["id"] for flag in listed] == [cast.site_a]
    assert caller.get("/api/v1/flags?district=410704").get_json()["items"] == []
    for path in (f"sites/{cast.site_b}", f"sites/{cast.site_b}/windows", f"flags/{flags[cast.site_b]}"):
        assert caller.get(f"/api/v1/{path}").status_code == 404, path


def test_what_is_forbidden_answers_exactly_like_what_is_absent(cast: Cast, flags: dict[str, str]) -> None:
    caller = cast.client("contractor")
    for noun, there in (("sites", cast.site_b), ("flags", flags[cast.site_b])):
        forbidden, absent = (caller.get(f"/api/v1/{noun}/{key}") for key in (there, identity("nothing")))
        assert forbidden.status_code == absent.status_code == 404
        assert forbidden.get_data() == absent.get_data()


def test_a_contractor_does_not_learn_who_else_works_at_the_site(cast: Cast) -> None:
    shown = cast.client("contractor").get(f"/api/v1/sites/{cast.site_a}").get_json()
    assert [company["name"] for company in shown["companies"]] == ["甲建筑"]


def test_each_role_sees_its_own_sites(cast: Cast, flags: dict[str, str]) -> None:
    both = {cast.site_a, cast.site_b}
    seen = {name: _sites(cast, name) for name in cast.users}
    assert seen == {
        "inspector": {cast.site_a},
        "contractor": {cast.site_a},
        "competitor": {cast.site_b},
        "section": {cast.site_a},
        "brigade": both,
        "company": set(),
        "admin": both,
    }


def test_the_brigade_does_not_see_a_site_that_was_never_flagged(cast: Cast) -> None:
    assert _sites(cast, "brigade") == set()


def test_a_company_sees_the_sites_that_it_operates_or_is_assigned_and_judges_nothing(
    app: Flask, cast: Cast, flags: dict[str, str]
) -> None:
    company = cast.client("company")
    assert company.get("/api/v1/flags").get_json()["items"] == []
    with app.app_context(), write() as session:
        session.get_one(Site, cast.site_a).unit = "shizheng"
    assert _sites(cast, "company") == {cast.site_a}
    assert [flag["id"] for flag in company.get("/api/v1/flags").get_json()["items"]] == [flags[cast.site_a]]
    with app.app_context(), write() as session:
        mine = Assignment(site_id=cast.site_b, user_id=cast.users["company"], since_ms=1)
        session.add(mine)
        viewer = viewer_of(session, session.get_one(User, cast.users["company"]))
    assert _sites(cast, "company") == {cast.site_a, cast.site_b}
    rights = (sees_signals, may_settle, may_unmask, may_see_people, may_upload, may_administer)
    assert not any(right(viewer) for right in rights)


def test_the_brigade_of_a_unit_that_does_not_review_is_no_brigade(app: Flask, cast: Cast, flags: Any) -> None:
    with app.app_context(), write() as session:
        session.get_one(User, cast.users["brigade"]).unit = "shizheng"
    assert _sites(cast, "brigade") == set()
    assert cast.client("brigade").get("/api/v1/flags").get_json()["items"] == []


def test_a_section_without_districts_sees_all_of_them(app: Flask, cast: Cast, flags: dict[str, str]) -> None:
    with app.app_context(), write() as session:
        session.get_one(User, cast.users["section"]).district = None
    assert _sites(cast, "section") == {cast.site_a, cast.site_b}


def test_an_assignment_that_ended_shows_nothing_any_more(app: Flask, cast: Cast) -> None:
    with app.app_context(), write() as session:
        session.get_one(Assignment, (cast.site_a, cast.users["inspector"])).ended_ms = 1
    assert _sites(cast, "inspector") == set()


def test_devices_are_the_administrators_alone(cast: Cast) -> None:
    answers = {name: cast.client(name).get("/api/v1/devices").status_code for name in cast.users}
    assert answers.pop("admin") == 200
    assert set(answers.values()) == {403}

"""Who may see the people of a site, and which of their data."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.rosters.list_people import LOOKUPS_PER_HOUR, ShownPerson, count_lookup, page_of_people
from server.base.db import read, write
from server.base.problems import Problem
from server.models import Disclosure, User
from server.models.access import viewer_of
from server.models.paging import Slice
from tests.server.cast import Cast
from tests.server.rosters.people import person
from tests.stages import reach_reference
from tests.stories.rosters.uploads import commit, people_file, preview, read_at_once


@pytest.fixture
def desk(app: Flask, cast: Cast) -> Cast:
    """Company A's people at site A; the third has left."""
    reach_reference(app)
    read_at_once(cast)
    contractor = cast.client("contractor")
    people = people_file(person(1), replace(person(2), team="木工班"), person(3))
    commit(contractor, preview(contractor, cast.site_a, people))
    part = preview(contractor, cast.site_a, people_file(person(1), person(2)))
    commit(contractor, part, absent="exit", exited_on="2026-11-20")
    return cast


def _seen(
    desk: Cast, name: str, text: str = "", start: int = 0, limit: int = 10
) -> tuple[list[ShownPerson], int]:
    with desk.app.app_context(), read() as session:
        viewer = viewer_of(session, session.get_one(User, desk.users[name]))
        seals = desk.app.extensions["gongdi"].seals
        return page_of_people(session, seals, viewer, desk.site_a, text, Slice(start, limit))


@pytest.mark.parametrize("name", ["contractor", "section", "inspector"])
def test_numbers_are_masked_and_who_left_comes_last(desk: Cast, name: str) -> None:
    people, total = _seen(desk, name)
    assert total == 3
    assert (people[-1].name, people[-1].exited_on) == (person(3).name, "2026-11-20")
    text = str(people)
    assert all(person(n).certificate_number not in text for n in (1, 2, 3)) and person(1).phone not in text


@pytest.mark.parametrize("name", ["competitor", "admin"])
def test_for_others_there_is_no_such_list(desk: Cast, name: str) -> None:
    with pytest.raises(Problem) as caught:
        _seen(desk, name)
    assert caught.value.status == 404


def test_a_page_is_a_part_and_says_how_many_there_are(desk: Cast) -> None:
    everybody, _ = _seen(desk, "section")
    assert _seen(desk, "section", start=1, limit=1) == (everybody[1:2], 3)
    assert _seen(desk, "section", start=9) == ([], 3)


def test_no_part_of_a_number_that_is_masked_finds_anybody(desk: Cast) -> None:
    number, phone = person(1).certificate_number, person(1).phone
    assert [one.name for one in _seen(desk, "section", number)[0]] == [person(1).name]
    assert _seen(desk, "section", f" {number[-4:].lower()} ")[1] >= 1
    for part in (number[:6], number[6:14], number[-5:], phone[3:7]):
        assert _seen(desk, "section", part) == ([], 0)


def _look_up(desk: Cast, name: str, text: str) -> None:
    with desk.app.app_context(), write() as session:
        viewer = viewer_of(session, session.get_one(User, desk.users[name]))
        count_lookup(session, viewer, desk.site_a, text, desk.clock.now_ms())


def test_whole_numbers_are_looked_up_so_often_and_each_is_kept(desk: Cast) -> None:
    number = person(1).certificate_number
    for text in ("王", number[-4:], "zhangxiaoming", ""):
        for _ in range(LOOKUPS_PER_HOUR + 1):
            _look_up(desk, "section", text)
    for _ in range(LOOKUPS_PER_HOUR):
        _look_up(desk, "section", number)
    with pytest.raises(Problem) as caught:
        _look_up(desk, "section", f" {number.lower()} ")
    assert (caught.value.status, caught.value.code) == (429, "rate_limited")
    _look_up(desk, "inspector", number)
    with desk.app.app_context(), read() as session:
        kept = session.scalars(sa.select(Disclosure.user_id)).all()
    assert kept.count(desk.users["section"]) == LOOKUPS_PER_HOUR
    desk.clock.advance(3_600_000)
    _look_up(desk, "section", number)

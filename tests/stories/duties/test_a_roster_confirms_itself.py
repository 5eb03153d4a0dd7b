"""Who uploads and commits a whole roster has confirmed it (ROSTER): no confirmation on the tablet is asked in addition."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.verify_log import verify_scope
from server.base.db import read, write
from server.models.roster import Roster
from server.models.scope import Scope
from tests.server.cast import Cast
from tests.server.rosters.people import person
from tests.stories.duties.modes import NEXT_MONDAY, SUNDAY, Asked, asked_site
from tests.stories.rosters.uploads import commit, people_file, preview, read_at_once

TUESDAY = "2026-11-24"


@pytest.fixture
def asked(app: Flask, cast: Cast, tmp_path: Path) -> Asked:
    read_at_once(cast)
    found = asked_site(app, cast, tmp_path)
    found.tick("10:00", SUNDAY)
    return found


def upload(asked: Asked, is_committed: bool = True) -> None:
    """The contractor's whole roster."""
    caller, site = asked.field.cast.client("contractor"), asked.field.cast.site_a
    shown = preview(caller, site, people_file(person(1), person(2)))
    if is_committed:
        assert commit(caller, shown)["state"] == "committed"


def test_a_committed_roster_meets_its_week(asked: Asked) -> None:
    asked.now("10:00", TUESDAY)
    upload(asked)
    asked.tick("10:01", TUESDAY)
    assert asked.state("ROSTER") == ("met", None)
    assert asked.differences() == []


def faults(asked: Asked) -> list[str]:
    app = asked.field.app
    with app.app_context(), read() as session:
        scope = session.get_one(Scope, asked.field.cast.site_a)
        return [fault.what for fault in verify_scope(session, app.extensions["gongdi"].seals, scope)]


def test_the_log_is_whole_as_long_as_there_is_a_committed_roster_behind_the_week(asked: Asked) -> None:
    asked.now("10:00", TUESDAY)
    upload(asked)
    asked.tick("10:01", TUESDAY)
    assert faults(asked) == []
    with asked.field.app.app_context(), write() as session:
        session.execute(sa.update(Roster).values(state="preview"))
    assert faults(asked) == ["the window is done, and nothing in the log did it"]


def test_one_that_was_only_looked_at_meets_nothing(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    asked.now("10:00", TUESDAY)
    upload(asked, is_committed=False)
    asked.report(tablet, "10:00", NEXT_MONDAY)
    assert asked.state("ROSTER") == ("missed", "not_done")


def test_a_silent_week_is_met_by_the_roster_that_was_committed_in_it(asked: Asked) -> None:
    asked.now("10:00", TUESDAY)
    upload(asked)
    asked.tick("10:00", NEXT_MONDAY)
    assert asked.state("ROSTER") == ("met", None)


def test_the_next_week_asks_again(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    asked.now("10:00", TUESDAY)
    upload(asked)
    asked.tick("10:00", NEXT_MONDAY)
    asked.report(tablet, "10:00", "2026-12-07")
    assert asked.state("ROSTER", NEXT_MONDAY) == ("missed", "not_done")

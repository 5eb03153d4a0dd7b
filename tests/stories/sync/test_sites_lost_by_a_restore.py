"""A server was put back to a backup of before a user got a site: his tablet holds a site that the server never gave him."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from server.actions.sites.assign_site import assign_site
from server.base.db import write
from server.models import Assignment, Exchange, LogEntry, Record, Segment, Site, StreamHead, User
from server.models.scope import Scope, renew_epochs
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.wire import LOG


@pytest.fixture
def field(cast: Cast, tmp_path: Path) -> Field:
    return Field(cast, tmp_path)


def _put_back(field: Field) -> None:
    """The database is as it was before the user had the site, and before anything was written there."""
    with field.app.app_context(), write() as session:
        for table in (LogEntry, Record, Segment, StreamHead):
            session.execute(sa.delete(table).where(table.scope_id == field.cast.site_a))
        mine = Assignment.user_id == field.cast.users["inspector"]
        session.execute(sa.delete(Assignment).where(mine, Assignment.site_id == field.cast.site_a))
        session.execute(sa.update(Exchange).values(receipt=sa.null()))
        session.execute(
            sa.update(Scope).where(Scope.scope_id == field.cast.site_a).values(seq=0, line_tally=None)
        )
        renew_epochs(session)


def test_a_tablet_that_wrote_nothing_there_lets_the_site_go(field: Field) -> None:
    tablet = field.tablet("tablet")
    assert field.scope in tablet.scopes()
    _put_back(field)
    report = tablet.sync()
    assert report.pull is not None and report.pull.gone == [field.scope]
    assert field.scope not in tablet.scopes()


def test_a_tablet_that_wrote_there_keeps_it_and_sends_it_again_when_the_site_is_his_again(
    field: Field,
) -> None:
    tablet = field.tablet("tablet")
    entry = tablet.add(field.scope, "disinfection_log", LOG)
    assert tablet.sync().ok
    _put_back(field)
    for _ in range(2):
        report = tablet.sync()
        assert report.pull is not None and report.pull.leaving == [field.scope]
    with field.app.app_context(), write() as session:
        user = session.get_one(User, field.cast.users["inspector"])
        site = session.get_one(Site, field.cast.site_a)
        assign_site(session, field.app.extensions["gongdi"].seals, user, site, field.cast.clock.now_ms())
    assert tablet.sync().ok and tablet.sync().ok
    with field.app.app_context(), write() as session:
        assert session.get_one(LogEntry, (field.cast.site_a, entry)).outcome == "applied"

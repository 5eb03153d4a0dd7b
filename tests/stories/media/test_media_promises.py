"""Promises follow from the log: they are there when an entry took effect, and a rebuild brings them back."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from server.actions.audit.rebuild import check_scope, repair_scope
from server.base.db import read, write
from server.models import MediaPromise
from server.workflows.scheduler import tick
from tests.server.cast import Cast
from tests.stories.photos import Photographer, picture, sha256
from tests.stories.wire import LOG

DATA = picture()
MEDIA = [{"sha256": sha256(DATA), "bytes": len(DATA), "type": "image/jpeg"}]
DAY_MS = 24 * 3_600_000


@pytest.fixture
def photographer(cast: Cast, tmp_path: Path) -> Photographer:
    return Photographer(cast, tmp_path)


def _promises(photographer: Photographer) -> int:
    with photographer.cast.app.app_context(), read() as session:
        return session.query(MediaPromise).count()


def test_a_photo_that_an_entry_names_twice_is_promised_once(photographer: Photographer) -> None:
    photographer.promise(DATA, DATA)
    assert _promises(photographer) == 1


def test_an_entry_that_is_refused_promises_nothing(photographer: Photographer) -> None:
    wire = photographer.wire
    (outcome,) = wire.outcomes(wire.line(media=MEDIA, body={"no": "such field"}))
    assert outcome["outcome"] == "refused"
    assert photographer.create(DATA).get_json()["code"] == "media_not_promised"


def test_an_entry_that_waits_promises_until_it_is_refused(photographer: Photographer) -> None:
    wire, nobody = photographer.wire, str(uuid.uuid4())
    edit = wire.line("worker", {"team": "木工班"}, act="edit", record=nobody, base=1, media=MEDIA)
    (outcome,) = wire.outcomes(edit)
    assert outcome["outcome"] == "held"
    assert photographer.create(DATA).status_code == 201
    photographer.cast.clock.advance(6 * DAY_MS)
    tick(photographer.cast.app, photographer.cast.clock.now_ms())
    assert _promises(photographer) == 0


def test_the_log_says_what_was_promised_and_a_rebuild_brings_it_back(photographer: Photographer) -> None:
    wire, app, site = photographer.wire, photographer.cast.app, photographer.cast.site_a
    photographer.promise(DATA)
    wire.outcomes(wire.line(media=MEDIA, body=LOG, needs=[str(uuid.uuid4())]))
    assert _promises(photographer) == 2
    seals = app.extensions["gongdi"].seals
    with app.app_context(), write() as session:
        assert list(check_scope(session, seals, site)) == []
        session.execute(sa.delete(MediaPromise))
    with app.app_context(), write() as session:
        assert {found.what for found in check_scope(session, seals, site)} == {"promise"}
        assert repair_scope(session, seals, site, photographer.cast.clock.now_ms()) == 2
        assert list(check_scope(session, seals, site)) == []
    assert _promises(photographer) == 2

"""A contractor at a desk: reference data is loaded, and an uploaded file is read at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from server.actions.reference.load_reference import load_reference
from server.base.db import write
from tests.server.cast import Caller, Cast
from tests.stories.rosters.uploads import read_at_once


@pytest.fixture
def desk(app: Flask, cast: Cast) -> Iterator[Cast]:
    with app.app_context(), write() as session:
        load_reference(session, app.extensions["gongdi"].seals, cast.clock.now_ms())
    read_at_once(cast)
    yield cast


@pytest.fixture
def contractor(desk: Cast) -> Caller:
    return desk.client("contractor")

"""The contractor at a desk, whose files are read at once."""

from __future__ import annotations

import pytest
from flask import Flask

from server.actions.reference.load_reference import load_reference
from server.base.db import write
from tests.server.cast import Caller, Cast
from tests.stories.rosters.uploads import (
    read_at_once,
)


@pytest.fixture
def desk(app: Flask, cast: Cast) -> Cast:
    """The cast, with reference data, and files that are read at once."""
    with app.app_context(), write() as session:
        load_reference(session, app.extensions["gongdi"].seals, cast.clock.now_ms())
    read_at_once(cast)
    return cast


@pytest.fixture
def contractor(desk: Cast) -> Caller:
    return desk.client("contractor")

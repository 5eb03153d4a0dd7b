"""The contractor at a desk, whose files are read at once."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.server.cast import Caller, Cast
from tests.stages import reach_reference
from tests.stories.rosters.uploads import (
    read_at_once,
)


@pytest.fixture
def desk(app: Flask, cast: Cast) -> Cast:
    """The cast, with reference data, and files that are read at once."""
    reach_reference(app)
    read_at_once(cast)
    return cast


@pytest.fixture
def contractor(desk: Cast) -> Caller:
    return desk.client("contractor")

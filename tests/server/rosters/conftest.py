"""A contractor at a desk: reference data is loaded, and an uploaded file is read at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.server.cast import Caller, Cast
from tests.stages import reach_reference
from tests.stories.rosters.uploads import read_at_once


@pytest.fixture
def desk(app: Flask, cast: Cast) -> Iterator[Cast]:
    reach_reference(app)
    read_at_once(cast)
    yield cast


@pytest.fixture
def contractor(desk: Cast) -> Caller:
    return desk.client("contractor")

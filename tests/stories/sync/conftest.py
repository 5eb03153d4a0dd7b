"""What stories of the protocol begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.base.seal import Seals
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.wire import WireDevice


@pytest.fixture
def device(cast: Cast, tmp_path: Path) -> WireDevice:
    return WireDevice(Field(cast, tmp_path))


@pytest.fixture
def seals(cast: Cast) -> Seals:
    kept: Seals = cast.app.extensions["gongdi"].seals
    return kept

"""The story of one erasure."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from tests.server.cast import Cast
from tests.server.office import office
from tests.stories.erasure.cast import Story

__all__ = ["office", "story"]


@pytest.fixture
def story(app: Flask, cast: Cast, tmp_path: Path) -> Story:
    made = Story(cast, tmp_path)
    assert made.faults() == []
    return made

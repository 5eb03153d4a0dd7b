from __future__ import annotations

import pytest
from flask import Flask

from tests.server.cast import Cast
from tests.stages import reach_reference
from tests.stories.gates.vendor import Gate


@pytest.fixture
def gate(app: Flask, cast: Cast) -> Gate:
    """Site A with its roster, and a gate with a key."""
    reach_reference(app)
    made = Gate(app, cast)
    made.now("06:00")
    made.enrol_people()
    made.let_in()
    made.now("07:30")
    return made

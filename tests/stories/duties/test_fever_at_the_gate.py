"""A person who was turned away at the gate with a fever was not on site: no morning reading is required."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from server.rules.calendar import instant_ms
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import DAY, at, planned_field
from tests.stories.slots import windows

OTHER = {**WORKER, "name": "李四", "certificate_number": "410711199003070018"}


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@pytest.mark.parametrize(("comes_back", "becomes"), [(False, ("met", 1)), (True, ("missed", 2))])
def test_only_who_came_in_has_to_be_measured(
    field: Field, comes_back: bool, becomes: tuple[str, int]
) -> None:
    tablet = field.tablet("first")
    field.cast.clock.set(instant_ms(DAY, "06:00"))
    well, ill = (tablet.add(field.scope, "worker", body) for body in (WORKER, OTHER))
    _passes(field, tablet, well, "in")
    _measure(field, tablet, well, 36.5, "before_work")
    _measure(field, tablet, ill, 38.4, "entry")
    _measure(field, tablet, ill, 38.2, "retest")
    _passes(field, tablet, ill, "out")
    if comes_back:
        field.cast.clock.advance(1_200_000)
        _passes(field, tablet, ill, "in")
    field.cast.clock.set(instant_ms(DAY, "12:40"))
    assert tablet.sync().ok
    at(field, "12:41")
    morning = windows(field, "TEMP")["before_work"]
    assert (morning.state, morning.need) == becomes


def _passes(field: Field, tablet: Tablet, worker: str, direction: str) -> None:
    field.cast.clock.advance(60_000)
    body = {"worker": worker, "direction": direction, "method": "manual"}
    tablet.add(field.scope, "gate_pass", body, needs=[worker])


def _measure(field: Field, tablet: Tablet, worker: str, celsius: float, slot: str) -> None:
    field.cast.clock.advance(300_000)
    body = {"worker": worker, "celsius": celsius, "point": "gate", "slot": slot}
    tablet.add(field.scope, "temperature_check", body, needs=[worker])

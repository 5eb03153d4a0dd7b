"""Several duties may ask for one kind of record: each is met at its own sites, and one record may serve two."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from server.base.db import write
from server.models import Site
from server.rules.calendar import instant_ms
from tests.server.cast import Cast
from tests.server.reference_files import Files, copied_files
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, at, planned_field
from tests.stories.slots import LOG, windows


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    return copied_files(tmp_path, monkeypatch)


def _second_duty(files: Files, **changes: object) -> None:
    """Another duty whose evidence is the disinfection log, in the last place of the file."""
    files.add(
        "duties", {**files.row("duties", "DISINFECT"), "code": "DISINFECT-2", "name": "另一消毒", **changes}
    )
    slots = files.row("duty_slots", "DISINFECT:normal")
    files.add("duty_slots", {**slots, "code": "DISINFECT-2:normal", "duty": "DISINFECT-2"})


@pytest.mark.parametrize("kind", ["construction", "park"])
def test_a_parks_own_duty_takes_nothing_from_a_building_site(
    app: Flask, cast: Cast, files: Files, tmp_path: Path, kind: str
) -> None:
    files.add("site_kinds", {**files.row("site_kinds", "construction"), "code": "park", "name": "公园"})
    _second_duty(files, site_kinds=["park"])
    with app.app_context(), write() as session:
        session.get_one(Site, cast.site_a).kind = kind
    field = planned_field(app, cast, tmp_path)
    _disinfect(field)
    asked = "DISINFECT-2" if kind == "park" else "DISINFECT"
    for duty in ("DISINFECT", "DISINFECT-2"):
        found = windows(field, duty=duty, local_date=DAY)
        assert (found["morning"].state if found else None) == ("met" if duty == asked else None)


def test_one_record_serves_every_duty_that_asks_for_it(
    app: Flask, cast: Cast, files: Files, tmp_path: Path
) -> None:
    _second_duty(files)
    field = planned_field(app, cast, tmp_path)
    _disinfect(field)
    for duty in ("DISINFECT", "DISINFECT-2"):
        assert windows(field, duty=duty, local_date=DAY)["morning"].state == "met"


def _disinfect(field: Field) -> None:
    tablet = field.tablet("first")
    field.cast.clock.set(instant_ms(DAY, "08:00"))
    tablet.add(field.scope, "disinfection_log", LOG)
    field.cast.clock.set(instant_ms(DAY, "12:40"))
    assert tablet.sync().ok
    at(field, "12:41")

"""A published form names a place: by its kind at first, by its id from version 2 on. Each pond is asked for itself."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from server.actions.sites.assign_site import assign_site
from server.actions.sites.register_site import NewSite, register_site
from server.base.db import read, write
from server.models import Record, User, Window
from server.models.scope import scope_name
from server.workflows.scheduler import tick
from tests.server.cast import identity
from tests.stories.field import Field
from tests.stories.forms.conftest import Run, field, run
from tests.stories.forms.workbooks import LABEL, pond, workbook
from tests.stories.places.cast import header
from tests.stories.wire import WireDevice

__all__ = ["field", "run"]

EAST, WEST = identity("东湖"), identity("西湖")
BY_ID = {
    "survey_2": {
        "type": "select_one_from_file places.csv",
        "name": "place_id",
        LABEL: "池塘",
        "choice_filter": "kind = 'pond'",
    }
}


@pytest.fixture
def site(field: Field, run: Run, tmp_path: Path) -> str:
    """A park with two ponds, given to the inspector, where the form is published in both versions."""
    first = run("form", "publish", str(workbook(tmp_path / "1.xlsx", pond())))
    assert first.exit_code == 0, first.output
    sheets = pond(2, **BY_ID)
    second = run("form", "publish", str(workbook(tmp_path / "2.xlsx", sheets)))
    assert second.exit_code == 0, second.output
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    with field.app.app_context(), write() as session:
        named = {"name": "人民公园", "kind": "park", "district": "410702", "unit": "zhian"}
        places = [{"kind": "pond", "name": "东湖", "id": EAST}, {"kind": "pond", "name": "西湖", "id": WEST}]
        new = NewSite(**named, stage="building", inhabited=False, places=places)
        made = register_site(session, seals, now_ms, new)
        assign_site(session, seals, session.get_one(User, field.cast.users["inspector"]), made, now_ms)
    tick(field.app, now_ms)
    with field.app.app_context(), read() as session:
        opens = sa.select(sa.func.min(Window.opens_ms))
        opens_ms = session.scalar(opens.where(Window.scope_id == made.id, Window.state == "open"))
    assert opens_ms is not None
    field.cast.clock.advance(max(0, opens_ms + 60_000 - field.cast.clock.now_ms()))
    return made.id


def _states(field: Field, site: str, slot_of: str) -> dict[str | None, str]:
    """The windows of the slot in which this record is, by place."""
    with field.app.app_context(), read() as session:
        at_ms = session.get_one(Record, (site, slot_of)).event_ms or 0
        rows = session.scalars(
            sa.select(Window).where(
                Window.scope_id == site, Window.opens_ms <= at_ms, Window.closes_ms > at_ms
            )
        )
        return {row.place_id: row.state for row in rows}


def _faults(run: Run) -> list[str]:
    proved = [run(*command) for command in (("verify-log",), ("rebuild", "--check"))]
    return [one.output for one in proved if one.exit_code]


def test_a_record_by_id_meets_the_window_of_its_pond_alone(field: Field, run: Run, site: str) -> None:
    tablet, scope = field.tablet("first"), scope_name("site", site)
    entry = tablet.add(scope, "pond_round", {"place_id": WEST, "look": "clear"})
    assert tablet.sync().ok and tablet.refused() == []
    assert _states(field, site, entry) == {EAST: "open", WEST: "met"}
    with field.app.app_context(), read() as session:
        assert session.get_one(Record, (site, entry)).subject == WEST
    assert _faults(run) == []


def test_a_record_of_the_version_before_means_what_its_kind_leaves(field: Field, run: Run, site: str) -> None:
    device, scope = WireDevice(field), scope_name("site", site)
    entry = str(uuid.uuid4())
    old = device.line("pond_round", {"place": "pond", "look": "clear"}, scope=scope, form=1, id=entry)
    new = device.line("pond_round", {"place_id": EAST, "look": "clear"}, scope=scope, form=2)
    assert [one["outcome"] for one in device.outcomes(old, new, header=header(device))] == ["applied"] * 2
    assert _states(field, site, entry) == {EAST: "met", WEST: "review"}
    both = device.line(
        "pond_round", {"place": "pond", "place_id": WEST, "look": "clear"}, scope=scope, form=1
    )
    assert device.outcomes(both, header=header(device))[0]["outcome"] == "applied"
    assert _states(field, site, entry) == {EAST: "met", WEST: "met"}
    assert _faults(run) == []


def test_a_pond_that_the_site_has_not_is_waited_for(field: Field, run: Run, site: str) -> None:
    device, scope = WireDevice(field), scope_name("site", site)
    known, lost = (
        device.line("pond_round", {"place_id": place, "look": "clear"}, scope=scope, form=2, id=key)
        for place, key in ((EAST, identity("known")), (identity("lost"), identity("unknown")))
    )
    outcomes = device.outcomes(known, lost, header=header(device))
    assert [one["outcome"] for one in outcomes] == ["applied", "held"]
    assert _states(field, site, identity("known")) == {EAST: "met", WEST: "review"}
    assert _faults(run) == []

"""A kind of place, a kind of site and a threshold are data: loaded into a fresh database, or into one in which tablets have
worked for a day, they take effect without a line of code."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.rebuild import check_scope
from server.actions.reference.load_reference import load_reference
from server.actions.sites.assign_site import assign_site
from server.actions.sites.register_site import NewSite, register_site
from server.base.db import read, write
from server.base.problems import Problem
from server.models import LogEntry, Quarantine, User, Window
from server.rules.calendar import local_date_of
from server.workflows.scheduler import tick
from tests.server.cast import Cast
from tests.server.reference_files import Files, Row, copied_files
from tests.stories.field import WORKER, Field

LOG = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}
FRESH_AND_USED = pytest.mark.parametrize("used", [False, True], ids=["fresh", "used"])


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    return copied_files(tmp_path, monkeypatch)


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return Field(cast, tmp_path)


def _load(field: Field) -> None:
    with field.app.app_context(), write() as session:
        load_reference(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())
    field.cast.clock.advance(60_000)


def _tick(field: Field) -> None:
    tick(field.app, field.cast.clock.now_ms())
    field.cast.clock.advance(60_000)


def _use(field: Field) -> None:
    """A database in use: reference data, windows of the day, and a tablet whose log met one."""
    _load(field)
    _tick(field)
    tablet = field.tablet("of before")
    tablet.add(field.scope, "disinfection_log", LOG)
    assert tablet.sync().ok
    _tick(field)
    assert _states(field, field.cast.site_a, "canteen") != {"open"}


def _register(field: Field, kind: str, *places: Row) -> str:
    """A new site, assigned to the inspector."""
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    about = {"district": "410702", "unit": "zhian", "stage": "building", "inhabited": True}
    with field.app.app_context(), write() as session:
        site = register_site(
            session, seals, now_ms, NewSite(name="人民公园", kind=kind, places=places, **about)
        )  # type: ignore[arg-type]
        assign_site(session, seals, session.get_one(User, field.cast.users["inspector"]), site, now_ms)
        site_id = site.id
    field.cast.clock.advance(1_000)
    return site_id


def _states(field: Field, site_id: str, place: str) -> set[str]:
    """The states of today's windows of disinfection at a kind of place."""
    today = local_date_of(field.cast.clock.now_ms())
    query = sa.select(Window.state).where(
        *(Window.scope_id == site_id, Window.duty == "DISINFECT", Window.place == place),
        *(Window.local_date == today, Window.state != "void"),
    )
    with field.app.app_context(), read() as session:
        return set(session.scalars(query))


def _await_window(field: Field, site_id: str) -> None:
    """Until the first window of a new site, which begins after it was registered, has been open for a minute."""
    with field.app.app_context(), read() as session:
        opens_ms = session.scalar(sa.select(sa.func.min(Window.opens_ms)).where(Window.scope_id == site_id))
    field.cast.clock.advance(max(0, (opens_ms or 0) + 60_000 - field.cast.clock.now_ms()))


def _refusals(field: Field) -> list[str]:
    """The fields for which entries were refused."""
    with field.app.app_context(), read() as session:
        rows = session.scalars(sa.select(Quarantine).order_by(Quarantine.at_ms))
        return [pointer for row in rows for pointer in row.errors]


def _add_pump_houses(files: Files, today: str) -> None:
    """Pump houses are disinfected from today on."""
    canteen, duty = files.row("place_kinds", "canteen"), files.row("duties", "DISINFECT")
    files.add("place_kinds", {**canteen, "code": "pump_house", "name": "泵房", "living": False})
    files.add_version("duties", "DISINFECT", today, places=[*duty["places"], "pump_house"])


@FRESH_AND_USED
def test_a_kind_of_place_is_asked_for_and_recorded(field: Field, files: Files, used: bool) -> None:
    if used:
        _use(field)
    _add_pump_houses(files, local_date_of(field.cast.clock.now_ms()))
    _load(field)
    site_id = _register(field, "construction", {"kind": "pump_house", "name": "一号泵房"})
    _tick(field)
    assert "open" in _states(field, site_id, "pump_house")
    _await_window(field, site_id)
    tablet = field.tablet("one")
    tablet.add(f"site:{site_id}", "disinfection_log", {**LOG, "place": "pump_house"})
    assert tablet.sync().ok
    _tick(field)
    assert _states(field, site_id, "pump_house") & {"met", "done_late"}
    assert _refusals(field) == []
    with field.app.app_context(), read() as session:
        assert list(check_scope(session, field.app.extensions["gongdi"].seals, site_id)) == []


def test_a_place_that_no_list_has_is_refused_as_it_ever_was(field: Field, files: Files) -> None:
    _load(field)
    tablet = field.tablet("one")
    entry = tablet.add(field.scope, "disinfection_log", {**LOG, "place": "pump_house"})
    tablet.sync()
    with field.app.app_context(), read() as session:
        (refused,) = session.scalars(sa.select(Quarantine).where(Quarantine.entry_id == entry))
        shipped = "dormitory, canteen, toilet, bathroom, rest_room, office, gate, isolation_room"
        assert (refused.code, refused.errors) == (
            "body_invalid",
            {"/body/place": [f"只能是这几个之一: {shipped}。"]},
        )


def test_a_kind_of_place_that_was_given_up_is_still_read_from_who_was_offline(
    field: Field, files: Files
) -> None:
    today = local_date_of(field.cast.clock.now_ms())
    _add_pump_houses(files, today)
    _load(field)
    tablet = field.tablet("one")
    entry = tablet.add(field.scope, "disinfection_log", {**LOG, "place": "pump_house"})
    files.change("place_kinds", "pump_house", to=local_date_of(field.cast.clock.now_ms() + 86_400_000))
    files.change("duties", "DISINFECT", places=["canteen"], goes_on=["canteen"])
    field.cast.clock.advance(2 * 86_400_000)
    _load(field)
    assert tablet.sync().ok
    with field.app.app_context(), read() as session:
        assert session.scalars(sa.select(LogEntry.outcome).where(LogEntry.id == entry)).all() == ["applied"]


@FRESH_AND_USED
def test_a_kind_of_site_has_its_duties(field: Field, files: Files, used: bool) -> None:
    if used:
        _use(field)
    today, canteen = local_date_of(field.cast.clock.now_ms()), {"kind": "canteen", "name": "东门餐厅"}
    with pytest.raises(Problem):
        _register(field, "park", canteen)
    files.add("site_kinds", {**files.row("site_kinds", "construction"), "code": "park", "name": "公园"})
    files.add_version("duties", "DISINFECT", today, site_kinds=["construction", "municipal", "park"])
    _load(field)
    site_id = _register(field, "park", canteen)
    _tick(field)
    assert "open" in _states(field, site_id, "canteen")
    query = sa.select(Window.duty).where(Window.scope_id == site_id).distinct()
    with field.app.app_context(), read() as session:
        assert session.scalars(query).all() == ["DISINFECT"], "the only duty that names parks"


@FRESH_AND_USED
def test_a_threshold_holds_from_its_day(field: Field, files: Files, used: bool) -> None:
    if used:
        _use(field)
    else:
        _load(field)
    tablet = field.tablet("one")
    tablet.add(field.scope, "worker", WORKER)
    assert tablet.sync().ok
    assert _refusals(field) == []
    files.add_version("rules", "worker_age_max", local_date_of(field.cast.clock.now_ms()), value=50)
    _load(field)
    tablet.add(field.scope, "worker", {**WORKER, "name": "王芳"})  # she was born in 1971
    tablet.sync()
    assert _refusals(field) == ["/body/certificate_number"]

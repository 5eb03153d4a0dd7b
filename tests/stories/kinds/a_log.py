"""Run by test_declared_once.py, with the kind `airing_log` (通风记录) declared in one place."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.rebuild import check_scope
from server.actions.reference.load_reference import load_reference
from server.base.db import read, write
from server.field_app.contracts import contracts
from server.models import Window
from server.workflows.scheduler import tick
from tests.server.cast import Cast, set_places
from tests.server.reference_files import copied_files
from tests.stories.field import Field
from tests.stories.kinds.desk import at_the_console

LOG = {"place": "dormitory", "method": "windows", "minutes": 20, "operator": "=王师傅"}


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return Field(cast, tmp_path)


def test_it_is_taken_from_a_tablet_and_comes_down_on_another(field: Field) -> None:
    first = field.tablet("first")
    first.add(field.scope, "airing_log", LOG)
    assert first.sync().ok
    (served,) = field.tablet("second").list("airing_log")
    assert {name: served.body[name] for name in LOG} == LOG
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), read() as session:
        assert list(check_scope(session, seals, field.cast.site_a)) == []


def test_one_that_is_wrong_is_refused_in_words(field: Field) -> None:
    tablet = field.tablet("first")
    tablet.add(field.scope, "airing_log", {**LOG, "method": "door", "minutes": 601})
    tablet.sync()
    page = at_the_console(field, "section").get("/console/questions").text
    for part in ("通风记录", "方式", "只能是这几个之一: 开窗, 风机", "时长 (分钟)", "应在 0 到 600 之间"):
        assert part in page


def test_the_console_lists_it_and_gives_it_as_a_workbook(field: Field) -> None:
    tablet = field.tablet("first")
    tablet.add(field.scope, "airing_log", LOG)
    assert tablet.sync().ok
    section, site = at_the_console(field, "section"), f"/console/sites/{field.cast.site_a}"
    assert f'href="{site}/records/airing_log">通风记录</a>' in section.get(site).text
    page = section.get(f"{site}/records/airing_log").text
    for title, text in (("方式", "开窗"), ("时长 (分钟)", "20"), ("填写人", "检查员李华")):
        assert f'<td data-label="{title}">{text}</td>' in page
    book = openpyxl.load_workbook(io.BytesIO(section.get(f"{site}/records/airing_log.xlsx").data))
    header, line = ([cell.value for cell in row] for row in book["通风记录"].iter_rows())
    found = dict(zip(header, line, strict=True))
    assert (found["方式"], found["时长 (分钟)"], found["通风人员"]) == ("开窗", 20, "=王师傅")


def test_whoever_may_not_see_the_site_gets_no_list(field: Field) -> None:
    site = f"/console/sites/{field.cast.site_a}/records"
    assert at_the_console(field, "competitor").get(f"{site}/airing_log").status_code == 404
    section = at_the_console(field, "section")
    for kind in ("temperature_check", "worker", "window", "nothing"):
        assert section.get(f"{site}/{kind}").status_code == 404
        assert section.get(f"{site}/{kind}.xlsx").status_code == 404


def test_a_duty_asks_for_it_and_a_record_meets_the_window(
    field: Field, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, clock, seals = (
        copied_files(tmp_path, monkeypatch),
        field.cast.clock,
        field.app.extensions["gongdi"].seals,
    )
    files.change("duties", "VENTILATE", evidence="airing_log")
    with field.app.app_context(), write() as session:
        load_reference(session, seals, clock.now_ms())
        set_places(session, field.cast.site_a, ("dormitory", "1 号楼"))
    tick(field.app, clock.now_ms())
    asked = (Window.scope_id == field.cast.site_a, Window.duty == "VENTILATE", Window.state == "open")
    with field.app.app_context(), read() as session:
        opens_ms = session.scalar(sa.select(sa.func.min(Window.opens_ms)).where(*asked))
    assert opens_ms is not None
    clock.advance(max(0, opens_ms + 60_000 - clock.now_ms()))
    tablet = field.tablet("first")
    entry = tablet.add(field.scope, "airing_log", LOG)
    assert tablet.sync().ok
    with field.app.app_context(), read() as session:
        states = session.scalars(sa.select(Window.state).where(Window.evidence == entry)).all()
    assert len(states) == 1 and states[0] in ("met", "done_late")


def test_the_app_offers_it() -> None:
    kind = contracts()["kinds"]["airing_log"]
    assert (kind["title"], kind["nature"], kind["icon"]) == ("通风记录", "fact", "fan")
    assert "add" in kind["acts"] and list(kind["fields"]) == ["place", "method", "minutes", "operator"]

"""A form is published while a tablet is away; the tablet comes back, has it, and its record meets the form's duty."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from server.actions.sites.assign_site import assign_site
from server.actions.sites.register_site import NewSite, register_site
from server.actions.sync.log_lines import logged_line
from server.base.db import read, write
from server.models import LogEntry, Site, User, Window
from server.models.scope import scope_name
from tests.stories.field import Field
from tests.stories.forms.conftest import Run
from tests.stories.forms.workbooks import PHOTO, pond, workbook
from tests.stories.kinds.desk import at_the_console
from tests.stories.photos import picture

ROUND = {"look": "clear", "minutes": 7}
BY_ID = {"type": "select_one_from_file places.csv", "name": "place_id", "choice_filter": "kind = 'pond'"}


def sheets_asking_for(where: str) -> dict[str, list[dict[str, Any]]]:
    """The workbook, whose form asks for the kind of a place, or for the place itself."""
    if where == "kind":
        return pond()
    sheets = pond(survey_2=BY_ID)
    sheets["choices"] = [row for row in sheets["choices"] if row["list_name"] != "place"]
    return sheets


def add_park(field: Field) -> str:
    """A park with a pond, given to the inspector."""
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    with field.app.app_context(), write() as session:
        named = {"name": "人民公园", "kind": "park", "district": "410702", "unit": "zhian"}
        places = [{"kind": "pond", "name": "东湖"}]
        new = NewSite(**named, stage="building", inhabited=False, places=places)
        site = register_site(session, seals, now_ms, new)
        user = session.get_one(User, field.cast.users["inspector"])
        assign_site(session, seals, user, site, now_ms)
        return site.id


def add_park_by_commands(run: Run, field: Field) -> str:
    """The same park, as whoever has no browser opens it."""
    for command in (
        ("site", "add", "人民公园", "--district", "410702", "--kind", "park"),
        ("place", "add", "人民公园", "pond", "东湖"),
        ("assign", "inspector", "人民公园"),
    ):
        done = run(*command)
        assert done.exit_code == 0, done.output
    with field.app.app_context(), read() as session:
        return session.scalars(sa.select(Site.id).where(Site.name == "人民公园")).one()


@pytest.mark.parametrize("where", ["kind", "id"])
def test_the_window_is_met_and_the_record_is_in_page_workbook_and_csv(
    field: Field, run: Run, tmp_path: Path, where: str
) -> None:
    tablet = field.tablet("away")
    sheets = sheets_asking_for(where)
    sheets["survey"].append(PHOTO)
    file = workbook(tmp_path / "池塘巡查.xlsx", sheets)
    assert run("form", "check", str(file)).exit_code == 0
    done = run("form", "publish", str(file))
    assert done.exit_code == 0, done.output
    site = add_park_by_commands(run, field)
    assert run("tick").exit_code == 0

    assert tablet.sync().ok
    (form,) = [item.body for item in tablet.list("form") if item.body["code"] == "pond_round"]
    assert (form["version"], form["title"]) == (1, "池塘巡查")
    assert "POND" in {item.body["code"] for item in tablet.list("duty")}
    scope = scope_name("site", site)
    with field.app.app_context(), read() as session:
        opens_ms = session.scalar(
            sa.select(sa.func.min(Window.opens_ms)).where(Window.scope_id == site, Window.state == "open")
        )
    assert opens_ms is not None
    field.cast.clock.advance(max(0, opens_ms + 60_000 - field.cast.clock.now_ms()))
    (lake,) = next(item.body["places"] for item in tablet.list("site") if item.id == site)
    photo = picture()
    digest = hashlib.sha256(photo).hexdigest()
    place = {"kind": {"place": "pond"}, "id": {"place_id": lake["id"]}}[where]
    promised = {"sha256": digest, "bytes": len(photo), "type": "image/jpeg"}
    entry = tablet.add(scope, "pond_round", {**ROUND, **place, "pictures": [digest]}, media=[promised])
    assert tablet.sync().ok and tablet.refused() == []

    with field.app.app_context(), read() as session:
        window = session.scalars(sa.select(Window).where(Window.evidence == entry)).one()
        assert (window.duty, window.state) == ("POND", "met")
        row = session.get_one(LogEntry, (site, entry))
        line = logged_line(session, field.app.extensions["gongdi"].seals, row)
        assert (row.outcome, row.form, b'"form":1' in line) == ("applied", 1, True)
    section = at_the_console(field, "section")
    page = section.get(f"/console/sites/{site}/records/pond_round").text
    for title, text in (("场所", "池塘" if where == "kind" else "东湖"), ("水面", "清洁"), ("时长", "7")):
        assert f'<td data-label="{title}">{text}</td>' in page
    book = openpyxl.load_workbook(
        io.BytesIO(section.get(f"/console/sites/{site}/records/pond_round.xlsx").data)
    )
    header, line = ([cell.value for cell in row] for row in book["池塘巡查"].iter_rows())
    assert dict(zip(header, line, strict=True))["水面"] == "清洁"
    text = section.get(f"/console/sites/{site}/records/pond_round.csv").data.decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(text))
    assert (line["水面"], line["时长"]) == ("清洁", "7")
    for command in (("verify-log",), ("rebuild", "--check")):
        proved = run(*command)
        assert proved.exit_code == 0, proved.output

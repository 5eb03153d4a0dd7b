"""Whoever writes a form can fill it in at the console, too; the server writes the entry, as it writes rosters'."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from server.actions.audit.rebuild import check_scope
from server.base.db import read, write
from server.models import LogEntry
from server.models.device import OWN_CLASS, Device
from tests.server.cast import set_places
from tests.server.office import Office, Seat, refusal_of
from tests.stories.field import WORKER, Field
from tests.stories.forms.conftest import Run
from tests.stories.forms.workbooks import LABEL, as_json, only_form
from tests.stories.photos import document, picture, sha256

POND = {"look": "clear", "minutes": "7"}


@pytest.fixture
def fill(field: Field) -> str:
    """The page of the form, at site A."""
    with field.app.app_context(), write() as session:
        set_places(session, field.cast.site_a, ("pond", "东湖"))
    return f"sites/{field.cast.site_a}/fill/pond_round"


def publish(run: Run, folder: Path, writers: str, *rows: dict[str, Any], version: int = 1) -> None:
    sheets = only_form(version)
    sheets["survey"] += rows
    sheets["gongdi"][0]["writers"] = writers
    assert run("form", "publish", str(as_json(folder / f"{version}.json", sheets))).exit_code == 0


def seat_of(field: Field, name: str) -> Seat:
    return Office(field.app, field.cast).seat(name)


def place_in(page: str) -> str:
    """The id of 东湖, as the page offers it."""
    return page.partition(">东湖</option>")[0].rpartition('value="')[2].partition('"')[0]


def test_an_official_fills_in_a_form_and_tablets_have_the_record(
    field: Field, run: Run, tmp_path: Path, fill: str
) -> None:
    publish(run, tmp_path, "section inspector")
    tablet = field.tablet("first")
    seat = seat_of(field, "section")
    assert "池塘巡查" in seat.get(f"sites/{field.cast.site_a}/fill")
    page = seat.get(fill)
    answer = seat.send(fill, place=place_in(page), why="不该有", **POND)  # hidden: dropped, as a tablet does
    assert answer.status_code == 303, answer.text
    assert "已记录" in seat.client.get(answer.headers["Location"]).text
    field.cast.clock.advance(1_000)
    assert tablet.sync().ok
    (record,) = tablet.list("pond_round")
    assert {
        name: record.body.get(name) for name in ("place", "place_id", "look", "minutes", "why", "by")
    } == {
        **{"place": "pond", "place_id": place_in(page), "look": "clear", "minutes": 7, "why": None},
        "by": field.cast.users["section"],
    }
    with field.app.app_context(), read() as session:
        row = session.get_one(LogEntry, (field.cast.site_a, record.id))
        assert (row.form, session.get_one(Device, row.device_id).device_class) == (1, OWN_CLASS)
        seals = field.app.extensions["gongdi"].seals
        assert list(check_scope(session, seals, field.cast.site_a)) == []


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(
    field: Field, run: Run, tmp_path: Path, fill: str
) -> None:
    publish(run, tmp_path, "section")
    seat = seat_of(field, "section")
    answer = seat.send(fill, look="other", minutes="601")
    assert (answer.status_code, refusal_of(answer)) == (422, "invalid_input")
    asked = answer.text.split('<div class="asked"')
    wrong = {part.partition('aria-label="')[2].partition('"')[0] for part in asked if "alert wrong" in part}
    assert wrong == {"场所", "时长", "情况"}
    assert 'value="601"' in answer.text and 'value="other" selected' in answer.text
    assert field.tablet("first").list("pond_round") == []


def test_only_its_writers_fill_it_in_and_only_at_their_sites(
    field: Field, run: Run, tmp_path: Path, fill: str
) -> None:
    publish(run, tmp_path, "section")
    for name in ("inspector", "admin"):
        seat_of(field, name).get(fill, 404)
    assert "没有由您填写的表单" in seat_of(field, "contractor").get(f"sites/{field.cast.site_a}/fill")
    seat = seat_of(field, "section")
    seat.get(fill.replace("pond_round", "worker"), 404)
    seat.get(fill.replace(field.cast.site_a, field.cast.site_b), 404)
    publish(run, tmp_path, "inspector", version=2)  # the newest version says who writes it
    seat.get(fill, 404)
    assert "第 2 版" in seat_of(field, "inspector").get(f"sites/{field.cast.site_a}/fill")


def test_photos_and_documents_come_with_it(field: Field, run: Run, tmp_path: Path, fill: str) -> None:
    image = {"type": "image", "name": "shots", LABEL: "照片", "bind::gongdi:max": 2, "required": "yes"}
    publish(run, tmp_path, "section", image, {"type": "file", "name": "report", LABEL: "报告"})
    seat = seat_of(field, "section")
    place = place_in(seat.get(fill))
    lacking = seat.send(fill, place=place, **POND)
    assert (lacking.status_code, "缺少这一项" in lacking.text) == (422, True)
    not_pdf = seat.send(fill, place=place, report=(BytesIO(b"%PDF-1.4"), "r.pdf"), **POND)
    assert refusal_of(not_pdf) == "media_unreadable"
    files = {"shots": (BytesIO(picture()), "a.jpg"), "report": (BytesIO(document()), "r.pdf")}
    answer = seat.send(fill, place=place, **files, **POND)
    assert answer.status_code == 303, answer.text
    (record,) = field.tablet("first").list("pond_round")
    assert (record.body["shots"], record.body["report"]) == ([sha256(picture())], [sha256(document())])
    shown = seat.client.get(f"/console/photos/{field.cast.site_a}/{sha256(document())}")
    assert shown.data == document()


def test_people_and_records_of_another_form_are_chosen_from_those_of_the_site(
    field: Field, run: Run, tmp_path: Path, fill: str
) -> None:
    publish(run, tmp_path, "section inspector")
    leak = only_form()
    leak["settings"][0] |= {"form_id": "leak", "form_title": "渗漏"}
    parent = {"type": "select_one_from_file pond_round.csv", "name": "of", LABEL: "巡查"}
    leak["survey"] = [
        {**parent, "bind::gongdi:role": "parent", "required": "yes"},
        {"type": "select_one_from_file workers.csv", "name": "who", LABEL: "发现人"},
        {"type": "dateTime", "name": "seen_at", LABEL: "发现时间"},
    ]
    leak["choices"], leak["gongdi"][0]["writers"] = [], "section"
    assert run("form", "publish", str(as_json(tmp_path / "leak.json", leak))).exit_code == 0
    tablet = field.tablet("first")
    worker = tablet.add(field.scope, "worker", WORKER)
    rounds = [tablet.add(field.scope, "pond_round", {"place": "pond", "look": "clear"}) for _ in range(2)]
    void = tablet.add(field.scope, "pond_round", {"place": "pond", "look": "rubbish"})
    tablet.void(field.scope, void, "录入错误")
    assert tablet.sync().ok
    field.cast.clock.advance(1_000)
    seat, page = seat_of(field, "section"), fill.replace("pond_round", "leak")
    shown = seat.get(page)
    assert f'<option value="{worker}">{WORKER["name"]}</option>' in shown
    assert [f'value="{one}"' in shown for one in (*rounds, void)] == [True, True, False]
    answer = seat.send(page, of=rounds[0], who=worker, seen_at="2026-11-23T07:30")
    assert answer.status_code == 303, answer.text
    field.cast.clock.advance(1_000)
    assert tablet.sync().ok
    (record,) = tablet.list("leak")
    assert [record.body[name] for name in ("of", "who", "seen_at")] == [
        *(rounds[0], worker, "2026-11-23T07:30:00+08:00"),
    ]

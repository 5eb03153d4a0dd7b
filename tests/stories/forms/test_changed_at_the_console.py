"""Records of a register are changed at the console as on a tablet: only what was changed is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server.base.db import read
from server.models import LogEntry
from server.models.record import Contest
from tests.server.office import Seat, refusal_of
from tests.stories.field import Field
from tests.stories.forms.conftest import Run
from tests.stories.forms.test_filled_at_the_console import seat_of
from tests.stories.forms.workbooks import LABEL, as_json, only_form
from tests.stories.photos import picture, sha256

LAMP = {
    "name": "3 号灯",
    "standing": "works",
    "parts": ["pole", "shade"],
    "seen_at": "2026-11-23T07:30:20+08:00",
}


@pytest.fixture
def lamps(field: Field, run: Run, tmp_path: Path) -> Field:
    publish(run, tmp_path)
    return field


def publish(run: Run, folder: Path, version: int = 1, **head: str) -> None:
    sheets = only_form(version, settings_2={"form_id": "lamp", "form_title": "路灯"})
    sheets["survey"] = [
        {"type": "text", "name": "name", LABEL: "名称", "required": "yes"},
        {"type": "select_one state", "name": "standing", LABEL: "状态", "required": "yes"},
        {"type": "select_multiple parts", "name": "parts", LABEL: "部件"},
        {
            "type": "text",
            "name": "phone",
            LABEL: "手机",
            "bind::gongdi:mask": "phone",
            "bind::gongdi:pattern": "phone",
        },
        {"type": "dateTime", "name": "seen_at", LABEL: "查看时间"},
        {"type": "integer", "name": "watts", LABEL: "瓦数", "constraint": ". >= 1 and . <= 500"},
        {"type": "image", "name": "shots", LABEL: "照片"},
    ]
    lists = {"state": ("works", "正常", "broken", "损坏"), "parts": ("pole", "灯杆", "shade", "灯罩")}
    sheets["choices"] = [
        {"list_name": name, "name": some[i], LABEL: some[i + 1]}
        for name, some in lists.items()
        for i in (0, 2)
    ]
    sheets["gongdi"][0] |= {
        "nature": "register",
        "sealed": "yes",
        "writers": "section inspector contractor",
        **head,
    }
    published = run("form", "publish", str(as_json(folder / f"lamp{version}.json", sheets)))
    assert published.exit_code == 0, published.output


def lamp_of(field: Field, **more: Any) -> str:
    tablet = field.tablet("first")
    record = tablet.add(field.scope, "lamp", {**LAMP, **more})
    assert tablet.sync().ok and tablet.refused() == []
    field.cast.clock.advance(1_000)
    return record


def page_of(field: Field, record: str) -> str:
    return f"sites/{field.cast.site_a}/fill/lamp/{record}"


def shown(page: str) -> dict[str, Any]:
    """The form of a page as a browser would send it, nothing changed."""
    from html import unescape
    from re import findall

    found: dict[str, Any] = {}
    for tag in findall(r"<input ([^>]*)>", page.partition('class="card filling"')[2]):
        pairs = dict(findall(r'([\w-]+)="([^"]*)"', tag))
        is_sent = pairs.get("type") not in ("checkbox", "file") or "checked" in tag.split()
        if (
            "name" in pairs
            and is_sent
            and not pairs["name"].startswith("form_")
            and pairs.get("type") != "file"
        ):
            found.setdefault(pairs["name"], []).append(unescape(pairs.get("value", "")))
    for name, inner in findall(r'<select name="(\w+)"[^>]*>(.*?)</select>', page):
        found[name] = findall(r'value="(\w*)" selected', inner)
    return found


def change(seat: Seat, page: str, **fields: Any) -> Any:
    return seat.send(page, **{**shown(seat.get(page)), **fields})


def last_body(field: Field) -> dict[str, Any]:
    field.cast.clock.advance(1_000)
    tablet = field.tablet("reader")
    (item,) = tablet.list("lamp")
    return item.body


def acts(field: Field) -> list[tuple[str, int | None]]:
    with field.app.app_context(), read() as session:
        rows = session.execute(
            sa.select(LogEntry.act, LogEntry.form).where(LogEntry.kind == "lamp").order_by(LogEntry.seq)
        )
        return [(act, form) for act, form in rows]


def test_an_official_changes_one_field_and_tablets_have_it(lamps: Field, run: Run) -> None:
    record = lamp_of(lamps, phone="13812345678", watts=40)
    seat = seat_of(lamps, "section")
    listed = seat.get(f"sites/{lamps.cast.site_a}/records/lamp")
    assert f'href="/console/{page_of(lamps, record)}"' in listed
    answer = change(seat, page_of(lamps, record), standing="broken", watts="")
    assert answer.status_code == 303, answer.text
    body = last_body(lamps)
    assert (body["standing"], body.get("watts"), body["seen_at"]) == ("broken", None, LAMP["seen_at"])
    assert (body["name"], body["parts"], body["phone"]) == ("3 号灯", ["pole", "shade"], "138****5678")
    assert acts(lamps) == [("add", 1), ("edit", 1)]
    for command in (("verify-log",), ("rebuild", "--check")):
        assert run(*command).exit_code == 0


def test_what_is_masked_is_not_shown_and_can_be_written_anew(lamps: Field) -> None:
    record = lamp_of(lamps, phone="13812345678")
    seat = seat_of(lamps, "section")
    assert "138" not in seat.get(page_of(lamps, record)).partition('class="card filling"')[2]
    assert change(seat, page_of(lamps, record), phone="13900001111").status_code == 303
    assert last_body(lamps)["phone"] == "139****1111"


def test_photos_are_replaced_or_stay(lamps: Field) -> None:
    from io import BytesIO

    record = lamp_of(lamps)
    seat = seat_of(lamps, "section")
    assert change(seat, page_of(lamps, record), shots=(BytesIO(picture()), "a.jpg")).status_code == 303
    assert last_body(lamps)["shots"] == [sha256(picture())]
    assert change(seat, page_of(lamps, record), name="4 号灯").status_code == 303
    body = lamps.tablet("third").list("lamp")[0].body
    assert (body["name"], body["shots"]) == ("4 号灯", [sha256(picture())])


def test_nothing_changed_is_said_and_nothing_written(lamps: Field) -> None:
    record = lamp_of(lamps)
    answer = change(seat_of(lamps, "section"), page_of(lamps, record))
    assert (answer.status_code, "没有修改任何一项" in answer.text) == (422, True)
    assert acts(lamps) == [("add", 1)]


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(lamps: Field) -> None:
    record = lamp_of(lamps)
    answer = change(seat_of(lamps, "section"), page_of(lamps, record), name="", watts="501")
    assert (answer.status_code, refusal_of(answer)) == (422, "invalid_input")
    asked = answer.text.split('<div class="asked"')
    wrong = {part.partition('aria-label="')[2].partition('"')[0] for part in asked if "alert wrong" in part}
    assert wrong == {"名称", "瓦数"}
    assert 'value="501"' in answer.text
    assert acts(lamps) == [("add", 1)]


def test_another_who_changed_another_field_meanwhile_loses_nothing(lamps: Field) -> None:
    record = lamp_of(lamps)
    first, second = seat_of(lamps, "section"), seat_of(lamps, "section")
    before = shown(first.get(page_of(lamps, record)))
    assert change(second, page_of(lamps, record), name="5 号灯").status_code == 303
    assert first.send(page_of(lamps, record), **{**before, "standing": "broken"}).status_code == 303
    body = last_body(lamps)
    assert (body["name"], body["standing"]) == ("5 号灯", "broken")


def test_two_who_changed_the_same_field_are_asked_about(lamps: Field) -> None:
    record = lamp_of(lamps)
    seat = seat_of(lamps, "section")
    before = shown(seat.get(page_of(lamps, record)))
    tablet = lamps.tablet("second")
    tablet.edit(lamps.scope, record, {"name": "灯杆歪"})
    assert tablet.sync().ok
    lamps.cast.clock.advance(1_000)
    assert seat.send(page_of(lamps, record), **{**before, "name": "灯罩破"}).status_code == 303
    with lamps.app.app_context(), read() as session:
        (contest,) = session.scalars(sa.select(Contest)).all()
        assert (contest.field, contest.state) == ("name", "open")


def test_only_its_writers_change_it_and_no_fact_is_changed_so(lamps: Field, run: Run, tmp_path: Path) -> None:
    record = lamp_of(lamps)
    for name in ("contractor", "admin"):
        seat_of(lamps, name).get(page_of(lamps, record), 404)
    seat = seat_of(lamps, "section")
    seat.get(page_of(lamps, record).replace(record, lamps.cast.site_a), 404)
    seat.get(page_of(lamps, record).replace(lamps.cast.site_a, lamps.cast.site_b), 404)
    sheets = only_form()
    sheets["gongdi"][0]["writers"] = "section"
    assert run("form", "publish", str(as_json(tmp_path / "pond.json", sheets))).exit_code == 0
    seat.get(page_of(lamps, record).replace("lamp", "pond_round"), 404)

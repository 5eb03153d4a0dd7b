"""A record by itself: its photos and documents, what belongs to it, and what it belongs to; so is a person of the roster."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from tests.server.cast import COMPANY_B
from tests.server.office import Office, Seat
from tests.server.rosters.people import id_number
from tests.stories.field import WORKER, Field
from tests.stories.forms.workbooks import LABEL
from tests.stories.photos import document, picture, sha256
from tests.stories.records.conftest import CLEANED, publish

PARENT = "bind::gongdi:role"
ROUND = [
    {"type": "text", "name": "title", LABEL: "名称", "required": "yes"},
    {"type": "decimal", "name": "heat", LABEL: "水温", "bind::gongdi:unit": "℃"},
    {"type": "integer", "name": "count", LABEL: "人数 (人)", "bind::gongdi:unit": "人"},
    {"type": "image", "name": "shots", LABEL: "现场照片", "bind::gongdi:max": 2},
    {"type": "file", "name": "report", LABEL: "检测报告"},
]
LEAK = [
    {
        "type": "select_one_from_file pond.csv",
        "name": "of",
        LABEL: "所属巡查",
        PARENT: "parent",
        "required": "yes",
    },
    {"type": "text", "name": "what", LABEL: "问题", "required": "yes"},
    {"type": "select_one_from_file workers.csv", "name": "who", LABEL: "责任人"},
]


@pytest.fixture
def ponds(field: Field) -> Field:
    publish(field, "pond", ROUND, title="池塘", sealed="no", writers="section inspector")
    publish(field, "leak", LEAK, title="渗漏", sealed="no", writers="inspector section")
    return field


def seat_of(field: Field, name: str) -> Seat:
    return Office(field.app, field.cast).seat(name)


def page_of(field: Field, kind: str, record: str = "") -> str:
    return f"sites/{field.cast.site_a}/records/{kind}" + (f"/{record}" if record else "")


def filled(field: Field, **more: Any) -> str:
    """A record with two photos' worth of fields, written at the console; gives its id."""
    path = f"sites/{field.cast.site_a}/fill/pond"
    answer = seat_of(field, "section").send(path, title="东湖", heat="31.50", count="12", **more)
    assert answer.status_code == 303, answer.text
    field.cast.clock.advance(1_000)
    (item,) = field.tablet("reader").list("pond")
    return item.id


def test_photos_and_documents_are_seen_in_the_list_and_on_the_records_page(ponds: Field) -> None:
    files = {"shots": (io.BytesIO(picture()), "a.jpg"), "report": (io.BytesIO(document()), "r.pdf")}
    record = filled(ponds, **files)
    seat, photos = seat_of(ponds, "section"), f"/console/photos/{ponds.cast.site_a}"
    for page in (seat.get(page_of(ponds, "pond")), seat.get(page_of(ponds, "pond", record))):
        assert f'<img src="{photos}/{sha256(picture())}" alt="现场照片 1"' in page
        assert f'<a href="{photos}/{sha256(document())}">检测报告 1 (PDF)</a>' in page
        assert "附件 1 个" not in page
    assert seat.client.get(f"{photos}/{sha256(picture())}").status_code == 200


def test_a_photo_that_no_field_names_is_seen_and_one_that_did_not_arrive_says_so(field: Field) -> None:
    tablet = field.tablet("first")
    tablet.add(field.scope, "disinfection_log", CLEANED)
    shot = {"sha256": sha256(picture()), "bytes": len(picture()), "type": "image/jpeg"}
    second = tablet.add(field.scope, "disinfection_log", CLEANED, media=[shot])
    assert tablet.sync().ok
    seat = seat_of(field, "section")
    for page in (page_of(field, "disinfection_log"), page_of(field, "disinfection_log", second)):
        assert seat.get(page).count("照片未到") == 1


def test_what_belongs_to_a_record_is_on_its_page_and_leads_back(ponds: Field) -> None:
    tablet = ponds.tablet("first")
    parents = [tablet.add(ponds.scope, "pond", {"title": name}) for name in ("东湖", "西湖")]
    worker = tablet.add(ponds.scope, "worker", WORKER)
    for name, parent in (("漏水", parents[0]), ("开裂", parents[0]), ("塌陷", parents[1])):
        tablet.add(ponds.scope, "leak", {"of": parent, "what": name, "who": worker})
    assert tablet.sync().ok
    seat = seat_of(ponds, "section")
    page = seat.get(page_of(ponds, "pond", parents[0]))
    assert [name in page for name in ("漏水", "开裂", "塌陷")] == [True, True, False]
    child = (
        page.split("<h2>渗漏")[1]
        .split('<td data-label="时间" class="keep"><a href="/console/')[1]
        .split('"')[0]
    )
    shown = seat.get(child)
    assert f'<dd><a href="/console/{page_of(ponds, "pond", parents[0])}">池塘</a></dd>' in shown
    assert parents[0] not in seat.get(page_of(ponds, "leak")).replace(
        f"/{parents[0]}", ""
    )  # no bare id in a list
    person = f"sites/{ponds.cast.site_a}/people/{worker}"
    assert f'<a href="/console/{person}">{WORKER["name"]}</a>' in shown
    assert f'href="/console/{person}"' in seat.get(f"sites/{ponds.cast.site_a}/people")
    mine = seat.get(person)
    assert [name in mine for name in ("漏水", "开裂", "塌陷")] == [True, True, True]
    assert WORKER["phone"] not in mine and WORKER["certificate_number"] not in mine


def test_who_may_not_read_gets_nothing(ponds: Field) -> None:
    record = filled(ponds)
    tablet = ponds.tablet("first")
    worker = tablet.add(ponds.scope, "worker", WORKER)
    assert tablet.sync().ok
    person = f"sites/{ponds.cast.site_a}/people/{worker}"
    for name in ("competitor",):
        seat_of(ponds, name).get(page_of(ponds, "pond", record), 404)
        seat_of(ponds, name).get(person, 404)
    admin = seat_of(ponds, "admin")
    for page in (page_of(ponds, "pond"), page_of(ponds, "pond", record)):
        assert "管理员管理用户、设备和规则, 不查看记录的内容" in admin.get(page, 403)
    admin.get(person, 404)
    seat = seat_of(ponds, "section")
    seat.get(page_of(ponds, "leak", record), 404)
    seat.get(page_of(ponds, "pond", record).replace(ponds.cast.site_a, ponds.cast.site_b), 404)
    seat.get(page_of(ponds, "worker", worker), 404)
    seat.get(person.replace(ponds.cast.site_a, ponds.cast.site_b), 404)
    seat.get(person.replace(worker, record), 404)


def test_a_contractor_sees_only_the_own_companys_people(ponds: Field) -> None:
    tablet = ponds.tablet("first")
    mine = tablet.add(ponds.scope, "worker", WORKER)
    other = {**WORKER, "company": COMPANY_B, "certificate_number": id_number("41070219800203", 7)}
    theirs = tablet.add(ponds.scope, "worker", other)
    assert tablet.sync().ok and tablet.refused() == []
    contractor, people = seat_of(ponds, "contractor"), f"sites/{ponds.cast.site_a}/people"
    assert WORKER["name"] in contractor.get(f"{people}/{mine}")
    contractor.get(f"{people}/{theirs}", 404)
    assert WORKER["name"] in seat_of(ponds, "section").get(f"{people}/{theirs}")


def test_numbers_are_numbers_in_a_workbook_and_titles_carry_their_units(ponds: Field) -> None:
    filled(ponds)
    answer = seat_of(ponds, "section").client.get(f"/console/{page_of(ponds, 'pond')}.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0]
    header, line = ([cell.value for cell in row] for row in sheet.iter_rows())
    row = dict(zip(header, line, strict=True))
    assert (row["水温 (℃)"], row["人数 (人)"], row["名称"]) == (31.5, 12, "东湖")
    page = seat_of(ponds, "section").get(page_of(ponds, "pond"))
    assert '<td data-label="水温 (℃)">31.5</td>' in page
    listed = seat_of(ponds, "section").client.get(f"/console/{page_of(ponds, 'pond')}.csv")
    assert "水温 (℃)" in listed.text and "31.5" in listed.text


def test_a_site_offers_the_kinds_that_are_its_own_and_those_of_which_it_has_records(ponds: Field) -> None:
    publish(
        ponds, "park_log", ROUND[:1], title="公园日志", sealed="no", site_kinds="municipal", writers="section"
    )
    publish(ponds, "late_log", ROUND[:1], title="旧日志", sealed="no", writers="inspector")
    tablet = ponds.tablet("first")
    tablet.add(ponds.scope, "late_log", {"title": "一"})
    assert tablet.sync().ok
    publish(
        ponds,
        "late_log",
        ROUND[:1],
        2,
        title="旧日志",
        sealed="no",
        site_kinds="municipal",
        writers="inspector",
    )
    seat = seat_of(ponds, "section")
    for page in (f"sites/{ponds.cast.site_a}", page_of(ponds, "pond")):
        shown = seat.get(page)
        assert [name in shown for name in ("池塘", "公园日志", "旧日志")] == [True, False, True]
    assert "公园日志" in seat.get(page_of(ponds, "park_log"))  # an address that somebody kept still works

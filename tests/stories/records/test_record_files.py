"""Records as files: all versions' columns, no formula, masked, bounded, and streamed."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from server.base.db import read
from server.files.new_csv import defused
from server.models import AuditEvent, Disclosure
from server.workflows import export_records
from sync_protocol.client.tablet import Tablet
from tests.server.cast import NOW_MS
from tests.stories.field import WORKER, Field
from tests.stories.forms.test_sealed_forms_and_registers import PHONE, VISIT
from tests.stories.forms.workbooks import LABEL
from tests.stories.records.conftest import CLEANED, publish, put
from tests.stories.records.test_pages_of_records import DAY_MS, TODAY, cleaned

MASK = "bind::gongdi:mask"
LOG = "disinfection_log"


def table(data: bytes) -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def workbook(data: bytes) -> list[dict[str, Any]]:
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    header, *lines = ([cell.value or "" for cell in row] for row in sheet.iter_rows())
    return [dict(zip(header, line, strict=True)) for line in lines]


def test_csv_and_workbook_say_the_same_in_words(field: Field, tablet: Tablet, caller: Any) -> None:
    entry = tablet.add(field.scope, LOG, CLEANED)
    assert tablet.sync().ok
    section = caller("section")
    for text, reads in (("csv", table), ("xlsx", workbook)):
        answer = section.get(f"/api/v1/records?kind={LOG}&site={field.cast.site_a}&format={text}")
        assert answer.status_code == 200, answer.text
        (row,) = reads(answer.data)
        assert (row["消毒剂"], row["消毒人员"], row["填写人"], row["记录编号"]) == (
            "含氯消毒剂",
            "王师傅",
            "检查员李华",
            entry,
        )
        assert f".{text}" in answer.headers["Content-Disposition"]


def test_accept_chooses_the_format(field: Field, caller: Any) -> None:
    section, path = caller("section"), f"/api/v1/records?kind={LOG}"
    headers = {"Authorization": f"Bearer {section.token}"}
    kinds = {
        "text/csv": "text/csv; charset=utf-8",
        "*/*": "application/json",
        "application/json, text/csv;q=0.5": "application/json",
        export_records.MIMES["xlsx"]: export_records.MIMES["xlsx"],
    }
    for accept, mime in kinds.items():
        answer = section.client.get(path, headers={**headers, "Accept": accept})
        assert (answer.status_code, answer.content_type) == (200, mime)
    answer = section.client.get(path, headers={**headers, "Accept": "image/png"})
    assert (answer.status_code, answer.get_json()["code"]) == (406, "not_acceptable")


def test_several_sites_in_one_file_are_named(field: Field, caller: Any) -> None:
    put(field, field.cast.site_a, [cleaned(1)])
    rows = table(caller("section").get(f"/api/v1/records?kind={LOG}&format=csv").data)
    assert [(row["地点"], row["消毒人员"]) for row in rows] == [("牧野花园", "王师傅")]


def test_the_columns_are_those_of_all_versions(field: Field, caller: Any) -> None:
    first = [
        {"type": "text", "name": "name", LABEL: "名称", "required": "yes"},
        {"type": "text", "name": "old", LABEL: "旧项"},
    ]
    publish(field, "lamp", first, title="路灯", sealed="no")
    tablet = field.tablet("first")
    tablet.add(field.scope, "lamp", {"name": "一号", "old": "有"})
    assert tablet.sync().ok and tablet.refused() == []
    second = [first[0], {"type": "text", "name": "new", LABEL: "新项"}]
    publish(field, "lamp", second, version=2, title="路灯", sealed="no")
    assert tablet.sync().ok
    tablet.add(field.scope, "lamp", {"name": "二号", "new": "好"})
    assert tablet.sync().ok and tablet.refused() == []
    rows = table(caller("section").get("/api/v1/records?kind=lamp&format=csv").data)
    assert {(row["名称"], row["新项"], row["旧项"]) for row in rows} == {
        ("一号", "", "有"),
        ("二号", "好", ""),
    }


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+86", "+86"),
        ("-3.5", "-3.5"),
        ("-3+cmd", "'-3+cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),
        ("王师傅", "王师傅"),
        ("", ""),
    ],
)
def test_no_cell_starts_a_formula(text: str, safe: str) -> None:
    assert defused(text) == safe


def test_a_formula_in_a_record_is_text_in_both(field: Field, caller: Any) -> None:
    put(field, field.cast.site_a, [cleaned(1, operator='=HYPERLINK("http://x","y")')])
    section, path = caller("section"), f"/api/v1/records?kind={LOG}&format="
    assert table(section.get(path + "csv").data)[0]["消毒人员"] == '\'=HYPERLINK("http://x","y")'
    sheet = openpyxl.load_workbook(io.BytesIO(section.get(path + "xlsx").data)).worksheets[0]
    assert all(cell.data_type == "s" for row in sheet.iter_rows() for cell in row if cell.value)


def test_filters_and_order_are_those_of_the_pages(field: Field, caller: Any) -> None:
    days = [cleaned(number, NOW_MS - number * DAY_MS, operator=f"{number} 号") for number in range(5)]
    put(field, field.cast.site_a, days)
    path = f"/api/v1/records?kind={LOG}&format=csv&to={TODAY}&choice=agent:chlorine"
    rows = table(caller("section").get(path).data)
    assert [row["消毒人员"] for row in rows] == [f"{number} 号" for number in range(5)]


def test_a_file_of_more_rows_than_it_may_have_is_refused_with_what_to_do(
    field: Field, caller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_records, "ROWS_MAX", {"csv": 3, "xlsx": 2})
    put(field, field.cast.site_a, [cleaned(number) for number in range(3)])
    section, path = caller("section"), f"/api/v1/records?kind={LOG}&format="
    assert len(table(section.get(path + "csv").data)) == 3
    refused = section.get(path + "xlsx")
    assert (refused.status_code, refused.get_json()["code"]) == (422, "too_many_rows")
    assert "CSV" in refused.get_json()["detail"]


def test_a_csv_leaves_while_it_is_read(field: Field, caller: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it is, only one batch of rows is held."""
    monkeypatch.setattr(export_records, "_AT_ONCE", 10)
    put(field, field.cast.site_a, [cleaned(number, NOW_MS - number) for number in range(95)])
    answer = caller("section").get(f"/api/v1/records?kind={LOG}&format=csv", buffered=False)
    pieces = list(answer.response)
    assert len(pieces) >= 10 and max(map(len, pieces)) < 3000
    assert len(table(b"".join(pieces))) == 95


def test_that_a_file_left_is_in_the_audit(field: Field, caller: Any) -> None:
    caller("section").get(f"/api/v1/records?kind={LOG}&site={field.cast.site_a}&format=csv")
    with field.app.app_context(), read() as session:
        row = session.scalars(sa.select(AuditEvent).where(AuditEvent.what == "exported")).one()
    assert (row.subject, row.subject_id) == ("牧野花园: 消毒记录", field.cast.site_a)
    assert row.user_id == field.cast.users["section"]


SURVEY = [
    {"type": "text", "name": "name", LABEL: "姓名", "required": "yes"},
    {"type": "text", "name": "phone", LABEL: "手机号", "bind::gongdi:pattern": "phone", MASK: "phone"},
    {"type": "select_multiple purposes", "name": "purposes", LABEL: "事由"},
]


@pytest.fixture
def visits(field: Field) -> Field:
    """A sealed form with a masked field, a record of it, and somebody on the roster."""
    publish(field, "visit", SURVEY, title="来访", sealed="yes")
    tablet = field.tablet("first")
    tablet.add(field.scope, "visit", VISIT)
    tablet.add(field.scope, "worker", WORKER)
    assert tablet.sync().ok and tablet.refused() == []
    return field


FULL = "/api/v1/records/full"


def test_masked_fields_are_full_only_for_a_reason_which_is_kept(visits: Field, caller: Any) -> None:
    section, site = caller("section"), visits.cast.site_a
    for kind, title, whole in (
        ("visit", "手机号", PHONE),
        ("worker", "证件号码", WORKER["certificate_number"]),
    ):
        (row,) = table(section.get(f"/api/v1/records?kind={kind}&format=csv").data)
        assert "****" in row[title]
        asked = {"kind": kind, "site": site, "reason": "核对投诉人身份"}
        (row,) = table(section.post(FULL, json=asked).data)
        assert row[title] == whole
        (row,) = workbook(section.post(FULL, json={**asked, "format": "xlsx"}).data)
        assert row[title] == whole
    with visits.app.app_context(), read() as session:
        kept = session.scalars(sa.select(Disclosure)).all()
    assert {(one.reason, one.people, one.site_id) for one in kept} == {("核对投诉人身份", 1, site)}
    assert len(kept) == 4


@pytest.mark.parametrize(
    ("name", "asked", "status", "code", "where"),
    [
        ("section", {"reason": "查"}, 422, "invalid_input", {"/reason"}),
        ("inspector", {"reason": "核对投诉人身份"}, 403, "role_not_allowed", set()),
        ("contractor", {"reason": "核对投诉人身份"}, 404, "unknown_kind", {"/kind"}),
        ("section", {"reason": "核对投诉人身份", "kind": LOG}, 422, "invalid_input", {"/kind"}),
    ],
)
def test_without_role_reason_or_anything_masked_nothing_is_full(
    visits: Field, caller: Any, name: str, asked: dict[str, str], status: int, code: str, where: set[str]
) -> None:
    answer = caller(name).post(FULL, json={"kind": "visit", "site": visits.cast.site_a, **asked})
    problem = answer.get_json()
    assert (answer.status_code, problem["code"], set(problem.get("errors", {}))) == (status, code, where)
    with visits.app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Disclosure)) == 0


def test_the_full_fields_of_many_need_a_second_person(
    visits: Field, caller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.actions.sites.disclosures.unmasked_alone", lambda *_: 0)
    asked = {"kind": "visit", "site": visits.cast.site_a, "reason": "核对投诉人身份"}
    answer = caller("section").post(FULL, json=asked)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "approval_needed")

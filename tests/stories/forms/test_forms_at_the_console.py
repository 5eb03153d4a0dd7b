"""An administrator uploads a workbook, sees what it would bring, and proposes it; another one publishes it."""

from __future__ import annotations

import html
import io
import json
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from server.base.db import read
from server.models import Proposal, PublishedForm
from server.rules.calendar import DAY_MS, add_days, local_date_of
from tests.server.office import Office, Seat, marks_of, office, refusal_of
from tests.stories.field import Field
from tests.stories.forms.workbooks import only_form, pond, workbook

__all__ = ["office"]
LABEL = "label::中文 (zh)"
REASON = "市民反映池塘无人巡查"


def uploaded(seat: Seat, data: bytes, name: str = "池塘巡查.xlsx") -> TestResponse:
    return seat.send("admin/forms", file=(io.BytesIO(data), name))


def file_of(tmp_path: Path, sheets: Any) -> bytes:
    return workbook(tmp_path / "form.xlsx", sheets).read_bytes()


def proposed(seat: Seat, page: str, reason: str = REASON) -> TestResponse:
    """Send the form at the end of a preview."""
    found = re.search(r'name="tables" value="([^"]*)"', page)
    assert found is not None
    fields = {**marks_of(page), "tables": html.unescape(found[1]), "reason": reason}
    return seat.client.post("/console/admin/forms/proposals", data=fields)


def waiting(office: Office) -> str:
    with office.app.app_context(), read() as session:
        query = sa.select(Proposal.id).where(Proposal.state == "open")
        return session.scalars(query).one()


def approved(office: Office) -> None:
    proposal = waiting(office)
    done = office.seat("deputy").send(
        f"proposals/{proposal}", f"proposals/{proposal}/decide", verdict="approve"
    )
    assert done.status_code == 303, done.text


def publish(office: Office, tmp_path: Path, sheets: Any) -> None:
    seat = office.seat("admin")
    page = uploaded(seat, file_of(tmp_path, sheets))
    assert page.status_code == 200, page.text
    assert proposed(seat, page.text).status_code == 303
    approved(office)


def versions(office: Office) -> list[int]:
    with office.app.app_context(), read() as session:
        query = sa.select(PublishedForm.version).where(PublishedForm.code == "pond_round")
        return sorted(session.scalars(query))


def test_two_administrators_publish_a_workbook_and_the_tablet_has_it(office: Office, tmp_path: Path) -> None:
    tablet = Field(office.cast, tmp_path).tablet("away")
    first, second = office.seat("admin"), office.seat("deputy")
    page = uploaded(first, file_of(tmp_path, pond())).text
    shown = (
        *("池塘巡查 <small>pond_round 第 1 版</small>", "有漂浮物", "必填", "≥ 1 ≤ 600"),
        *("职责 POND 池塘巡查", "06:00–12:00, 12:30–20:00", "场所类型 pond 池塘", "地点类型 park 公园"),
        *("2026-11-01", "地点 0 个, 平板 0 台", "+ 选项 look.clear: 清洁", "${look} = &#39;other&#39;"),
    )
    for part in shown:
        assert part in page, part
    assert versions(office) == []
    assert proposed(first, page).headers["Location"] == "/console/proposals"
    proposal = waiting(office)
    page = second.get(f"proposals/{proposal}")
    for part in (REASON, *shown):
        assert part in page, part
    approved(office)
    assert versions(office) == [1]
    assert "池塘巡查" in second.get("admin/forms")
    page = second.get("admin/forms/pond_round")
    assert "管理员 提议, 管理员二 批准" in page
    assert "+ 选项 look.clear: 清洁" in second.get(f"proposals/{proposal}")  # as it was, ever after
    assert tablet.sync().ok
    (form,) = [item.body for item in tablet.list("form") if item.body["code"] == "pond_round"]
    assert (form["version"], form["title"]) == (1, "池塘巡查")
    assert "POND" in {item.body["code"] for item in tablet.list("duty")}


def test_the_tables_may_come_as_json_and_reach_the_sites_of_their_kind(
    office: Office, tmp_path: Path
) -> None:
    Field(office.cast, tmp_path).tablet("here")
    data = json.dumps(only_form(), ensure_ascii=False).encode()
    page = uploaded(office.seat("admin"), data, "池塘巡查.json").text
    assert "地点 2 个, 平板 1 台" in page


def test_the_picture_has_what_each_type_of_field_asks_for(office: Office, tmp_path: Path) -> None:
    hint, own = "hint::中文 (zh)", "bind::gongdi:"
    sheets = only_form(gongdi_2={"sealed": "yes"})
    sheets["survey"] = [
        {"type": "note", "name": "read", LABEL: "先看水位"},
        {"type": "begin_group", "name": "pump", LABEL: "水泵", "relevant": "${wet} = 'yes'"},
        {"type": "decimal", "name": "level", LABEL: "水位", hint: "看标尺", f"{own}unit": "cm"},
        {"type": "image", "name": "photos", LABEL: "照片", f"{own}max": "3"},
        {"type": "end_group"},
        {"type": "acknowledge", "name": "seen", LABEL: "已到场"},
        {"type": "geopoint", "name": "spot", LABEL: "位置", f"{own}role": "point"},
        {"type": "text", "name": "phone", LABEL: "电话", f"{own}pattern": "phone"},
        {"type": "text", "name": "gone", LABEL: "不再问的", f"{own}to": "2026-10-01"},
    ]
    sheets["survey"].insert(0, {"type": "select_multiple look", "name": "looks", LABEL: "水面"})
    sheets["survey"].insert(0, {"type": "select_one wet", "name": "wet", LABEL: "积水"})
    sheets["choices"].append({"list_name": "wet", "name": "yes", LABEL: "有"})
    answer = uploaded(office.seat("admin"), file_of(tmp_path, sheets))
    assert answer.status_code == 200, answer.text
    found = re.search('<section class="tablet".*?</section>', answer.text, re.DOTALL)
    assert found is not None
    picture = html.unescape(found[0])
    group = picture[picture.index("水泵") : picture.index("已到场")]
    for part in ("只在此时显示: <code>${wet} = 'yes'</code>", "看标尺", "cm", "最多 3 张"):
        assert part in group, part
    for part in ("先看水位", "□ 确认", "取当前位置", "手机号", "可选几项", "有漂浮物"):
        assert part in picture, part
    assert "不再问的" not in picture


def test_a_file_with_faults_shows_all_of_them_by_their_cells(office: Office, tmp_path: Path) -> None:
    wrong = pond(survey_5={"relevant": "${nothing} = 'x'"}, survey_4={"constraint": "${nothing} > 1"})
    answer = uploaded(office.seat("admin"), file_of(tmp_path, wrong))
    assert (answer.status_code, refusal_of(answer)) == (422, "form_refused")
    lines = re.findall("<li>(survey .*?)</li>", answer.text)
    cells = ["survey 第 4 行 F 列 (constraint)", "survey 第 5 行 G 列 (relevant)"]
    assert [line.partition(":")[0] for line in lines] == cells


@pytest.mark.parametrize(
    ("name", "data", "status", "code"),
    [
        ("a.xlsx", b"no workbook", 415, "file_type_unknown"),
        ("a.json", b"{", 400, "malformed_json"),
        ("a.json", b"[" * 100_000, 400, "malformed_json"),
        ("a.json", b'{"survey": 1}', 422, "form_refused"),
    ],
)
def test_a_file_that_is_no_form_is_refused_by_what_is_wrong_with_it(
    office: Office, name: str, data: bytes, status: int, code: str
) -> None:
    answer = uploaded(office.seat("admin"), data, name)
    assert (answer.status_code, refusal_of(answer)) == (status, code)


def test_a_reason_is_needed_and_the_preview_stays(office: Office, tmp_path: Path) -> None:
    seat = office.seat("admin")
    page = uploaded(seat, file_of(tmp_path, pond())).text
    again = proposed(seat, page, "好")
    assert (again.status_code, refusal_of(again)) == (422, "invalid_input")
    assert "有漂浮物" in again.text
    assert proposed(seat, again.text).status_code == 303
    assert waiting(office)


def test_tables_that_were_tampered_with_are_refused(office: Office, tmp_path: Path) -> None:
    seat = office.seat("admin")
    page = uploaded(seat, file_of(tmp_path, pond())).text
    for tables in ("{", "", '{"survey": []}'):
        fields = {**marks_of(page), "tables": tables, "reason": REASON}
        answer = seat.client.post("/console/admin/forms/proposals", data=fields)
        assert (answer.status_code, refusal_of(answer)) == (422, "form_refused")
        assert "上传新表单或新版本" in answer.text


def test_a_new_version_shows_what_differs_from_the_one_before(office: Office, tmp_path: Path) -> None:
    publish(office, tmp_path, pond())
    page = uploaded(office.seat("admin"), file_of(tmp_path, pond(2, survey_3={LABEL: "水色"}))).text
    assert "和第 1 版的差别" in page
    assert "~ 项 look 的名称 : 水面 → 水色" in page
    assert "+ 选项 look.clear" not in page


def test_a_published_workbook_comes_out_again_and_is_the_same(office: Office, tmp_path: Path) -> None:
    publish(office, tmp_path, pond())
    seat = office.seat("admin")
    data = seat.client.get("/console/admin/forms/pond_round/1.xlsx").data
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == list(pond())
    assert [cell.value for cell in book["survey"][1]][:4] == ["type", "name", LABEL, "required"]
    assert "内容和已发布的第 1 版相同" in uploaded(seat, data).text
    for page in ("admin/forms/pond_round/9.xlsx", "admin/forms/nothing", "admin/forms/nothing/1.xlsx"):
        seat.get(page, 404)


def test_two_administrators_retire_a_form(office: Office, tmp_path: Path) -> None:
    publish(office, tmp_path, pond(gongdi_2={"from": "2020-01-01"}))
    seat, page, now_ms = office.seat("admin"), "admin/forms/pond_round", office.cast.clock.now_ms()
    today = local_date_of(now_ms)
    for day in ("", today, "morning"):
        assert refusal_of(seat.send(page, to=day, reason=REASON)) == "invalid_input"
    tomorrow = add_days(today, 1)
    assert seat.send(page, to=tomorrow, reason="池塘填了").status_code == 303
    assert f"{tomorrow} 停用" in office.seat("deputy").get(f"proposals/{waiting(office)}")
    approved(office)
    assert versions(office) == [1, 2]
    assert "提议停用" not in seat.get(page)
    assert "已停用" not in seat.get("admin/forms")
    office.cast.clock.advance(DAY_MS)
    assert "已停用" in office.seat("admin").get("admin/forms")


def test_a_form_that_begins_later_is_named_as_coming(office: Office, tmp_path: Path) -> None:
    publish(office, tmp_path, pond(gongdi_2={"from": "2030-01-01"}))
    assert "将起用</span> <small>2030-01-01" in office.seat("admin").get("admin/forms")


def test_a_proposal_that_became_wrong_says_why_and_can_be_rejected(office: Office, tmp_path: Path) -> None:
    seat = office.seat("admin")
    for label in ("水面", "水色"):
        page = uploaded(seat, file_of(tmp_path, pond(survey_3={LABEL: label}))).text
        assert proposed(seat, page).status_code == 303
    with office.app.app_context(), read() as session:
        one, two = session.scalars(sa.select(Proposal.id).order_by(Proposal.id))
    deputy = office.seat("deputy")
    assert deputy.send(f"proposals/{one}", f"proposals/{one}/decide", verdict="approve").status_code == 303
    assert "版本 1 已经发布, 内容不同" in deputy.get(f"proposals/{two}")
    done = deputy.send(f"proposals/{two}", f"proposals/{two}/decide", verdict="reject", reason="已有同一版本")
    assert done.status_code == 303
    assert "版本 1 已经发布" not in deputy.get(f"proposals/{two}")


@pytest.mark.parametrize("name", ["section", "brigade", "contractor"])
def test_nobody_else_has_these_pages(office: Office, name: str) -> None:
    seat = office.seat(name)
    for page in ("admin/forms", "admin/forms/disinfection_log", "admin/forms/disinfection_log/1.xlsx"):
        seat.get(page, 404)
    marks = marks_of(seat.get("notices"))
    for path in ("admin/forms", "admin/forms/proposals", "admin/forms/disinfection_log"):
        assert seat.client.post(f"/console/{path}", data=marks).status_code == 404

"""A case on its page: the course with its clocks, contacts that a person decides about, and its end by a release that the
section writes."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from pypdf import PdfReader

from server.actions.reference.edit_rows import NewRow, edit_rows
from server.actions.reference.load_reference import tx_of
from server.base.clock import to_iso
from server.base.db import write
from server.rules.calendar import add_days, instant_ms
from server.rules.from_rows import in_force
from sync_protocol.client.tablet import Tablet
from tests.server.cast import COMPANY_A, Cast
from tests.server.office import Office, Seat, refusal_of
from tests.server.rosters.people import person
from tests.stories.cases.children import REPORTS, accepted, ordered, receipt, sampled, watched
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, at, planned_field
from tests.stories.photos import document

LAST = add_days(DAY, 2)


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def _seat(field: Field, name: str = "section") -> Seat:
    return Office(field.app, field.cast).seat(name)


def _worker(field: Field, tablet: Tablet, number: int, team: str, dormitory: str) -> str:
    who = person(number)
    named = {"name": who.name, "certificate_type": "id_card", "certificate_number": who.certificate_number}
    at_work = {"company": COMPANY_A, "team": team, "trade": "020", "role": "worker", "dormitory": dormitory}
    return tablet.add(field.scope, "worker", {**named, **at_work, "entered_on": "2026-11-01"})


def _pass(field: Field, tablet: Tablet, worker: str, time: str) -> None:
    field.cast.clock.set(instant_ms(DAY, time))
    tablet.add(field.scope, "gate_pass", {"worker": worker, "direction": "in", "method": "manual"})


def _case(field: Field, tablet: Tablet, worker: str) -> str:
    field.cast.clock.set(instant_ms(DAY, "08:00"))
    reported = dict.fromkeys(REPORTS, to_iso(instant_ms(DAY, "08:00")))
    return tablet.add(field.scope, "case", {"worker": worker, "cause": "travel", **reported})


def _sync(field: Field, tablet: Tablet, time: str, date: str = DAY) -> None:
    field.cast.clock.set(instant_ms(date, time))
    assert tablet.sync().ok and tablet.refused() == [], tablet.refused()
    at(field, time, date)


def _rows(page: str) -> list[str]:
    """The steps as the page shows them, tags removed."""
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in table.split("</tr>") if row.strip()]


def test_the_course_shows_each_step_with_its_deadline_and_what_is_due_next(field: Field) -> None:
    tablet = field.tablet("first")
    case = _case(field, tablet, _worker(field, tablet, 1, "一班", "101"))
    accepted(field, tablet, case, "09:00")
    ordered(field, tablet, case, "10:00", days=3, mode="home", rule="MEDIUM_2022")
    _sync(field, tablet, "11:00")
    page = _seat(field).get(f"sites/{field.cast.site_a}/cases/{case}")
    rows = _rows(page)
    assert rows[0].startswith("向社区、指挥部、住建局报备 2026-11-24 10:00 已完成")
    assert any(row.startswith("纳入社区网格化管理 2026-11-25 08:00 已完成 2026-11-24 09:00") for row in rows)
    assert any(row.startswith("首次核酸采样 2026-11-25 08:00 未到期") for row in rows)
    assert sum("每日健康监测" in row for row in rows) == 3
    assert "下一步: 隔离期间按天核酸" in re.sub("<[^>]+>", "", page)
    assert "社区: 和平社区" in page and "接收时间: 2026-11-24 09:00" in page
    assert "139****0002" in page and "赵网格" not in page
    at(field, "12:00", add_days(DAY, 1))
    later = _rows(_seat(field).get(f"sites/{field.cast.site_a}/cases/{case}"))
    assert any("首次核酸采样" in row and "失联, 尚不能判定" in row for row in later)


def test_only_those_who_may_see_cases_of_the_site_find_the_page(field: Field) -> None:
    tablet = field.tablet("first")
    case = _case(field, tablet, _worker(field, tablet, 1, "一班", "101"))
    _sync(field, tablet, "08:30")
    path = f"sites/{field.cast.site_a}/cases/{case}"
    _seat(field, "inspector").get(path)
    for name in ("contractor", "competitor", "admin"):
        _seat(field, name).get(path, 404)
    _seat(field).get(path.replace(field.cast.site_a, field.cast.site_b), 404)
    _seat(field, "company").get(path, 404)


def test_contacts_are_proposed_and_what_a_person_decides_is_kept_with_the_reason(field: Field) -> None:
    tablet = field.tablet("first")
    field.cast.clock.set(instant_ms(DAY, "06:00"))
    ill = _worker(field, tablet, 1, "一班", "101")
    mate = _worker(field, tablet, 2, "一班", "101")
    near = _worker(field, tablet, 3, "二班", "202")
    far = _worker(field, tablet, 4, "二班", "202")
    for worker, time in ((ill, "07:00"), (near, "07:04"), (far, "07:30")):
        _pass(field, tablet, worker, time)
    case = _case(field, tablet, ill)
    _sync(field, tablet, "08:30")
    path, seat = f"sites/{field.cast.site_a}/cases/{case}", _seat(field)
    page = seat.get(path)
    assert mate in page and near in page and far not in page and page.index(mate) < page.index(near)
    assert "同宿舍、同班组" in page and "先后进出大门" in page and "未认定" in page
    lacking = seat.send(path, f"{path}/contacts/{mate}", verdict="accepted", reason="")
    assert (lacking.status_code, refusal_of(lacking)) == (422, "invalid_input")
    for verdict, reason in (("rejected", "当晚没有回宿舍"), ("accepted", "查监控, 当晚同屋")):
        field.cast.clock.advance(60_000)
        done = seat.send(path, f"{path}/contacts/{mate}", verdict=verdict, reason=reason)
        assert done.status_code == 303, done.text
    shown = seat.get(path)
    assert shown.index("查监控, 当晚同屋") < shown.index("当晚没有回宿舍"), "both are kept, the latest first"
    assert "质安科孙丽" in shown
    stranger = seat.send(path, f"{path}/contacts/{far}", verdict="accepted", reason="不在提示之中的人")
    assert stranger.status_code == 404
    refused = _seat(field, "inspector").send(
        path, f"{path}/contacts/{near}", verdict="accepted", reason="同车"
    )
    assert refused.status_code == 404


def _merge(field: Field, kept: str) -> None:
    seat, path = _seat(field), f"questions/people/{field.cast.site_a}/merge"
    field.cast.clock.advance(1_000)
    done = seat.send("questions/people", path, kept=kept, reason="同一身份证, 录了两次")
    assert done.status_code == 303, done.text


def test_whose_records_were_merged_is_one_contact_and_is_proposed_to(field: Field) -> None:
    """Passes, and the case itself, stand under the records that were merged into others."""
    tablet = field.tablet("first")
    field.cast.clock.set(instant_ms(DAY, "06:00"))
    ill, ill_again = (_worker(field, tablet, 1, "一班", dormitory) for dormitory in ("101", "101"))
    near, near_again = (_worker(field, tablet, 3, "二班", "202") for _ in range(2))
    mate = _worker(field, tablet, 2, "三班", "101")
    for worker, time in ((ill_again, "07:00"), (near_again, "07:04")):
        _pass(field, tablet, worker, time)
    case = _case(field, tablet, ill_again)
    _sync(field, tablet, "08:30")
    path = f"sites/{field.cast.site_a}/cases/{case}"
    before = _seat(field).get(path)
    assert f"contacts/{ill}" not in before and f"contacts/{ill_again}" not in before, "nobody is near himself"
    for kept in (ill, near):
        _merge(field, kept)
    page = _seat(field).get(path)
    assert "先后进出大门" in page and f"contacts/{near}" in page and f"contacts/{mate}" in page
    assert f"contacts/{near_again}" not in page and f"contacts/{ill}" not in page


def _isolated(field: Field, tablet: Tablet) -> str:
    case = _case(field, tablet, _worker(field, tablet, 1, "一班", "101"))
    for part in ("community", "headquarters", "bureau"):
        receipt(field, tablet, case, part, "08:20")
    accepted(field, tablet, case, "09:00")
    sampled(field, tablet, case, DAY, "10:00", 1)
    ordered(field, tablet, case, "11:00", days=3, mode="home")
    for number in range(3):
        watched(field, tablet, case, add_days(DAY, number), "18:00")
    return case


def _release(seat: Seat, field: Field, case: str, day: str) -> tuple[int, str]:
    page = f"sites/{field.cast.site_a}/fill/release"
    said = {"case": case, "released_on": day, "decided_by": "区指挥部", "last_test_negative": "yes"}
    answer = seat.send(page, paper=(BytesIO(document()), "解除.pdf"), **said)
    return answer.status_code, answer.text


def test_a_section_releases_nobody_early_and_ends_the_case_by_the_release(field: Field) -> None:
    tablet = field.tablet("first")
    case = _isolated(field, tablet)
    _sync(field, tablet, "20:00", LAST)
    seat = _seat(field)
    path = f"sites/{field.cast.site_a}/cases/{case}"
    assert "结案</h2>" not in seat.get(path)
    status, text = _release(seat, field, case, add_days(DAY, 1))
    assert status == 422 and "早于告知的隔离期满日期" in text
    assert seat.send(path, f"{path}/close").status_code == 409
    sampled(field, tablet, case, LAST, "20:30", 3, "pending")
    _sync(field, tablet, "21:00", LAST)
    status, text = _release(seat, field, case, LAST)
    assert status == 422 and "末次核酸检测没有阴性结果" in text
    sampled(field, tablet, case, LAST, "22:00", 3)
    _sync(field, tablet, "22:30", LAST)
    assert _release(seat, field, case, LAST)[0] == 303
    assert "结案</h2>" in seat.get(path)
    assert seat.send(path, f"{path}/close").status_code == 303
    _sync(field, tablet, "09:00", add_days(DAY, 4))
    (held,) = tablet.list("case")
    assert held.body["outcome"] == "cleared" and "区指挥部" in held.body["evidence"]
    listed = field.cast.client("section").get("/api/v1/flags").get_json()["items"]
    assert [one["duty"] for one in listed if one["duty"].startswith("CASE")] == []


def test_whom_to_report_to_shows_by_site_and_reaches_the_tablet(field: Field) -> None:
    tablet = field.tablet("first")
    case = _case(field, tablet, _worker(field, tablet, 1, "一班", "101"))
    _sync(field, tablet, "08:30")
    path = f"sites/{field.cast.site_a}/cases/{case}"
    assert "电话待填" in _seat(field).get(path)
    line = {"code": "community-410702", "name": "和平社区值班室", "part": "community", "district": "410702"}
    dated = {"source": "演示号码, 不要拨打", "mark": "P", "from": DAY, "to": None}
    with field.app.app_context(), write() as session:
        tx = tx_of(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())
        edit_rows(tx, [NewRow("report_lines", {**line, **dated, "dial": "0373-0000001"})])
    assert 'href="tel:0373-0000001"' in _seat(field).get(path)
    _sync(field, tablet, "08:40")
    lines = {item.body["code"]: item.body.get("dial") for item in tablet.list("report_line")}
    assert lines == {
        "bureau": None,
        "community": None,
        "headquarters": None,
        "community-410702": "0373-0000001",
    }


def test_the_paper_of_a_report_says_to_whom_it_went_and_names_nobody_in_full(field: Field) -> None:
    tablet = field.tablet("first")
    worker = _worker(field, tablet, 1, "一班", "101")
    case = _case(field, tablet, worker)
    receipt(field, tablet, case, "community", "08:20")
    _sync(field, tablet, "08:30")
    answer = _seat(field).client.get(f"/console/sites/{field.cast.site_a}/cases/{case}/report.pdf")
    assert answer.status_code == 200 and answer.mimetype == "application/pdf"
    text = "".join(PdfReader(BytesIO(answer.data)).pages[0].extract_text().split())
    for part in ("疫情防控情况报备单", "疫区往返", "2026年11月24日8时20分", "回执2026-community", "待填"):
        assert part in text, (part, text)
    assert person(1).name not in text and "记录链" not in text
    path = f"/console/sites/{field.cast.site_a}/cases/{case}/report.pdf"
    assert _seat(field, "competitor").client.get(path).status_code == 404


def test_the_report_is_printed_by_the_template_in_force(field: Field) -> None:
    tablet = field.tablet("first")
    case = _case(field, tablet, _worker(field, tablet, 1, "一班", "101"))
    _sync(field, tablet, "08:30")
    path = f"/console/sites/{field.cast.site_a}/cases/{case}/report.pdf"

    def printed() -> str:
        pages = PdfReader(BytesIO(_seat(field).client.get(path).data)).pages
        return "".join("".join(page.extract_text().split()) for page in pages)

    text = printed()
    assert "风险区行程1人" in text and "确诊疑似无" in text and "报告人签名：" in text
    with field.app.app_context(), write() as session:
        tx = tx_of(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())
        row = in_force(tx.book.rows["paper_kinds"], "case_report", DAY)
        assert row is not None
        lines = ["[facts reported_site found_at]", "[items kinds_found]", "[items reports]"]
        changed = {
            **row,
            "code": "case_report",
            "name": "新格式报备单",
            "lines": lines,
            "from": add_days(DAY, 1),
        }
        edit_rows(tx, [NewRow("paper_kinds", changed)])
    assert "新格式报备单" not in printed(), "it begins tomorrow"
    field.cast.clock.set(instant_ms(add_days(DAY, 1), "08:30"))
    text = printed()
    assert "新格式报备单" in text and "报告人签名" not in text and "情况类别" not in text

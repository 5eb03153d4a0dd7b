"""A year's days off are entered at the console; days that are over stay as they were judged."""

from __future__ import annotations

import io

import pytest

from server.actions.reference.load_reference import rules_in_force
from server.base.db import read
from server.files.read_workbook import read_workbook
from server.rules.calendar import instant_ms, is_working_day
from tests.server.office import Office, Seat, marks_of, refusal_of

NEXT_YEAR = "日期,安排,名称\n2027-01-01,放假,元旦\n2027/2/6,放假,春节\n2027年2月20日,上班,春节\n"
SOURCE = "国办发明电〔2026〕7号"


def enter(seat: Seat, text: str, source: str = SOURCE):  # type: ignore[no-untyped-def]
    marks = marks_of(seat.get("admin/holidays"))
    file = (io.BytesIO(text.encode()), "2027.csv")
    data = {**marks, "source": source, "file": file}
    return seat.client.post("/console/admin/holidays", data=data, content_type="multipart/form-data")


def works(office: Office, day: str) -> bool:
    with office.app.app_context(), read() as session:
        return is_working_day(rules_in_force(session).holidays, day)


def test_a_year_is_entered_and_the_warning_goes(office: Office) -> None:
    admin = office.seat("admin")
    assert "节假日安排只录入到 2026-12-31" in admin.get("admin")
    assert "请尽早录入" in admin.get("admin/holidays")
    assert enter(admin, NEXT_YEAR).status_code == 303
    assert "节假日安排只录入到" not in admin.get("admin")
    shown = admin.get("admin/holidays")
    assert SOURCE in shown and "已知到 2027-12-31" in shown
    assert not works(office, "2027-01-01") and works(office, "2027-02-20")


def test_days_that_are_over_stay_when_their_year_is_entered_again(office: Office) -> None:
    enter(office.seat("admin"), NEXT_YEAR)
    office.cast.clock.set(instant_ms("2027-01-15", "09:00"))
    admin = office.seat("admin")
    without = "日期,安排,名称\n2027-02-08,放假,春节\n"
    assert enter(admin, without).status_code == 303
    assert not works(office, "2027-01-01"), "it is over"
    assert not works(office, "2027-02-08")
    assert not works(office, "2027-02-20"), "a Saturday that is no make-up day any more"
    otherwise = without + "2027-01-04,放假,元旦\n"
    refused = enter(admin, otherwise)
    assert (refused.status_code, "2027-01-04 已经过去" in refused.text) == (422, True)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("", SOURCE),
        ("<html>", SOURCE),
        ("日期,名称\n2027-01-01,元旦\n", SOURCE),
        ("日期,安排,名称\n9999-12-31,放假,元旦\n", SOURCE),
        ("日期,安排,名称\n2025-01-01,放假,元旦\n", SOURCE),
        (NEXT_YEAR, ""),
        (NEXT_YEAR, "x" * 201),
        (NEXT_YEAR, "\x00"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_says_why(office: Office, text: str, source: str) -> None:
    answer = enter(office.seat("admin"), text, source)
    assert answer.status_code in (415, 422) and refusal_of(answer)


def test_a_form_without_a_file_says_so_and_the_empty_file_has_the_titles(office: Office) -> None:
    admin = office.seat("admin")
    answer = admin.send("admin/holidays", source=SOURCE)
    assert refusal_of(answer) == "file_missing"
    file = admin.client.get("/console/admin/holidays/template.xlsx").data
    assert read_workbook(file).sheets[0].rows[0] == ["日期", "安排", "名称"]
    office.seat("section").get("admin/holidays", 404)
    office.seat("section").get("admin/holidays/template.xlsx", 404)

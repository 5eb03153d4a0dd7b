"""The console's page of a kind: narrowed by what one looks for, and taken home as it is narrowed."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from server.actions.sites.record_filters import RECORD_FILTERS
from server.base.db import read, write
from server.models import Disclosure
from tests.server.cast import COMPANY_B, NOW_MS, set_places
from tests.stories.field import WORKER, Field
from tests.stories.forms.test_sealed_forms_and_registers import PHONE, VISIT
from tests.stories.forms.workbooks import LABEL
from tests.stories.kinds.desk import at_the_console
from tests.stories.records.conftest import CLEANED, publish, put
from tests.stories.records.test_pages_of_records import DAY_MS, TODAY, cleaned
from tests.stories.records.test_record_files import SURVEY

LOG = "disinfection_log"


@pytest.fixture
def section(field: Field) -> FlaskClient:
    return at_the_console(field, "section")


def path_of(field: Field, kind: str = LOG) -> str:
    return f"/console/sites/{field.cast.site_a}/records/{kind}"


def operators(page: str) -> list[str]:
    return re.findall(r'<td data-label="消毒人员">([^<]*)</td>', page)


def link(page: str, text: str) -> str:
    found = re.search(rf'<a href="([^"]+)">{re.escape(text)}</a>', page)
    assert found is not None, page
    return unescape(found[1])


def test_each_filter_is_offered_and_keeps_what_was_chosen(field: Field, section: FlaskClient) -> None:
    with field.app.app_context(), write() as session:
        place, _ = set_places(session, field.cast.site_a, ("canteen", "食堂"), ("toilet", "东厕"))
    users = (field.tablet("a"), field.tablet("b", field.second_inspector()))
    for tablet in users:
        tablet.add(field.scope, LOG, CLEANED)
        assert tablet.sync().ok
    author = field.cast.users["inspector2"]
    asked = f"from={TODAY}&to={TODAY}&place={place}&author={author}&voided=hidden&choice=agent:chlorine"
    page = section.get(f"{path_of(field)}?{asked}").text
    assert re.findall(r'<(?:select|input)[^>]* name="(\w+)"', page.split('class="filter"')[1]) == [
        *(one.name for one in RECORD_FILTERS),
        "choice",
        "choice",
    ]
    for value in (place, author, "hidden", "agent:chlorine"):
        assert f'value="{value}" selected' in page
    assert page.count(f'value="{TODAY}"') == 2
    assert operators(page) == ["王师傅"] and '<td data-label="填写人">检查员韩梅</td>' in page


def test_what_says_nothing_of_a_kind_is_not_offered(field: Field, section: FlaskClient) -> None:
    publish(field, "lamp", [{"type": "text", "name": "name", LABEL: "名称"}], title="路灯", nature="register")
    page = section.get(f"{path_of(field, 'lamp')}?day={TODAY}")
    assert page.status_code == 200
    for name in ("day", "from", "to", "place", "choice"):
        assert f'name="{name}"' not in page.text


def test_what_is_filtered_is_what_leaves_as_csv_and_workbook(field: Field, section: FlaskClient) -> None:
    puts = [cleaned(number, NOW_MS - number * DAY_MS, operator=f"{number} 号") for number in range(4)]
    put(field, field.cast.site_a, puts)
    page = section.get(f"{path_of(field)}?to={TODAY}&from={TODAY}&choice=agent:chlorine").text
    assert operators(page) == ["0 号"]
    data = section.get(link(page, "下载 (.csv)")).data.decode("utf-8-sig")
    assert [row["消毒人员"] for row in csv.DictReader(io.StringIO(data))] == ["0 号"]
    answer = section.get(link(page, "下载 (.xlsx)"))
    assert answer.status_code == 200 and answer.data[:2] == b"PK"


def test_pages_go_back_in_time_with_the_same_filters(field: Field, section: FlaskClient) -> None:
    puts = [cleaned(number, NOW_MS - number, operator=f"{number} 号") for number in range(150)]
    put(field, field.cast.site_a, puts)
    page = section.get(f"{path_of(field)}?choice=agent:chlorine").text
    assert operators(page) == [f"{number} 号" for number in range(100)]
    older = section.get(link(page, "更早的 →")).text
    assert operators(older) == [f"{number} 号" for number in range(100, 150)]
    assert "更早的 →" not in older and 'value="agent:chlorine" selected' in older
    assert operators(section.get(link(older, "回到最新")).text) == operators(page)


def test_nothing_found_so_far_is_not_said_to_be_nothing(field: Field, section: FlaskClient) -> None:
    puts = [cleaned(number, NOW_MS - number) for number in range(2100)]
    put(field, field.cast.site_a, [*puts, cleaned(5000, NOW_MS - DAY_MS, agent="alcohol")])
    page = section.get(f"{path_of(field)}?choice=agent:alcohol").text
    assert "更早的还没有找完" in page
    assert operators(section.get(link(page, "更早的 →")).text) == ["王师傅"]
    assert "没有符合条件的消毒记录" in section.get(f"{path_of(field)}?day=2020-01-01").text


def test_filters_that_contradict_each_other_are_said_on_the_page(field: Field, section: FlaskClient) -> None:
    for asked in (f"from={TODAY}&to=2020-01-01", f"day={TODAY}&to={TODAY}"):
        for sort in ("", ".csv"):
            answer = section.get(f"{path_of(field)}{sort}?{asked}")
            assert answer.status_code == 422 and 'data-code="invalid_input"' in answer.text
            assert f'value="{TODAY}"' in answer.text


def test_what_no_filter_can_be_is_left_out(field: Field, section: FlaskClient) -> None:
    put(field, field.cast.site_a, [cleaned(1)])
    asked = "day=2026-02-30&place=x&author=%00&voided=no&choice=agent:water&choice=%00&choice=a:b&cursor="
    answer = section.get(f"{path_of(field)}?{asked}")
    assert answer.status_code == 200 and operators(answer.text) == ["王师傅"]
    assert section.get(f"{path_of(field)}?cursor=%00").status_code == 422


def test_full_fields_leave_with_a_reason_that_is_kept(field: Field) -> None:
    publish(field, "visit", SURVEY, title="来访", sealed="yes")
    tablet = field.tablet("first")
    tablet.add(field.scope, "visit", VISIT)
    assert tablet.sync().ok
    section, path = at_the_console(field, "section"), path_of(field, "visit")
    page = section.get(path).text
    assert PHONE not in page and "导出完整内容" in page
    assert "导出完整内容" not in at_the_console(field, "inspector").get(path).text
    assert "导出完整内容" not in section.get(path_of(field)).text
    form = dict(re.findall(r'name="(form_token|form_key)" value="([^"]+)"', page))
    short = section.post(f"{path}.csv", data={**form, "reason": "查"})
    assert short.status_code == 422 and "请写明查看完整号码的事由" in short.text
    full = section.post(f"{path}.csv", data={**form, "reason": "核对投诉人身份"})
    assert full.status_code == 200 and PHONE in full.text
    assert section.post(f"{path}.csv", data={"reason": "核对投诉人身份"}).status_code == 403
    with field.app.app_context(), read() as session:
        assert [one.reason for one in session.scalars(sa.select(Disclosure))] == ["核对投诉人身份"]


def test_a_contractor_reads_the_names_of_the_own_people_only(field: Field, section: FlaskClient) -> None:
    """A form may name people of several companies at a site."""
    survey = [
        {
            "type": "select_one_from_file workers.csv",
            "name": "who",
            LABEL: "人员",
            "bind::gongdi:role": "worker",
        }
    ]
    publish(field, "lesson", survey, title="安全教育", sealed="no")
    tablet = field.tablet("first")
    theirs: dict[str, Any] = {
        **WORKER,
        "company": COMPANY_B,
        "name": "李四",
        "certificate_number": "110101199003070011",
    }
    for person in (WORKER, theirs):
        worker = tablet.add(field.scope, "worker", person)
        tablet.add(field.scope, "lesson", {"who": worker})
    assert tablet.sync().ok and tablet.refused() == [], tablet.refused()
    own, other = WORKER["name"], "李四"
    page = section.get(path_of(field, "lesson")).text
    assert own in page and other in page
    page = at_the_console(field, "contractor").get(path_of(field, "lesson")).text
    assert own in page and other not in page

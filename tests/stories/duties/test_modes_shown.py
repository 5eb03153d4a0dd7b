"""What people see of duties without slots: the site's page, the flag and its file, and the command that sets one."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from flask import Flask

from tests.server.cast import Cast
from tests.stories.duties.modes import COUNT, DORM, MONDAY, NEXT_MONDAY, Asked, asked_site, sheets
from tests.stories.forms.conftest import Run, run
from tests.stories.kinds.desk import at_the_console

__all__ = ["run"]
TUESDAY = "2026-11-24"


@pytest.fixture
def asked(app: Flask, cast: Cast, tmp_path: Path) -> Asked:
    return asked_site(app, cast, tmp_path, sheets("dorm_count", COUNT, DORM))


def counted(asked: Asked, persons: int) -> None:
    tablet = asked.field.tablet("first")
    asked.now("10:00", TUESDAY)
    tablet.add(asked.scope, "dorm_count", {"place_id": asked.one, "persons": persons})
    asked.report(tablet, "18:00", TUESDAY)


def test_the_sites_page_says_what_is_wrong_and_what_to_do(asked: Asked) -> None:
    counted(asked, 8)
    page = at_the_console(asked.field, "section").get(f"/console/sites/{asked.field.cast.site_a}").text
    assert "记录显示不符合要求: 居住人数应不超过 6, 实为 8" in page
    assert "按要求整改后重新查看登记, 由复查销号" in page
    assert "本期" in page


def test_a_week_that_began_long_ago_is_on_the_page_while_it_lasts(asked: Asked) -> None:
    asked.publish(
        sheets(
            "drill_test",
            COUNT[1:2],
            {"code": "D", "name": "演练", "judging": "period", "rolling": "months 2"},
        )
    )
    asked.tick("10:00", "2026-12-20")
    page = at_the_console(asked.field, "section").get(f"/console/sites/{asked.field.cast.site_a}").text
    assert "演练" in page


def test_the_flag_and_its_file_say_it_too(asked: Asked) -> None:
    counted(asked, 8)
    section = at_the_console(asked.field, "section")
    (flag,) = (
        asked.field.cast.client("section")
        .get("/api/v1/flags", query_string={"duty": "DORMS"})
        .get_json()["items"]
    )
    page = section.get(f"/console/flags/{flag['id']}").text
    assert "居住人数应不超过 6, 实为 8" in page and "6" in page
    book = openpyxl.load_workbook(io.BytesIO(section.get(f"/console/flags/{flag['id']}/file.xlsx").data))
    cells = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
    assert any("居住人数应不超过 6, 实为 8" in cell for cell in cells)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--every", "weeks 1"], "holds"),
        (["--every", "often", "--holds", "${persons} <= 6"], "every"),
        (["--every", "weeks 1", "--holds", "${people} <= 6"], "people"),
    ],
)
def test_a_duty_that_nothing_can_meet_is_refused_by_the_command(
    asked: Asked, run: Run, options: list[str], says: str
) -> None:
    given = [
        "--name",
        "宿舍",
        "--judging",
        "state",
        "--evidence",
        "dorm_count",
        "--site-kinds",
        "construction",
    ]
    refused = run("duty", "set", "BEDS", *given, *options)
    assert refused.exit_code != 0 and says in refused.output
    assert asked.windows("BEDS") == []


def test_a_duty_that_the_command_sets_is_asked_from_the_next_week_on(asked: Asked, run: Run) -> None:
    given = [
        "--name",
        "宿舍",
        "--judging",
        "state",
        "--evidence",
        "dorm_count",
        "--site-kinds",
        "construction",
    ]
    mode = ["--every", "weeks 1", "--holds", "${persons} <= 6", "--places", "dormitory"]
    done = run("duty", "set", "BEDS", *given, *mode)
    assert done.exit_code == 0, done.output
    listed = run("duty", "list").output
    assert "每周" in listed
    asked.tick("10:00", TUESDAY)
    assert asked.windows("BEDS") == []  # the week had begun
    asked.tick("10:00", "2026-11-29")
    assert {one.local_date for one in asked.windows("BEDS")} == {NEXT_MONDAY}
    assert MONDAY < NEXT_MONDAY

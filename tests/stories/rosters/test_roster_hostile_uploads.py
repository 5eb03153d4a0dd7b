"""A hostile file is refused at upload, in Chinese, with a code; nothing of it is kept."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.base.db import read
from server.models import LogEntry, Roster
from tests.server.cast import Caller, Cast
from tests.server.rosters.crafted_workbooks import one_sheet
from tests.server.rosters.hostile import HOSTILE
from tests.server.rosters.people import TITLES, person
from tests.stages import reach_reference
from tests.stories.rosters.uploads import commit, people_file, preview, read_at_once, rows, upload, xlsx


@pytest.fixture
def contractor(app: Flask, cast: Cast) -> Caller:
    reach_reference(app)
    read_at_once(cast)
    return cast.client("contractor")


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= sign <= "\u9fff" for sign in text)


def test_every_hostile_file_is_refused_at_upload_and_nothing_is_kept(cast: Cast, contractor: Caller) -> None:
    answers: dict[str, tuple[Any, ...]] = {}
    for hostile in HOSTILE:
        answer = upload(contractor, cast.site_a, hostile.make())
        said = answer.get_json()
        answers[hostile.what] = (answer.status_code, said["code"])
        assert _is_chinese(said["title"]) and _is_chinese(said.get("detail", "没有")), (hostile.what, said)
    assert answers == {hostile.what: (hostile.status, hostile.code) for hostile in HOSTILE}
    with cast.app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Roster)) == 0
        assert session.scalar(sa.select(sa.func.count()).select_from(LogEntry)) == 0


def test_the_upload_still_works_after_them(cast: Cast, contractor: Caller) -> None:
    for hostile in HOSTILE[:3]:
        upload(contractor, cast.site_a, hostile.make())
    assert preview(contractor, cast.site_a, people_file(person(1)))["state"] == "preview"


def test_a_file_that_is_no_roster_becomes_a_failed_one_that_says_why(cast: Cast, contractor: Caller) -> None:
    roster = preview(contractor, cast.site_a, one_sheet('<row r="1"><c r="A1"><v>1</v></c></row>'))
    assert (roster["state"], roster["problem"]["code"]) == ("failed", "header_not_found")
    assert _is_chinese(roster["problem"]["detail"])
    assert (
        contractor.get(f"/api/v1/rosters/{roster['id']}/rows", query_string={"group": "new"}).status_code
        == 409
    )
    assert contractor.get(f"/api/v1/rosters/{roster['id']}/problems.xlsx").status_code == 409
    assert contractor.post(f"/api/v1/rosters/{roster['id']}/commit", json={}).status_code == 409


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b", "\u202e", "\ufffe", "\U000e0001"])
@pytest.mark.parametrize("column", range(6))
def test_signs_that_no_text_holds_never_break_a_commit(
    cast: Cast, contractor: Caller, sign: str, column: int
) -> None:
    cells = [str(cell) for cell in person(1).cells()]
    cells[column] = cells[column][:2] + sign + cells[column][2:]
    lines = "\n".join([",".join(TITLES), ",".join(cells)]) + "\n"
    padding = " " * 5_000 + "\n"  # control signs are looked for where a file begins
    roster = preview(contractor, cast.site_a, (padding + lines).encode())
    assert roster["state"] == "preview", roster
    assert contractor.get(f"/api/v1/rosters/{roster['id']}/problems.xlsx").status_code == 200
    for group in ("new", "rejected"):
        rows(contractor, roster, group)
    commit(contractor, roster)
    assert contractor.get(f"/api/v1/sites/{cast.site_a}/roster.xlsx").status_code == 200


def test_a_cell_longer_than_any_spreadsheet_takes_comes_back_in_the_file_of_problems(
    cast: Cast, contractor: Caller
) -> None:
    cells = person(1).cells()
    cells[0] = "=" * 32_000
    roster = preview(contractor, cast.site_a, xlsx([cells]))
    assert contractor.get(f"/api/v1/rosters/{roster['id']}/problems.xlsx").status_code == 200

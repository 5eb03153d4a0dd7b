"""Whatever a cell holds: in no file that people take home does it start a formula, and it comes back unchanged."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from server.files.read_workbook import read_workbook
from server.rules.rosters.cells import text_of
from tests.server.cast import Cast
from tests.server.rosters.people import TITLES, person
from tests.stories.rosters.uploads import commit, preview, rows, xlsx

STARTS = (
    "=",
    "+",
    "-",
    "@",
    "\t=",
    "\r=",
    "\n@",
    "＝",
    "'=",
    '="',
    "=cmd|'/C calc'!A0",
    "{=",
    "http://",
    "mailto:a@",
)
_NO_CONTROLS = st.characters(exclude_categories=("Cs", "Cc", "Cn"))  # XML has no word for the others
TEXTS = st.builds(str.__add__, st.sampled_from(STARTS), st.text(_NO_CONTROLS, max_size=12))


def _cells(data: bytes) -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    return [list(row) for sheet in book.worksheets for row in sheet.iter_rows()]


def _start_nothing(cells: list[list[Any]]) -> None:
    """Texts are texts, and nothing else is there but numbers and empty cells."""
    for row in cells:
        for cell in row:
            assert cell.data_type in ("s", "n", "inlineStr"), (cell.coordinate, cell.data_type)
            assert cell.data_type != "n" or cell.value is None or isinstance(cell.value, int | float)
            assert cell.hyperlink is None


_FEW = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_FEW
@given(st.lists(TEXTS, min_size=6, max_size=6))
@example(["=1+1", "@SUM(A1)", "+1", "-1", "\t=1", "\r=1"])
def test_rejected_rows_come_back_as_texts_and_are_judged_the_same(desk: Cast, texts: list[str]) -> None:
    contractor = desk.client("contractor")
    number = person(1).certificate_number
    sent = [[texts[0], wrong, *texts[2:]] for wrong in (number[:-1] + "?", "=" + number, texts[1] + number)]
    roster = preview(contractor, desk.site_a, xlsx(sent))
    first = rows(contractor, roster, "rejected")
    assert len(first) == len(sent)
    file = contractor.get(f"/api/v1/rosters/{roster['id']}/problems.xlsx").data
    _start_nothing(_cells(file))
    held = read_workbook(file).sheets[0].rows[1:]
    assert [[text_of(cell) for cell in row[:6]] for row in held] == [list(map(text_of, row)) for row in sent]
    again = rows(contractor, preview(contractor, desk.site_a, file), "rejected")
    assert [_verdict(row) for row in again] == [_verdict(row) for row in first]


def _verdict(row: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(problem["code"], problem["field"]) for problem in row["problems"]]


@_FEW
@given(TEXTS, TEXTS)
@example("=1+1", "@SUM(A1)")
def test_the_roster_of_a_site_holds_texts_only(desk: Cast, team: str, dormitory: str) -> None:
    contractor = desk.client("contractor")
    who = person(1).cells()
    who[2] = team
    roster = preview(contractor, desk.site_a, xlsx([[*who, dormitory]], [*TITLES, "宿舍"]))
    commit(contractor, roster)
    asked = {"json": {"reason": "核对工伤保险"}}
    path = f"/api/v1/sites/{desk.site_a}/roster.xlsx"
    for file in (contractor.get(path).data, desk.client("section").post(path, **asked).data):
        _start_nothing(_cells(file))


def test_titles_and_names_of_sheets_start_nothing_either(desk: Cast) -> None:
    contractor = desk.client("contractor")
    titles = [*TITLES, "=1+1", "@SUM(A1)"]
    bad = [*person(1).cells(), "x", "y"]
    bad[1] = "410702198002031231"
    roster = preview(contractor, desk.site_a, xlsx([bad], titles))
    cells = _cells(contractor.get(f"/api/v1/rosters/{roster['id']}/problems.xlsx").data)
    _start_nothing(cells)
    assert [cell.value for cell in cells[0]][:8] == titles

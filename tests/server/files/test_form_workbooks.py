"""The workbook of a form: its cells become tables, and what a reader of cells would pass over becomes a fault."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from schemas.forms.compile import compile_form
from schemas.forms.definition import Form
from schemas.forms.faults import FormRefused
from server.base.problems import Problem
from server.files.read_form_workbook import read_form_workbook
from tests.schemas.forms.cast import LABEL, Sheets, compiled, example, pond

Change = Callable[[openpyxl.Workbook], None]


def workbook(sheets: Sheets, change: Change = lambda book: None) -> bytes:
    """The tables as a spreadsheet program writes them."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        headers = list(dict.fromkeys(header for row in rows for header in row))
        sheet.append(headers)
        for row in rows:
            sheet.append([row.get(header) for header in headers])
    change(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def compiled_file(data: bytes) -> Form:
    return compile_form(read_form_workbook(data)).form


def found(change: Change) -> set[tuple[str, int | None, str | None, str]]:
    with pytest.raises(FormRefused) as refused:
        compiled_file(workbook(pond(), change))
    return {(fault.sheet, fault.row, fault.column, fault.code) for fault in refused.value.faults}


def survey(book: openpyxl.Workbook) -> Worksheet:
    sheet = book["survey"]
    assert isinstance(sheet, Worksheet)
    return sheet


@pytest.mark.parametrize("name", ["pond_round", "dormitory_count", "visitor_pass"])
def test_a_workbook_gives_the_same_form_as_its_tables_in_json(name: str) -> None:
    assert compiled_file(workbook(example(name))) == compiled(example(name)).form


def test_numbers_dates_and_true_are_read_as_a_spreadsheet_means_them() -> None:
    def change(book: openpyxl.Workbook) -> None:
        book["settings"]["C2"] = 1.0
        book["gongdi"]["A2"] = datetime(2021, 12, 1)
        survey(book)["D2"] = True

    assert compiled_file(workbook(pond(), change)) == compiled(pond()).form
    assert compiled_file(workbook(pond(gongdi_2={"to": date(2022, 1, 1)}))).to == "2022-01-01"


def test_a_formula_is_a_fault_also_where_it_has_no_value() -> None:
    assert ("survey", 3, "F", "formula") in found(
        lambda book: survey(book).__setitem__("F3", '=CONCAT(". >= 1")')
    )


def test_a_cell_in_error_is_a_fault() -> None:
    def change(book: openpyxl.Workbook) -> None:
        cell = survey(book)["C4"]
        cell.value, cell.data_type = "#N/A", "e"

    assert ("survey", 4, "C", "error_cell") in found(change)


def test_merged_cells_are_a_fault() -> None:
    assert ("survey", 3, "C", "merged_cells") in found(lambda book: survey(book).merge_cells("C3:C4"))


def test_a_number_as_the_name_of_a_choice_is_a_fault() -> None:
    assert ("choices", 2, "B", "numeric_choice") in found(lambda book: book["choices"].__setitem__("B2", 1))


def test_a_sheet_that_is_none_of_a_form_is_a_fault_unless_it_is_empty() -> None:
    assert ("说明", None, None, "unknown_sheet") in found(
        lambda book: book.create_sheet("说明").append(["怎样填"])
    )
    compiled_file(workbook(pond(), lambda book: [book.create_sheet("Sheet1"), None][1]))


def test_a_column_far_out_is_a_fault_and_not_ignored() -> None:
    assert ("survey", 1, "BH", "unknown_column") in found(lambda book: survey(book).__setitem__("BH3", "x"))


def test_more_rows_than_a_form_has_are_a_fault() -> None:
    def change(book: openpyxl.Workbook) -> None:
        for i in range(600):
            survey(book).append(["note", f"n{i}", "说明"])

    assert any(code == "too_many_rows" for _, _, _, code in found(change))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b"a,b\n1,2\n", "file_type_unknown"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "file_type_unknown"),
        (b"PK\x03\x04" + b"\0" * 100, "file_damaged"),
        (b"PK\x03\x04" + b"\0" * (1 << 20), "file_too_large"),
    ],
)
def test_what_is_no_workbook_of_a_form_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(Problem) as problem:
        read_form_workbook(data)
    assert problem.value.code == code


def with_part(name: str, content: bytes) -> bytes:
    file = io.BytesIO(workbook(pond()))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("xl/vbaProject.bin", b"macro", "file_has_macros"),
        ("xl/media/image1.png", b"\0" * (17 << 20), "file_inflates_too_much"),
        ("xl/extra.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x/>', "file_has_forbidden_xml"),
    ],
)
def test_macros_bombs_and_entities_are_refused_before_any_reader_opens_the_file(
    name: str, content: bytes, code: str
) -> None:
    with pytest.raises(Problem) as problem:
        read_form_workbook(with_part(name, content))
    assert problem.value.code == code


def test_an_archive_that_lies_about_its_size_is_refused() -> None:
    data = bytearray(with_part("xl/media/image1.png", b"\0" * (17 << 20)))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    with pytest.raises(Problem):
        read_form_workbook(bytes(data))


def test_a_label_in_a_workbook_is_trimmed() -> None:
    assert compiled_file(workbook(pond(survey_3={LABEL: " 时长 "}))) == compiled(pond()).form

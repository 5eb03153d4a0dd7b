"""An old .xls is read whichever program wrote it; one with a password is called so."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import Any

import pytest

from server.base.problems import Problem
from server.files.read_workbook import read_workbook
from tests.server.rosters.crafted_workbooks import one_sheet, record, zipped
from tests.server.rosters.files import are_all, book_of, cells_of, read_rows, write_rows
from tests.server.rosters.old_workbooks import WRITERS, biff, compound, with_password
from tests.server.rosters.people import TITLES, person


@pytest.mark.parametrize("writer", WRITERS)
def test_an_old_workbook_is_read_whichever_program_wrote_it(writer: str) -> None:
    are_all(read_rows(WRITERS[writer]([TITLES, *cells_of()])))


def test_texts_that_go_on_in_a_next_record_are_read() -> None:
    people = [person(number) for number in range(600)]
    rows = read_rows(WRITERS["Excel"]([TITLES, *cells_of(people)]))
    assert [row.fields["certificate_number"] for row in rows] == [who.certificate_number for who in people]


def test_an_old_workbook_with_a_password_is_called_so() -> None:
    with pytest.raises(Problem) as refusal:
        read_workbook(with_password([TITLES, *cells_of()]))
    assert refusal.value.code == "file_encrypted"


@pytest.mark.parametrize("word", ["EncryptedPackage", "_VBA_PROJECT"])
def test_a_word_in_a_cell_makes_no_password_and_no_macro(word: str) -> None:
    are_all(read_rows(WRITERS["Excel"]([[*TITLES, word], *cells_of()])))


def test_a_new_workbook_within_an_old_one_is_not_what_is_read() -> None:
    """The reader tries one format after another: what it can't read as an old workbook must not become a new one."""
    broken = record(0x0809, bytes(16)) + biff([TITLES, *cells_of()])
    inside = one_sheet('<row r="1"><c r="A1"><v>1</v></c></row>')
    with pytest.raises(Problem) as refusal:
        read_workbook(compound({"Workbook": broken}) + inside)
    assert refusal.value.code == "file_damaged"


def test_an_embedded_workbook_is_bounded_as_the_one_itself() -> None:
    far = record(0x0203, struct.pack("<HHHd", 65_535, 199, 0, 1.0))
    streams = {"Workbook": biff([TITLES, *cells_of()]), "WORKBOOK": biff([TITLES], after=b"") + far}
    with pytest.raises(Problem) as refusal:
        read_workbook(compound(streams))
    assert refusal.value.code == "sheet_too_long"


def test_a_new_workbook_with_an_archive_in_one_of_its_parts_is_read() -> None:
    def write(sheet: Any, _: Any) -> None:
        write_rows(sheet, [TITLES, *cells_of()])

    are_all(read_rows(_with_stored_part(book_of(write), zipped({"word/document.xml": "<x/>"}))))


def _with_stored_part(book: bytes, part: bytes) -> bytes:
    """The same workbook with a part that is kept unpacked, as programs keep what is packed already."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(member.filename, old.read(member))
        new.writestr("xl/embeddings/说明.docx", part, zipfile.ZIP_STORED)
    return buffer.getvalue()

"""New files of comma-separated values, line by line: UTF-8 with the mark by which Excel knows it. No cell can start a
formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

MIME = "text/csv; charset=utf-8"
_MARK = "\ufeff"
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")


def csv_chunks(titles: Sequence[str], chunks: Iterable[Iterable[Sequence[str | float]]]) -> Iterator[bytes]:
    """The file, piece by piece: the titles at once, then a piece for each chunk of rows."""
    yield _lines([titles], _MARK)
    for rows in chunks:
        yield _lines(rows)


def _lines(rows: Iterable[Sequence[str | float]], before: str = "") -> bytes:
    buffer = io.StringIO(before)
    buffer.seek(0, io.SEEK_END)
    csv.writer(buffer).writerows([defused(str(value)) for value in row] for row in rows)
    return buffer.getvalue().encode()


def defused(text: str) -> str:
    """A cell that a spreadsheet program does not take for a formula; a plain number stays one."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text

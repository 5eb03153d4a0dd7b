"""The rows of a list that people fill in: its first sheet, whose first line has the titles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from server.base.problems import Problem
from server.files import problems as wrong
from server.files.read_workbook import Workbook

_FAULTS_SHOWN_MAX = 20  # one by one


def titled_rows(
    workbook: Workbook, titles: Sequence[str], needed: Sequence[str], most: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number of the line, cells by title) of each row that is not empty; columns of other titles are left out. Raises
    Problem 422 for a title that is needed and not there, or for more than `most` rows."""
    rows = [(line, row) for line, row in enumerate(workbook.sheets[0].rows, 1) if any(row)]
    found = [now_titled(str(cell).strip()) for cell in rows[0][1]] if rows else []
    lacking = [title for title in needed if title not in found]
    if lacking:
        raise Problem("unknown_columns", f"第一行缺少: {'、'.join(lacking)}。应有: {'、'.join(titles)}。")
    if len(rows) - 1 > most:
        raise wrong.rows(f"最多 {most} 行。")
    for line, row in rows[1:]:
        yield line, {title: row[at] for at, title in enumerate(found) if title in titles and at < len(row)}


def now_titled(title: str) -> str:
    """A sheet or a column as it is called now: workbooks filled in earlier say 工地."""
    return "地点" if title == "工地" else title


def refuse_faults(faults: Sequence[str]) -> None:
    """Raises Problem 422 with what is wrong in a list, the first ones in words; nothing where nothing is wrong."""
    if faults:
        shown = " ".join(faults[:_FAULTS_SHOWN_MAX])
        left = len(faults) - _FAULTS_SHOWN_MAX
        raise wrong.rows(shown + (f" 另有 {left} 行有误。" if left > 0 else ""))

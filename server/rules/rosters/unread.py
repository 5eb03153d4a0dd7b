"""What of a sheet was not read, column by column and row by row, each with the reason: nothing is left out in silence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from server.rules.rosters.cells import Cell, half_width, is_empty, text_of
from server.rules.rosters.layout import Layout, is_header_again
from server.rules.rosters.nobody import is_total
from server.rules.rosters.teams import team_heading
from server.rules.rosters.words import IGNORED, Words, plain_title

COLUMNS: Mapping[str, str] = {
    "chosen": "您选了不读取",
    "remembered": "贵企业以前选了不读取, 可以在“已记住的列名”里改",
    "not_needed": "登记不需要, 按最少够用的原则不收",
    "second": "另一列已当作同一项读取",
    "empty": "整列是空的",
    "unknown": "不认识的列名, 需要的请点“调整各列”指明",
    "untitled": "有内容, 没有列名; 需要的请在文件里补上列名再上传",
}
ROWS: Mapping[str, str] = {
    "header_again": "重复的列名",
    "total": "合计",
    "heading": "班组的标题",
    "error": "单元格是错误值, 没有可读的内容",
    "note": "没有证件号码, 是说明、签字或合并单元格的续行",
}


class UnreadColumn(NamedTuple):
    """A column of a sheet (from 0) that was not read: its title as written, and why (a key of COLUMNS)."""

    at: int
    title: str
    code: str


def unread_columns(
    layout: Layout,
    rows: Sequence[Sequence[Cell]],
    words: Words,
    remembered: Mapping[str, str],
    chosen: Collection[int],
) -> list[UnreadColumn]:
    """The columns of a sheet that nobody read, from the left. `remembered`: what titles mean in this company's files;
    `chosen`: the columns about which the user decided in this file."""
    found = []
    for column in layout.columns:
        is_written = _is_written(rows[layout.last + 1 :], column.index)
        if not column.field and (column.title or is_written):
            code = "chosen" if column.index in chosen else _why(column.title, words, remembered)
            code = "empty" if code == "second" and not is_written else code
            found.append(UnreadColumn(column.index, column.title, code))
    known = {column.index for column in layout.columns}
    filled = {i for row in rows[layout.last + 1 :] for i, cell in enumerate(row) if not is_empty(cell)}
    found += [UnreadColumn(index, "", "untitled") for index in filled - known]
    return sorted(found)


def why_nobody(row: Sequence[Cell], layout: Layout, words: Words) -> str:
    """Why a row that was passed over is nobody: a key of ROWS."""
    if all(map(is_empty, row)):
        return "error"
    if is_header_again(row, layout):
        return "header_again"
    if is_total([half_width(text_of(cell)) for cell in row if not is_empty(cell)], words):
        return "total"
    return "heading" if layout.grouped and team_heading(row, words) is not None else "note"


def _is_written(rows: Sequence[Sequence[Cell]], index: int) -> bool:
    return any(index < len(row) and not is_empty(row[index]) for row in rows)


def _why(title: str, words: Words, remembered: Mapping[str, str]) -> str:
    """The parts of a title are looked at as the reader does: all of it, then from the lowest line up."""
    if not title:
        return "untitled"
    titles = [plain_title(title), *map(plain_title, reversed(title.split()))]
    for known, code in ((words.titles, "not_needed"), (remembered, "remembered")):
        meaning = next((known[one] for one in titles if one in known), None)
        if meaning is not None:
            return code if meaning == IGNORED else "second"
    return "unknown"

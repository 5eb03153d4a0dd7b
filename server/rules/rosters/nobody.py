"""Which rows below the header are nobody: totals, notes, signatures, headings of groups."""

from __future__ import annotations

import re
from collections.abc import Sequence

from server.rules.rosters.cells import Cell, half_width, is_empty, read_name, text_of
from server.rules.rosters.person import name_problem
from server.rules.rosters.words import Words, plain, plain_title

# Six digits: fewer are no number of anybody, but may be the count of a total. Chinese before them makes a sentence of it
# (联系电话: 138…), unless it is what the column is called, or the digits are as many as an identity card has.
_NUMBER = re.compile(
    r"(?:[^\u4e00-\u9fff]{0,40}?|\W*(?:居民)?(?:身份证|证件|护照|居住证|通行证)\w{0,3}?\W*)\d(?:\W{0,9}\d){5}"
    r"|.{0,60}?\d{15}"
).match
_PHONE_OR_DATE = re.compile(r"1[3-9]\d{9}|0\d{9,11}|(?:19|20)\d\d[-./]?\d\d?[-./]?\d\d?")
_UP_TO_COUNT = re.compile(r"[:\d(]")
_GROUP = re.compile(r"(?:班|组|队|部|公司|单位|项目|人员|工人|名单|名册)$")
_NAME_LENGTHS = range(2, 16)
_NAME_MAX = 25  # of somebody with a long name in Chinese characters; more is a sentence
_LABEL_MAX = 12


def has_number(cell: Cell) -> bool:
    """Whether a cell of the numbers' column holds what may be a number, sound or not."""
    text = cell if isinstance(cell, str) else text_of(cell)
    begins_with_digits = len(text) >= 6 and text[:6].isdecimal()  # nearly all do, and that is seen at once
    return begins_with_digits or _NUMBER(text) is not None


def is_stray_number(row: Sequence[Cell], name: Cell, number: Cell, words: Words) -> bool:
    """Whether what is in the numbers' column is the phone or the date of a note."""
    is_note = _is_label(text_of(name), words)
    if not is_note and (not is_empty(name) or sum(not is_empty(cell) for cell in row) > 2):
        return False
    return _PHONE_OR_DATE.fullmatch(re.sub(r"\s", "", half_width(text_of(number)))) is not None


def is_nobody(row: Sequence[Cell], name: Cell, number: Cell, words: Words) -> bool:
    """Empty rows, totals (合计), notes and signatures below the table (制表人: …), of rows without a number (see
    `has_number`). A row with only a name is left to `is_name_alone`."""
    written = [half_width(text_of(cell)) for cell in row if not is_empty(cell)]
    looked_at = written if is_empty(name) else written[:3]
    if is_total(looked_at, words):
        return True
    if ":" in plain(text_of(name)) or (is_empty(name) and len(written) <= 2):
        return True
    if any(_is_label(text, words) for text in (*written[:1], text_of(name))) or any(
        text.endswith(":") for text in written
    ):
        return True
    return len(written) <= 1 and is_empty(number)


def is_total(texts: Sequence[str], words: Words) -> bool:
    """Whether one of these texts of a row says that it is a total: 合计, 共: 12 人."""
    return any(words.says("total", _UP_TO_COUNT.split(text)[0]) for text in texts)


def is_note_below(row: Sequence[Cell], name: Cell, columns: int) -> bool:
    """Whether a row without a number, below all that have one, is a note: what is in the names' column is no name, and
    most of the table's columns are empty."""
    if 2 * sum(not is_empty(cell) for cell in row) > columns:
        return False
    read, problem = read_name(name)
    return problem is not None or read is None or len(read) > _NAME_MAX or name_problem(read) is not None


def _is_label(text: str, words: Words) -> bool:
    """Whether a text says what is next to it: 备注, 项目负责人(签字), 制表人: …"""
    title = plain_title(text)
    if not title or len(title) > _LABEL_MAX:
        return False
    return words.says("note", title) or any(title.endswith(word) for word in words.values.get("note", ()))


def is_name_alone(row: Sequence[Cell], name: Cell, words: Words) -> bool:
    """Whether the only cell of a row is somebody's name: no note, no heading of a group, no trade."""
    if is_empty(name) or sum(not is_empty(cell) for cell in row) != 1:
        return False
    read, _ = read_name(name)
    if read is None or len(read) not in _NAME_LENGTHS or name_problem(read) is not None:
        return False
    text = plain(read)
    is_word = words.says("note", text) or text in words.trades or plain_title(text) in words.titles
    return not (is_word or words.says("total", text) or _GROUP.search(text))

"""Teams that no column names: they are in a sheet's name, in a line above the table, or in a heading between its rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from schemas.limits import TEAM_MAX
from server.rules.rosters.cells import Cell, half_width, is_empty, text_of
from server.rules.rosters.words import Words, plain, plain_title

_LABELLED = re.compile(r"(?:班组|班别|施工队|作业队|队伍)(?:名称)?:\s*([^\s:,;()]+)")
_LABEL = re.compile(r"\S{0,4}(?:班组|班别|施工队|作业队|队伍)(?:名称)?:?")
_NUMBERING = re.compile(r"\(?(?:[一二三四五六七八九十]{1,3}|\d{1,2})[)、.:]\s*")
_COUNT = re.compile(r"\s*(?:[(【\[].*|共?\s*\d+\s*人)$")
_LIST = re.compile(
    r"(?:实名制?|人员|劳务|工人|民工|农民工|进场|在场)*(?:花名册|名册|名单|登记表|一览表|信息表|台账)$"
)
_OWNER = re.compile(r".*(?:项目部?|工程|工地|公司|标段|[\s:_-])")
_TEAM = re.compile(r"\S+(?:班|组|队)")
_CELLS_MAX = 4  # of a heading: 班组, its name, 班长, the leader's name


def team_in(text: str, words: Words) -> str | None:
    """The team that a title names: 班组: 木工一班; 一、钢筋班组 (12人); 东苑一期项目架子班花名册; or a trade alone, 木工."""
    text = half_width(text).strip()
    labelled = _LABELLED.search(text)
    if labelled is not None:
        return labelled[1][:TEAM_MAX]
    name = _COUNT.sub("", _NUMBERING.sub("", text, count=1)).strip("【】[]《》 ")
    name = _LIST.sub("", name)
    owner = _OWNER.match(name)
    name = name[owner.end() :] if owner is not None else name
    if _LABEL.fullmatch(name) and name in ("班组", "队伍", "班别", "施工队", "作业队"):
        return None
    is_team = _TEAM.fullmatch(name) is not None or plain(name) in words.trades
    return name if is_team and not name.isdigit() and len(name) <= TEAM_MAX else None


def team_above(lines: Sequence[str], words: Words) -> str | None:
    """The team that the lines above a table name, the lowest first; a label and its name may be two cells."""
    for before, text in reversed([*zip(("", *lines), lines, strict=False)]):
        if _is_label(before) and not _is_label(text):
            return text[:TEAM_MAX]
        found = team_in(text, words)
        if found is not None:
            return found
    return None


def team_heading(row: Sequence[Cell], words: Words) -> str | None:
    """The team that a row between people is the heading of."""
    written = [text_of(cell) for cell in row if not is_empty(cell)]
    if not written or len(written) > _CELLS_MAX:
        return None
    if _LABELLED.search(half_width(written[0])) is not None or len(written) == 1:
        return team_in(written[0], words)
    return written[1][:TEAM_MAX] if _is_label(written[0]) else None


def _is_label(text: str) -> bool:
    return _LABEL.fullmatch(half_width(text)) is not None and plain_title(text).removesuffix("名称").endswith(
        ("班组", "班别", "施工队", "作业队", "队伍")
    )

"""The list of areas at risk (风险地区), as the state publishes it: read from a file, entered with dates, served to
tablets. Whoever was there is found by the next ticks (see screen_trips)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from schemas.limits import LABEL_MAX, SOURCE_MAX
from server.actions.reference.check_codes import wrong
from server.actions.reference.load_reference import EDITED, mark_changed, rules_in_force
from server.actions.reference.publish_reference import publish_reference
from server.files.read_workbook import Workbook
from server.files.titled_rows import refuse_faults, titled_rows
from server.models.audit import Deed, record_deed
from server.models.reference import Reference
from server.models.travel import ask_screening
from server.models.tx import Tx
from server.rules.calendar import DAY_MS, local_date_of
from server.rules.from_rows import Row
from server.rules.plain_text import cleaned
from server.rules.rosters.cells import Cell
from server.rules.travel import LEVELS

NOUN = "risk_areas"
TITLES = ("代码", "名称", "级别", "起算日期", "列入日期", "移出日期")
_NEEDED = ("代码", "名称", "级别", "列入日期")
AREAS_MAX = 20_000
_CODE = re.compile(r"\d{4}(\d{2})?|\d{9}")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_LEVELS = {word: code for code, word in LEVELS.items()} | {code: code for code in LEVELS}
_LEVELS |= {"高": "high", "中": "medium", "指定": "named"}


class ListedArea(NamedTuple):
    """One line of a list. `since`: the first day of a stay that counts, where the list says one; dates are local ones;
    `to`: the day on which it left the list."""

    code: str
    name: str
    level: str
    since: str | None
    listed_from: str
    to: str | None


def read_areas(workbook: Workbook) -> list[ListedArea]:
    """The areas of the first sheet. Raises Problem 422, which names the lines."""
    found, faults, seen = [], [], dict[tuple[str, str], int]()
    for line, cells in titled_rows(workbook, TITLES, _NEEDED, AREAS_MAX):
        try:
            area = _area(cells)
        except ValueError as error:
            faults.append(f"第 {line} 行: {error}")
            continue
        before = seen.setdefault((area.code, area.listed_from), line)
        if before != line:
            faults.append(f"第 {line} 行: 与第 {before} 行是同一地区、同一列入日期。")
        found.append(area)
    refuse_faults(faults)
    return found


class Entered(NamedTuple):
    """What a list came to: areas that were new or changed, and areas that left the list because it does not name them."""

    changed: int
    ended: int


def enter_areas(
    tx: Tx, areas: Sequence[ListedArea], source: str, *, is_complete: bool, by: str | None = None
) -> Entered:
    """Bring the list of areas up to a file, and let all trips of the last days be held against it. `source`: who published
    it; `is_complete`: areas that it does not name leave the list today; `by`: whoever enters it at a page. Raises Problem
    422."""
    source, session = cleaned(source), tx.session
    if not 0 < len(source) <= SOURCE_MAX:
        raise wrong("source", f"请写明来源 (如 国务院客户端 2021-12-20), 不超过 {SOURCE_MAX} 字。")
    today = local_date_of(tx.now_ms)
    stored = {(row.code, row.valid_from): row for row in session.query(Reference).filter_by(noun=NOUN)}
    changed = sum(_enter(session, stored, area, source) for area in areas)
    named = {(area.code, area.listed_from) for area in areas}
    codes = {area.code for area in areas}
    left = [
        row
        for key, row in stored.items()
        if is_complete and key not in named and row.code not in codes and _is_listed(row, today)
    ]
    for row in left:
        row.valid_to = max(today, row.valid_from)
    if changed or left:
        mark_changed(session)
        publish_reference(session, tx.seals, tx.now_ms)
        days = rules_in_force(session).number("travel_screen_d", today)
        ask_screening(session, None, tx.now_ms - round(days * DAY_MS))
        counts = {"changed": ("", changed), "ended": ("", len(left))}
        record_deed(session, Deed("areas_listed", by, "风险地区名单", "", counts, source), tx.now_ms)
    return Entered(changed, len(left))


def listed_areas(session: Session, local_date: str) -> list[Row]:
    """The areas that are on the list on a local date, and those that are to come, by code."""
    rows = [row for row in rules_in_force(session).rows[NOUN] if row["to"] is None or row["to"] > local_date]
    return sorted(rows, key=lambda row: (row["code"], row["from"]))


def _is_listed(row: Reference, today: str) -> bool:
    return row.valid_to is None or row.valid_to > today


def _enter(session: Session, stored: dict[tuple[str, str], Reference], area: ListedArea, source: str) -> int:
    """Gives how many rows changed: this one or none."""
    data: dict[str, Any] = {"name": area.name, "level": area.level, "mark": "F", EDITED: True}
    data |= {"since": area.since} if area.since is not None else {}
    row = stored.get((area.code, area.listed_from))
    if row is None:
        row = Reference(noun=NOUN, code=area.code, valid_from=area.listed_from)
        session.add(row)
        stored[area.code, area.listed_from] = row
    elif (row.valid_to, row.data) == (area.to, data):
        return 0
    row.valid_to, row.data, row.source = area.to, data, source
    return 1


def _area(cells: Mapping[str, Cell]) -> ListedArea:
    """Raises ValueError with what is wrong, in words."""

    def text(title: str) -> str:
        value = cells.get(title, "")
        whole = isinstance(value, float) and value.is_integer()
        return cleaned(str(int(value) if whole and isinstance(value, float) else value))

    code, name, level = text("代码"), text("名称"), text("级别")
    if _CODE.fullmatch(code) is None:
        raise ValueError("代码应为 4、6 或 9 位行政区划代码。")
    if not 0 < len(name) <= LABEL_MAX:
        raise ValueError(f"请写明名称, 不超过 {LABEL_MAX} 字。")
    if level not in _LEVELS:
        raise ValueError(f"级别只能是: {'、'.join(LEVELS.values())}。")
    since, begins, ends = (_day(cells.get(title, ""), title) for title in TITLES[3:])
    if begins is None:
        raise ValueError("请写明列入日期。")
    if ends is not None and ends < begins:
        raise ValueError("移出日期早于列入日期。")
    return ListedArea(code, name, _LEVELS[level], since, begins, ends)


def _day(value: Cell, title: str) -> str | None:
    if isinstance(value, date | datetime):
        return value.strftime("%Y-%m-%d")
    text = str(value).strip()
    if not text:
        return None
    found = _DATE.fullmatch(text)
    try:
        return date(*map(int, found.groups())).isoformat() if found is not None else _unread(title)
    except ValueError:
        return _unread(title)


def _unread(title: str) -> str:
    raise ValueError(f"{title}应写成 2021-12-01。")

"""Enter a year's official arrangement of days off and make-up working days, before the year that is known runs out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from server.actions.reference.check_codes import wrong
from server.actions.reference.load_reference import mark_changed, rules_in_force
from server.base.problems import Problem
from server.files.read_workbook import Workbook
from server.models.audit import Deed, record_deed
from server.models.reference import Reference
from server.rules.calendar import add_days, local_date_of
from server.rules.rosters.cells import Cell

NOUN = "holidays"
TITLES = ("日期", "安排", "名称")
SOURCE_CHARS_MAX = 200
YEARS_AHEAD = 2
_NAME_CHARS_MAX = 20
_KINDS = {
    "放假": "day_off",
    "休": "day_off",
    "上班": "working_day",
    "调休上班": "working_day",
    "班": "working_day",
}
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


@dataclass(frozen=True, slots=True)
class Holiday:
    """One date (`YYYY-MM-DD`) on which people rest, or work though it is a weekend. `kind`: day_off, working_day."""

    date: str
    kind: str
    name: str


def read_holidays(workbook: Workbook) -> list[Holiday]:
    """The dates of the first sheet. Raises Problem 422, naming the line."""
    rows = [(line, row) for line, row in enumerate(workbook.sheets[0].rows, 1) if any(row)]
    titles = [str(cell).strip() for cell in rows[0][1]] if rows else []
    if any(title not in titles for title in TITLES):
        raise Problem("unknown_columns", f"第一行应有: {'、'.join(TITLES)}。")
    columns = [titles.index(title) for title in TITLES]
    return [_holiday(line, [row[at] if at < len(row) else "" for at in columns]) for line, row in rows[1:]]


def enter_holidays(
    session: Session, rows: Sequence[Holiday], source: str, now_ms: int, by: str | None = None
) -> int:
    """Enter a year's dates, replacing those that were entered for it before; windows are planned again at the next tick.
    Gives the year. `source`: the notice that arranges it; `by`: whoever enters it at a page. Days that are over stay as
    they were judged. Raises Problem 422 for dates of several years, for a year that is over or far off, where no day off
    is among them, and where a day that is over was known otherwise.
    """
    years = {int(row.date[:4]) for row in rows if row.kind == "day_off"}
    if len(years) != 1:
        raise wrong("date", "放假的日期应属于同一年, 至少一天。")
    (year,) = years
    today = local_date_of(now_ms)
    if year < int(today[:4]):
        raise wrong("date", f"{year} 年已经过去, 它的安排不能再改。")
    if year > int(today[:4]) + YEARS_AHEAD:
        raise wrong("date", f"{year} 年还没有公布安排, 请检查年份。")
    if any(abs(int(row.date[:4]) - year) > 1 for row in rows):
        raise wrong("date", f"有日期离 {year} 年太远。")
    if len({row.date for row in rows}) != len(rows):
        raise wrong("date", "有日期重复。")
    if not 0 < len(source) <= SOURCE_CHARS_MAX:
        raise wrong("source", f"请写明依据 (国务院办公厅通知的文号), 不超过 {SOURCE_CHARS_MAX} 字。")
    known = [old for old in session.query(Reference).filter_by(noun=NOUN) if old.code[:4] == str(year)]
    over = {old.code: old.data["kind"] for old in known if old.code < today}
    for row in rows:
        if known and row.date[:4] == str(year) and row.date < today and over.get(row.date) != row.kind:
            raise wrong("date", f"{row.date} 已经过去, 那天的判定不能再改。")
    for old in known:
        if old.code not in over:
            session.delete(old)
    session.flush()
    for row in rows:
        if row.date in over:
            continue
        kept = session.get(Reference, (NOUN, row.date, row.date)) or Reference(noun=NOUN, code=row.date)
        kept.valid_from, kept.valid_to, kept.source = row.date, add_days(row.date, 1), source
        kept.data = {"kind": row.kind, "name": row.name, "mark": "F"}
        session.add(kept)
    mark_changed(session)
    deed = Deed(
        "holidays_entered", by, f"{year} 年节假日", str(year), {"days": (len(known), len(rows))}, source
    )
    record_deed(session, deed, now_ms)
    return year


@dataclass(frozen=True, slots=True)
class Year:
    """A year that was entered: how many days off and make-up days, and by which notice."""

    year: str
    days_off: int
    working_days: int
    source: str


def years_entered(session: Session) -> list[Year]:
    """The years, earliest first."""
    found = []
    rows = rules_in_force(session).rows[NOUN]
    for year in sorted({row["code"][:4] for row in rows}):
        own = [row for row in rows if row["code"].startswith(year)]
        kinds = Counter(row["kind"] for row in own)
        found.append(Year(year, kinds["day_off"], kinds["working_day"], own[0]["source"]))
    return found


def known_until(session: Session, now_ms: int) -> str:
    """The last date (`YYYY-MM-DD`) through which the official calendar is known without a gap from today on; yesterday's
    where this year's is not known."""
    today = local_date_of(now_ms)
    return rules_in_force(session).holidays.known_until(today) or add_days(today, -1)


def days_known(session: Session, now_ms: int) -> int:
    """For how many days from today on the official calendar is known."""
    today = date.fromisoformat(local_date_of(now_ms))
    return (date.fromisoformat(known_until(session, now_ms)) - today).days + 1


def runs_out(session: Session, now_ms: int) -> str | None:
    """The last known date, where somebody ought to enter the next year by now (rule `holidays_ahead_d`); else None."""
    book = rules_in_force(session)
    if not book.rows[NOUN]:
        return None  # no reference data at all: other things are lacking first
    ahead = book.number("holidays_ahead_d", local_date_of(now_ms))
    return known_until(session, now_ms) if days_known(session, now_ms) <= ahead else None


def _holiday(line: int, cells: Sequence[Cell]) -> Holiday:
    day, kind, name = cells
    text = day.strftime("%Y-%m-%d") if isinstance(day, date | datetime) else _iso(str(day).strip())
    if text is None:
        raise wrong("date", f"第 {line} 行: 日期应写成 2027-01-01。")
    if str(kind).strip() not in _KINDS:
        raise wrong("kind", f"第 {line} 行: 安排应是 放假 或 上班。")
    return Holiday(text, _KINDS[str(kind).strip()], str(name).strip()[:_NAME_CHARS_MAX])


def _iso(text: str) -> str | None:
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    try:
        return date(*map(int, found.groups())).isoformat()
    except ValueError:
        return None

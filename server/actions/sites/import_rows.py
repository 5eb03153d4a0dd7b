"""A bureau's sites, people and assignments from one workbook: each row holds the arguments of a command,
and is handled by the same actions. A row that is wrong is given back with its problems; the others take effect.

Importing the same workbook again changes nothing: a site is known by its name and district, a person by the log-in name.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from server.actions.accounts.manage_users import NewUser, add_user, find_user
from server.actions.reference.check_codes import wrong
from server.actions.reference.load_reference import rules_in_force
from server.actions.sites.assign_site import assign_site
from server.actions.sites.register_site import NewSite, register_site, unit_of
from server.base.problems import Problem
from server.base.seal import Seals
from server.files.read_workbook import Workbook
from server.files.titled_rows import now_titled
from server.models.site import GENERAL_CONTRACTOR, Site, sites_named
from server.models.user import Assignment, user_named
from server.rules.calendar import local_date_of
from server.rules.from_rows import holds
from server.rules.rosters.cells import Cell

PROBLEM = "问题"  # the extra column of a problem file; it is not read
SITES, PEOPLE, ASSIGNMENTS = "地点", "人员", "分配"
# Each sheet's columns; those that end with an asterisk have to be filled in, with or without the asterisk in the file.
SHEETS: Mapping[str, Sequence[str]] = {
    SITES: ("名称*", "区县*", "类型", "科室", "住人", "场所", "企业", "地址", "纬度", "经度", "练习"),
    PEOPLE: ("登录名*", "角色*", "姓名", "科室", "信用代码", "区县", "初始密码"),
    ASSIGNMENTS: ("登录名*", f"{SITES}*", "区县"),
}
HINTS = {
    "区县": "名称或代码",
    "类型": "名称或代码, 不填为房屋建筑工地",
    "科室": "名称或代码",
    "住人": "是或否",
    "练习": "是: 不进任何名单、统计和通知",
    "场所": "种类:名称, 多个用分号隔开, 如 食堂:东食堂; 宿舍:1号楼",
    "企业": "信用代码:名称:角色, 多个用分号隔开; 角色不填为 009 总承包",
    "角色": "检查员、监理、施工单位、科室、监察支队、管理员",
    "信用代码": "施工单位的人必填",
    "初始密码": "不填则自动生成",
}
_ROLES = {
    "检查员": "inspector",
    "监理": "supervisor",
    "施工单位": "contractor",
    "科室": "section",
    "监察支队": "brigade",
    "管理员": "admin",
}
_YES, _NO = ("是", "有", "y", "yes", "1"), ("", "否", "无", "n", "no", "0")
_PASSWORD_BYTES = 9

Row = Mapping[str, str]  # by title, without the asterisk; "" where nothing is


@dataclass(frozen=True, slots=True)
class WrongRow:
    """A row that did not take effect. `line`: its number in the sheet, as the program that made it counts."""

    sheet: str
    line: int
    cells: Row
    problem: str


@dataclass(slots=True)
class Imported:
    """What came of a workbook: rows by sheet and by what they were (`new`, `same`), the wrong ones, sheets that nobody
    read, and the passwords that were made up, by log-in name."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: list[WrongRow] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)


def import_rows(session: Session, seals: Seals, workbook: Workbook, now_ms: int) -> Imported:
    """Take a workbook in: sites first, then people, then assignments, whatever the order of the sheets. The caller commits,
    or takes all of it back for a preview. Raises Problem 422 for a workbook that is none of ours."""
    tables = {now_titled(sheet.name.strip()): sheet.rows for sheet in workbook.sheets if any(sheet.rows)}
    found = Imported(unread=[name for name in tables if name not in SHEETS])
    if len(found.unread) == len(tables):
        named = "、".join(SHEETS)
        raise Problem("unknown_sheets", f"工作表应名为 {named}; 模板见 --template。")
    importing = _Importing(session, seals, now_ms, found)
    for name, take in ((SITES, _site), (PEOPLE, _person), (ASSIGNMENTS, _assignment)):
        if name in tables:
            _take_all(importing, name, tables[name], take)
    return found


@dataclass(frozen=True, slots=True)
class _Importing:
    """What every row needs."""

    session: Session
    seals: Seals
    now_ms: int
    found: Imported

    def code(self, noun: str, text: str) -> str:
        """The code that this text means: itself, or the one of that name."""
        rows, today = rules_in_force(self.session).rows[noun], local_date_of(self.now_ms)
        return next((str(row["code"]) for row in rows if row["name"] == text and holds(row, today)), text)


def _take_all(
    importing: _Importing, name: str, rows: Sequence[Sequence[Cell]], take: Callable[[_Importing, Row], str]
) -> None:
    counts = importing.found.counts.setdefault(name, Counter())
    titles: list[str] | None = None
    for line, cells in enumerate(rows, 1):
        texts = [_text(cell) for cell in cells]
        if not any(texts):
            continue
        if titles is None:
            titles = _titles(name, texts)
            continue
        row = dict.fromkeys((title.rstrip("*") for title in SHEETS[name]), "")
        row |= {title: text for title, text in zip(titles, texts, strict=False) if title in row}
        try:
            _check_filled(name, row)
            with importing.session.begin_nested():
                counts[take(importing, row)] += 1
        except Problem as problem:
            counts["wrong"] += 1
            importing.found.wrong.append(WrongRow(name, line, row, _message(problem)))


def _titles(sheet: str, texts: Sequence[str]) -> list[str]:
    titles = [now_titled(text.rstrip("*＊ ")) for text in texts]
    known = [title.rstrip("*") for title in SHEETS[sheet]]
    strange = [title for title in titles if title and title not in (*known, PROBLEM)]
    lacking = [
        title.rstrip("*")
        for title in SHEETS[sheet]
        if title.endswith("*") and title.rstrip("*") not in titles
    ]
    if strange or lacking:
        message = "; ".join(
            f"{what} {'、'.join(which)}"
            for what, which in (("不认识的列:", strange), ("缺少的列:", lacking))
            if which
        )
        raise Problem("unknown_columns", f"工作表 {sheet} {message}。可用的列: {'、'.join(known)}。")
    return titles


def _check_filled(sheet: str, row: Row) -> None:
    for title in SHEETS[sheet]:
        if title.endswith("*") and not row[title.rstrip("*")]:
            raise wrong(title, f"{title.rstrip('*')}不能为空。")


def _site(importing: _Importing, row: Row) -> str:
    session, now_ms = importing.session, importing.now_ms
    district = importing.code("districts", row["区县"])
    if any(site.district == district for site in sites_named(session, row["名称"])):
        return "same"
    kind = importing.code("site_kinds", row["类型"] or "construction")
    register_site(
        session,
        importing.seals,
        now_ms,
        NewSite(
            name=row["名称"],
            kind=kind,
            district=district,
            unit=importing.code("units", row["科室"]) if row["科室"] else unit_of(session, kind, now_ms),
            stage="building",
            inhabited=_yes("住人", row["住人"]),
            practice=_yes("练习", row["练习"]),
            places=[
                {"kind": importing.code("place_kinds", parts[0]), "name": parts[1]}
                for parts in _several("场所", row["场所"], 2, 2)
            ],
            address=row["地址"] or None,
            position=_position(row["纬度"], row["经度"]),
            companies=[
                (parts[0], parts[1], parts[2] if len(parts) == 3 else GENERAL_CONTRACTOR)
                for parts in _several("企业", row["企业"], 2, 3)
            ],
        ),
    )
    return "new"


def _person(importing: _Importing, row: Row) -> str:
    name, role = row["登录名"], _ROLES.get(row["角色"], row["角色"])
    known = user_named(importing.session, name)
    if known is not None and known.role == role:
        return "same"
    password = row["初始密码"] or secrets.token_urlsafe(_PASSWORD_BYTES)
    districts = [importing.code("districts", one) for one in _parts(row["区县"], "、,，;；")]
    new = NewUser(
        name=name,
        role=role,
        password=password,
        display_name=row["姓名"],
        unit=importing.code("units", row["科室"]) if row["科室"] else None,
        company=row["信用代码"] or None,
        district=",".join(districts) or None,
    )
    made = add_user(importing.session, new, importing.now_ms)
    if not row["初始密码"]:
        importing.found.passwords[made.name] = password
    return "new"


def _assignment(importing: _Importing, row: Row) -> str:
    session = importing.session
    user, site = find_user(session, row["登录名"]), _named_site(importing, row)
    known = session.get(Assignment, (site.id, user.id))
    if known is not None and known.ended_ms is None:
        return "same"
    assign_site(session, importing.seals, user, site, importing.now_ms)
    return "new"


def _named_site(importing: _Importing, row: Row) -> Site:
    district = importing.code("districts", row["区县"])
    sites = [
        one for one in sites_named(importing.session, row["地点"]) if not district or one.district == district
    ]
    if not sites:
        raise wrong("地点", f"没有名为 {row['地点']} 的地点。")
    if len(sites) > 1:
        raise wrong("区县", f"有多个地点名为 {row['地点']}, 请填写区县。")
    return sites[0]


def _several(title: str, text: str, least: int, most: int) -> list[list[str]]:
    """`a:b; c:d` as lists of parts."""
    found = []
    for one in _parts(text, ";；\n"):
        parts = [part.strip() for part in one.replace("：", ":").split(":")]
        if not least <= len(parts) <= most or not all(parts):
            raise wrong(title, f"{title}应写成 {HINTS[title]}。")
        found.append(parts)
    return found


def _parts(text: str, marks: str) -> list[str]:
    for mark in marks[1:]:
        text = text.replace(mark, marks[0])
    return [part.strip() for part in text.split(marks[0]) if part.strip()]


def _yes(title: str, text: str) -> bool:
    if text.lower() not in (*_YES, *_NO):
        raise wrong(title, f"{title}应填是或否。")
    return text.lower() in _YES


def _position(latitude: str, longitude: str) -> tuple[float, float] | None:
    if not latitude and not longitude:
        return None
    try:
        return float(latitude), float(longitude)
    except ValueError as error:
        raise wrong("纬度", "纬度和经度要都填, 并且是数字 (度)。") from error


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _message(problem: Problem) -> str:
    errors = problem.members.get("errors", {})
    return " ".join(text for texts in errors.values() for text in texts) or problem.detail or problem.title

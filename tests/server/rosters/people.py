"""People for rosters, and everything that people do to their rows: each trap with the verdict that it must get."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from schemas.certificates import company_check_character, person_check_character
from server.actions.load_reference import SEED_DATA
from server.rules.roster.cells import Cell
from server.rules.roster.judge import Context
from server.rules.roster.words import Words, words_from

TODAY = "2026-11-23"
COMPANY = "91410700MA40000A1"
COMPANY += company_check_character(COMPANY)
FIELDS = ("name", "certificate_number", "team", "trade", "phone", "entered_on")
TITLES = ("姓名", "身份证号", "班组", "工种", "手机号", "进场日期")
_NAMES = ("王磊", "买买提·吐尔逊", "㑇𤭢生", "欧阳修远", "李娜", "张伟", "刘洋", "陈静", "杨帆", "赵敏")


@dataclass(frozen=True)
class Person:
    """Somebody sound."""

    name: str
    certificate_number: str
    team: str = "钢筋一班"
    trade: str = "钢筋工"
    phone: str = "13800138000"
    entered_on: str = "2026-11-01"

    def cells(self) -> list[Cell]:
        return [getattr(self, field) for field in FIELDS]


def person(number: int) -> Person:
    """The same person for the same number, another for another."""
    return Person(_NAMES[number % len(_NAMES)], id_number(f"410702{1960 + number % 40}0203", number))


def id_number(front: str, number: int) -> str:
    """A sound number: six digits of a place, a birth date, an order; never ending on zeros."""
    body = f"{front}{number % 899 + 101}"
    return body + person_check_character(body)


def words() -> Words:
    rows = json.loads((SEED_DATA / "roster_words.json").read_text("utf-8"))["rows"]
    trades = json.loads((SEED_DATA / "trades.json").read_text("utf-8"))["rows"]
    return words_from(rows, trades)


def context(**given: Any) -> Context:
    return Context(TODAY, COMPANY, frozenset(("甲建筑",)), words(), 16, 18, **given)


@dataclass(frozen=True)
class Dirt:
    """What happens to one cell, and what must come of it: a value in the roster's form, or a code."""

    field: str
    what: str
    cell: Callable[[Person], Cell]
    value: Callable[[Person], str] | None = None
    code: str | None = None


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() else c for c in text)


def _wrong_check(number: str) -> str:
    return number[:17] + ("1" if number[17] != "1" else "2")


def _number(p: Person) -> str:
    return p.certificate_number


def _name(p: Person) -> str:
    return p.name


def _entered(_: Person) -> str:
    return "2021-12-01"


DIRT = [
    Dirt("name", "spaces around", lambda p: f"\u3000{p.name}\u00a0 ", _name),
    Dirt("name", "a space inside", lambda p: p.name[0] + " " + p.name[1:], _name),
    Dirt("name", "another dot", lambda p: p.name.replace("·", "•"), _name),
    Dirt("name", "nothing", lambda p: "", None, "name_missing"),
    Dirt("name", "digits", lambda p: p.name + "2", None, "name_form"),
    Dirt("name", "fifty-one characters", lambda p: "王" * 51, None, "name_long"),
    Dirt("name", "a number", lambda p: 12.0, None, "name_form"),
    Dirt(
        "certificate_number",
        "a numeric cell",
        lambda p: float(p.certificate_number[:17] + "0"),
        None,
        "certificate_numeric",
    ),
    Dirt("certificate_number", "scientific text", lambda p: "4.10702E+17", None, "certificate_numeric"),
    Dirt("certificate_number", "full width", lambda p: _full_width(p.certificate_number), _number),
    Dirt(
        "certificate_number",
        "an apostrophe and spaces",
        lambda p: f"'{p.certificate_number[:6]} {p.certificate_number[6:]} ",
        _number,
    ),
    Dirt("certificate_number", "a no-break space", lambda p: p.certificate_number + "\u00a0", _number),
    Dirt("certificate_number", "lower-case x", lambda p: p.certificate_number.lower(), _number),
    Dirt("certificate_number", "nothing", lambda p: "", None, "certificate_missing"),
    Dirt("certificate_number", "fifteen digits", lambda p: "410702800203123", None, "void_15_digit"),
    Dirt("certificate_number", "one digit lacks", lambda p: p.certificate_number[:17], None, "id_card_form"),
    Dirt(
        "certificate_number",
        "a wrong check character",
        lambda p: _wrong_check(p.certificate_number),
        None,
        "check_character",
    ),
    Dirt(
        "certificate_number",
        "an unreal birth date",
        lambda p: id_number("41070219800230", 5),
        None,
        "birth_date",
    ),
    Dirt("certificate_number", "stars", lambda p: "410702********1234", None, "certificate_masked"),
    Dirt("certificate_number", "a child", lambda p: id_number("41070220150203", 7), None, "under_age"),
    Dirt("certificate_number", "something else", lambda p: "没带", None, "certificate_type_missing"),
    Dirt("team", "digits", lambda p: 3.0, lambda p: "3"),
    Dirt("team", "too long", lambda p: "班" * 51, None, "team_long"),
    Dirt("trade", "an alias", lambda p: "瓦工", lambda p: "010"),
    Dirt("trade", "a code", lambda p: "020", lambda p: "020"),
    Dirt("trade", "a code that lost its zero", lambda p: 20.0, lambda p: "020"),
    Dirt("trade", "a hint in brackets", lambda p: "电焊工(持证)", lambda p: "270"),
    Dirt("trade", "an unknown word", lambda p: "吹笛手", lambda p: "000"),
    Dirt("trade", "nothing", lambda p: "", lambda p: "000"),
    Dirt("phone", "a numeric cell", lambda p: 13800138000.0, lambda p: "13800138000"),
    Dirt("phone", "a country code", lambda p: "+86 138-0013-8000", lambda p: "13800138000"),
    Dirt("phone", "a landline", lambda p: "0373-3696000", None, "phone_form"),
    Dirt("entered_on", "dots", lambda p: "2021.12.1", _entered),
    Dirt("entered_on", "slashes", lambda p: "2021/12/01", _entered),
    Dirt("entered_on", "Chinese", lambda p: "2021年12月1日", _entered),
    Dirt("entered_on", "compact", lambda p: "20211201", _entered),
    Dirt("entered_on", "a compact number", lambda p: 20211201.0, _entered),
    Dirt("entered_on", "a date cell", lambda p: date(2021, 12, 1), _entered),
    Dirt("entered_on", "a date and time cell", lambda p: datetime(2021, 12, 1, 8, 30), _entered),
    Dirt("entered_on", "a serial number", lambda p: 44531.0, _entered),
    Dirt("entered_on", "nothing", lambda p: "", None, "entered_on_missing"),
    Dirt("entered_on", "an unreal day", lambda p: "2021-02-30", None, "date_unreal"),
    Dirt("entered_on", "words", lambda p: "去年冬天", None, "date_form"),
    Dirt("entered_on", "tomorrow", lambda p: "2026-11-24", None, "date_future"),
]

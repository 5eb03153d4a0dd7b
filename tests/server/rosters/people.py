"""People for rosters, and everything that people do to their rows: each trap with the verdict that it must get."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from hypothesis import strategies as st

from schemas.certificates import company_check_character, person_check_character
from server.actions.reference.load_reference import SEED_DATA
from server.rules.rosters.cells import Cell
from server.rules.rosters.person import PersonLimits
from server.rules.rosters.problems import CATALOGUE
from server.rules.rosters.validate import Context, Row
from server.rules.rosters.words import Words, words_from

TODAY = "2026-11-23"
COMPANY = "91410700MA40000A1"
COMPANY += company_check_character(COMPANY)
FIELDS = ("name", "certificate_number", "team", "trade", "phone", "entered_on")
TITLES = ("姓名", "身份证号", "班组", "工种", "手机号", "进场日期")
ALL_FIELDS = (
    *FIELDS,
    "certificate_type",
    "company",
    "role",
    "contract",
    "exited_on",
    "dormitory",
    "team_leader",
    "canteen_staff",
)
ALL_TITLES = (
    *TITLES,
    "证件类型",
    "所属企业",
    "人员类别",
    "合同类型",
    "退场日期",
    "宿舍",
    "是否班组长",
    "食堂人员",
)
_NAMES = ("王磊", "买买提·吐尔逊", "㑇𤭢生", "欧阳修远", "李娜", "张伟", "刘洋", "陈静", "杨帆", "赵敏")


@dataclass(frozen=True)
class Person:
    """Somebody sound. `cells` are those of TITLES, `all_cells` those of ALL_TITLES."""

    name: str
    certificate_number: str
    team: str = "钢筋一班"
    trade: str = "钢筋工"
    phone: str = "13800138000"
    entered_on: str = "2026-11-01"
    certificate_type: str = "身份证"
    company: str = "甲建筑"
    role: str = "建筑工人"
    contract: str = "劳动合同"
    exited_on: str = ""
    dormitory: str = "3号楼201"
    team_leader: str = "否"
    canteen_staff: str = "否"

    def cells(self) -> list[Cell]:
        return [getattr(self, field) for field in FIELDS]

    def all_cells(self) -> list[Cell]:
        return [getattr(self, field) for field in ALL_FIELDS]


def person(number: int) -> Person:
    """The same person for the same number, another for another."""
    return Person(_NAMES[number % len(_NAMES)], id_number(f"410702{1960 + number % 40}0203", number))


def id_number(front: str, number: int) -> str:
    """A sound number: six digits of a place, a birth date, an order; never ending on zeros."""
    body = f"{front}{number % 899 + 101}"
    return body + person_check_character(body)


@cache
def words() -> Words:
    rows = json.loads((SEED_DATA / "roster_words.json").read_text("utf-8"))["rows"]
    trades = json.loads((SEED_DATA / "trades.json").read_text("utf-8"))["rows"]
    return words_from(rows, trades)


def context(**given: Any) -> Context:
    return Context(
        TODAY, COMPANY, frozenset(("甲建筑",)), words(), PersonLimits(16, 18, 90, "2000-01-01"), **given
    )


@dataclass(frozen=True)
class Dirt:
    """What happens to one cell, and what must come of it: a value in the roster's form (None: none), an error's code, a
    warning's code. `with_type`: the cell of the same row in the column of certificate types."""

    field: str
    what: str
    cell: Callable[[Person], Cell]
    value: Callable[[Person], object] | None = None
    error: str | None = None
    warning: str | None = None
    with_type: str | None = None

    def __str__(self) -> str:
        return f"{self.field}: {self.what}"

    def dirty(self, who: Person) -> list[Cell]:
        """All cells of a person, with this one dirty."""
        cells = who.all_cells()
        if self.with_type is not None:
            cells[ALL_FIELDS.index("certificate_type")] = self.with_type
        cells[ALL_FIELDS.index(self.field)] = self.cell(who)
        return cells


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() else c for c in text)


def _wrong_check(number: str) -> str:
    return number[:17] + ("1" if number[17] != "1" else "2")


def _is(value: object) -> Callable[[Person], object]:
    return lambda _: value


def _own(field: str) -> Callable[[Person], object]:
    return lambda who: getattr(who, field)


def _other_company() -> str:
    body = "91410700MA40000B2"
    return body + company_check_character(body)


def _names() -> Iterator[Dirt]:
    same = _own("name")
    yield Dirt("name", "spaces around", lambda p: f"\u3000{p.name}\u00a0 ", same)
    yield Dirt("name", "a space inside", lambda p: p.name[0] + " " + p.name[1:], same)
    yield Dirt("name", "a line end as Excel spells it", lambda p: p.name + "_x000D_", same)
    yield Dirt("name", "another dot", lambda p: p.name.replace("·", "•"), same)
    yield Dirt("name", "a full stop for a dot", _is("买买提.吐尔逊"), _is("买买提·吐尔逊"))
    for what, name in (
        ("Latin letters", "J. R. O'Neil-Smith"),
        ("brackets", "王磊(小)"),
        ("a private character", "王\ue000"),
        ("a character younger than Unicode 14", "王\U000323b0"),
        ("a zero of Chinese", "刘〇"),
        ("combining marks", "नरेन्द्र"),
    ):
        yield Dirt("name", what, _is(name), _is(name))
    yield Dirt("name", "a digit", lambda p: p.name + "2", lambda p: p.name + "2", warning="name_digits")
    yield Dirt("name", "nothing", _is(""), error="name_missing")
    yield Dirt("name", "fifty-one characters", _is("王" * 51), error="name_long")
    yield Dirt("name", "a number", _is(12.0), error="name_form")
    for name in (
        "#N/A",
        "王\ufffd磊",
        "王?磊",
        "王？磊",
        "<b>王</b>",
        "=王磊",
        "王_磊",
        "😀",
        "···",
        "410702198002031231",
        "王13800138000",
    ):
        yield Dirt("name", name, _is(name), error="name_form")


def _numbers() -> Iterator[Dirt]:
    field, same = "certificate_number", _own("certificate_number")
    for what, cell in (
        ("full width", lambda p: _full_width(p.certificate_number)),
        ("an apostrophe, spaces", lambda p: f"'{p.certificate_number[:6]} {p.certificate_number[6:]} "),
        ("a no-break space", lambda p: p.certificate_number + "\u00a0"),
        ("lower-case x", lambda p: p.certificate_number.lower()),
        ("hyphens", lambda p: f"{p.certificate_number[:6]}-{p.certificate_number[6:]}"),
        ("quotes", lambda p: f"“{p.certificate_number}”"),
        ("its title before it", lambda p: "身份证号码：" + p.certificate_number),
        ("a line end as Excel spells it", lambda p: p.certificate_number + "_x000D_"),
    ):
        yield Dirt(field, what, cell, same)
    for what, cell, error in (
        ("a numeric cell", lambda p: float(p.certificate_number[:17] + "0"), "certificate_numeric"),
        ("scientific text", _is("4.10702E+17"), "certificate_numeric"),
        ("nothing", _is(""), "certificate_missing"),
        ("fifteen digits", _is("410702800203123"), "void_15_digit"),
        ("one digit lacks", lambda p: p.certificate_number[:17], "id_card_form"),
        ("a wrong check", lambda p: _wrong_check(p.certificate_number), "check_character"),
        ("an unreal birth date", _is(id_number("41070219800230", 5)), "birth_date"),
        ("stars", _is("410702********1234"), "certificate_masked"),
        ("a child", _is(id_number("41070220150203", 7)), "under_age"),
        ("born in 1850", _is(id_number("41070218500203", 7)), "over_age"),
    ):
        yield Dirt(field, what, cell, error=error)
    yield Dirt(field, "sixteen years", _is(id_number("41070220100203", 9)), warning="minor")
    yield Dirt(field, "something else", _is("没带"), error="certificate_type_missing", with_type="")
    yield Dirt(field, "a residence", _is(id_number("81000019800203", 9)), with_type="港澳台居民居住证")
    yield Dirt(field, "a passport", _is("E12345678"), _is("E12345678"), with_type="护照")
    yield Dirt(field, "a short passport", _is("E12"), error="loose_form", with_type="护照")
    yield Dirt(
        field,
        "no residence",
        _is(id_number("41070219800203", 9)),
        error="hmt_residence_form",
        with_type="居住证",
    )
    yield Dirt(field, "letters", _is("AB123"), error="foreign_permanent_form", with_type="永居证")


def _kinds() -> Iterator[Dirt]:
    field = "certificate_type"
    yield Dirt(field, "an older name", _is("二代身份证"), _is("id_card"))
    yield Dirt(field, "nothing", _is(""), _is("id_card"))
    yield Dirt(field, "an unknown word", _is("借书证"), error="certificate_type_unknown")
    yield Dirt(field, "passport over an ID number", _is("护照"), error="certificate_type_contradicts")
    yield Dirt(field, "permit over an ID number", _is("台胞证"), error="certificate_type_contradicts")


def _work() -> Iterator[Dirt]:
    yield Dirt("team", "digits", _is(3.0), _is("3"))
    yield Dirt("team", "a line end inside", _is("钢筋\n一班"), _is("钢筋 一班"))
    yield Dirt("team", "too long", _is("班" * 51), error="team_long")
    for what, cell, code in (
        ("an alias", "瓦工", "010"),
        ("a code", "020", "020"),
        ("a code that lost its zero", 20.0, "020"),
        ("a hint in brackets", "电焊工(持证)", "270"),
    ):
        yield Dirt("trade", what, _is(cell), _is(code))
    yield Dirt("trade", "an unknown word", _is("吹笛手"), _is("000"), warning="trade_unknown")
    yield Dirt("trade", "an unknown code", _is("999"), _is("999"), warning="trade_not_listed")
    yield Dirt("trade", "nothing", _is(""), _is("000"), warning="trade_missing")
    yield Dirt("role", "a word for it", _is("农民工"), _is("worker"))
    yield Dirt("role", "a code", _is("10"), _is("manager"))
    yield Dirt("role", "nothing", _is(""), _is("worker"))
    yield Dirt("role", "an unknown word", _is("领导"), error="role_unknown")
    yield Dirt("contract", "a word for it", _is("用工书面协议"), _is("written_agreement"))
    yield Dirt("contract", "none", _is("暂无"))
    yield Dirt("contract", "an unknown word", _is("口头约定"), warning="contract_unknown")
    for field in ("team_leader", "canteen_staff"):
        yield Dirt(field, "a mark", _is("√"), _is(True))
        yield Dirt(field, "a truth", _is(True), _is(True))
        yield Dirt(field, "a zero", _is(0.0), _is(False))
        yield Dirt(field, "nothing", _is(""))
        yield Dirt(field, "an unknown word", _is("不一定"), warning="yes_no_unknown")
    yield Dirt("company", "its code", _is(COMPANY), _is(COMPANY))
    yield Dirt("company", "its code in small letters", _is(COMPANY.lower() + " "), _is(COMPANY))
    yield Dirt("company", "nothing", _is(""), _is(COMPANY))
    yield Dirt("company", "another's name", _is("乙建筑"), error="company_not_yours")
    yield Dirt("company", "another's code", _is(_other_company()), error="company_not_yours")
    wrong = COMPANY[:17] + ("1" if COMPANY[17] != "1" else "2")
    yield Dirt("company", "a wrong check", _is(wrong), error="company_check_character")
    yield Dirt("company", "an O for a zero", _is(COMPANY.replace("0", "O", 1)), error="company_form")


def _contact() -> Iterator[Dirt]:
    yield Dirt("phone", "a numeric cell", _is(13800138000.0), _is("13800138000"))
    yield Dirt("phone", "a country code", _is("+86 138-0013-8000"), _is("13800138000"))
    for word in ("无", "暂无", "-", "/"):
        yield Dirt("phone", word, _is(word))
    yield Dirt("phone", "a landline", _is("0373-3696000"), error="phone_form")
    yield Dirt("dormitory", "a number", _is(201.0), _is("201"))
    yield Dirt("dormitory", "none", _is("无"))
    yield Dirt("dormitory", "too long", _is("号" * 51), error="dormitory_long")


def _dates() -> Iterator[Dirt]:
    for what, cell in (
        ("dots", "2021.12.1"),
        ("slashes", "2021/12/01"),
        ("Chinese", "2021年12月1日"),
        ("Chinese full stops", "2021。12。1"),
        ("Chinese commas", "2021、12、1"),
        ("spaces", "2021 12 1"),
        ("a time behind it", "2021-12-01 08:30:00"),
        ("full width", "２０２１．１２．１"),
        ("compact", "20211201"),
        ("a compact number", 20211201.0),
        ("a date cell", date(2021, 12, 1)),
        ("a date and time cell", datetime(2021, 12, 1, 8, 30)),
        ("a serial number", 44531.0),
    ):
        yield Dirt("entered_on", what, _is(cell), _is("2021-12-01"))
    for what, cell, error in (
        ("an unreal day", "2021-02-30", "date_unreal"),
        ("words", "去年冬天", "date_form"),
        ("tomorrow", "2026-11-24", "date_future"),
        ("the year one", "0001-01-01", "date_early"),
    ):
        yield Dirt("entered_on", what, _is(cell), error=error)
        if error != "date_early":  # it would be before he came as well
            yield Dirt("exited_on", what, _is(cell), error=error)
    yield Dirt("entered_on", "nothing", _is(""), error="entered_on_missing")
    yield Dirt("exited_on", "a date", _is("2026.11.20"), _is("2026-11-20"))
    yield Dirt("exited_on", "no end", _is("长期"))
    yield Dirt("exited_on", "before he came", _is("2026-10-01"), error="exit_before_entry")


DIRT = [*_names(), *_numbers(), *_kinds(), *_work(), *_contact(), *_dates()]
_AMONG_OTHERS = ("duplicate_row", "two_names", "shared_number", "two_numbers")


def codes(row: Row, field: str, weight: str = "error") -> set[str]:
    """What was found about one cell of a row, apart from what shows only in comparison with other rows."""
    return {
        found.code
        for found in row.found
        if found.field == field and CATALOGUE[found.code].weight == weight and found.code not in _AMONG_OTHERS
    }


def expect(row: Row, who: Person, dirt: Dirt) -> None:
    """The verdict of one cell: its errors, its warnings, its value."""
    assert codes(row, dirt.field) == ({dirt.error} if dirt.error else set())
    assert codes(row, dirt.field, "warning") == ({dirt.warning} if dirt.warning else set())
    if dirt.value is not None:
        assert row.fields[dirt.field] == dirt.value(who)
    elif dirt.error is None and dirt.warning is None and dirt.with_type is None:
        assert dirt.field not in row.fields


def some_dirt(fields: Sequence[str], most: int = 6) -> st.SearchStrategy[list[Dirt]]:
    """Dirt of several cells of one row, of which none changes what another says: a type goes with its number, the age is
    that of the day of entry, and an exit is compared with it."""
    known = [dirt for dirt in DIRT if dirt.field in fields and dirt.with_type is None]
    drawn = st.lists(st.sampled_from(known), max_size=most, unique_by=lambda dirt: dirt.field)
    return drawn.map(_apart)


def _apart(drawn: list[Dirt]) -> list[Dirt]:
    dirts = {dirt.field: dirt for dirt in drawn}
    number = dirts.get("certificate_number")
    if number is not None:
        dirts.pop("certificate_type", None)
        if number.error in ("under_age", "over_age") or number.warning == "minor":
            dirts.pop("entered_on", None)
    if "entered_on" in dirts:
        dirts.pop("exited_on", None)
    return list(dirts.values())

"""What one cell says: pure readings of numbers, names and dates as people type them.

Each reading gives (value, problem): a value in the form that the roster keeps, or None with the code of a problem
(see problems.py), or None twice for an empty cell.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeGuard

from schemas import limits
from schemas.certificates import PHONE_PATTERN, certificate_problem
from server.rules.rosters.words import Words, plain

Cell = str | float | int | bool | date | datetime | time | timedelta
Reading = tuple[str | None, str | None]
Measured = tuple[str | float | None, str | None]

EMPTY: Reading = (None, None)
_OUTER = " \t\r\n\u00a0\u3000\u200b\ufeff'‘’`＇"
_SPACES = re.compile(
    r"[\s\x00-\x1f\x7f-\xa0\u3000\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]+"
)
_HAN = r"[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_HAN_GAP = re.compile(f"(?<={_HAN}) +(?={_HAN})")
_HAN_DOT = re.compile(rf"(?<={_HAN})\.(?={_HAN})")
_ESCAPED = re.compile(r"(?:_x00[01][0-9A-Fa-f]_)+")  # a control character as spreadsheet files spell it
# What people write before a number in its own cell, and the quotes they put around it.
_NUMBER_TITLE = re.compile(r"(?:居民)?(?:身份证|证件|护照|居住证|通行证)件?(?:号码?|编号)?[:：]?")
_QUOTES = "\"“”„'‘’"
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(ord("！"), ord("～") + 1)}
_PLAIN_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}")  # nine names in ten
_PLAIN_NUMBER = re.compile(r"[1-7]\d{16}[\dX]", re.ASCII)
_DOTS = str.maketrans(dict.fromkeys("•‧∙⋅・･．", "·"))
_CROSSES = str.maketrans(dict.fromkeys("xＸｘ×хХⅩⅹ", "X"))
_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d+)?e[+-]?\d+", re.IGNORECASE)
_QUANTITY = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_PHONE = re.compile(PHONE_PATTERN)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[日号]?(?:[ T].*)?")
_DATE_SIGN = re.compile(r"\s*[-./年月。、,·]\s*|(?<=\d)\s+(?=\d)")
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_TYPED_BY = (
    ("hmt_residence", re.compile(r"8[123]0000\d{11}[0-9X]")),
    ("foreign_permanent", re.compile(r"9\d{16}[0-9X]|[A-Z]{3}\d{12}")),
    ("id_card", re.compile(r"\d{14,20}X?")),
    ("hk_macao_permit", re.compile(r"[HM]\d{8,10}")),
)
_EPOCHS = {False: date(1899, 12, 30), True: date(1904, 1, 1)}
_SERIALS = range(20_000, 80_000)  # 1954 to 2119: whoever writes a plain number for a date means one of these
_NUMBER_TEXT = re.compile(r"\d{5}(\.\d+)?")
_TRADE_CODE = re.compile(r"\d{2,3}", re.ASCII)  # a numeric cell has lost the zero before it


def text_of(cell: Cell) -> str:
    """A cell as text, trimmed of what typing and pasting leave around it. A whole number has no decimals."""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime) and (cell.hour, cell.minute, cell.second) == (0, 0, 0):
        return cell.date().isoformat()
    text = str(cell)
    return (_ESCAPED.sub(" ", text) if "_x00" in text else text).strip(_OUTER)


def is_empty(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell.strip(_OUTER)


def half_width(text: str) -> str:
    """Full-width letters, digits and signs as half-width ones, and nothing else: rare characters stay what they
    are, where a general normalisation would replace some of them."""
    return text if text.isascii() else text.translate(_HALF_WIDTH)


def read_name(cell: Cell) -> Reading:
    """A person's name: `·` kept, whichever dot was typed; spaces between Chinese characters dropped. Whether it is a
    name is checked where tablets' names are checked as well (see person.py)."""
    if isinstance(cell, str) and _PLAIN_NAME.fullmatch(cell):
        return cell, None
    if is_empty(cell):
        return None, "name_missing"
    if not isinstance(cell, str):
        return None, "name_form"
    name = _HAN_GAP.sub("", _SPACES.sub(" ", half_width(text_of(cell).translate(_DOTS))).strip())
    name = _HAN_DOT.sub("·", name)
    if not name:
        return None, "name_missing"
    return (name, None) if len(name) <= limits.PERSON_NAME_MAX else (None, "name_long")


@lru_cache(maxsize=4096, typed=True)  # a roster names its teams again and again
def read_text(cell: Cell, longest: int, problem: str) -> Reading:
    """Free text of at most `longest` characters."""
    if is_empty(cell):
        return EMPTY
    text = _SPACES.sub(" ", half_width(text_of(cell))).strip()
    return (text, None) if len(text) <= longest else (None, problem)


def read_quantity(cell: Cell) -> Measured:
    """A number, as a numeric cell or as people type it."""
    if is_empty(cell):
        return EMPTY
    text = half_width(text_of(cell)).replace(",", "")
    if isinstance(cell, bool) or _QUANTITY.fullmatch(text) is None:
        return None, "value_unfit"
    return (float(text) if "." in text else int(text)), None


def is_plain_number(cell: Cell) -> TypeGuard[str]:
    """Whether a cell is written like a citizen's number and nothing else, sound or not."""
    return isinstance(cell, str) and _PLAIN_NUMBER.fullmatch(cell) is not None


def read_number(cell: Cell, typed: str | None) -> tuple[str | None, str | None, str | None]:
    """(certificate type, number, problem). `typed` is the type that the row names, None where it names none.

    A numeric cell is never an ID number: a spreadsheet keeps 15 digits, and one mangled number in eleven passes
    the check character all the same (DOMAIN: Roster).
    """
    if typed in (None, "id_card") and is_plain_number(cell):
        problem = certificate_problem("id_card", cell)
        return "id_card", (cell if problem is None else None), problem
    if is_empty(cell):
        return typed, None, "certificate_missing"
    if not isinstance(cell, str):
        return typed, None, "certificate_numeric"
    number = _NUMBER_TITLE.sub("", _SPACES.sub("", half_width(text_of(cell))), count=1).strip(_QUOTES)
    number = number.replace("-", "").replace("'", "")
    number = number[:-1] + number[-1:].translate(_CROSSES) if number[:1].isdigit() else number
    number = number.upper()
    if _SCIENTIFIC.fullmatch(number):
        return typed, None, "certificate_numeric"
    if "*" in number:
        return typed, None, "certificate_masked"
    found = next((name for name, form in _TYPED_BY if form.fullmatch(number)), None)
    # People write 身份证 over every column of numbers; what the number itself says is surer.
    kind = found if typed in (None, "id_card") and found is not None else typed
    if kind is None:
        return None, None, "certificate_type_missing"
    problem = certificate_problem(kind, number)
    return kind, (number if problem is None else None), problem


def read_phone(cell: Cell, words: Words) -> Reading:
    """A mainland mobile number, without +86, spaces and hyphens. Numeric cells are sound: it has 11 digits. Words for
    `none` (暂无) are an empty cell."""
    if isinstance(cell, str) and _PHONE.fullmatch(cell):
        return cell, None
    if is_empty(cell):
        return EMPTY
    text = half_width(text_of(cell))
    if words.says("none", text):
        return EMPTY
    digits = re.sub(r"[\s()\-—]", "", text)
    digits = re.sub(r"^(\+|00)?86(?=1\d{10}$)", "", digits)
    return (digits, None) if _PHONE.fullmatch(digits) else (None, "phone_form")


@lru_cache(maxsize=4096, typed=True)
def read_date(cell: Cell, epoch_1904: bool, words: Words) -> Reading:
    """A date as YYYY-MM-DD: year, month and day with whatever is between them (2021.12.1, 2021年12月1日, 2021、12、1,
    2021 12 1), 20211201, a date cell, or a serial number of the file's epoch. Words for `no end` (长期) are an empty
    cell."""
    if is_empty(cell):
        return EMPTY
    if isinstance(cell, datetime):
        return cell.date().isoformat(), None
    if isinstance(cell, date):
        return cell.isoformat(), None
    text = half_width(text_of(cell))
    if words.says("no_end", text):
        return EMPTY
    spelt = _DATE.fullmatch(_DATE_SIGN.sub("-", text, count=2)) or _COMPACT_DATE.fullmatch(text)
    try:
        if spelt is not None:
            return date(*map(int, spelt.groups())).isoformat(), None
        if _NUMBER_TEXT.fullmatch(text) and int(float(text)) in _SERIALS:
            return (_EPOCHS[epoch_1904] + timedelta(int(float(text)))).isoformat(), None
    except (ValueError, OverflowError):
        return None, "date_unreal"
    return None, "date_form"


@lru_cache(maxsize=4096, typed=True)
def read_trade(cell: Cell, words: Words) -> tuple[str, str | None]:
    """(trade code, problem). A code that the list does not have stays as it is, as it does from a tablet; any other
    word that the list does not know is 其他."""
    text = plain(text_of(cell)).removesuffix("等")
    is_code = _TRADE_CODE.fullmatch(text) is not None
    text = text.zfill(limits.TRADE_LENGTH) if is_code else text
    found = words.trades.get(text) or words.trades.get(re.sub(r"\(.*?\)", "", text))
    if found is not None:
        return found, None
    return (text, "trade_not_listed") if is_code else ("000", "trade_unknown")

"""Certificate numbers and company codes: pure checks, each with its source. They report what is wrong by a code.

Numbers are checked as they are stored: capitals, half-width, without spaces. Bringing what people type into that form
is the importer's work, never done here: a check that repairs would hide which bytes were checked.

>>> certificate_problem("id_card", "11010519491231002X") is None
True
>>> certificate_problem("id_card", "110105491231002")
'void_15_digit'
>>> company_problem("91110000101623741K") is None
True
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from operator import mul

from schemas import limits

# GB 11643-1999, 4 and annex; the weights are 2^(18-i) mod 11, ISO 7064 MOD 11-2.
_PERSON_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PERSON_CHECKS = "10X98765432"
# GB 32100-2015, 5 and annex: 31 characters (no I O S V Z), the weights are 3^(i-1) mod 31.
_COMPANY_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_COMPANY_VALUES = {character: value for value, character in enumerate(_COMPANY_ALPHABET)}
_COMPANY_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))

COMPANY_PATTERN = r"^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$"
CERTIFICATE_PATTERN = (
    f"^[A-Za-z0-9]{{{limits.CERTIFICATE_MIN},{limits.CERTIFICATE_MAX}}}$"  # what every type fits
)
PHONE_PATTERN = r"^1[3-9][0-9]{9}$"  # mainland mobile numbers, as DOMAIN's Roster has them

_PERSON_FORM = re.compile(r"[1-9][0-9]{16}[0-9X]")
_VOID_FORM = re.compile(r"[1-9][0-9]{14}")
_HMT_REGIONS = (
    "810000",
    "820000",
    "830000",
)  # 港澳台居民居住证申领发放办法 (国办发〔2018〕81号): Hong Kong, Macao, Taiwan
_FOREIGN_FORM = re.compile(r"9[0-9]{16}[0-9X]|[A-Z]{3}[0-9]{12}")  # 外国人永久居留身份证: of 2023, and before
_LOOSE_FORM = re.compile(CERTIFICATE_PATTERN.strip("^$"))
_COMPANY_FORM = re.compile(COMPANY_PATTERN.strip("^$"))

PROBLEMS: Mapping[str, str] = {
    "void_15_digit": "15 位身份证号码已经停用, 请填写 18 位号码。",
    "id_card_form": "身份证号码应为 17 位数字加 1 位数字或大写 X, 请对照证件填写。",
    "hmt_residence_form": "港澳台居民居住证号码应为 18 位, 以 810000、820000 或 830000 开头, 请对照证件填写。",
    "foreign_permanent_form": "外国人永久居留身份证号码应为以 9 开头的 18 位, 或 3 个大写字母加 12 位数字, 请对照证件填写。",
    "loose_form": f"证件号码应为 {limits.CERTIFICATE_MIN} 到 {limits.CERTIFICATE_MAX} 位半角字母和数字, 不带空格。",
    "birth_date": "号码中的出生日期不存在, 请对照证件检查第 7 到 14 位。",
    "check_character": "号码的最后一位校验不符, 请对照证件逐位检查。",
    "company_form": "统一社会信用代码应为 18 位数字和大写字母 (不含 I、O、S、V、Z), 请对照营业执照填写。",
    "company_check_character": "统一社会信用代码的最后一位校验不符, 请对照营业执照逐位检查。",
}


def certificate_problem(certificate_type: str, number: str) -> str | None:
    """What is wrong with a certificate's number, as a key of PROBLEMS; None when nothing is."""
    return _CHECKS[certificate_type](number)


@lru_cache(maxsize=4096)  # a roster of thousands names a handful of companies
def company_problem(code: str) -> str | None:
    """What is wrong with a 统一社会信用代码, as a key of PROBLEMS; None when nothing is."""
    if _COMPANY_FORM.fullmatch(code) is None:
        return "company_form"
    return None if company_check_character(code[:17]) == code[17] else "company_check_character"


def person_check_character(first_17: str) -> str:
    """The 18th character of a GB 11643 number. Powers of 13 are powers of 2 mod 11, so that the weighted sum is twice
    the digits read as a number of base 13, which saves a roster a tenth of its time."""
    return _PERSON_CHECKS[2 * int(first_17, 13) % 11]


def company_check_character(first_17: str) -> str:
    """The 18th character of a GB 32100 code."""
    total = sum(map(mul, map(_COMPANY_VALUES.__getitem__, first_17), _COMPANY_WEIGHTS))
    return _COMPANY_ALPHABET[-total % 31]


def birth_date(certificate_type: str, number: str) -> date | None:
    """The birth date that a sound number of this type contains; None where the type has none or the date is not real."""
    if certificate_type not in ("id_card", "hmt_residence") or len(number) != 18:
        return None
    digits = number[6:14]
    try:
        return date.fromisoformat(digits) if digits.isdecimal() else None  # without digits it may be a week
    except ValueError:
        return None


def _id_card_problem(number: str) -> str | None:
    if len(number) == 15 and _VOID_FORM.fullmatch(number):
        return "void_15_digit"  # 居民身份证法 23: first-generation cards, void since 2013
    return _gb_11643_problem("id_card", number)


def _hmt_residence_problem(number: str) -> str | None:
    if not number.startswith(_HMT_REGIONS):
        return "hmt_residence_form"
    return _gb_11643_problem("hmt_residence", number)


def _gb_11643_problem(certificate_type: str, number: str) -> str | None:
    if _PERSON_FORM.fullmatch(number) is None:
        return f"{certificate_type}_form"
    try:
        date.fromisoformat(number[6:14])
    except ValueError:
        return "birth_date"
    return None if person_check_character(number[:17]) == number[17] else "check_character"


def _form_problem(form: re.Pattern[str], problem: str) -> Callable[[str], str | None]:
    return lambda number: None if form.fullmatch(number) else problem


_CHECKS: Mapping[str, Callable[[str], str | None]] = {
    "id_card": _id_card_problem,
    "hmt_residence": _hmt_residence_problem,
    "foreign_permanent": _form_problem(_FOREIGN_FORM, "foreign_permanent_form"),
    "passport": _form_problem(_LOOSE_FORM, "loose_form"),
    "hk_macao_permit": _form_problem(_LOOSE_FORM, "loose_form"),
    "taiwan_permit": _form_problem(_LOOSE_FORM, "loose_form"),
}
CERTIFICATE_WORDS = {
    "id_card": "居民身份证",
    "hmt_residence": "港澳台居民居住证",
    "foreign_permanent": "外国人永久居留身份证",
    "passport": "护照",
    "hk_macao_permit": "港澳居民来往内地通行证",
    "taiwan_permit": "台湾居民来往大陆通行证",
}
CERTIFICATE_TYPES = tuple(CERTIFICATE_WORDS)


def portable_checks() -> dict[str, object]:
    """The checks above as plain values, from which a client in another language makes its own."""
    return {
        "types": list(CERTIFICATE_TYPES),
        "person_weights": list(_PERSON_WEIGHTS),
        "person_checks": _PERSON_CHECKS,
        "person_form": _PERSON_FORM.pattern,
        "void_form": _VOID_FORM.pattern,
        "hmt_regions": list(_HMT_REGIONS),
        "foreign_form": _FOREIGN_FORM.pattern,
        "loose_form": _LOOSE_FORM.pattern,
        "company_form": _COMPANY_FORM.pattern,
        "company_alphabet": _COMPANY_ALPHABET,
        "company_weights": list(_COMPANY_WEIGHTS),
        "problems": dict(PROBLEMS),
    }

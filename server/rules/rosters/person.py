"""What the rules say of a person, whoever writes it: a tablet, or a roster. Both ways in use this, so that they agree."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from schemas.certificates import birth_date
from server.rules.rosters.problems import Found

_PLAIN_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}")  # nine names in ten
# Signs that names have apart from letters; each also as other keyboards write it.
_SIGNS = frozenset(" ·•‧∙⋅・･．.-－‐‑–'＇‘’()（）")
_HAN_BEYOND = range(0x20000, 0x40000)  # planes of Han characters, some younger than the tables of this Python
_DIGITS_MAX = 5  # more are a number that slipped into the name
_LOOSE_TYPES = ("passport", "hk_macao_permit", "taiwan_permit")
_LIKE_ID_CARD = re.compile(r"[1-9][0-9]{14}(?:[0-9]{2}[0-9Xx])?")


@dataclass(frozen=True, slots=True)
class PersonLimits:
    """Ages in years: below `age_min` nobody may be employed, below `age_of_majority` a minor, above `age_max` the
    number is wrong; 0 where there is no such rule. `earliest`: the first local date that can be true, or empty."""

    age_min: int = 0
    age_of_majority: int = 0
    age_max: int = 0
    earliest: str = ""


def person_problems(fields: Mapping[str, Any], today: str, limits: PersonLimits) -> list[Found]:
    """What is wrong with the fields of a person that are there, as of `today` (a local date):

    1. a name that is no name (see `name_problem`);
    2. a number in the form of an identity card under a type whose numbers look otherwise;
    3. the age on the day of entry (劳动法 15), and one that nobody reaches;
    4. dates after today, or before anything that is true.
    """
    found = []
    name, number = fields.get("name"), fields.get("certificate_number")
    entered_on, exited_on = fields.get("entered_on"), fields.get("exited_on")
    if name is not None and (problem := name_problem(name)) is not None:
        found.append(Found(problem, "name"))
    if number is not None:
        kind = fields.get("certificate_type", "id_card")
        if kind in _LOOSE_TYPES and _LIKE_ID_CARD.fullmatch(number):
            found.append(Found("certificate_type_contradicts", "certificate_type"))
        born = birth_date(kind, number)
        if born is not None:
            as_of = entered_on if entered_on and limits.earliest <= entered_on < today else today
            problem = _age_problem(born, as_of, limits)
            if problem is not None:
                found.append(Found(problem, "certificate_number"))
    if entered_on is not None and not limits.earliest <= entered_on <= today:
        found.append(Found("date_future" if entered_on > today else "date_early", "entered_on"))
    if exited_on is not None and not limits.earliest <= exited_on <= today:
        found.append(Found("date_future" if exited_on > today else "date_early", "exited_on"))
    return found


def name_problem(name: str) -> str | None:
    """`name_form` for a name with signs that no name has (a lost character, a formula, markup) or without a letter,
    `name_digits` for one with a few digits, by which people distinguish namesakes; letters of every script, rare and
    private ones too, are letters."""
    if _PLAIN_NAME.fullmatch(name):
        return None
    letters = digits = 0
    for c in name:
        category = unicodedata.category(c)
        if category[0] == "L" or category == "Co" or c == "〇" or ord(c) in _HAN_BEYOND:
            letters += 1
        elif category == "Nd":
            digits += 1
        elif category[0] != "M" and category not in ("Cf", "Zs") and c not in _SIGNS:
            return "name_form"
    if not letters or digits > _DIGITS_MAX:
        return "name_form"
    return "name_digits" if digits else None


def _age_problem(born: date, on: str, limits: PersonLimits) -> str | None:
    year, month, day = _numbers(on)
    age = year - born.year - ((month, day) < (born.month, born.day))
    if limits.age_max and age > limits.age_max:
        return "over_age"
    if age < limits.age_min:
        return "under_age"
    return "minor" if age < limits.age_of_majority else None


@lru_cache(maxsize=256)
def _numbers(on: str) -> tuple[int, ...]:
    return tuple(map(int, on.split("-")))

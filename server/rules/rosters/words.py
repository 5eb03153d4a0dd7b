"""What people write in rosters for a column or for a value of a list, from rows of reference data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from server.rules.from_rows import Row
from server.rules.rosters.fields import COLUMNS

IGNORED = ""  # the field of a column that is not read
_INVISIBLE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")
_BRACKETS = re.compile(r"[(\[{【〔「《].*?[)\]}】〕」》]")
_MARKS = re.compile(r"[*:：、,，.。·/\\\-_—]+")


@dataclass(
    frozen=True, slots=True, eq=False
)  # one value a rulebook: compared by identity, so readings can be cached
class Words:
    """Titles → field, and for each list (`role`, `contract`, `yes` …) word → value, in their plain form (see `plain`).

    `trades`: code, name or alias → code.
    """

    titles: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    trades: Mapping[str, str]

    def value(self, noun: str, text: str) -> str | None:
        """The value of a list that a text names; None when it names none."""
        return self.values.get(noun, {}).get(plain(text))

    def says(self, noun: str, text: str) -> bool:
        """Whether a text is one of the words of a list without values (`total`, `yes` …)."""
        return plain(text) in self.values.get(noun, {})


def plain(text: str) -> str:
    """A text for comparison: compatible characters made one, no spaces, lower case."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).lower()


def plain_title(text: str) -> str:
    """A column's title for comparison: without what is in brackets (units, hints) and without marks.

    >>> plain_title("＊ 工 种（岗位）：")
    '工种'
    """
    return _MARKS.sub("", _BRACKETS.sub("", plain(text)))


def words_from(rows: Iterable[Row], trades: Iterable[Row]) -> Words:
    """From rows of seed_data/roster_words.json and trades.json that are in force, and from what each field declares: its
    title, and the words of its list."""
    titles = {plain_title(one.title): name for name, one in COLUMNS.items()}
    values: dict[str, dict[str, str]] = {
        name: {plain(word): code for code, word in one.words.items()}
        for name, one in COLUMNS.items()
        if one.words
    }
    for row in rows:
        noun, _, value = row["code"].partition(".")
        if noun == "header":
            field = IGNORED if value == "ignored" else value
            titles.update((plain_title(word), field) for word in row["words"])
        else:
            values.setdefault(noun, {}).update((plain(word), value) for word in row["words"])
    names = {}
    for trade in trades:
        for word in (trade["code"], trade["name"], *trade["aliases"]):
            names[plain(word)] = trade["code"]
    return Words(titles, values, names)

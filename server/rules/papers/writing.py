"""How papers write dates, times and signs: as Chinese official papers do."""

from __future__ import annotations

import re
import unicodedata

from server.rules.calendar import local_date_of, local_time_of

_BRACKETS = str.maketrans("[(【〈<", "〔" * 5) | str.maketrans("])】〉>", "〕" * 5)
_CJK = "\u3400-\u9fff\uff00-\uffef《》〔〕“”"
_SIGNS = {",": "，", ";": "；", ":": "：", "?": "？", "!": "！", "(": "（", ")": "）"}
_AFTER = re.compile(rf"(?<=[{_CJK}]) *([,;:?!()]) *")
_BEFORE = re.compile(rf" *([,;:?!()]) *(?=[{_CJK}])")
_STOP = re.compile(rf"(?<=[{_CJK}])\.(?=$|[{_CJK}\s])")


def full_width(text: str) -> str:
    """Signs next to Chinese characters as Chinese papers have them. Numbers and Latin words keep theirs."""
    for pattern in (_AFTER, _BEFORE):
        text = pattern.sub(lambda found: _SIGNS[found[1]], text)
    return _STOP.sub("。", text)


def written_date(local_date: str) -> str:
    """2026年11月7日."""
    year, month, day = map(int, local_date.split("-"))
    return f"{year}年{month}月{day}日"


def written_time(at_ms: int) -> str:
    """2026年11月7日17时, or with minutes 17时05分."""
    hour, minute = local_time_of(at_ms).split(":")
    minutes = f"{minute}分" if minute != "00" else ""
    return f"{written_date(local_date_of(at_ms))}{int(hour)}时{minutes}"


def typed_number(text: str) -> str:
    """A number or a part of it as somebody typed it, with the brackets of numbers (六角括号) and without spaces:
    `新建责改[2026]5号` is 新建责改〔2026〕5号."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(sign for sign in plain if sign.isprintable() and not sign.isspace()).translate(_BRACKETS)


def written_number(word: str, year: int, n: int | None, ordinal: bool) -> str:
    """新建责改〔2026〕5号."""
    shown = "　　" if n is None else str(n)
    return f"{word}〔{year}〕{'第' if ordinal else ''}{shown}号"

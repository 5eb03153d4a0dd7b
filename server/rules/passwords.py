"""Passwords that everybody tries first are refused (NIST SP 800-63B, 5.1.1.2: commonly used, repetitive or sequential
values, and words that the context suggests)."""

from __future__ import annotations

import re
import unicodedata

# Of lists of the most common passwords that were published after breaches (SplashData 2011-2018, NordPass 2019-2024, and
# Chinese ones of CSDN 2011); without the digits and signs around them.
_WORDS = """
password passw0rd passwort p@ssword p@ssw0rd pa55word qwertyui qwertyuiop asdfghjk asdfghjkl zxcvbnm qazwsx qazwsxedc
qweasdzxc qweasd qwerty qwert asdf asdfgh zxcv abcdefgh abcdef abcd abc a letmein welcome iloveyou sunshine princess
football baseball superman batman trustno monkey dragon master shadow michael jennifer computer internet whatever starwars
charlie freedom jordan hunter access login admin administrator root user guest test changeme default secret hello love
woaini woaini1314 wodemima mima nihao zhongguo china beijing woaiwojia aini dearbook xiaoming wang zhang liu chen qq taobao
baidu weixin wechat gongdi jiancha zhijian
"""
_COMMON = frozenset(_WORDS.split())
_ROWS = (
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "1qaz2wsx3edc4rfv5tgb",
)
_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_PERIOD_MAX = 4  # of what is only repeated
_RUN_MIN = 0.75  # of the length, in runs along a row of keys or digits
_RUN = 4


def is_guessable(password: str, name: str) -> bool:
    """Whether a password is among the first that somebody tries: a common one with digits around it, its owner's name,
    one thing repeated, or a run along a row of keys."""
    plain = unicodedata.normalize("NFKC", password).casefold()
    core = _AROUND.sub("", plain)
    owner = name.casefold()
    if core in _COMMON or core in (owner, owner[::-1]) or plain in (owner, owner[::-1]):
        return True
    repeated = any(plain == (plain[:n] * len(plain))[: len(plain)] for n in range(1, _PERIOD_MAX + 1))
    return repeated or _in_runs(plain) >= _RUN_MIN * len(plain)


def _in_runs(text: str) -> int:
    """How many characters lie in runs of at least _RUN along a row, either way."""
    rows = [way for row in _ROWS for way in (row * 2, row[::-1] * 2)]
    counted = at = 0
    while at < len(text):
        length = max(_along(text, at, row) for row in rows)
        counted += length if length >= _RUN else 0
        at += length if length >= _RUN else 1
    return counted


def _along(text: str, at: int, row: str) -> int:
    length = 1
    while at + length < len(text) and text[at : at + length + 1] in row:
        length += 1
    return length

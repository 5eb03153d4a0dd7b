"""Fields and values of records in words: what a page shows for `/body/trade` and `020`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

from schemas.choice_words import CHOICE_WORDS
from schemas.kinds import KINDS
from server.actions.reference.name_codes import Names

_ENVELOPE = {
    "kind": "记录种类",
    "act": "操作",
    "at": "时间",
    "media": "照片",
    "scope": "工地",
    "": "整条记录",
}
_YES_NO = {"True": "是", "False": "否", "true": "是", "false": "否"}
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]+")


def title(kind: str, name: str) -> str:
    """The title of a field of a kind; its name where it has no title."""
    known = KINDS.get(kind)
    field = known.whole.fields.get(name) if known is not None else None
    if field is None:  # of another kind: a case is shown for its person, a line may be of none
        others = (one.whole.fields.get(name) for one in KINDS.values() if one.nature != "server")
        field = next((one for one in others if one is not None), None)
    return str(field.metadata["title"]) if field is not None else name


def place_of(kind: str, pointer: str) -> str:
    """Where a JSON pointer of an error points to, in words."""
    steps = [step for step in pointer.split("/") if step]
    if steps[:1] == ["body"] and len(steps) > 1:
        return title(kind, steps[1])
    return _ENVELOPE.get(steps[0] if steps else "", pointer)


def value(names: Names, name: str, text: str, people: Mapping[str, str]) -> str:
    """A field's value, as text, in words: closed lists, trades, yes and no, people by id."""
    if name in CHOICE_WORDS:
        return CHOICE_WORDS[name].get(text, text)
    if name == "trade":
        return names.of("trades", text)
    if text in people:
        return people[text]
    return _YES_NO.get(text, text)


def message(pointer: str, text: str) -> str:
    """A message of validation, with words for the codes of closed lists."""
    words = CHOICE_WORDS.get(pointer.rpartition("/")[2], {})
    return _CODE.sub(lambda found: words.get(found[0], found[0]), text)


def is_id(text: str) -> bool:
    """Whether a value can be a record's id."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False

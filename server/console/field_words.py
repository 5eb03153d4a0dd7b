"""What a page shows of a record: for `/body/trade` and `020`, and for what is wrong with it."""

from __future__ import annotations

import re
from uuid import UUID

from server.actions.reference.name_codes import Names
from server.actions.reference.record_words import coded, title, value

__all__ = ["is_id", "message", "place_of", "title", "value"]

_ENVELOPE = {
    "kind": "记录种类",
    "act": "操作",
    "at": "时间",
    "media": "照片",
    "scope": "地点",
    "": "整条记录",
}
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def place_of(names: Names, kind: str, pointer: str) -> str:
    """Where a JSON pointer of an error points to, in words."""
    steps = [step for step in pointer.split("/") if step]
    if steps[:1] == ["body"] and len(steps) > 1:
        return title(names, kind, steps[1])
    return _ENVELOPE.get(steps[0] if steps else "", pointer)


def message(names: Names, kind: str, pointer: str, text: str) -> str:
    """A message of validation, with words for the codes of closed lists."""
    name = pointer.rpartition("/")[2]
    return _CODE.sub(lambda found: coded(names, kind, name, found[0]) or found[0], text)


def is_id(text: str) -> bool:
    """Whether a value can be a record's id."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False

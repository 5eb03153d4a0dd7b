"""Rechecks that come from tablets: records of a form about a flag, whose result names the move that they make."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from schemas.forms.kind import FormKind
from server.rules.flags.moves import MOVES

# What a record may make of a flag: nothing but what was seen on the site.
MOVES_OF_RECORDS = ("pass_recheck", "fail_recheck")
KEPT_FOR = {  # why a recheck moved nothing
    "stale_rev": "送到之前标记已经另行处理, 请人核对",
    "illegal_move": "标记当时不在等复查",
    "same_person": "提交整改回复的人不能复查",
    "role_not_allowed": "写的人不能办理这个标记",
    "invalid_input": "内容不全",
}
_FLAG, _NOTE = "flag", "note"


class RecheckFields(NamedTuple):
    """The fields of a form that rechecks a flag: which flag, with what result (a move), up to which of its events the writer
    had seen it, in which words, with which photos. "" for a field that the form lacks."""

    flag: str
    result: str
    seen: str
    note: str
    photos: tuple[str, ...]


def recheck_fields(kind: object) -> RecheckFields | None:
    """The fields of a form whose parent is a flag and whose result names moves of rechecks; None for any other kind."""
    if not isinstance(kind, FormKind) or kind.nature != "fact":
        return None
    form = kind.form
    by_role = {item.role: item for item in form.fields if item.role is not None}
    flag, result = by_role.get("parent"), by_role.get("result")
    if flag is None or flag.file != _FLAG or result is None:
        return None
    if result.list is None or not set(form.choices(result)) <= set(MOVES_OF_RECORDS):
        return None
    texts = [item.name for item in form.fields if item.type == "text"]
    note = next(iter(sorted(texts, key=lambda name: name != _NOTE)), "")
    seen = by_role.get("seen")
    photos = tuple(item.name for item in form.fields if item.type == "image")
    return RecheckFields(flag.name, result.name, seen.name if seen is not None else "", note, photos)


def decides(actions: Iterable[str]) -> bool:
    """Whether one of these events is a person's decision, after which an older recheck moves nothing. A deadline that passed
    is none: the recheck may have been written before it, where there was no network."""
    return any(action == "withdrawn" or (action in MOVES and not MOVES[action].remark) for action in actions)

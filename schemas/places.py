"""How a body says which place it is about: by the place's id, or as older clients do, by its kind and perhaps its name."""

from __future__ import annotations

from typing import NamedTuple

from schemas.fields import UUID_PATTERN, Body, StrictString, matching

PLACE_ID, PLACE_ID_TITLE = "place_id", "具体场所"
_NAME = "place_name"
_KIND = "place"


class PlaceFields(NamedTuple):
    """The fields of a kind of records that say which place a record names. `is_subject`: the record is about that place, and
    duties are judged by it."""

    id: str | None
    kind: str | None
    name: str | None
    is_subject: bool


def place_id(title: str = PLACE_ID_TITLE, *, optional: bool = True) -> StrictString:
    """The id of a place of the site; next to the kind, where older clients write that alone."""
    message = "这里应为小写、带连字符的 UUID, 请从列表中选择。"
    return matching(title, UUID_PATTERN, message, noun="places", optional=optional)


def place_fields(shape: Body, subject_field: str | None) -> PlaceFields | None:
    """None for a kind whose records name no place."""
    with_role = next(
        (name for name, one in shape.fields.items() if one.metadata.get("role") == "place"), None
    )
    kind = with_role if with_role not in (None, PLACE_ID) else _KIND if _KIND in shape.fields else None
    own_id = PLACE_ID if PLACE_ID in shape.fields else None
    if kind is None and own_id is None:
        return None
    is_subject = subject_field is not None and subject_field in (kind, own_id)
    return PlaceFields(own_id, kind, _NAME if _NAME in shape.fields else None, is_subject)

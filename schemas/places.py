"""How a body says which place it is about: by the place's id, or as older clients do, by its kind and perhaps its name."""

from __future__ import annotations

from typing import NamedTuple

from schemas.fields import Body, StrictString, uuid

PLACE_ID, PLACE_ID_TITLE = "place_id", "场所编号"
_NAME = "place_name"
_KIND = "place"


class PlaceFields(NamedTuple):
    """The fields of a kind of records that say which place a record names. `is_subject`: the record is about that place, and
    duties are judged by it."""

    id: str | None
    kind: str | None
    name: str | None
    is_subject: bool


def place_id() -> StrictString:
    """The id of the place, next to the kind that older clients write alone."""
    return uuid(PLACE_ID_TITLE, optional=True)


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

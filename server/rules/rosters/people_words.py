"""What a person's fields say in words, and as everybody may see them."""

from __future__ import annotations

from collections.abc import Mapping

from server.rules.masking import mask_field
from server.rules.rosters.fields import shown


def in_words(name: str, value: object, trades: Mapping[str, str]) -> str:
    """A field's value as people read it; `trades`: name by code."""
    return trades.get(str(value), str(value)) if name == "trade" else shown(name, value)


def shown_to_all(name: str, value: object, trades: Mapping[str, str]) -> str:
    """The same without a reason for the full value: masked, where the field is."""
    return mask_field("worker", name, in_words(name, value, trades))

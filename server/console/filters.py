"""The filters of a list, as an address has them: it can be bookmarked and sent."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request

from server.models.filters import Filter


def chosen_of(filters: Sequence[Filter], **unless_given: str) -> dict[str, str | None]:
    """The filters of this address; a value that none can have is left out."""
    chosen: dict[str, str | None] = {}
    for one in filters:
        value = request.args.get(one.name, unless_given.get(one.name, ""))
        chosen[one.name] = value if one.may_be(value) else None
    return chosen

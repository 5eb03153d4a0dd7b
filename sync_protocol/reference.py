"""Reference data in dated versions, as scope `ref` brings it (SPEC, part 11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Body = Mapping[str, Any]


def in_force(bodies: Iterable[Body], code: str, local_date: str) -> Body | None:
    """The version of a code that holds on a local date, from `valid_from` to before `valid_to`; of several the one that
    began last. Without one of these dates it holds always, or for good."""
    holding = [
        body
        for body in bodies
        if body.get("code") == code
        and (body.get("valid_from") or "") <= local_date
        and (body.get("valid_to") is None or local_date < body["valid_to"])
    ]
    return max(holding, key=lambda body: str(body.get("valid_from") or ""), default=None)

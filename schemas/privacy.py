"""What leaves a sealed body, field by field. Nothing leaves by oversight: a field of a sealed kind without a
policy, or one that sounds like a person's number in any other kind, stops the program's start."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

Mask = Literal["certificate", "phone", "whole"]
_NAMES_PEOPLE = re.compile(
    r"phone|mobile|telephone|certificate|passport|identity|id_card|id_number|birth|bank|account|e?mail|wechat|social"
)


@dataclass(frozen=True, slots=True)
class Privacy:
    """The policy of one field. `mask`: how its value is shown to everybody without a reason for the full value (None: as it
    is). `served_as`: under which name a tablet gets it (None: its own; empty: not at all). `digest_as`: under which name
    the tablet gets a keyed digest of it, to look somebody up."""

    mask: Mask | None = None
    served_as: str | None = None
    digest_as: str | None = None


OPEN = Privacy()


def opened(*names: str) -> dict[str, Privacy]:
    """Fields that travel as they were written, to those who may see the record."""
    return dict.fromkeys(names, OPEN)


def undeclared(fields: Collection[str], privacy: Mapping[str, Privacy], sealed: bool) -> list[str]:
    """The fields that need a policy and have none: each of a sealed kind; elsewhere those that sound like a person's
    number, which belongs into a sealed kind."""
    return [name for name in fields if name not in privacy and (sealed or _NAMES_PEOPLE.search(name))]

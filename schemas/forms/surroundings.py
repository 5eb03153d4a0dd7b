"""What a form is compiled in: what is published already, and which codes there are. None: not known, so not checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.forms.definition import Form

# Kinds that were code before there were forms: their version 1 is the old schema, and only it has decimals `any`.
ONCE_CODE = ("disinfection_log", "supply_movement", "inspection_round", "inspection_finding")


@dataclass(frozen=True)
class Surroundings:
    """`earlier`: the published versions of this form, oldest first; `kinds`: those that a record may be child of; `slots`:
    those of a day that have usual times, by code (opens, due, grace_s)."""

    earlier: Sequence[Form] = ()
    code_kinds: Collection[str] = ()
    kinds: Collection[str] | None = None
    site_kinds: Collection[str] | None = None
    place_kinds: Collection[str] | None = None
    rules: Collection[str] | None = None
    slots: Mapping[str, Mapping[str, Any]] | None = None
    once_code: Collection[str] = ONCE_CODE


NOTHING_KNOWN = Surroundings()

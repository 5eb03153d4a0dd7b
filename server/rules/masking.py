"""What is shown of a number that names a person: enough to recognise, not enough to use (PIPL 6, data
minimised)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from schemas.kinds import KINDS, Kinds
from schemas.privacy import OPEN, Mask


def mask_certificate(number: str) -> str:
    """First three and last four characters; of a short number the last two only."""
    if len(number) < 10:
        return "*" * (len(number) - 2) + number[-2:]
    return number[:3] + "*" * (len(number) - 7) + number[-4:]


def mask_phone(phone: str) -> str:
    """138****1234."""
    return phone[:3] + "****" + phone[-4:]


def mask_name(name: str) -> str:
    """王**: the first character only."""
    return name[:1] + "**"


MASKS: Mapping[Mask, Callable[[str], str]] = {
    "certificate": mask_certificate,
    "phone": mask_phone,
    "whole": lambda _: "****",
}


def mask_field(kind: str, field: str, value: Any, kinds: Kinds = KINDS) -> str:
    """A field's value as everybody may see it without a reason for the full value. A field that a sealed kind does not list
    may hold anything, and is not shown. `kinds`: those of the installation."""
    known, text = kinds.get(kind), "" if value is None else str(value)
    if not text or (known is not None and not known.sealed):
        return text
    policy = known.schema.privacy.get(field) if known is not None else None
    if policy is None:
        return MASKS["whole"](text)
    return MASKS[policy.mask](text) if policy.mask is not None else text


def served_fields(
    kind: str, state: Mapping[str, Any], digest: Callable[[str], str], kinds: Kinds = KINDS
) -> dict[str, Any]:
    """A record's fields as they come down to tablets, by the policies of its kind. `digest`: the keyed digest of a
    field, by its name."""
    shown: dict[str, Any] = {}
    for field, value in state.items():
        policy = kinds[kind].schema.privacy.get(field, OPEN)
        if value is None:
            continue
        name = field if policy.served_as is None else policy.served_as
        if name:
            shown[name] = value if policy.mask is None else MASKS[policy.mask](str(value))
        if policy.digest_as:
            shown[policy.digest_as] = digest(field)
    return shown

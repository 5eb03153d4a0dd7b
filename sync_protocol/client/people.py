"""Is this person on the roster already? What a tablet can say of it: numbers come down masked, with a keyed digest, so
that a number that is typed here can be compared with what the mask shows and no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sync_protocol.client.reports import Item

MASK = "*"


def may_be(body: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Whether the worker that `body` says may be one that is held: the same type of certificate, and a number that fits
    what is shown of the other's. Names are spelt in many ways, and say nothing. Merged and voided records are nobody."""
    number, shown = (
        body.get("certificate_number"),
        known.get("certificate_number", known.get("certificate_masked")),
    )
    if (
        not isinstance(number, str)
        or not isinstance(shown, str)
        or "merged_into" in known
        or known.get("voided")
    ):
        return False
    same_type = body.get("certificate_type") == known.get("certificate_type")
    fits = len(number) == len(shown) and all(
        two in (MASK, one) for one, two in zip(number, shown, strict=True)
    )
    return same_type and fits


def doubled(workers: Iterable[Item]) -> dict[str, list[Item]]:
    """Workers whom the roster has more than once, by the digest of their certificate: they are one person, and a person at
    the console has not merged the records yet."""
    found: dict[str, list[Item]] = {}
    for item in workers:
        digest, body = item.body.get("certificate_digest"), item.body
        is_nobody = "merged_into" in body or body.get("voided") or body.get("exited_on")
        if isinstance(digest, str) and not is_nobody:
            found.setdefault(digest, []).append(item)
    return {digest: items for digest, items in found.items() if len(items) > 1}

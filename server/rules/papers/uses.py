"""What each kind of paper is to a flag: after which move it is written, and on which paper it follows. The words of a paper
are its template's (seed_data/paper_kinds.json); that it exists, and when, is the workflow's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

_ORDERS = ("order_rectification", "fail_recheck")
_RECHECKS = ("pass_recheck", "fail_recheck", "consent_resume")


@dataclass(frozen=True, slots=True)
class Use:
    """`after`: of these moves the last one is what it is about (none: it may be written at any time). `follows`: kinds of
    which a numbered paper must be there. `proved`: an inspection record must be there: a flag is a lead, no evidence.
    `served`: it takes effect when it is served. `to_party`: the party sees it, once it is served or signed."""

    after: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    proved: bool = False
    served: bool = False
    to_party: bool = False


USES: Mapping[str, Use] = {
    "inspection_record": Use(to_party=True),
    "order": Use(_ORDERS, proved=True, served=True, to_party=True),
    "advice": Use(_ORDERS, served=True, to_party=True),
    "stop_order": Use(("order_stop_work",), proved=True, served=True, to_party=True),
    "resume_application": Use(("order_stop_work",), ("stop_order",), to_party=True),
    "recheck_record": Use(_RECHECKS, ("order", "advice", "stop_order"), to_party=True),
    "resume_notice": Use(("consent_resume",), ("stop_order",), served=True, to_party=True),
    "case_handover": Use(("transfer",)),
    "transfer_letter": Use(),
    "forwarding_slip": Use(),
}
RECEIPT = "delivery_receipt"  # 送达回证: of another paper
CASE_REPORT = "case_report"  # 报备单: of a case; it alone tells of somebody's health
EXPECTS_POWER: Mapping[str, tuple[str, ...]] = {  # by a template's power: those of a basis
    "order": ("order",),
    "stop": ("stop",),
    "advice": ("advice", "correct"),
    "transfer": ("transfer", "order", "stop", "correct", "advice"),
}
SIGNED, SERVED, VOIDED = "paper_signed", "paper_served", "paper_voided"
EVENTS = (SIGNED, SERVED, VOIDED)
"""What papers add to a flag's history."""


def fits(kind: str, done: Collection[str]) -> bool:
    """Whether a paper may be written after these moves of a flag."""
    use = USES.get(kind)
    return use is not None and (not use.after or any(action in done for action in use.after))

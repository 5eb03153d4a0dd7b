"""Escalation: whose move a flag is, and until when (DOMAIN: Windows and flags).

The policy in force is copied onto the flag when it opens (`as_json`), so that a later change of policy moves
no deadline of an open flag. Steps are rows found by their `due_ms`. Acknowledging stops the paging, never the
clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from server.rules.calendar import HOUR_MS, Holidays, working_days_later_ms
from server.rules.flags.moves import ANSWER, ENDED

SILENT = "SILENT"  # the duty code of the silent-site flag
STATED = "stated"  # in a policy: what starts with a statement of defence (陈述申辩)
ORDERED = "ordered"  # in a policy: what starts with an order to rectify, whose deadline a person was given
SIGNED = "signed"  # in a policy: what starts when a paper is signed that has to be served
SECTION = "section"  # in a policy: the unit (科室) that the site belongs to
# What makes steps due at once. Suspected falsification is none: whoever suspects it transfers the flag (移送).
CONSECUTIVE = "consecutive"  # the second slot in a row was missed
OVERDUE = "overdue"  # a rectification is, or a recheck
REFUSED = "refused"  # a recheck failed again
FEVER_UNREPORTED = "fever_unreported"  # a case was not reported in time
TRIGGERS = (CONSECUTIVE, OVERDUE, REFUSED, FEVER_UNREPORTED)
_BEFORE_ORDER = ("opened", "acknowledged")  # what starts steps before anybody ordered anything
_CONSECUTIVE_DAYS, _FAILED_RECHECKS, _DUE_DAYS_MAX = 7, 2, 90  # where a copied policy says nothing


@dataclass(frozen=True, slots=True)
class Delay:
    """How long after its start a step is due: hours of the clock, or working days."""

    hours: float = 0.0
    working_days: int = 0

    def after_ms(self, start_ms: int, holidays: Holidays) -> int:
        if self.working_days:
            return working_days_later_ms(holidays, start_ms, self.working_days)
        return start_ms + round(self.hours * HOUR_MS)


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """One step of a policy. `starts`: opened, acknowledged (确认), ordered (责令整改), submitted (整改回复), verified
    (复查通过), transferred (移送), stopped (停工), signed (文书签发, 待送达), stated (陈述申辩). `delays` by severity, `*`
    for any other.

    `asks`: a move of the flag must end it; until then it is overdue, and people are notified again each `repeats`.
    Without, the notification ends it. `pages`: people are called when it falls due. `escalates`: the flag passes to
    `unit`, of which nothing is asked before. `at_once_on`: what makes the step due now (TRIGGERS). `triggers`: what its
    falling due is for other steps. `source`: of its delay, where that is not the policy's.
    """

    code: str
    unit: str
    starts: str
    delays: Mapping[str, Delay]
    pages: bool = False
    escalates: bool = False
    at_once_on: tuple[str, ...] = ()
    asks: bool = False
    triggers: str = ""
    repeats: Delay | None = None
    source: str = ""

    @property
    def asks_at_first(self) -> bool:
        """Whether a move is asked for as soon as the clock runs."""
        return self.asks and not self.escalates

    def delay(self, severity: str) -> Delay:
        return self.delays.get(severity) or self.delays["*"]


_DAYS = Delay(working_days=1)
_ANSWER = PolicyStep(
    ANSWER, SECTION, STATED, {"*": Delay(working_days=3)}, asks=True, pages=True, repeats=_DAYS
)  # where a copied policy has none


@dataclass(frozen=True, slots=True)
class Policy:
    """An escalation policy as in force on a date."""

    code: str
    steps: tuple[PolicyStep, ...]
    consecutive: int = 2  # so many windows of one duty in a row make paging start at once
    consecutive_days: int = _CONSECUTIVE_DAYS  # that far back windows in a row are counted
    failed_rechecks: int = _FAILED_RECHECKS  # so many mean that rectification is refused
    due_days_max: int = _DUE_DAYS_MAX  # so far ahead a deadline may be set
    fallback_unit: str = "zhian"  # receives what belongs to a unit that never reviews
    source: str = ""
    valid_from: str = ""

    @property
    def brigade(self) -> str:
        """The unit that flags escalate to (监察支队)."""
        return next((step.unit for step in self.steps if step.escalates), self.fallback_unit)

    @property
    def escalating(self) -> frozenset[str]:
        """The codes of the steps that pass a flag on to another unit."""
        return frozenset(step.code for step in self.steps if step.escalates)

    def at_once(self, trigger: str) -> list[str]:
        """The codes of the steps that something makes due now (TRIGGERS; "": nothing)."""
        return [step.code for step in self.steps if trigger and trigger in step.at_once_on]

    def step(self, code: str) -> PolicyStep | None:
        return next((step for step in self.steps if step.code == code), None)


@dataclass(frozen=True, slots=True)
class Step:
    """A deadline of one flag. `asks`: a move is asked of the unit already."""

    code: str
    unit: str
    due_ms: int
    asks: bool = False


def steps(
    policy: Policy,
    start_ms: int,
    severity: str,
    holidays: Holidays,
    section: str = "",
    starts: str = "opened",
) -> list[Step]:
    """The steps that begin at `start_ms`, earliest first: those of an opened flag, or with `starts` those of
    an order to rectify or of a reply. `section` is the site's unit."""
    found = []
    for step in policy.steps:
        if step.starts == starts:
            due_ms = step.delay(severity).after_ms(start_ms, holidays)
            found.append(Step(step.code, _unit(policy, step, section), due_ms, step.asks_at_first))
    return sorted(found, key=lambda step: step.due_ms)


def turn(policy: Policy, waiting: Mapping[str, int]) -> str | None:
    """The code of the step that a flag waits for first. `waiting`: the steps that ask for a move, with when they are due.

    The answer to a statement of defence comes before all else: what follows may not be decided without it. Then what an
    order or a later move began. Before there is one, a flag that was passed on waits for the unit
    that has it now, however long another one has been overdue; among equals, the step that is due first."""
    if ANSWER in waiting:
        return ANSWER
    begun = {step.code: step.starts for step in policy.steps}
    later = [code for code in waiting if begun.get(code, "opened") not in _BEFORE_ORDER]
    passed_on = [code for code in waiting if code in policy.escalating]
    return min(later or passed_on or waiting, key=lambda code: (waiting[code], code), default=None)


def notifies(step: PolicyStep, state: str, duty: str, silent_open: bool) -> bool:
    """Whether somebody is notified that a step fell due. Acknowledging stops the paging of what began with the opening,
    except that a step which passes the flag to another unit notifies that unit as long as the flag lives. Nobody is
    notified of a duty's opening while the silent-site flag of its site is open, which inhibits it until somebody orders
    something."""
    if state in ENDED:
        return False
    if step.starts != "opened":
        return True
    if silent_open and duty != SILENT and state in ("open", "acknowledged"):
        return False
    return step.escalates or not step.pages or state == "open"


def owner(policy: Policy, site_unit: str, reviews: Mapping[str, bool]) -> str:
    """The unit that receives a site's flags first: the site's own, unless it never reviews (the company
    市政工程处有限公司 operates sites and never reviews its own flags) or is unknown."""
    return site_unit if reviews.get(site_unit, False) else policy.fallback_unit


def as_json(policy: Policy) -> dict[str, Any]:
    """What is copied onto a flag as it opens; read back by policy_from."""
    return asdict(policy)


def policy_from(data: Mapping[str, Any]) -> Policy:
    """A policy from a seed_data row or from the copy on a flag; one of before there was an answer to a statement of defence
    has that step too."""
    steps = tuple(_step_from(step) for step in data["steps"])
    return Policy(
        code=data["code"],
        steps=steps if any(step.starts == STATED for step in steps) else (*steps, _ANSWER),
        consecutive=data["consecutive"],
        consecutive_days=data.get("consecutive_days", _CONSECUTIVE_DAYS),
        failed_rechecks=data.get("failed_rechecks", _FAILED_RECHECKS),
        due_days_max=data.get("due_days_max", _DUE_DAYS_MAX),
        fallback_unit=data["fallback_unit"],
        source=data.get("source", ""),
        valid_from=data.get("valid_from", data.get("from")) or "",
    )


def _step_from(data: Mapping[str, Any]) -> PolicyStep:
    return PolicyStep(
        code=data["code"],
        unit=data["unit"],
        starts=data["starts"],
        delays={severity: Delay(**delay) for severity, delay in data["delays"].items()},
        pages=data.get("pages", False),
        escalates=data.get("escalates", False),
        at_once_on=tuple(data.get("at_once_on", ())),
        asks=data.get("asks", False),
        triggers=data.get("triggers", ""),
        repeats=Delay(**data["repeats"]) if data.get("repeats") else None,
        source=data.get("source", ""),
    )


def _unit(policy: Policy, step: PolicyStep, section: str) -> str:
    return (section or policy.fallback_unit) if step.unit == SECTION else step.unit

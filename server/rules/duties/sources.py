"""Where the numbers of a flag come from: shown next to them (DOMAIN: show the source label where a person sees the
number)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from server.rules.duties.windows import NORMAL
from server.rules.flags.escalation import SILENT, Delay, Policy
from server.rules.from_rows import holds, in_force
from server.rules.rulebook import Rulebook

MARKS = {"F": "已见原文", "M": "待核对原文", "P": "建议值"}
_UNITS = {"h": "小时", "d": "天", "min": "分钟"}


@dataclass(frozen=True, slots=True)
class Source:
    """What a number is for, what it says, the published text or office that it comes from, and how sure that is (the
    words of MARKS)."""

    about: str
    says: str
    source: str
    mark: str


def flag_sources(book: Rulebook, duty: str, alert: str, policy: Policy, local_date: str) -> list[Source]:
    """The sources behind a flag of this duty that opened on a local date, at a site with this alert level: cadence, slots
    or thresholds, deadlines."""
    return [
        *_of_duty(book, duty, alert, local_date),
        *_of_thresholds(book, duty, local_date),
        Source("办理期限", "", policy.source, _policy_mark(book, policy)),
    ]


def term(policy: Policy, starts: Collection[str], severity: str) -> str:
    """How long the policy gives for what a move starts: `24 小时`, `3 个工作日`; empty where nothing is asked."""
    step = next((step for step in policy.steps if step.starts in starts and step.asks), None)
    return _words(step.delay(severity)) if step is not None else ""


def _words(delay: Delay) -> str:
    return f"{delay.working_days} 个工作日" if delay.working_days else f"{delay.hours:g} 小时"


def _of_duty(book: Rulebook, duty: str, alert: str, local_date: str) -> Iterator[Source]:
    row = in_force(book.rows["duties"], duty, local_date)
    if row is not None and row["judging"] != "none":
        yield Source("频次", row["cadence"], row["source"], MARKS.get(row["mark"], ""))
    presets = {
        row["preset"]: row
        for row in book.rows["duty_slots"]
        if row["duty"] == duty and holds(row, local_date)
    }
    slots = presets.get(alert) or presets.get(NORMAL)  # a duty without a raised row keeps the normal one
    if slots is not None:
        yield Source("时段", "", slots["source"], MARKS.get(slots["mark"], ""))


def _of_thresholds(book: Rulebook, duty: str, local_date: str) -> Iterator[Source]:
    step = in_force(book.rows.get("case_steps", ()), duty, local_date)
    codes = ("silent_site_h",) if duty == SILENT else ()
    if step is not None:
        codes = tuple(filter(None, (step["warn"], step["limit"])))
    for code in codes:
        row = in_force(book.rows["rules"], code, local_date)
        if row is not None:
            says = f"{row['value']:g} {_UNITS.get(row['unit'], row['unit'])}"
            yield Source(row["name"], says, row["source"], MARKS.get(row["mark"], ""))


def _policy_mark(book: Rulebook, policy: Policy) -> str:
    row = in_force(book.rows["escalation"], policy.code, policy.valid_from)
    return MARKS.get(row["mark"], "") if row is not None else ""

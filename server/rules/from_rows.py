"""Rule values from rows of reference data.

A row is an item of a file of seed_data/: its own fields, with `code`, `source`, `mark`, `from` (local
date, empty: always) and `to` (the first local date on which it no longer holds, or None).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from server.rules.calendar import Holidays
from server.rules.duties.modes import MODES, SLOTS, Mode, ModeFault, read_mode
from server.rules.duties.windows import NORMAL, DutyRule, Slot
from server.rules.flags.escalation import Policy, policy_from

Row = Mapping[str, Any]

UNITS = {  # of the numbers of rules, as people read them; one that is not here shows as it is
    "a": "周岁",
    "bytes": "字节",
    "d": "天",
    "h": "小时",
    "m": "米",
    "min": "分钟",
    "months": "个月",
    "persons": "人",
    "pixels": "像素",
    "readings": "次",
    "rooms": "间",
    "s": "秒",
    "share": "(1 为全部)",
    "tries": "次",
    "values": "种",
    "year": "年",
}


def duty_rules(duties: Iterable[Row], presets: Iterable[Row]) -> list[DutyRule]:
    """The versions of all duties that make windows: what of its row and of a preset's is in force, for the dates on which
    both are; and those that are asked by periods or events, which have no preset."""
    known, levels = _by(duties, "code"), _by(presets, "duty")
    rules = []
    for code, rows in known.items():
        for some in _by(levels.get(code, ()), "preset").values():
            for duty, preset, valid_from, valid_to in versions(rows, some):
                if preset is not None and duty["judging"] not in MODES:
                    rules.append(_duty_rule(duty, preset, valid_from, valid_to))
        for duty, _, valid_from, valid_to in versions(rows, ()):
            mode = _mode(duty)
            if mode is not None:
                rules.append(_duty_rule(duty, _NO_PRESET, valid_from, valid_to, mode))
    return rules


def versions(
    duties: Sequence[Row], presets: Sequence[Row]
) -> Iterator[tuple[Row, Row | None, str, str | None]]:
    """The versions of one duty: its row and that of a preset (None: none is in force), both as they hold from the first
    date to before the second (None: for good). One version a date of effect; of rows that overlap the later one holds."""
    ends = (row["to"] for row in (*duties, *presets) if row["to"] is not None)
    dates = sorted({row["from"] for row in (*duties, *presets)} | set(ends))
    before: tuple[Row | None, Row | None, str] = (None, None, "")
    for date in dates:
        now = _latest(duties, date), _latest(presets, date)
        if now != before[:2]:
            if before[0] is not None:
                yield before[0], before[1], before[2], date
            before = (*now, date)
    if before[0] is not None:
        yield before[0], before[1], before[2], None


def holidays(rows: Iterable[Row]) -> Holidays:
    """The official calendar from rows of `kind` day_off or working_day, whose `code` is the date."""
    by_kind: dict[str, set[str]] = {"day_off": set(), "working_day": set()}
    for row in rows:
        by_kind[row["kind"]].add(row["code"])
    dates = by_kind["day_off"] | by_kind["working_day"]
    # Make-up days may belong to the next year's holiday: only days off prove that a year is published.
    years = frozenset(int(local_date[:4]) for local_date in by_kind["day_off"])
    return Holidays(frozenset(dates - by_kind["working_day"]), frozenset(by_kind["working_day"]), years)


def in_force(rows: Iterable[Row], code: str, local_date: str) -> Row | None:
    """The version of one row that holds on a local date."""
    return _latest((row for row in rows if row["code"] == code), local_date)


def _latest(rows: Iterable[Row], local_date: str) -> Row | None:
    return max(
        (row for row in rows if holds(row, local_date)), key=lambda row: str(row["from"]), default=None
    )


def _by(rows: Iterable[Row], name: str) -> dict[str, list[Row]]:
    """The rows by one of their fields, in their order."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[name], []).append(row)
    return found


def holds(row: Row, local_date: str) -> bool:
    """Whether a row is in force on a local date."""
    return bool(row["from"] <= local_date and (row["to"] is None or local_date < row["to"]))


def number(rules: Iterable[Row], code: str, local_date: str) -> float:
    """A number as it holds on a local date, the date of the event that it judges. Raises LookupError without
    one."""
    row = in_force(rules, code, local_date)
    if row is None:
        raise LookupError(f"no rule {code} on {local_date}")
    return float(row["value"])


def policy(policies: Iterable[Row], code: str, local_date: str) -> Policy:
    """The escalation policy in force on a local date. Raises LookupError without one."""
    row = in_force(policies, code, local_date)
    if row is None:
        raise LookupError(f"no policy {code} on {local_date}")
    return policy_from(row)


def reviewing(units: Iterable[Row]) -> dict[str, bool]:
    """Which units review flags, by code."""
    return {row["code"]: row["reviews"] for row in units}


_NO_PRESET: Row = {"preset": NORMAL, "slots": ()}


def _mode(duty: Row) -> Mode | None:
    """How a duty without slots is judged; None for one that says too little, as rows of before may: it makes no windows."""
    try:
        return read_mode(duty) if duty["judging"] in MODES else None
    except ModeFault:
        return None


def _duty_rule(duty: Row, preset: Row, valid_from: str, valid_to: str | None, mode: Mode = SLOTS) -> DutyRule:
    return DutyRule(
        code=duty["code"],
        alert_level=preset["preset"],
        judging=duty["judging"],
        evidence=duty["evidence"],
        slots=tuple(_slot(slot) for slot in preset["slots"]),
        mode=mode,
        places=tuple(duty["places"]),
        continues_when_closed=frozenset(duty["goes_on"]),
        staff=duty["staff"],
        site_kinds=tuple(duty["site_kinds"]),
        stages=tuple(duty["stages"]),
        severity=duty["severity"],
        source=preset.get("source") or duty["source"],
        valid_from=valid_from,
        valid_to=valid_to,
    )


def _slot(data: Mapping[str, Any]) -> Slot:
    return Slot(
        code=data["code"],
        opens=data["opens"],
        due=data["due"],
        grace_s=data["grace_s"],
        admits=tuple(data.get("admits", ())),
        night_shift=data.get("night_shift", False),
    )

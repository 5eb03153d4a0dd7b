"""What a raised alert level (防控级别) asks for on top of what is asked anyway, as people read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from server.rules.duties.windows import NORMAL, DutyRule
from server.rules.from_rows import Row, in_force

RAISED = "raised"


def what_follows(
    duties: Sequence[DutyRule], rows: Mapping[str, Sequence[Row]], site_kind: str, today: str
) -> list[tuple[str, str, str]]:
    """Of the duties that such a site is asked for on a local date, those that a raised level changes: (name, what is asked
    then, source)."""
    here = [rule for rule in duties if site_kind in rule.site_kinds and rule.holds(today)]
    usual = {rule.code: _by_day(rule) for rule in here if rule.alert_level == NORMAL}
    found = {}
    for rule in here:
        row = in_force(rows["duties"], rule.code, today)
        if row is None:
            continue
        rolling = rule.mode.rolling
        if rolling is not None and rolling.raised_days:
            asked = f"提高之后 {rolling.raised_days} 日内一次, 不含当天"
        elif rule.alert_level == RAISED and rule.slots:
            before = usual.get(rule.code, 0)
            asked = f"每日 {_by_day(rule)} 次" + (f", 常态 {before} 次" if before else ", 常态不要求")
        else:
            continue
        found[rule.code] = (str(row["name"]), asked, str(row["source"]))
    return [found[code] for code in sorted(found)]


def _by_day(rule: DutyRule) -> int:
    """How often a day, without what only a night shift is asked for."""
    return sum(not slot.night_shift for slot in rule.slots)

"""Windows: what each duty asks of a site, place and slot on one local date.

Planning is pure and deterministic: the same profile, rules, holidays and date give the same windows with the
same keys (site, duty, place, local date, slot), however often and wherever it is done. Here a place is its kind;
place_windows.py makes windows of single places of these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from server.rules.calendar import (
    DAY_MS,
    Holidays,
    add_days,
    instant_ms,
    is_working_day,
    local_date_of,
    midnight_ms,
)
from server.rules.duties.modes import SLOTS, Mode

NORMAL = "normal"
PERIOD, EVENT, RAISED = "period", "event", "raised"  # the slots of windows that are no stretch of a day
WHOLE_SITE = ""  # the place of a duty that is the whole site's

Key = tuple[
    str, str, str, str
]  # what a window is, at its site: duty, trigger or place (its id, else its kind), local date, slot


def deadline(due_ms: int, grace_s: int) -> int:
    """Until when a window is met by what was begun by `due_ms`."""
    return due_ms + grace_s * 1000


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of the local day. One whose `due` is not after its `opens` ends on the next day, and belongs
    to the date on which it began."""

    code: str
    opens: str  # HH:MM, Asia/Shanghai
    due: str  # HH:MM
    grace_s: int = 0
    admits: tuple[str, ...] = ()  # the `slot` of the readings that count; empty: any
    night_shift: bool = False  # only where people work at night


@dataclass(frozen=True, slots=True)
class DutyRule:
    """One version of a duty at one alert level. It holds for windows that open on a local date in
    [valid_from, valid_to)."""

    code: str
    alert_level: str  # normal, raised
    judging: str  # log: one record meets a window; coverage: those present were measured; else see modes.py
    evidence: str  # the kind of record that counts: temperature_check, disinfection_log …
    slots: tuple[Slot, ...]
    places: tuple[
        str, ...
    ] = ()  # place kinds that it is asked of, where the site has them; empty: the whole site
    continues_when_closed: frozenset[str] = (
        frozenset()
    )  # place kinds where it continues under 停工 and on rest days if anybody lives there
    staff: str = ""  # coverage of `canteen` staff only; empty: of everybody else
    site_kinds: tuple[str, ...] = ()
    stages: tuple[str, ...] = ("building", "stopped")
    severity: str = "ordinary"
    source: str = ""
    valid_from: str = ""  # local date; empty: always
    valid_to: str | None = None  # the first local date on which it no longer holds
    mode: Mode = SLOTS  # how it is judged without slots

    def holds(self, local_date: str) -> bool:
        return self.valid_from <= local_date and (self.valid_to is None or local_date < self.valid_to)


@dataclass(frozen=True, slots=True)
class Suspension:
    """An approved pause (停工) of work, open-ended while `to_ms` is None."""

    from_ms: int
    to_ms: int | None
    approved_by: str
    reason: str

    def covers(self, at_ms: int) -> bool:
        return self.from_ms <= at_ms and (self.to_ms is None or at_ms < self.to_ms)

    def overlap_ms(self, from_ms: int, to_ms: int) -> int:
        """How long it covers of a stretch; not above 0: none of it."""
        ends_ms = to_ms if self.to_ms is None else min(self.to_ms, to_ms)
        return ends_ms - max(self.from_ms, from_ms)


@dataclass(frozen=True, slots=True)
class SiteProfile:
    """What planning needs to know of a site, as it is now. `rests` is its kind's: `official` (weekends and
    days off by the official calendar), `holidays` (named days off only), `never`."""

    site_id: str
    kind: str
    stage: str  # preparing, building, stopped, completed
    inhabited: bool
    places: tuple[str, ...]  # place kinds
    alert: str = NORMAL
    suspensions: tuple[Suspension, ...] = ()
    night_shift: bool = False
    rests: str = "official"


@dataclass(frozen=True, slots=True)
class PlannedWindow:
    """One window. `excused` is None, or why nothing is asked: `code` or `code: detail` (REASONS in
    judge.py)."""

    duty: str
    place: str
    local_date: str
    slot: str
    opens_ms: int
    due_ms: int
    grace_s: int
    closes_ms: int
    excused: str | None = None
    place_id: str = ""  # of the one place; empty: the whole site's, or all places of the kind `place`
    trigger_id: str = ""  # the record that asks for it

    @property
    def key(self) -> Key:
        return (self.duty, self.trigger_id or self.place_id or self.place, self.local_date, self.slot)

    @property
    def deadline_ms(self) -> int:
        return deadline(self.due_ms, self.grace_s)

    def at(self, place_id: str) -> PlannedWindow:
        """The same at one place of its kind. Written out: `replace` takes several times as long."""
        return PlannedWindow(
            self.duty,
            self.place,
            self.local_date,
            self.slot,
            self.opens_ms,
            self.due_ms,
            self.grace_s,
            self.closes_ms,
            self.excused,
            place_id,
            self.trigger_id,
        )


def plan(
    profile: SiteProfile, duties: Sequence[DutyRule], holidays: Holidays, local_date: str
) -> list[PlannedWindow]:
    """All windows that belong to one local date at one site, in the order in which they open.

    1. Of each duty and place, the slots of the date are laid out by the rule that holds when they open.
    2. A window opens no earlier than the deadline of the one before (rule versions may touch), and closes
       when the next one opens, or a day after it opened. Slots that `problems_of` complains about never make
       windows that overlap.
    3. What opens in a suspension, in stage 停工 or on a rest day is excused, unless somebody lives where
       it is asked.
    4. A duty of periods has a window for each that begins on the date. A suspension of more than half of it excuses it; a
       rest day only if it is no longer than a day.
    """
    planned: list[PlannedWindow] = []
    of_code: dict[str, list[DutyRule]] = defaultdict(list)
    for rule in duties:
        of_code[rule.code].append(rule)
    for code, place in sorted(_asked(profile, duties)):
        today, tomorrow = (
            _clear_of_the_day_before(profile, of_code[code], code, place, add_days(local_date, step))
            for step in (0, 1)
        )
        planned += _closed(today, tomorrow)
    continued = {
        (rule.code, place)
        for rule in duties
        if rule.holds(local_date)
        for place in rule.continues_when_closed
    }
    planned += _periods(profile, duties, local_date)
    excused = [
        replace(window, excused=_excuse(profile, holidays, window, (window.duty, window.place) in continued))
        for window in planned
    ]
    return sorted(excused, key=lambda window: (window.opens_ms, window.key))


def plan_rolling(profile: SiteProfile, holidays: Holidays, rule: DutyRule, first_day: str) -> PlannedWindow:
    """The window of a duty of the whole site whose period begins on the day after its last record, that is `first_day`."""
    assert rule.mode.rolling is not None
    rolling = rule.mode.rolling
    window = _period(rule.code, WHOLE_SITE, first_day, rolling.span(first_day), rolling.grace_s)
    return replace(window, excused=_excuse(profile, holidays, window, lived_in=False))


def plan_raised(profile: SiteProfile, holidays: Holidays, rule: DutyRule, now_ms: int) -> PlannedWindow:
    """The window of such a duty that opens when the site's alert level turns raised, until the end of so many days after."""
    assert rule.mode.rolling is not None
    today = local_date_of(now_ms)
    due_ms = midnight_ms(add_days(today, rule.mode.rolling.raised_days + 1))
    window = PlannedWindow(rule.code, WHOLE_SITE, today, RAISED, now_ms, due_ms, 0, due_ms)
    return replace(window, excused=_excuse(profile, holidays, window, lived_in=False))


def asks(profile: SiteProfile, rule: DutyRule) -> bool:
    """Whether a rule is for such a site at all."""
    return profile.kind in rule.site_kinds and profile.stage in rule.stages


def rule_of(
    duties: Iterable[DutyRule], code: str, alert: str, local_date: str, slot: str | None = None
) -> DutyRule | None:
    """The version of a duty that holds on a local date: that of the alert level, else the normal one. With
    `slot`, only a version that has this slot: a window planned before the level changed is still judged by
    its own rule."""
    found = [rule for rule in duties if rule.code == code and rule.holds(local_date)]
    if slot is not None:
        found = [rule for rule in found if any(one.code == slot for one in rule.slots)]
    chosen = [rule for rule in found if rule.alert_level == alert] or [
        rule for rule in found if rule.alert_level == NORMAL
    ]
    if not chosen and slot is not None:
        chosen = found
    return max(chosen, key=lambda rule: rule.valid_from, default=None)


def problems_of(rule: DutyRule) -> list[str]:
    """What is wrong with a rule's slots, for whoever edits rules; empty when its windows cannot overlap."""
    found = []
    if len({slot.code for slot in rule.slots}) != len(rule.slots):
        found.append("时段代码重复。")
    spans = [_span("2021-12-01", slot) for slot in rule.slots]
    for (_, _, deadline_ms), (opens_ms, _, _) in pairwise(spans):
        if opens_ms < deadline_ms:
            found.append("后一时段的开始早于前一时段的截止 (含宽限)。")
    if spans and spans[-1][2] > spans[0][0] + DAY_MS:
        found.append("最后一个时段的截止 (含宽限) 晚于次日第一个时段的开始。")
    return found


def _asked(profile: SiteProfile, duties: Iterable[DutyRule]) -> set[tuple[str, str]]:
    """The (duty, place) pairs that any version asks of this site."""
    return {
        (rule.code, place)
        for rule in duties
        if profile.kind in rule.site_kinds and profile.stage in rule.stages
        for place in rule.places or (WHOLE_SITE,)
        if place == WHOLE_SITE or place in profile.places
    }


def _clear_of_the_day_before(
    profile: SiteProfile, duties: Sequence[DutyRule], code: str, place: str, day: str
) -> list[PlannedWindow]:
    """The windows of one date, none opening before the last deadline of the date before."""
    earlier = _slots(profile, duties, code, place, add_days(day, -1))
    floor_ms = earlier[-1].deadline_ms if earlier else 0
    return [
        replace(window, opens_ms=max(window.opens_ms, floor_ms))
        for window in _slots(profile, duties, code, place, day)
        if floor_ms < window.due_ms
    ]


def _slots(
    profile: SiteProfile, duties: Sequence[DutyRule], code: str, place: str, day: str
) -> list[PlannedWindow]:
    """The slots of one date by the rule in force when they open, one after the other and all over within a
    day of the first: so a date can touch the next one and never the one after."""
    rule = rule_of(duties, code, profile.alert, day)
    if rule is None or profile.kind not in rule.site_kinds or profile.stage not in rule.stages:
        return []
    if place not in (rule.places or (WHOLE_SITE,)):
        return []
    kept: list[PlannedWindow] = []
    for opens_ms, due_ms, slot in sorted(
        _asked_slots(profile, rule, day), key=lambda one: (*one[:2], one[2].code)
    ):
        opens_ms = max(opens_ms, kept[-1].deadline_ms if kept else 0)
        window = PlannedWindow(code, place, day, slot.code, opens_ms, due_ms, slot.grace_s, due_ms)
        over_ms = (kept[0].opens_ms if kept else opens_ms) + DAY_MS
        if opens_ms < due_ms and window.deadline_ms <= over_ms:
            kept.append(window)
    return kept


def _asked_slots(profile: SiteProfile, rule: DutyRule, day: str) -> Iterator[tuple[int, int, Slot]]:
    for slot in rule.slots:
        if profile.night_shift or not slot.night_shift:
            opens_ms, due_ms, _ = _span(day, slot)
            yield opens_ms, due_ms, slot


def _span(day: str, slot: Slot) -> tuple[int, int, int]:
    """(opens, due, deadline) of a slot on a date."""
    due_ms = instant_ms(day, slot.due, 0 if slot.due > slot.opens else 1)
    return instant_ms(day, slot.opens), due_ms, deadline(due_ms, slot.grace_s)


def _periods(profile: SiteProfile, duties: Sequence[DutyRule], local_date: str) -> Iterator[PlannedWindow]:
    """The windows of the periods that begin on a local date, by the rule that holds then."""
    for code in sorted({rule.code for rule in duties if rule.mode.every is not None}):
        rule = rule_of(duties, code, profile.alert, local_date)
        if rule is None or rule.mode.every is None or not asks(profile, rule):
            continue
        every = rule.mode.every
        if every.first_day_of(local_date) == local_date:
            for place in rule.places or (WHOLE_SITE,):
                if place == WHOLE_SITE or place in profile.places:
                    yield _period(code, place, local_date, every.span(local_date), every.grace_s)


def _period(code: str, place: str, first_day: str, span: tuple[int, int], grace_s: int) -> PlannedWindow:
    opens_ms, due_ms = span
    return PlannedWindow(code, place, first_day, PERIOD, opens_ms, due_ms, grace_s, deadline(due_ms, grace_s))


def _closed(today: Sequence[PlannedWindow], tomorrow: Sequence[PlannedWindow]) -> Iterator[PlannedWindow]:
    """Each window until the next one opens; where tomorrow has none, for a day, and not into the day after that."""
    following = [window.opens_ms for window in (*today[1:], *tomorrow[:1])]
    for index, window in enumerate(today):
        end_ms = min(window.opens_ms + DAY_MS, instant_ms(window.local_date, "00:00", 2))
        next_ms = following[index] if index < len(following) else end_ms
        yield replace(window, closes_ms=max(next_ms, window.deadline_ms))


def _excuse(profile: SiteProfile, holidays: Holidays, window: PlannedWindow, lived_in: bool) -> str | None:
    """Why nothing is asked, decided by the moment at which the window opens.

    So a window that was open when work was suspended stays due: its slot had begun, and a suspension cannot
    undo what was already owed. One that opens during the suspension stays excused though work resumes before
    it is due. One of a period is excused by what suspends more than half of it.
    """
    if lived_in and profile.inhabited:
        return None
    for suspension in profile.suspensions:
        is_period = window.slot == PERIOD
        if _suspends_most(profile, suspension, window) if is_period else suspension.covers(window.opens_ms):
            return f"suspended: {suspension.approved_by}, {suspension.reason}"
    if profile.stage == "stopped":
        return "stopped"
    if window.due_ms - window.opens_ms > DAY_MS:
        return None
    return "rest_day" if _rests(profile, holidays, local_date_of(window.opens_ms)) else None


def _suspends_most(profile: SiteProfile, suspension: Suspension, window: PlannedWindow) -> bool:
    """Whether suspensions cover more than half of a period, and this one a part of it."""
    if suspension.overlap_ms(window.opens_ms, window.due_ms) <= 0:
        return False
    covered_ms, through_ms = 0, window.opens_ms
    for one in sorted(profile.suspensions, key=lambda one: one.from_ms):
        more_ms = one.overlap_ms(through_ms, window.due_ms)
        if more_ms > 0:
            covered_ms += more_ms
            through_ms = window.due_ms if one.to_ms is None else min(one.to_ms, window.due_ms)
    return 2 * covered_ms > window.due_ms - window.opens_ms


def _rests(profile: SiteProfile, holidays: Holidays, local_date: str) -> bool:
    if profile.rests == "official":
        return not is_working_day(holidays, local_date)
    return profile.rests == "holidays" and local_date in holidays.days_off

"""The weeks and months before the demo city's last days, at the sites of its first two inspectors: what is asked by week and
by month has been done, done late, left out, or nobody has heard of it.

These sites are being set up. Only the manager is there, and for the last two weeks somebody sleeps there; so by day nothing
is asked for but two readings, a declaration, and that dormitory. The second inspector's tablet has been silent since the
last week ended, or the last month. Nobody can be silent for longer than `device_dormant_d`: the windows of a tablet that is
away for more go to review. So windows of months are silent only in a city that is made in the first days of a month, and
on its first morning nobody knows yet what was left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as day
from functools import partial

from flask import Flask

from server.actions.reference.load_reference import tx_of
from server.actions.sites.edit_places import Editing, add_places
from server.actions.sites.set_alert import set_alert
from server.base.db import write
from server.base.runtime import Runtime
from server.demo.incidents import Happening, Scene
from server.demo.routine import (
    clean_and_air,
    declare,
    documents,
    drill,
    hold_month,
    hold_week,
    look_by_video,
    patrol,
    use_up,
    ventilate,
)
from server.rules.alerts import RAISED
from server.rules.calendar import add_days, instant_ms, local_date_of
from server.rules.duties.periods import add_months, read_every

CREWS = (4, 2)  # how many of the sites each of the first inspectors has
DORMANT_DAYS = 7  # a tablet that is silent for longer is no longer waited for
WITHOUT_PAPERS = 5  # of these sites, the one that has no plan and nobody named
RAISED_SITES = (0, 1, 2, 4)  # whose alert level is raised, for a case in the next county
_DRILL_DAYS = 3  # within which a raised level asks for a drill
_LAST_WEEKS = {"careless": 2, "late": 2, "silent": 1}  # in which these are as they are
_REASON = "邻近县区出现本地病例, 区防控办通知 (演示)"
_DISINFECTED = {"agent": "chlorine", "concentration_mg_l": 500, "operator": "保洁班"}
_WEEK, _MONTH = read_every("weeks 1"), read_every("months 1")
_TUESDAY, _REPORTING = 1, (2, 6)  # days of the week; Wednesday and Sunday
_Place = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Past:
    """Local dates: `begins`: the first sites are there; `lived_in`: somebody sleeps at them; `silent`: the last day on which
    the silent tablet reported; `week`, `month`: the first days of those that are not over."""

    begins: str
    lived_in: str
    silent: str
    week: str
    month: str

    @property
    def alert(self) -> str:
        """The day on which the alert level is raised: what it asks for falls due after the last report of the silent."""
        return add_days(self.silent, -_DRILL_DAYS)

    def moves_in(self, behaviour: str, first_day: str) -> str:
        """The day on which the workers come."""
        return min(first_day, add_days(self.silent, -1)) if behaviour == "silent" else first_day


def past_of(until_ms: int, first_day: str) -> Past:
    """What lies before the days that begin on `first_day`."""
    today = local_date_of(until_ms)
    week, month = _WEEK.first_day_of(today), _MONTH.first_day_of(today)
    last_week, last_month = add_days(week, -7), add_months(month, -1)
    silent, month_end = add_days(week, -1), add_days(month, -1)
    if month_end > add_days(today, -DORMANT_DAYS):
        silent = min(silent, month_end)
    early = add_days(min(first_day, silent), -1)
    begins, lived_in = min(add_days(last_month, -1), early), min(add_days(last_week, -1), early)
    return Past(begins, lived_in, silent, week, month)


def history(
    app: Flask, city_places: Sequence[_Place], scenes: Sequence[Scene], behaviours: Sequence[str], past: Past
) -> Iterator[Happening]:
    """What happens at these sites and when, in the weeks and months that are over."""
    yield instant_ms(past.lived_in, "21:30"), partial(open_places, app, scenes, [room_of(city_places)])
    for number, (scene, behaviour) in enumerate(zip(scenes, behaviours, strict=True)):
        has_papers = behaviour != "careless" and number != WITHOUT_PAPERS
        if has_papers:
            yield instant_ms(past.begins, "10:00"), partial(documents, scene)
        yield from _weeks(scene, behaviour, past)
        yield from _months(scene, behaviour, past)
        if number in RAISED_SITES:
            yield instant_ms(past.alert, "08:00"), partial(_raise, app, scene)
            yield from _drills(scene, behaviour, past)


def room_of(places: Sequence[_Place]) -> _Place:
    """The dormitory that is used first."""
    return next(place for place in places if place["kind"] == "dormitory")


def days_before(scene: Scene, past: Past, moves_in: str) -> Iterator[Happening]:
    """The days until the workers come: the manager says where he was, later somebody keeps the dormitory clean."""
    for date in dates_between(past.begins, moves_in):
        yield instant_ms(date, "07:15"), partial(declare, scene)
    for date in dates_between(add_days(past.lived_in, 1), moves_in):
        yield instant_ms(date, "09:30"), partial(_keep_clean, scene)
        yield instant_ms(date, "13:40"), partial(_keep_clean_again, scene)
        yield instant_ms(date, "16:20"), partial(ventilate, scene)
        yield instant_ms(date, "18:30"), partial(_disinfect, scene)


def looked_at(past: Past, end: str) -> Iterator[str]:
    """The days on which the scheduler looks: when the tablets have reported past a week or a month."""
    return (
        date for date in dates_between(past.begins, end) if _weekday(date) == _TUESDAY or date[8:] == "02"
    )


def reported(past: Past, end: str) -> Iterator[int]:
    """When tablets report until then: late on Wednesdays, on Sundays and when a month ends, and on the day after that, early
    and late; and on the last evening."""
    for date in dates_between(past.begins, end):
        is_after = _weekday(date) == 0 or date[8:] == "01"
        if is_after:
            yield instant_ms(date, "06:10")
        tomorrow = add_days(date, 1)
        if is_after or _weekday(date) in _REPORTING or tomorrow[8:] == "01" or tomorrow == end:
            yield instant_ms(date, "23:10")


def _weekday(date: str) -> int:
    return day.fromisoformat(date).weekday()


def dates_between(first: str, end: str) -> Iterator[str]:
    """The local dates from the first one to before the other."""
    while first < end:
        yield first
        first = add_days(first, 1)


def open_places(app: Flask, scenes: Sequence[Scene], places: Sequence[_Place]) -> None:
    """Places that are used from now on."""
    runtime: Runtime = app.extensions["gongdi"]
    for scene in scenes:
        with write() as session:
            tx = tx_of(session, runtime.seals, runtime.clock.now_ms())
            add_places(Editing(tx, scene.site_id), [(place["kind"], place["name"]) for place in places])


def _weeks(scene: Scene, behaviour: str, past: Past) -> Iterator[Happening]:
    """Each week that is over: on its Wednesday; of a late site the last ones early on the Monday after, from paper, as of
    Sunday."""
    monday = _WEEK.after(_WEEK.first_day_of(past.begins))
    last = _LAST_WEEKS.get(behaviour, 0)
    while monday < past.week:
        following = add_days(monday, 7)
        is_last = add_days(monday, 7 * last) >= past.week
        is_watched = monday > past.lived_in
        if not is_last:
            yield instant_ms(add_days(monday, 2), "10:05"), partial(_one_week, scene, None, is_watched)
        elif behaviour == "late":
            observed_ms = instant_ms(add_days(monday, 6), "16:00")
            yield instant_ms(following, "05:45"), partial(_one_week, scene, observed_ms, is_watched)
        monday = following


def _one_week(scene: Scene, observed_ms: int | None, is_watched: bool) -> None:
    with scene.tablet.together():
        use_up(scene)
        hold_week(scene, is_crowded=False, observed_ms=observed_ms)
        if is_watched:
            look_by_video(scene, observed_ms)
    patrol(scene, observed_ms)


def _months(scene: Scene, behaviour: str, past: Past) -> Iterator[Happening]:
    """Each month that is over: on its 20th, or early on the first of the next, from paper, as of the last day."""
    first = _MONTH.after(_MONTH.first_day_of(past.begins))
    while first < past.month:
        following = _MONTH.after(first)
        is_last = following == past.month
        if behaviour == "late":
            observed_ms = instant_ms(add_days(following, -1), "15:00")
            yield instant_ms(following, "05:50"), partial(hold_month, scene, observed_ms)
        elif not (is_last and behaviour in ("careless", "silent")):
            yield instant_ms(add_days(first, 19), "15:20"), partial(hold_month, scene, None)
        first = following


def _drills(scene: Scene, behaviour: str, past: Past) -> Iterator[Happening]:
    if behaviour == "steady":
        yield instant_ms(add_days(past.alert, 1), "15:00"), partial(drill, scene, None)
    if behaviour == "late":
        observed_ms = instant_ms(past.silent, "16:00")
        yield instant_ms(add_days(past.silent, 1), "05:40"), partial(drill, scene, observed_ms)


def _raise(app: Flask, scene: Scene) -> None:
    runtime: Runtime = app.extensions["gongdi"]
    with write() as session:
        set_alert(tx_of(session, runtime.seals, runtime.clock.now_ms()), scene.site_id, RAISED, _REASON)


def _keep_clean(scene: Scene) -> None:
    with scene.tablet.together():
        _disinfect(scene)
        clean_and_air(scene)


def _keep_clean_again(scene: Scene) -> None:
    with scene.tablet.together():
        _disinfect(scene)
        ventilate(scene)


def _disinfect(scene: Scene) -> None:
    for place in scene.places():
        where = {"place": place["kind"], "place_name": place["name"], "place_id": place["id"]}
        scene.add("disinfection_log", {**where, **_DISINFECTED})

"""日历 and 查访计划: what falls due on which day, where somebody means to go, and a list for paper to go by."""

from __future__ import annotations

import re
from datetime import date
from uuid import UUID

from flask import g, request, url_for

from server.actions.flags.deadlines import deadlines_between
from server.actions.reference.load_reference import rules_in_force
from server.actions.reference.name_codes import read_names
from server.actions.sites.plan_visits import (
    DAYS_AHEAD,
    SITES_A_DAY,
    cancel_visit,
    plan_visits,
    visits_between,
    visits_of_day,
)
from server.base.db import read
from server.base.problems import Problem
from server.console.pages import JUDGES, WORKERS, blueprint, render, require_role
from server.console.submit import Answer, submit
from server.console.today import show_problem
from server.models.filters import is_day
from server.rules.calendar import add_days, is_working_day, local_date_of
from server.web.responses import now_ms

_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_SITE = re.compile(r"site=([0-9a-f-]{36})")
_LISTED = 60  # deadlines of one day
_WEEK = 7


@blueprint.get("/calendar")
def show_calendar() -> str:
    """A month of deadlines and visits, and what falls due on one of its days."""
    require_role(*WORKERS)
    today = local_date_of(now_ms())
    day = _day(request.args.get("day", ""), today)
    asked = request.args.get("month", "")
    month = asked if _MONTH.fullmatch(asked) else day[:7]
    weeks = _weeks(month)
    first, last = weeks[0][0], weeks[-1][-1]
    with read() as session:
        deadlines = deadlines_between(session, g.viewer, first, last)
        visits = visits_between(session, g.viewer, first, last) if g.viewer.role in JUDGES else {}
        holidays = rules_in_force(session).holidays
        names = read_names(session)
    free = {one for week in weeks for one in week if not is_working_day(holidays, one)}
    beyond = {"before": add_days(f"{month}-01", -1)[:7], "after": add_days(f"{month}-28", 4)[:7]}
    shown = {"weeks": weeks, "month": month, "day": day, "today": today, "free": free, "listed": _LISTED}
    return render("calendar.html", names, **shown, **beyond, deadlines=deadlines, visits=visits, now=now_ms())


@blueprint.get("/visits")
def show_visits() -> str:
    """The visits of one day in an order in which one can go, to be printed."""
    require_role(*JUDGES)
    today = local_date_of(now_ms())
    day = _day(request.args.get("day", ""), today)
    with read() as session:
        stops = visits_of_day(session, g.viewer, day, now_ms())
        names = read_names(session)
    total = sum(stop.metres for stop in stops if stop.metres is not None)
    latest = add_days(today, DAYS_AHEAD)
    shown = {
        "stops": stops,
        "day": day,
        "today": today,
        "latest": latest,
        "total": total,
        "most": SITES_A_DAY,
    }
    return render("visits.html", names, **shown, now=now_ms())


@blueprint.post("/visits")
def take_visits() -> Answer:
    """Plan visits to the sites that were chosen on the page of the day, or on a site's page."""
    require_role(*JUDGES)
    sites = set(_SITE.findall(" ".join(request.form.getlist("flags"))))
    day = _day(request.form.get("day", ""), "")
    return submit(
        lambda tx: plan_visits(tx, g.viewer, sites, day),
        url_for("console.show_visits", day=day or None),
        show_problem,
    )


@blueprint.post("/visits/<uuid:visit_id>/cancel")
def drop_visit(visit_id: UUID) -> Answer:
    """Not to go there after all."""
    require_role(*JUDGES)
    day = _day(request.form.get("day", ""), local_date_of(now_ms()))
    return submit(
        lambda tx: cancel_visit(tx, g.viewer, str(visit_id)),
        url_for("console.show_visits", day=day),
        _problem_page,
    )


def _problem_page(problem: Problem) -> str:
    raise problem


def _day(text: str, otherwise: str) -> str:
    return text if is_day(text) else otherwise


def _weeks(month: str) -> list[list[str]]:
    """The weeks of a month from Monday to Sunday, whole ones."""
    first = f"{month}-01"
    monday = add_days(first, -_weekday(first))
    weeks = []
    while monday[:7] <= month:
        weeks.append([add_days(monday, number) for number in range(_WEEK)])
        monday = add_days(monday, _WEEK)
    return weeks


def _weekday(local_date: str) -> int:
    return date.fromisoformat(local_date).weekday()

"""Reports of weeks and months: each is made once, when its period has ended, and kept.

The facts are read in one snapshot; both files are written outside of any transaction.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from server.actions.plans.read_plan import plans, tasks
from server.actions.plans.report_facts import report_facts
from server.actions.reference.load_reference import rules_in_force
from server.actions.reference.name_codes import read_names
from server.base.db import read, write
from server.documents.write_report import report_pdf, report_workbook
from server.models.report import keep_report, kept
from server.models.site import Site
from server.models.window import Window
from server.rules.calendar import local_date_of
from server.rules.reports import PERIODS, Period, last_ready
from server.rules.rulebook import Rulebook


def due_reports(now_ms: int, book: Rulebook) -> list[sa.Select[int]]:
    """A row for each report that is to be made by now."""
    return [_lacking(plan, period, kinds) for plan, period, kinds in _ready(now_ms, book)]


def make_due_reports(now_ms: int, book: Rulebook) -> dict[str, int]:
    """Make the reports of the last week and the last month that there are not yet."""
    made = 0
    for plan, period, kinds in _ready(now_ms, book):
        with read() as session:
            is_due = session.scalar(_lacking(plan, period, kinds)) is not None
        made += is_due and make_report(plan, period, now_ms)
    return {"made": made}


def make_report(plan: str, period: Period, now_ms: int) -> bool:
    """Make one and keep it; False where it is kept already. Raises Problem 404 where there is no such plan."""
    with read() as session:
        if session.scalar(kept(plan, period)) is not None:
            return False
        facts = report_facts(session, rules_in_force(session), read_names(session), plan, period)
    key = {"plan": plan, "period": period.kind, "first_day": period.first_day, "made_ms": now_ms}
    files = {"workbook": report_workbook(facts), "pdf": report_pdf(facts)}
    with write() as session:
        return keep_report(session, {**key, "facts": facts, **files})


def _ready(now_ms: int, book: Rulebook) -> Iterator[tuple[str, Period, list[str]]]:
    """Each plan with each period that ended last, and the kinds of sites of its tasks."""
    today = local_date_of(now_ms)
    for plan in plans(book, today):
        kinds = sorted({kind for task in tasks(book, plan, today) for kind in task.site_kinds})
        for name in PERIODS if kinds else ():
            yield plan, last_ready(name, today, now_ms), kinds


def _lacking(plan: str, period: Period, kinds: list[str]) -> sa.Select[int]:
    """A row, if there is no such report and something was asked in its time."""
    asked = sa.select(Window.id).where(
        Window.scope_id == Site.id,
        Window.opens_ms.between(period.begins_ms, period.ends_ms - 1),
        Window.state != "void",
    )
    # Site by site, each by its index: as EXISTS, PostgreSQL looks through the windows of all sites for the first.
    first = asked.limit(1).scalar_subquery()
    mine = (Site.made_ms < period.ends_ms, Site.practice.is_(False), Site.kind.in_(kinds))
    there = sa.exists().where(*mine, first.is_not(None))
    return sa.select(sa.literal(1)).where(~kept(plan, period).exists(), there)

"""Whom a case of a site is reported to, and by which telephone number."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.reference import REPORTED_TO
from server.rules.calendar import local_date_of
from server.rules.report_lines import closest_lines
from server.rules.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One of the three that a case is reported to. `phone`: empty where nobody has said it yet."""

    part: str
    name: str
    phone: str
    source: str


def report_lines(book: Rulebook, district: str, site_id: str, now_ms: int) -> list[ReportLine]:
    """The closest row of each in force: that of the site, else of its district, else the general one."""
    rows = closest_lines(
        book.rows.get("report_lines", ()), tuple(REPORTED_TO), district, site_id, local_date_of(now_ms)
    )
    return [ReportLine(row["part"], row["name"], row.get("dial") or "", row["source"]) for row in rows]

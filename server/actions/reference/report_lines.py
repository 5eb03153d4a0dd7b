"""Whom a case of a site is reported to, and by which telephone number."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.reference import REPORTED_TO
from server.rules.calendar import local_date_of
from server.rules.from_rows import Row, holds
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
    today = local_date_of(now_ms)
    rows = [row for row in book.rows.get("report_lines", ()) if holds(row, today)]
    found = []
    for part in REPORTED_TO:
        fitting = [row for row in rows if row["part"] == part and _fits(row, district, site_id)]
        if fitting:
            row = max(fitting, key=_closeness)
            found.append(ReportLine(part, row["name"], row.get("dial") or "", row["source"]))
    return found


def _fits(row: Row, district: str, site_id: str) -> bool:
    return district.startswith(row.get("district") or "") and (row.get("site") or site_id) == site_id


def _closeness(row: Row) -> tuple[bool, bool, str, str]:
    return (bool(row.get("site")), bool(row.get("district")), row["from"], row["code"])

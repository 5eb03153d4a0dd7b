"""Which line of each part a case of a site is reported to: dated rows, of which the closest holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from server.rules.from_rows import Row, holds


def closest_lines(
    rows: Iterable[Row], parts: Sequence[str], district: str, site_id: str, today: str
) -> list[Row]:
    """Of each part the row in force that is closest to the site: its own, else its district's, else the general one. Tablets
    choose alike: server/field_app/src/domain/report_lines_cases.json holds both to it."""
    fitting = [row for row in rows if holds(row, today) and _fits(row, district, site_id)]
    found = (
        max((row for row in fitting if row["part"] == part), key=_closeness, default=None) for part in parts
    )
    return [row for row in found if row is not None]


def _fits(row: Row, district: str, site_id: str) -> bool:
    return district.startswith(row.get("district") or "") and (row.get("site") or site_id) == site_id


def _closeness(row: Row) -> tuple[bool, bool, str, str]:
    return (bool(row.get("site")), bool(row.get("district")), row["from"], row["code"])

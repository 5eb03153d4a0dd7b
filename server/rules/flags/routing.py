"""Which unit a flag goes to first, by dated rows of seed_data/routing.json; and which leader answers for a unit."""

from __future__ import annotations

from collections.abc import Sequence

from server.rules.from_rows import Row, holds, in_force

LEADER = "leader"  # in a policy: whoever leads the unit that has the flag (责任领导)
_NARROWS = ("duty", "district", "site_kind")  # by these a row is narrowed, the weightiest first


def routed(
    rows: Sequence[Row], site_kind: str, district: str, duty: str, local_date: str, site_unit: str
) -> str:
    """The unit that receives flags of a duty at such a site: that of the row that says most of them, a duty before a
    district before a kind of site; without one the site's own."""
    asked = {"duty": duty, "district": district, "site_kind": site_kind}
    fitting = [
        row
        for row in rows
        if holds(row, local_date) and all(row.get(name) in (None, asked[name]) for name in _NARROWS)
    ]
    best = max(fitting, key=_weight, default=None)
    return site_unit if best is None else str(best["unit"])


def _weight(row: Row) -> tuple[tuple[bool, ...], str, str]:
    return tuple(row.get(name) is not None for name in _NARROWS), str(row["from"]), str(row["code"])


def leaders_of(units: Sequence[Row], unit: str, local_date: str) -> list[str]:
    """Who leads a unit, by name; of one that names nobody, whoever leads the unit above it."""
    seen: set[str] = set()
    while unit and unit not in seen:
        seen.add(unit)
        row = in_force(units, unit, local_date) or {}
        if row.get("leader"):
            return [name for name in str(row["leader"]).split("、") if name]
        unit = str(row.get("parent") or "")
    return []

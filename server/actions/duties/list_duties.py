"""What is asked of sites today, and what is planned and not asked yet."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from server.actions.reference.load_reference import planned_rows, rules_in_force
from server.models.site import Site
from server.rules.calendar import local_date_of
from server.rules.from_rows import Row, holds


@dataclass(frozen=True, slots=True)
class ShownDuty:
    """A duty with its words and its source. `is_asked`: it is in force today; else it is planned, or holds later."""

    code: str
    name: str
    about: str
    cadence: str
    source: str
    begins: str  # local date; empty for a planned one
    is_asked: bool


def duties_shown(session: Session, now_ms: int) -> list[ShownDuty]:
    """Every duty as it holds today, then versions to come, then what is planned, each in the order of codes."""
    today = local_date_of(now_ms)
    rows = rules_in_force(session).rows["duties"]
    current = [_shown(row, row["from"], True) for row in rows if holds(row, today)]
    to_come = [_shown(row, row["from"], False) for row in rows if row["from"] > today]
    planned = [_shown(row, "", False) for row in planned_rows("duties")]
    return current + to_come + sorted(planned, key=lambda duty: duty.code)


def duties_of_site(session: Session, site: Site, now_ms: int) -> list[ShownDuty]:
    """What is asked of a site in its kind and stage, or is to be asked soon, in the order of codes and dates."""
    today = local_date_of(now_ms)
    rows = rules_in_force(session).rows["duties"]
    own = [row for row in rows if site.kind in row["site_kinds"] and site.stage in row["stages"]]
    asked = [row for row in own if row["judging"] != "none" and (row["to"] is None or row["to"] > today)]
    in_order = sorted(asked, key=lambda row: (row["code"], row["from"]))
    return [_shown(row, row["from"], holds(row, today)) for row in in_order]


def _shown(row: Row, begins: str, is_asked: bool) -> ShownDuty:
    name, about, cadence, source = (str(row.get(one, "")) for one in ("name", "about", "cadence", "source"))
    return ShownDuty(row["code"], name, about, cadence, source, begins, is_asked)

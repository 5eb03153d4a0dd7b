"""A site and the reference data as it is shipped, for the tests of the rules."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from server.rules import from_rows
from server.rules.calendar import instant_ms
from server.rules.duties.windows import PlannedWindow, SiteProfile, Suspension, plan

SEED_DATA = Path(__file__).parents[3] / "seed_data"
MONDAY = "2021-12-06"
SATURDAY = "2021-12-04"
ALL_PLACES = ("dormitory", "canteen", "toilet", "bathroom", "rest_room", "office", "gate")


def rows(noun: str) -> list[dict[str, Any]]:
    """The rows of one file of seed_data/, as the loader gives them: an empty `to` of a CSV file is None."""
    if noun == "holidays":
        with (SEED_DATA / "holidays.csv").open(encoding="utf-8", newline="") as file:
            return [{**row, "to": row["to"] or None} for row in csv.DictReader(file)]
    found: list[dict[str, Any]] = json.loads((SEED_DATA / f"{noun}.json").read_text(encoding="utf-8"))["rows"]
    return found


LOADED = {noun: [row for row in rows(noun) if not row.get("planned")] for noun in ("duties", "duty_slots")}
DUTIES = from_rows.duty_rules(LOADED["duties"], LOADED["duty_slots"])
HOLIDAYS = from_rows.holidays(rows("holidays"))
POLICY = from_rows.policy(rows("escalation"), "default", MONDAY)
SITE = SiteProfile("0197a000-0000-7000-8000-000000000001", "construction", "building", True, ALL_PLACES)
NOON_SUSPENSION = Suspension(instant_ms(MONDAY, "12:00"), None, "质安科王某", "大风")


def at(time: str, local_date: str = MONDAY) -> int:
    """An instant of a local date."""
    return instant_ms(local_date, time)


def planned(local_date: str = MONDAY, **changes: Any) -> list[PlannedWindow]:
    """The shipped duties, planned for the site with some things changed."""
    return plan(replace(SITE, **changes), DUTIES, HOLIDAYS, local_date)


def find(windows: list[PlannedWindow], duty: str, slot: str, place: str = "") -> PlannedWindow:
    """The one window of this duty, slot and place."""
    (window,) = [one for one in windows if (one.duty, one.slot, one.place) == (duty, slot, place)]
    return window

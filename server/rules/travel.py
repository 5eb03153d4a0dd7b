"""Stays in areas at risk (往返疫区): which trips touch which listed area, and what is asked of whoever comes back.

An area is a division's code of 4 (prefecture), 6 (county) or 9 (township) digits. A trip hits a listed area when one code
is the beginning of the other and the stay overlaps the time for which the area counts: from `since`, or from so many days
before it was listed, whichever is earlier, through the day on which it left the list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from schemas.forms.kind import FormKind
from server.rules.calendar import add_days
from server.rules.from_rows import Row, holds

LEVELS = {"high": "高风险", "medium": "中风险", "named": "指定地区"}
RELATIONS = {"area": "该地区", "county": "同一县区", "prefecture": "同一设区市"}
CONTACT = "contact"  # of a rule that is for contacts, not for areas
_LENGTHS = (4, 6, 9)


class TravelFields(NamedTuple):
    """Of a form about trips, the names of the fields: whose, where, from and to which date (empty: not asked)."""

    worker: str
    area: str
    arrived: str
    left: str


class Trip(NamedTuple):
    """A stay somewhere: local dates, both included; `left` is the last day that is known of."""

    area: str
    arrived: str
    left: str


@dataclass(frozen=True, slots=True)
class Area:
    """A listed area. `since`: the first day of a stay that counts, where the list says one; `counts_from`: what follows;
    `listed_to`: the day on which it left the list, None while it is on it."""

    code: str
    name: str
    level: str
    listed_from: str
    listed_to: str | None
    counts_from: str
    source: str

    def overlaps(self, trip: Trip) -> bool:
        return trip.left >= self.counts_from and (self.listed_to is None or trip.arrived <= self.listed_to)


@dataclass(frozen=True)
class Areas:
    """Listed areas by every beginning of their codes that is one itself."""

    by_code: Mapping[str, Sequence[Area]]

    def hits(self, trip: Trip) -> list[Area]:
        """The areas that a trip hits."""
        code = trip.area
        wider = (code[:length] for length in _LENGTHS if length < len(code))
        found = [area for key in wider for area in self.by_code.get(key, ()) if area.code == key]
        return [area for area in (*found, *self.by_code.get(code, ())) if area.overlaps(trip)]


def areas_of(rows: Iterable[Row], look_back_d: Callable[[str], int]) -> Areas:
    """The areas of reference data. `look_back_d`: how many days before an area was listed a stay counts, as it holds on the
    day of listing."""
    by_code: dict[str, list[Area]] = defaultdict(list)
    for row in rows:
        earliest = add_days(row["from"], -look_back_d(row["from"]))
        since = row.get("since") or earliest
        named = (row["code"], row["name"], row["level"], row["from"], row["to"])
        area = Area(*named, min(since, earliest), row["source"])
        for length in (*(one for one in _LENGTHS if one < len(area.code)), len(area.code)):
            by_code[area.code[:length]].append(area)
    return Areas(by_code)


def relation(trip_code: str, area_code: str) -> str:
    """How near a stay was to a listed area: a name of RELATIONS, or empty."""
    if trip_code.startswith(area_code) or area_code.startswith(trip_code):
        return "area"
    if trip_code[:6] == area_code[:6]:
        return "county"
    return "prefecture" if trip_code[:4] == area_code[:4] else ""


def measure(rows: Iterable[Row], level: str, near: str, local_date: str) -> Row | None:
    """What is asked of whoever comes back on a local date from so near to an area of this level; the rule that began
    last."""
    return _latest((row for row in rows if level in row["levels"]), near, local_date)


def contact_measure(rows: Iterable[Row], local_date: str) -> Row | None:
    """What is asked of a contact of a case that was confirmed on a local date."""
    return _latest(rows, CONTACT, local_date)


def _latest(rows: Iterable[Row], relation: str, local_date: str) -> Row | None:
    fitting = (row for row in rows if holds(row, local_date) and row["relation"] == relation)
    return max(fitting, key=lambda row: str(row["from"]), default=None)


def travel_fields(kind: object) -> TravelFields | None:
    """The fields of a form that says who stayed where, found by their types and roles; None for any other kind."""
    if not isinstance(kind, FormKind) or kind.nature != "fact":
        return None
    by_role = {item.role: item.name for item in kind.form.fields if item.role is not None}
    area = next((item.name for item in kind.form.fields if item.file == "areas"), None)
    arrived = by_role.get("started") or by_role.get("valid_from")
    if area is None or arrived is None or "worker" not in by_role:
        return None
    left = by_role.get("ended") or by_role.get("valid_to") or ""
    return TravelFields(by_role["worker"], area, arrived, left)

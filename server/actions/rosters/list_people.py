"""The people of a site's roster, as a viewer may see them: masked, a page at a time, found by a few characters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.accounts.limit_rate import limit_rate
from server.actions.reference.load_reference import rules_in_force
from server.actions.rosters.stored_people import people_of_site, person_of_site
from server.actions.sites.list_sites import one_site
from server.base.problems import not_found
from server.base.seal import Seals
from server.models.access import Viewer, may_see_people
from server.models.paging import Slice
from server.models.roster import Disclosure
from server.rules.rosters.fields import COLUMNS
from server.rules.rosters.people_words import shown_to_all
from server.rules.rosters.words import plain

SEARCH_MAX = 50  # characters
LOOKUPS_PER_HOUR = 30  # by whole numbers, of one user: enough for a gate, too few to try numbers out
LISTED = {name: one.title for name, one in COLUMNS.items() if one.column.listed}
_LOOKED_UP = "按完整号码查找"
_WHOLE_NUMBER = re.compile(
    r"(?=(?:[a-z]*[0-9]){6})[0-9a-z]{8,20}"
)  # a certificate's or a telephone's, as `plain` leaves it
_TAIL = 4  # of a number: what masking leaves at its end


@dataclass(frozen=True, slots=True)
class ShownPerson:
    """One person: `cells` are the fields of LISTED in words, numbers masked, the company by its code; `record`: the id."""

    record: str
    name: str
    exited_on: str | None
    cells: dict[str, str]


def count_lookup(session: Session, viewer: Viewer, site_id: str, text: str, now_ms: int) -> None:
    """A search by a whole number asks who somebody is: counted, and kept with who asked. Raises Problem 429 past
    LOOKUPS_PER_HOUR, 404 for a site that is not this viewer's. Any other search is free."""
    if not _WHOLE_NUMBER.fullmatch(plain(text[:SEARCH_MAX])):
        return
    one_site(session, viewer, site_id)
    limit_rate(session, f"lookup|{viewer.id}", LOOKUPS_PER_HOUR, 3_600_000, now_ms)
    disclosure = Disclosure(id=str(uuid7()), site_id=site_id, user_id=viewer.id, at_ms=now_ms, people=0)
    disclosure.reason = _LOOKED_UP
    session.add(disclosure)


def page_of_people(
    session: Session, seals: Seals, viewer: Viewer, site_id: str, text: str, part: Slice
) -> tuple[list[ShownPerson], int]:
    """Part of the people whom `text` finds, those who are here first; and how many it finds. A contractor sees only
    their own company's. Raises Problem 404."""
    one_site(session, viewer, site_id)
    if not may_see_people(viewer):
        raise not_found()
    company = viewer.company if viewer.role == "contractor" else None
    wanted = plain(text[:SEARCH_MAX])
    found = [person for person in people_of_site(session, seals, site_id, company) if _fits(person, wanted)]
    found.sort(key=lambda person: person.get("exited_on") is not None)
    trades = _trades(session)
    return [_shown(person, trades) for person in part.of(found)], len(found)


def one_person(session: Session, seals: Seals, viewer: Viewer, site_id: str, record: str) -> ShownPerson:
    """One of them. Raises Problem 404 for who is not on the roster, or not this viewer's to see."""
    one_site(session, viewer, site_id)
    if not may_see_people(viewer):
        raise not_found()
    company = viewer.company if viewer.role == "contractor" else None
    person = person_of_site(session, seals, site_id, company, record)
    if person is None:
        raise not_found()
    return _shown(person, _trades(session))


def _trades(session: Session) -> dict[str, str]:
    return {row["code"]: row["name"] for row in rules_in_force(session).rows["trades"]}


def _fits(person: dict[str, Any], wanted: str) -> bool:
    """A number is found whole or by its last four: by any part of it, what is masked could be guessed bit by bit."""
    if not wanted:
        return True
    numbers = (person["certificate_number"], person.get("phone") or "")
    if any(wanted in (plain(number), plain(number[-_TAIL:])) for number in numbers if number):
        return True
    return wanted in plain(person["name"]) or wanted in plain(person.get("team") or "")


def _shown(person: dict[str, Any], trades: dict[str, str]) -> ShownPerson:
    return ShownPerson(
        person["record"],
        person["name"],
        person.get("exited_on"),
        {name: shown_to_all(name, person.get(name), trades) for name in LISTED},
    )

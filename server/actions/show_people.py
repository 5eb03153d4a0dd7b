"""The people of a site's roster, as a viewer may see them: masked, a page at a time, found by a few characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from server.actions.load_reference import rules_in_force
from server.actions.show_sites import one_site
from server.actions.stored_people import people_of_site
from server.models.access import Viewer, may_see_people
from server.problems import not_found
from server.rules.masking import mask_field
from server.rules.roster.words import plain
from server.seal import Seals

SEARCH_MAX = 50  # characters
_TAIL = 4  # of a number: what masking leaves at its end


@dataclass(frozen=True, slots=True)
class ShownPerson:
    """One person, numbers masked, the trade by its name."""

    name: str
    certificate: str
    company: str
    team: str
    trade: str
    phone: str
    entered_on: str
    exited_on: str | None


def page_of_people(
    session: Session, seals: Seals, viewer: Viewer, site_id: str, text: str, start: int, limit: int
) -> tuple[list[ShownPerson], int]:
    """People `start` … of those whom `text` finds, those who are here first; and how many it finds. A contractor sees her
    own company's. Raises Problem 404."""
    one_site(session, viewer, site_id)
    if not may_see_people(viewer):
        raise not_found()
    company = viewer.company if viewer.role == "contractor" else None
    wanted = plain(text[:SEARCH_MAX])
    found = [person for person in people_of_site(session, seals, site_id, company) if _fits(person, wanted)]
    found.sort(key=lambda person: person.get("exited_on") is not None)
    trades = {row["code"]: row["name"] for row in rules_in_force(session).rows["trades"]}
    return [_shown(person, trades) for person in found[start : start + limit]], len(found)


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
        person["name"],
        mask_field("worker", "certificate_number", person["certificate_number"]),
        person["company"],
        person.get("team") or "",
        trades.get(person["trade"], person["trade"]),
        mask_field("worker", "phone", person.get("phone")),
        person["entered_on"],
        person.get("exited_on"),
    )

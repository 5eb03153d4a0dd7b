"""Full numbers of many people are exported with an administrator's approval: by whom it was given to, there, for hours."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from server.actions.reference.load_reference import mark_changed
from server.base.db import read, write
from server.models import Disclosure, Reference
from server.rules.calendar import DAY_MS
from tests.server.office import Office, refusal_of
from tests.server.rosters.people import person
from tests.stories.rosters.uploads import commit, people_file, preview, read_at_once

WHY = "仲裁委调取名册"


@pytest.fixture
def crowded(office: Office) -> Office:
    """Three people on a roster, of whom one at a time is shown without an approval."""
    read_at_once(office.cast)
    contractor = office.cast.client("contractor")
    people = people_file(person(1), person(2), person(3))
    commit(contractor, preview(contractor, office.cast.site_a, people))
    set_alone(office, 1)
    return office


def set_alone(office: Office, number: int) -> None:
    with office.app.app_context(), write() as session:
        row = session.get_one(Reference, ("rules", "unmask_alone_max", "2021-12-01"))
        row.data = {**row.data, "value": number}
        mark_changed(session)


def test_a_crowd_needs_an_approval_that_holds_for_hours_and_for_its_asker_alone(crowded: Office) -> None:
    cast, site = crowded.cast, crowded.cast.site_a
    people, export = f"sites/{site}/people", f"sites/{site}/roster.xlsx"
    section = crowded.seat("section")
    refused = section.send(people, export, reason=WHY)
    assert (refused.status_code, refusal_of(refused), WHY in refused.text) == (409, "approval_needed", True)
    by_api = cast.client("section").post(f"/api/v1/sites/{site}/roster.xlsx", json={"reason": WHY})
    assert (by_api.status_code, by_api.get_json()["code"]) == (409, "approval_needed")
    assert section.send(people, f"sites/{site}/unmasking", reason="看").status_code == 422
    assert section.send(people, f"sites/{site}/unmasking", reason=WHY).status_code == 303
    proposal = section.get("proposals").partition('href="/console/proposals/')[2].partition('"')[0]
    page = f"proposals/{proposal}"
    assert section.send(people, export, reason=WHY).status_code == 409
    assert "3 人" in crowded.seat("deputy").get(page)
    crowded.seat("brigade").get(page, 404)
    assert crowded.seat("deputy").send(page, f"{page}/decide", verdict="approve").status_code == 303
    assert section.send(people, export, reason=WHY).status_code == 200
    with crowded.app.app_context(), read() as session:
        assert [row.people for row in session.scalars(sa.select(Disclosure)) if row.people] == [3]
    cast.clock.advance(DAY_MS)
    assert crowded.seat("section").send(people, export, reason=WHY).status_code == 200
    cast.clock.advance(1)
    assert crowded.seat("section").send(people, export, reason=WHY).status_code == 409


def test_a_few_peoples_numbers_need_a_reason_only(crowded: Office) -> None:
    set_alone(crowded, 3)
    site = crowded.cast.site_a
    answer = crowded.seat("section").send(f"sites/{site}/people", f"sites/{site}/roster.xlsx", reason=WHY)
    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["contractor", "inspector", "admin"])
def test_whoever_may_not_unmask_proposes_nothing(crowded: Office, name: str) -> None:
    site = crowded.cast.site_a
    answer = crowded.seat(name).send("password", f"sites/{site}/unmasking", reason=WHY)
    assert answer.status_code == 404

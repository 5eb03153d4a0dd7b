"""What a site must know of a person follows from its kind, as data, in rosters and from tablets alike."""

from __future__ import annotations

from typing import Any

from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_scope
from server.base.db import read
from server.models.scope import Scope
from server.rules.calendar import DAY_MS
from tests.server.cast import COMPANY_A
from tests.server.rosters.people import person
from tests.stories.field import Field
from tests.stories.forms.conftest import Run
from tests.stories.rosters.uploads import commit, preview, read_at_once, rows, xlsx

USUAL = {"company": COMPANY_A, "team": "木工一班", "trade": "020", "role": "worker"}
TITLES = ("姓名", "证件号码", "进场日期")
OF_OFFICE = ("--worker-optional", "company team trade role", "--worker-more", "phone")


def staff(number: int, **more: Any) -> dict[str, Any]:
    """Somebody of an office."""
    who = person(number)
    named = {"name": who.name, "certificate_type": "id_card", "certificate_number": who.certificate_number}
    return {**named, "entered_on": "2026-11-01", **more}


def become_an_office(field: Field, run: Run) -> None:
    """From tomorrow the site's kind asks for a telephone number, and for no team, trade, company or role."""
    done = run("site-kind", "set", "construction", *OF_OFFICE)
    assert done.exit_code == 0, done.output
    field.cast.clock.advance(DAY_MS)


def refusals(field: Field, *bodies: dict[str, Any]) -> list[set[str]]:
    """What a tablet's additions of these people are refused for: by each, the pointers of its errors."""
    tablet = field.tablet(f"of {len(field.clocks)}")
    entries = [tablet.add(field.scope, "worker", body) for body in bodies]
    assert tablet.sync().ok
    refused = {item.id: set(item.errors) for item in tablet.refused()}
    return [refused.get(entry, set()) for entry in entries]


def test_staff_need_no_team_from_the_day_on_which_their_kind_of_site_says_so(field: Field, run: Run) -> None:
    bare, whole = staff(1, phone="13800000001"), staff(2, **USUAL)
    lacking = {f"/body/{name}" for name in USUAL}
    assert refusals(field, bare, whole) == [lacking, set()]
    become_an_office(field, run)
    assert refusals(field, bare, staff(3, **USUAL)) == [set(), {"/body/phone"}]


def test_what_such_a_site_asks_for_can_be_changed_but_not_emptied(field: Field, run: Run) -> None:
    become_an_office(field, run)
    tablet = field.tablet("of the office")
    worker = tablet.add(field.scope, "worker", staff(1, phone="13800000001", team="财务科"))
    assert tablet.sync().ok
    tablet.edit(field.scope, worker, {"team": None})
    assert tablet.sync().ok and tablet.refused() == []
    edit = tablet.edit(field.scope, worker, {"phone": None})
    assert tablet.sync().ok
    assert [(item.id, set(item.errors)) for item in tablet.refused()] == [(edit, {"/body/phone"})]


def test_a_roster_of_such_a_site_needs_the_columns_that_it_asks_for(field: Field, run: Run) -> None:
    read_at_once(field.cast)
    contractor, site = field.cast.client("contractor"), field.cast.site_a
    people = [[person(number).name, person(number).certificate_number, "2026-11-01"] for number in (1, 2)]
    before = preview(contractor, site, xlsx(people, TITLES))
    assert (before["counts"]["rejected"], codes(contractor, before)) == (2, {"team_missing"})
    become_an_office(field, run)
    contractor, numbers = field.cast.client("contractor"), ["13800000001", ""]
    rows_with = [[*row, number] for row, number in zip(people, numbers, strict=True)]
    after = preview(contractor, site, xlsx(rows_with, (*TITLES, "手机号")))
    assert (after["counts"]["new"], after["counts"]["rejected"]) == (1, 1)
    assert codes(contractor, after) == {"value_missing"}
    commit(contractor, after)
    tablet = field.tablet("of the office")
    (one,) = tablet.list("worker")
    assert one.body["name"] == person(1).name and not {"team", "trade", "role"} & set(one.body)


def codes(contractor: Any, roster: dict[str, Any]) -> set[str]:
    """The problems of its rejected rows."""
    rejected = rows(contractor, roster, "rejected")
    return {
        problem["code"] for row in rejected for problem in row["problems"] if problem["weight"] == "error"
    }


def test_the_log_replays_to_the_same_people(field: Field, run: Run) -> None:
    become_an_office(field, run)
    assert refusals(field, staff(1, phone="13800000001")) == [set()]
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), read() as session:
        scope = session.get_one(Scope, field.cast.site_a)
        assert list(check_scope(session, seals, scope.scope_id)) == []
        assert list(verify_scope(session, seals, scope)) == []

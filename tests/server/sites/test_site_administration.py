"""Sites, their companies and inspectors at the console: registered, edited, handed over; tablets are served what changed."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from server.actions.records.registers import state_aad
from server.base.db import read
from server.models import Assignment, AuditEvent, Record, Site, SiteCompany
from tests.server.cast import COMPANY_A, COMPANY_B
from tests.server.office import Office, refusal_of

NEW = {
    "name": "南湖壹号",
    "kind": "construction",
    "district": "410704",
    "unit": "",
    "stage": "building",
    "inhabited": "1",
    "address": "南环路 8 号",
    "latitude": "35.303",
    "longitude": "113.927",
    "code": COMPANY_A,
}


def served(office: Office, site_id: str) -> dict[str, Any]:
    """The site as its tablets get it."""
    seals = office.app.extensions["gongdi"].seals
    with office.app.app_context(), read() as session:
        row = session.scalars(sa.select(Record).where(Record.id == site_id, Record.kind == "site")).one()
        return dict(msgspec.json.decode(seals.open(state_aad("site", row.id), row.body)))


def registered(office: Office, **changed: str) -> str:
    answer = office.seat("admin").send("admin/sites", **{**NEW, **changed})
    assert answer.status_code == 303, answer.text
    with office.app.app_context(), read() as session:
        return str(session.scalars(sa.select(Site.id).order_by(Site.made_ms.desc(), Site.id.desc())).first())


def test_a_site_is_registered_found_and_edited_and_its_tablets_are_served_it(office: Office) -> None:
    site, admin = registered(office), office.seat("admin")
    assert (served(office, site)["company"], served(office, site)["unit"]) == (COMPANY_A, "zhian")
    assert "南湖壹号" in admin.get("admin/sites?text=南环路&district=410704&stage=building")
    page = f"admin/sites/{site}"
    change = {
        **NEW,
        "unit": "zhijianzhan",
        "stage": "stopped",
        "district": "410711",
        "latitude": "",
        "longitude": "",
    }
    del change["inhabited"]
    assert admin.send(page, **change).status_code == 303
    now = served(office, site)
    assert (now["stage"], now["district"], now["unit"], now["inhabited"]) == (
        "stopped",
        "410711",
        "zhijianzhan",
        False,
    )
    with office.app.app_context(), read() as session:
        row = session.scalars(sa.select(AuditEvent).where(AuditEvent.what == "site_edited")).one()
        assert row.changes["stage"] == ["building", "stopped"]
        assert row.user_id == office.cast.users["admin"]
        assert "name" not in row.changes


@pytest.mark.parametrize(
    "changed",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "\x00\u202e"},
        {"address": "x" * 201},
        {"district": "000000"},
        {"district": "\x00"},
        {"unit": "nowhere"},
        {"stage": "dancing"},
        {"kind": "castle"},
        {"latitude": "91"},
        {"latitude": ""},
        {"latitude": "nan"},
        {"code": COMPANY_A[:-1] + "1"},
        {"code": "91410700MA40000C3" + "X"},
    ],
)
def test_a_site_that_cannot_be_is_refused_with_what_was_typed(
    office: Office, changed: dict[str, str]
) -> None:
    answer = office.seat("admin").send("admin/sites", **{**NEW, **changed})
    assert (answer.status_code, refusal_of(answer)) == (422, "invalid_input")
    assert "南湖壹号" in answer.text or "南环路" in answer.text
    site = office.cast.site_a
    if not {"kind", "code"} & changed.keys():
        edited = office.seat("admin").send(f"admin/sites/{site}", **{**NEW, "unit": "zhian", **changed})
        assert (edited.status_code, refusal_of(edited)) == (422, "invalid_input")


def test_a_namesake_is_pointed_out(office: Office) -> None:
    site = registered(office, name="牧野花园")
    assert "也叫这个名字" in office.seat("admin").get(f"admin/sites/{site}")


def test_a_company_comes_to_a_site_changes_its_role_and_leaves(office: Office) -> None:
    admin, site = office.seat("admin"), office.cast.site_a
    page, contractor = f"admin/sites/{site}", office.seat("competitor")
    contractor.get(f"sites/{site}", 404)
    come = admin.send(page, f"{page}/companies", code=f" {COMPANY_B.lower()} ", name="", role="001")
    assert come.status_code == 303
    contractor.get(f"sites/{site}")
    admin.send(page, f"{page}/companies", code=COMPANY_B, name="乙建筑集团", role="006")
    assert "乙建筑集团" in admin.get("admin/companies?text=乙建筑")
    with office.app.app_context(), read() as session:
        assert session.get_one(SiteCompany, (site, COMPANY_B)).role == "006"
    assert admin.send(page, f"{page}/companies/remove", code=COMPANY_B).status_code == 303
    contractor.get(f"sites/{site}", 404)
    assert admin.send(page, f"{page}/companies/remove", code="\x00").status_code == 404
    for wrong in ({"code": "x"}, {"role": "9"}, {"code": "91410700MA40000C3X"}):
        given = {"code": COMPANY_B, "name": "", "role": "001", **wrong}
        assert admin.send(page, f"{page}/companies", **given).status_code == 422


def test_companies_are_named_and_renamed(office: Office) -> None:
    admin = office.seat("admin")
    assert admin.send("admin/companies", code=COMPANY_A, name="甲建筑 (新乡)").status_code == 303
    assert "甲建筑 (新乡)" in admin.get("admin/companies")
    for code, name in (("", "x"), ("91410700MA40000A11", "x"), ("9" * 400, "x")):
        assert admin.send("admin/companies", code=code, name=name).status_code == 422
    assert admin.send("admin/companies", code=COMPANY_A, name="x" * 101).status_code == 422


def holders(office: Office, site: str) -> set[str]:
    with office.app.app_context(), read() as session:
        query = sa.select(Assignment.user_id).where(Assignment.site_id == site, Assignment.ended_ms.is_(None))
        return set(session.scalars(query))


def test_sites_are_assigned_taken_back_and_handed_over(office: Office) -> None:
    admin, site_a, site_b = office.seat("admin"), office.cast.site_a, office.cast.site_b
    inspector, successor = office.cast.users["inspector"], office.cast.users["section"]
    page = f"admin/assignments?user={inspector}"
    assign = {"user": inspector, "action": "assign"}
    assert admin.send(page, "admin/assignments", **assign, site="凤泉新城").status_code == 303
    assert holders(office, site_b) == {inspector}
    handed = {"user": inspector, "action": "hand_over", "sites": [site_a, site_b]}
    for bad in ("", inspector, "x"):
        answer = admin.send(page, "admin/assignments", **handed, successor=bad)
        assert answer.status_code == 422, bad
        assert re.search(f'value="{site_a}" aria-label="牧野花园" checked', answer.text)
    assert holders(office, site_a) == {inspector}
    assert admin.send(page, "admin/assignments", **handed, successor=successor).status_code == 303
    assert holders(office, site_a) == holders(office, site_b) == {successor}
    again = admin.send(page, "admin/assignments", **handed, successor=successor)
    assert (again.status_code, refusal_of(again)) == (404, "not_assigned")
    taken = {"user": successor, "action": "take_back", "sites": [site_b]}
    assert admin.send(page, "admin/assignments", **taken).status_code == 303
    assert holders(office, site_b) == set()
    assert admin.send(page, "admin/assignments", user=inspector, action="take_back").status_code == 422
    assert admin.send(page, "admin/assignments", **assign, site="没有").status_code == 404


def test_an_inspector_is_assigned_and_taken_back_on_the_sites_page(office: Office) -> None:
    admin, site, user = office.seat("admin"), office.cast.site_b, office.cast.users["inspector"]
    page = f"admin/sites/{site}"
    assert admin.send(page, f"{page}/inspectors", user=user).status_code == 303
    assert holders(office, site) == {user}
    assert "检查员李华" in admin.get(page)
    assert admin.send(page, f"{page}/inspectors/remove", user=user).status_code == 303
    assert holders(office, site) == set()
    assert admin.send(page, f"{page}/inspectors", user="x").status_code == 422
    assert admin.send(page, f"{page}/inspectors", user=site).status_code == 404


@pytest.mark.parametrize("name", ["section", "contractor", "inspector"])
def test_the_pages_of_sites_and_companies_are_for_administrators_alone(office: Office, name: str) -> None:
    seat, site = office.seat(name), office.cast.site_a
    for page in ("admin/sites", f"admin/sites/{site}", "admin/companies", "admin/assignments"):
        seat.get(page, 404)
        assert seat.send("password", page).status_code == 404
    for action in ("companies", "companies/remove", "inspectors", "inspectors/remove"):
        assert seat.send("password", f"admin/sites/{site}/{action}").status_code == 404

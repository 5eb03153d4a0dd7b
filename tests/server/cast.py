"""The people of the tests: an inspector, a contractor, a competitor who must see nothing, a section
clerk, a brigade officer, an administrator; and the sites between them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from server.actions.accounts.log_in import HASHER
from server.actions.accounts.manage_users import NewUser
from server.actions.reference.load_reference import SEED_DATA, mark_changed
from server.base.clock import FakeClock
from server.base.db import write
from server.models import (
    Assignment,
    Company,
    Flag,
    FlagStep,
    Place,
    Reference,
    Site,
    SiteCompany,
    User,
    Window,
)
from server.models.place import first_places
from server.models.scope import fresh_scope, make_scope
from server.rules.flags.escalation import as_json, policy_from
from tests.stages import reach

_UNITS = json.loads((SEED_DATA / "units.json").read_text("utf-8"))["rows"]
_POLICY = json.loads((SEED_DATA / "escalation.json").read_text("utf-8"))["rows"][0]
NOW_MS = 1_795_400_000_000  # 2026-11-23 in the morning, in Shanghai
PLACES = ({"kind": "canteen", "name": "食堂"},)
PASSWORD = "correct horse battery"
COMPANY_A = "91410700MA40000A10"
COMPANY_B = "91410700MA40000B24"


@dataclass
class Cast:
    """Users by the names below, and sites: `site_a` is company A's, `site_b` company B's, in two
    districts."""

    app: Flask
    clock: FakeClock
    users: dict[str, str]
    site_a: str
    site_b: str

    def client(self, name: str) -> Caller:
        """A client that is logged in as this user."""
        client = self.app.test_client()
        answer = client.post("/api/v1/sessions", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        return Caller(client, answer.get_json()["token"])


@dataclass
class Caller:
    """A client with a bearer token."""

    client: FlaskClient
    token: str

    def get(self, path: str, **options: object) -> TestResponse:
        return self._send("GET", path, **options)

    def post(self, path: str, **options: object) -> TestResponse:
        return self._send("POST", path, **options)

    def delete(self, path: str, **options: object) -> TestResponse:
        return self._send("DELETE", path, **options)

    def _send(self, method: str, path: str, **options: object) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.client.open(path, method=method, headers=headers, **options)  # type: ignore[arg-type]


ROLES = {
    "inspector": NewUser("inspector", "inspector", PASSWORD, "检查员李华", unit="zhijianzhan"),
    "contractor": NewUser("contractor", "contractor", PASSWORD, "劳资专管员王芳", company=COMPANY_A),
    "competitor": NewUser("competitor", "contractor", PASSWORD, "劳资专管员赵敏", company=COMPANY_B),
    "section": NewUser("section", "section", PASSWORD, "质安科孙丽", unit="zhian", district="410702"),
    "brigade": NewUser("brigade", "brigade", PASSWORD, "监察支队周强", unit="jiancha"),
    "company": NewUser("company", "section", PASSWORD, "市政工程处吴刚", unit="shizheng"),
    "admin": NewUser("admin", "admin", PASSWORD, "管理员"),
}


def make_cast(app: Flask, clock: FakeClock) -> Cast:
    """The cast, written into an empty, migrated database that knows the bureau's units. The inspector has site A;
    neither site has a flag."""
    users = reach(app, "cast", lambda: _write_cast(app))
    return Cast(app, clock, dict(users), identity("site a"), identity("site b"))


def _write_cast(app: Flask) -> dict[str, str]:
    site_a, site_b = identity("site a"), identity("site b")
    users = {name: _user(new) for name, new in ROLES.items()}
    companies = {site_a: COMPANY_A, site_b: COMPANY_B}
    with app.app_context(), write() as session:
        session.add_all(map(_unit, _UNITS))
        session.add_all(users.values())
        session.add_all([Company(code=COMPANY_A, name="甲建筑"), Company(code=COMPANY_B, name="乙建筑")])
        session.add_all([_site(site_a, "牧野花园", "410702"), _site(site_b, "凤泉新城", "410704")])
        session.flush()  # what follows refers to these
        session.add_all(place for site_id in companies for place in first_places(site_id, PLACES, 0))
        session.add_all(fresh_scope("user", user.id) for user in users.values())
        session.add_all(fresh_scope("site", site) for site in companies)
        session.add_all(
            SiteCompany(site_id=site, company=code, role="009") for site, code in companies.items()
        )
        session.add(Assignment(site_id=site_a, user_id=users["inspector"].id, since_ms=NOW_MS))
        mark_changed(session)
    return {name: user.id for name, user in users.items()}


def _unit(row: dict[str, Any]) -> Reference:
    own = ("code", "source", "from", "to")
    data = {name: value for name, value in row.items() if name not in own}
    dates = {"valid_from": row["from"], "valid_to": row["to"]}
    return Reference(noun="units", code=row["code"], data=data, source=row["source"], **dates)


@cache
def _password_hash() -> str:
    """Hashed once for all tests: Argon2 is slow on purpose."""
    return HASHER.hash(PASSWORD)


def _user(new: NewUser) -> User:
    return User(
        id=identity(f"user {new.name}"),
        name=new.name,
        display_name=new.display_name,
        role=new.role,
        unit=new.unit,
        company=new.company,
        district=new.district,
        password_hash=_password_hash(),
        active=True,
        made_ms=NOW_MS,
    )


def identity(name: str) -> str:
    """A UUID that this name always gets."""
    return str(uuid5(NAMESPACE_URL, name))


def set_places(session: Session, site_id: str, *places: tuple[str, str]) -> list[str]:
    """The site has these places, each (kind, name), and never had others. Gives their ids."""
    session.execute(sa.delete(Place).where(Place.site_id == site_id))
    given = [{"kind": kind, "name": name} for kind, name in places]
    made = first_places(site_id, given, 0)
    session.add_all(made)
    session.get_one(Site, site_id).planned_stamp = ""
    session.flush()
    return [place.id for place in made]


def add_site(session: Session, site_id: str, name: str, district: str, company: str) -> None:
    session.add(_site(site_id, name, district))
    session.flush()
    session.add_all(first_places(site_id, PLACES, 0))
    make_scope(session, "site", site_id)
    session.add(SiteCompany(site_id=site_id, company=company, role="009"))


def _site(site_id: str, name: str, district: str) -> Site:
    return Site(
        id=site_id,
        name=name,
        kind="construction",
        district=district,
        unit="zhian",
        stage="building",
        alert="normal",
        inhabited=True,
        planned_until="",
    )


def add_flag(session: Session, site_id: str, name: str, opened_ms: int = NOW_MS, duty: str = "TEMP") -> str:
    """A closed flag (any number may be there for a duty) with one missed window and one step. Gives its
    id."""
    flag_id = identity(name)
    session.add(
        Flag(
            scope_id=site_id,
            id=flag_id,
            duty=duty,
            state="closed",
            severity="ordinary",
            level=1,
            unit="zhian",
            windows=1,
            rev=1,  # its opening, which nothing here reads
            opened_ms=opened_ms,
            changed_ms=opened_ms,
            closed_ms=opened_ms + 1,
            policy=as_json(policy_from(_POLICY)),
        )
    )
    session.add(
        Window(
            scope_id=site_id,
            id=identity("window of " + name),
            duty=duty,
            place="",
            local_date="2026-11-22",
            slot="before_work",
            opens_ms=opened_ms - 7_200_000,
            due_ms=opened_ms - 3_600_000,
            grace_s=0,
            closes_ms=opened_ms,
            state="missed",
            need=3,
            have=0,
            flag_id=flag_id,
        )
    )
    step = FlagStep(scope_id=site_id, flag_id=flag_id, step="section", unit="zhian", due_ms=opened_ms)
    session.add(step)
    return flag_id

"""Making users: an administrator's mistake is reported in one sentence, and a site reaches its
inspector."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from flask import Flask

from schemas.kinds import KINDS
from server.actions.accounts.manage_users import NewUser, add_user, find_user
from server.actions.sites.assign_site import assign_site, find_site, unassign_site
from server.base.db import write
from server.base.problems import Problem
from server.models import Record, Scope
from server.models.scope import lock_scope
from tests.server.cast import COMPANY_A, NOW_MS, PASSWORD, Cast

GOOD = NewUser("new", "contractor", PASSWORD, company=COMPANY_A)
WRONG = {
    "an empty name": (replace(GOOD, name="  "), "/name"),
    "a name with a space": (replace(GOOD, name="a b"), "/name"),
    "a name with a control character": (replace(GOOD, name="a\x00"), "/name"),
    "a role that is not there": (replace(GOOD, role="root"), "/role"),
    "a contractor without a company": (replace(GOOD, company=None), "/company"),
    "a company code with a wrong check character": (replace(GOOD, company=COMPANY_A[:-1] + "1"), "/company"),
    "a district that is a name": (replace(GOOD, district="红旗区"), "/district"),
    "a common password": (replace(GOOD, password="password"), "/password"),
    "the name as a password": (replace(GOOD, name="wangfang", password="WangFang2026"), "/password"),
    "a short password": (replace(GOOD, password="1234567"), "/password"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_user_who_cannot_be_is_refused_by_field(app: Flask, cast: Cast, case: str) -> None:
    new, pointer = WRONG[case]
    with app.app_context(), write() as session, pytest.raises(Problem) as caught:
        add_user(session, new, NOW_MS)
    assert (caught.value.status, list(caught.value.members["errors"])) == (422, [pointer])


def test_a_name_is_taken_once_however_it_was_typed(app: Flask, cast: Cast) -> None:
    with app.app_context(), write() as session:
        add_user(session, replace(GOOD, name="caf\u00e9"), NOW_MS)
        with pytest.raises(Problem) as caught:
            add_user(session, replace(GOOD, name=" cafe\u0301 "), NOW_MS)
    assert caught.value.code == "name_taken"


def test_an_assignment_is_published_once_in_the_users_scope_and_taken_back(app: Flask, cast: Cast) -> None:
    seals, scope_id = app.extensions["gongdi"].seals, cast.users["brigade"]
    with app.app_context():
        for _ in range(2):
            with write() as session:
                site = find_site(session, "凤泉新城")
                assign_site(session, seals, find_user(session, "brigade"), site, NOW_MS)
        with write() as session:
            record = session.query(Record).filter_by(scope_id=scope_id).one()
            body = msgspec.json.decode(record.body)
            assert (record.kind, record.rev, session.get_one(Scope, scope_id).live) == ("assignment", 1, 1)
            assert body["scope"] == f"site:{cast.site_b}"
            assert KINDS["assignment"].schema().validate(body) == {}
        with write() as session:
            unassign_site(
                session, seals, find_user(session, "brigade"), find_site(session, cast.site_b), NOW_MS
            )
        with write() as session:
            assert session.query(Record).filter_by(scope_id=scope_id).one().deleted_ms == NOW_MS
            scope = lock_scope(session, scope_id)
            assert scope is not None
            assert (scope.live, scope.digest, scope.seq) == (0, 0, 2)
            with pytest.raises(Problem):
                unassign_site(
                    session, seals, find_user(session, "brigade"), find_site(session, cast.site_b), 1
                )

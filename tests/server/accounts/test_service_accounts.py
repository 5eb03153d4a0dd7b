"""Programs come in with keys: shown once, kept as a hash, good for what they are for, and revoked at once."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from server.actions.accounts.service_accounts import (
    EVENTS,
    GATE_PASSES,
    KEYS_MAX,
    RECORDS,
    ROSTER,
    NewService,
    add_service,
    close_service,
    make_key,
    open_service,
    revoke_key,
)
from server.actions.reference.load_reference import tx_of
from server.base.db import read, write
from server.base.problems import Problem
from server.cli.main import gongdi
from server.models import AuditEvent, Device, ServiceKey, Site, User
from server.models.tx import Tx
from tests.server.cast import PASSWORD, Cast
from tests.server.office import Office
from tests.stages import reach_reference

_PATHS = {
    RECORDS: "/api/v1/records",
    ROSTER: "/api/v1/sites/{site}/roster",
}


def _tx(cast: Cast, session: object) -> Tx:
    return tx_of(session, cast.app.extensions["gongdi"].seals, cast.clock.now_ms())  # type: ignore[arg-type]


def _let_in(cast: Cast, *scopes: str, name: str = "省平台", everywhere: bool = False) -> str:
    with cast.app.app_context(), write() as session:
        sites = [] if everywhere else [session.get_one(Site, cast.site_a)]
        return add_service(_tx(cast, session), NewService(name, scopes, sites, everywhere))[1]


def _get(cast: Cast, key: str, path: str) -> tuple[int, str]:
    found = cast.app.test_client().get(
        path.format(site=cast.site_a), headers={"Authorization": f"Bearer {key}"}
    )
    return found.status_code, (found.get_json() or {}).get("code", "")


def test_only_the_hash_of_a_key_is_kept(cast: Cast) -> None:
    key = _let_in(cast, RECORDS)
    with cast.app.app_context(), read() as session:
        row = session.scalars(sa.select(ServiceKey)).one()
        assert key.startswith(row.begins) and len(row.begins) < len(key) // 3
        assert key not in str({name: getattr(row, name) for name in ("key_hash", "begins", "scopes", "id")})
        deeds = session.scalars(sa.select(AuditEvent.what).order_by(AuditEvent.id)).all()
        assert [what for what in deeds if what.startswith("service")] == ["service_added", "service_keyed"]


@pytest.mark.parametrize("scope", _PATHS)
def test_a_key_opens_what_it_is_for_and_nothing_else(cast: Cast, scope: str) -> None:
    key = _let_in(cast, scope)
    for other, path in _PATHS.items():
        wanted = (200, "") if other == scope else (403, "key_scope_lacking")
        assert _get(cast, key, path) == wanted
    assert _get(cast, key, "/api/v1/sites") == (200, "")
    assert _get(cast, key, "/api/v1/flags") == (403, "key_scope_lacking")
    assert _get(cast, key, "/api/v1/devices") == (403, "key_scope_lacking")


def test_a_program_sees_its_sites_alone_and_no_health_data(cast: Cast) -> None:
    mine, all_sites = _let_in(cast, ROSTER), _let_in(cast, RECORDS, name="数据中心", everywhere=True)
    client = cast.app.test_client()

    def sites(key: str) -> set[str]:
        answer = client.get("/api/v1/sites", headers={"Authorization": f"Bearer {key}"})
        return {one["id"] for one in answer.get_json()["items"]}

    assert sites(mine) == {cast.site_a} and sites(all_sites) == {cast.site_a, cast.site_b}
    assert _get(cast, mine, f"/api/v1/sites/{cast.site_b}/roster") == (404, "not_found")
    assert _get(cast, all_sites, "/api/v1/records?kind=temperature_check") == (404, "unknown_kind")
    assert _get(cast, all_sites, "/api/v1/records?kind=worker") == (404, "unknown_kind")


def test_people_do_not_come_in_where_only_programs_do(cast: Cast) -> None:
    answer = cast.client("admin").get(f"/api/v1/sites/{cast.site_a}/roster")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "key_scope_lacking")


def test_a_revoked_key_opens_nothing_from_the_next_request_on(cast: Cast) -> None:
    key = _let_in(cast, RECORDS)
    assert _get(cast, key, _PATHS[RECORDS])[0] == 200
    with cast.app.app_context(), write() as session:
        other = make_key(_tx(cast, session), open_service(session, "省平台"), [RECORDS])
        first = session.scalars(sa.select(ServiceKey).order_by(ServiceKey.made_ms, ServiceKey.id)).first()
        assert first is not None
        revoke_key(_tx(cast, session), first.id)
    assert _get(cast, key, _PATHS[RECORDS]) == (401, "unauthenticated")
    assert _get(cast, other, _PATHS[RECORDS])[0] == 200


def test_a_closed_account_has_no_keys_and_no_device(cast: Cast) -> None:
    key = _let_in(cast, GATE_PASSES, RECORDS)
    with cast.app.app_context(), write() as session:
        close_service(_tx(cast, session), open_service(session, "省平台").id)
    assert _get(cast, key, _PATHS[RECORDS])[0] == 401
    with cast.app.app_context(), read() as session:
        device = session.scalars(sa.select(Device).where(Device.device_class == "gate")).one()
        assert device.state == "revoked"
    _let_in(cast, RECORDS)  # the name is free again


def test_when_a_key_was_used_is_kept_to_the_hour(cast: Cast) -> None:
    key = _let_in(cast, RECORDS)
    for _ in range(2):
        _get(cast, key, _PATHS[RECORDS])
    first = cast.clock.now_ms()
    cast.clock.advance(59 * 60_000)
    _get(cast, key, _PATHS[RECORDS])
    with cast.app.app_context(), read() as session:
        assert session.scalars(sa.select(ServiceKey.used_ms)).one() == first


def test_nobody_logs_in_as_a_program_and_lists_of_people_leave_it_out(cast: Cast) -> None:
    _let_in(cast, RECORDS)
    with cast.app.app_context(), read() as session:
        name = session.scalars(sa.select(User.name).where(User.role == "service")).one()
    answer = cast.app.test_client().post("/api/v1/sessions", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 401
    reach_reference(cast.app)
    assert "省平台" not in Office(cast.app, cast).seat("admin").get("admin/users")


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewService("", [RECORDS], is_everywhere=True), "/name"),
        (NewService("x", [], is_everywhere=True), "/scopes"),
        (NewService("x", ["everything"], is_everywhere=True), "/scopes"),
        (NewService("x", [RECORDS]), "/sites"),
        (NewService("x", [RECORDS], is_everywhere=True, system="card"), "/system"),
        (NewService("x", [RECORDS], is_everywhere=True, system="Größe"), "/system"),
    ],
)
def test_an_account_that_says_too_little_or_too_much_is_refused(
    cast: Cast, new: NewService, field: str
) -> None:
    with cast.app.app_context(), write() as session, pytest.raises(Problem) as refused:
        add_service(_tx(cast, session), new)
    assert field in refused.value.members["errors"]


def test_an_account_has_few_keys(cast: Cast) -> None:
    _let_in(cast, EVENTS)
    with cast.app.app_context(), write() as session:
        tx, account = _tx(cast, session), open_service(session, "省平台")
        for _ in range(KEYS_MAX - 1):
            make_key(tx, account, [EVENTS])
        with pytest.raises(Problem):
            make_key(tx, account, [EVENTS])


def test_a_key_that_calls_too_often_is_told_to_wait(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from server.api import gates

    monkeypatch.setattr(gates, "CALLS_MAX", 2)
    key = _let_in(cast, GATE_PASSES)
    body = {"sent_at": "2026-11-23T07:41:03+08:00", "unsent": 0, "passes": []}
    headers = {"Authorization": f"Bearer {key}"}
    path = f"/api/v1/sites/{cast.site_a}/gate-passes"
    found = [cast.app.test_client().post(path, json=body, headers=headers) for _ in range(3)]
    assert [one.status_code for one in found] == [200, 200, 429] and found[2].headers["Retry-After"]


def test_an_administrator_adds_an_account_at_the_page_and_sees_its_key_once(app: Flask, cast: Cast) -> None:
    reach_reference(app)
    seat = Office(app, cast).seat("admin")
    asked = {"name": "东门闸机", "scope": [GATE_PASSES, ROSTER], "sites": "牧野花园"}
    answer = seat.send("admin/services", **asked)
    key = re.search(r"gongdi_[\w-]{43}", answer.text)
    assert answer.status_code == 200 and key is not None, answer.text
    assert _get(cast, key[0], _PATHS[ROSTER])[0] == 200
    again = seat.get("admin/services")
    assert key[0] not in again and "东门闸机" in again and key[0][:13] in again
    revoke = re.search(r"/console/(admin/service-keys/[^/]+/revoke)", again)
    assert revoke is not None
    assert seat.send("admin/services", revoke[1]).status_code == 303
    assert _get(cast, key[0], _PATHS[ROSTER])[0] == 401


def test_an_unknown_site_at_the_page_is_named_and_nobody_else_sees_the_page(app: Flask, cast: Cast) -> None:
    reach_reference(app)
    seat = Office(app, cast).seat("admin")
    answer = seat.send("admin/services", name="x", scope=[ROSTER], sites="没有的工地")
    assert answer.status_code == 422 and "没有的工地" in answer.text
    Office(app, cast).seat("section").get("admin/services", 404)


def test_commands_add_list_revoke_and_close(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    config = app.extensions["gongdi"].config
    monkeypatch.setenv("GONGDI_DATABASE_URL", config.database_url)
    monkeypatch.setenv("GONGDI_DATA_DIR", str(config.data_dir))

    def run(*words: str) -> str:
        done = CliRunner().invoke(gongdi, list(words))
        assert done.exit_code == 0, done.output
        return done.output

    said = run("service", "add", "东门闸机", "--scope", "gate_passes", "--site", "牧野花园")
    key = re.search(r"gongdi_[\w-]{43}", said)
    assert key is not None
    assert key[0] not in run("service", "list") and "东门闸机" in run("service", "list")
    run("service", "key", "东门闸机", "--scope", "roster")
    with app.app_context(), read() as session:
        ids = list(session.scalars(sa.select(ServiceKey.id)))
    run("service", "revoke", ids[0])
    run("service", "close", "东门闸机")
    assert "东门闸机" not in run("service", "list")

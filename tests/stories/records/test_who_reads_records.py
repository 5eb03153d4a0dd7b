"""Everybody reads the records of the sites that they see, and of what names people only what their role reads."""

from __future__ import annotations

import pytest

from server.actions.records.feed import Put
from server.base.db import write
from server.models import User
from sync_protocol.client.tablet import Tablet
from tests.server.cast import add_flag, identity
from tests.stories.field import WORKER, Field
from tests.stories.records.conftest import Ask, put
from tests.stories.records.test_pages_of_records import CHECK, cleaned, ids

A, B = cleaned(1), cleaned(2)


@pytest.fixture(autouse=True)
def records(field: Field) -> None:
    put(field, field.cast.site_a, [A, Put("temperature_check", identity("check"), CHECK, event_ms=1)])
    put(field, field.cast.site_b, [B])


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("inspector", {A.id}),
        ("contractor", {A.id}),
        ("competitor", {B.id}),
        ("section", {A.id}),
        ("company", set()),
        ("brigade", {B.id}),
    ],
)
@pytest.mark.parametrize("feed", [False, True])
def test_each_role_reads_its_own_sites(field: Field, ask: Ask, name: str, seen: set[str], feed: bool) -> None:
    with field.app.app_context(), write() as session:
        add_flag(session, field.cast.site_b, "flag")
    asked = {"changed_since": "0"} if feed else {}
    assert set(ids(ask(name, kind="disinfection_log", **asked))) == seen


def test_another_ones_site_is_no_other_than_none(field: Field, refuse: Ask) -> None:
    for site in (field.cast.site_b, identity("nothing")):
        assert refuse("contractor", site=site) == (404, "unknown_site", {"site"})
    assert refuse(site=field.cast.site_a, district="410704") == (404, "unknown_site", {"site"})


def test_a_contractor_reads_nothing_that_is_sealed(ask: Ask, refuse: Ask) -> None:
    assert ids(ask("contractor")) == [A.id]
    assert ids(ask("contractor", changed_since="0")) == [A.id]
    assert refuse("contractor", kind="temperature_check") == (404, "unknown_kind", {"kind"})


def test_an_administrator_reads_none(refuse: Ask) -> None:
    assert refuse("admin") == (403, "role_not_allowed", set())
    assert refuse("admin", changed_since="0") == (403, "role_not_allowed", set())


def test_a_district_narrows_to_its_sites(field: Field, ask: Ask) -> None:
    with field.app.app_context(), write() as session:
        for site in (field.cast.site_a, field.cast.site_b):
            add_flag(session, site, f"flag {site}")
    assert ids(ask("brigade", kind="disinfection_log", district="410704")) == [B.id]
    assert ids(ask("brigade", kind="disinfection_log", district="410704", changed_since="0")) == [B.id]


def test_numbers_of_people_come_masked_and_never_as_digests(field: Field, tablet: Tablet, ask: Ask) -> None:
    tablet.add(field.scope, "worker", WORKER)
    assert tablet.sync().ok
    for asked in ({}, {"changed_since": "0"}):
        (item,) = ask(kind="worker", **asked)["items"]
        assert item["fields"]["certificate_masked"].startswith("411****")
        assert item["fields"]["phone"] == "138****5678"
        text = str(item)
        assert "certificate_digest" not in text and WORKER["certificate_number"] not in text


def test_who_sees_a_site_no_more_reads_nothing_of_it_with_the_cursor_from_before(
    field: Field, ask: Ask
) -> None:
    cursor = ask(changed_since="0")["changed_since"]
    put(field, field.cast.site_a, [cleaned(3)])
    with field.app.app_context(), write() as session:
        session.get_one(User, field.cast.users["section"]).district = "410704"
    assert ids(ask(changed_since=cursor)) == [B.id]

"""A filter of flags is declared once: the API, its document, the console's form and the query offer the same."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from server.actions.flags.filters import FLAG_FILTERS, WAITING_FILTERS
from server.base.db import write
from server.models.filters import Filter
from server.rules.calendar import instant_ms
from tests.server.cast import Cast, add_flag, identity
from tests.server.web.test_console import log_in

PAGED = {"cursor", "limit"}
VALUES = {"district": "410702", "unit": "zhian", "duty": "DISINFECT", "company": "91410700MA40000A10"}
VALUES |= {"from": "2026-11-01", "to": "2026-11-30"}


def _value(one: Filter) -> str:
    return next(iter(one.words)) if one.words else VALUES[one.name]


def test_the_api_documents_every_filter_and_no_other(app: Flask) -> None:
    document = app.test_client().get("/api/v1/openapi.json").get_json()
    parameters = document["paths"]["/api/v1/flags"]["get"]["parameters"]
    assert {one["name"] for one in parameters} - PAGED == {one.name for one in FLAG_FILTERS}


@pytest.mark.parametrize("one", FLAG_FILTERS, ids=lambda one: one.name)
def test_the_api_takes_it_and_refuses_what_it_cannot_be(one: Filter, cast: Cast) -> None:
    brigade = cast.client("brigade")
    assert brigade.get(f"/api/v1/flags?{one.name}={_value(one)}").status_code == 200
    refused = brigade.get(f"/api/v1/flags?{one.name}=%20")
    assert refused.status_code == 422
    assert one.name in str(refused.get_json()["errors"])


@pytest.mark.parametrize(
    ("path", "filters"), [("/console/flags", FLAG_FILTERS), ("/console/waiting", WAITING_FILTERS)]
)
def test_the_console_offers_each_and_keeps_what_was_chosen(
    path: str, filters: tuple[Filter, ...], app: Flask, cast: Cast
) -> None:
    chosen = "&".join(f"{one.name}={_value(one)}" for one in filters)
    client = app.test_client()
    log_in(client, "brigade")
    page = client.get(f"{path}?{chosen}").text
    form = page[page.index('<form class="filter"') :].partition("</form>")[0]
    offered = [one.name for one in filters if one.noun != "companies"]  # there is one: nothing to choose
    assert re.findall(r'<(?:select|input type="date") name="(\w+)"', form) == offered
    for one in filters:
        if one.words:
            assert f'value="{_value(one)}" selected' in page


def test_flags_are_found_by_the_days_on_which_they_opened(app: Flask, cast: Cast) -> None:
    with app.app_context(), write() as session:
        for day in ("2026-11-20", "2026-11-21", "2026-11-22"):
            add_flag(session, cast.site_a, day, instant_ms(day, "23:59"))
    brigade = cast.client("brigade")
    listed = brigade.get("/api/v1/flags?state=all&from=2026-11-21&to=2026-11-21").get_json()["items"]
    assert [one["id"] for one in listed] == [identity("2026-11-21")]


def test_the_console_leaves_out_what_a_filter_cannot_be(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    log_in(client, "brigade")
    assert client.get("/console/flags?severity=%20&state=all&duty=%00").status_code == 200

"""Site A with a tablet, and a site B that has records too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from schemas.forms.tables import tables_from_json
from server.actions.forms.publish_form import publish_form
from server.actions.records.feed import Feed, Put
from server.actions.reference.load_reference import load_reference, tx_of
from server.base.db import write
from server.models.scope import lock_scope
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Caller, Cast, add_flag
from tests.stories.field import Field
from tests.stories.forms.workbooks import LABEL, only_form

CLEANED = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}
Ask = Callable[..., Any]


@pytest.fixture
def field(cast: Cast, tmp_path: Path) -> Field:
    return Field(cast, tmp_path)


@pytest.fixture
def tablet(field: Field) -> Tablet:
    return field.tablet("first")


@pytest.fixture
def caller(cast: Cast) -> Callable[[str], Caller]:
    """A user of the cast, logged in once."""
    return cache(cast.client)


@pytest.fixture
def ask(caller: Callable[[str], Caller]) -> Ask:
    """What a user of the cast is answered: the JSON of /api/v1/records with these parameters, which must be 200."""

    def answer(name: str = "section", **asked: Any) -> Any:
        found = caller(name).get("/api/v1/records", query_string=_named(asked))
        assert found.status_code == 200, found.text
        return found.get_json()

    return answer


@pytest.fixture
def refuse(caller: Callable[[str], Caller]) -> Ask:
    """The problem that a user of the cast is answered: status, code, and where."""

    def answer(name: str = "section", **asked: Any) -> tuple[int, str, set[str]]:
        found = caller(name).get("/api/v1/records", query_string=_named(asked))
        assert found.content_type == "application/problem+json", found.text
        problem = found.get_json()
        return found.status_code, problem["code"], set(problem.get("errors", {}))

    return answer


def publish(field: Field, code: str, survey: list[dict[str, Any]], version: int = 1, **head: str) -> None:
    """A version of a form, which construction sites fill in unless `head` says otherwise."""
    settings = {"form_id": code, "form_title": head.pop("title")}
    sheets = only_form(version, settings_2=settings)
    sheets["gongdi"][0] |= head
    sheets["survey"] = survey
    choices = {"goods": "送货", "work": "施工"}
    sheets["choices"] = [
        {"list_name": "purposes", "name": name, LABEL: word} for name, word in choices.items()
    ]
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    with field.app.app_context(), write() as session:
        load_reference(session, seals, now_ms)
        publish_form(tx_of(session, seals, now_ms), tables_from_json(sheets))


def _named(asked: dict[str, Any]) -> dict[str, Any]:
    """`from` is a word of Python."""
    return {name.rstrip("_"): value for name, value in asked.items()}


@pytest.fixture
def brigade_sees_both(field: Field) -> None:
    """The brigade sees the sites that have a flag."""
    with field.app.app_context(), write() as session:
        for site in (field.cast.site_a, field.cast.site_b):
            add_flag(session, site, f"flag of {site}")


def all_pages(ask: Ask, name: str = "section", **asked: Any) -> list[dict[str, Any]]:
    """The items of all pages."""
    items, cursor = [], ""
    while cursor is not None:
        page = ask(name, **asked, cursor=cursor)
        items += page["items"]
        cursor = page["next"]
    return items


def put(field: Field, site: str, puts: Sequence[Put]) -> None:
    """Records written straight into a site's feed, as those of some other writer are."""
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), write() as session:
        scope = lock_scope(session, site)
        assert scope is not None
        feed = Feed(session, scope, seals, field.cast.clock.now_ms())
        feed.put(puts)
        feed.flush()

"""Nothing calls a park or an office 工地: every page that somebody can reach from the first one, every paper and file."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Mapping
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import openpyxl
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from pypdf import PdfReader

from server.actions.reference.load_reference import SEED_DATA
from server.actions.sites.assign_site import assign_site
from server.base.db import read, write
from server.console.pages import COOKIE
from server.models import Flag, Site, SiteCompany, User
from server.rules.calendar import DAY_MS
from server.workflows.scheduler import tick
from tests.server.cast import COMPANY_A
from tests.stages import reach
from tests.stories.field import Field
from tests.stories.packs.test_a_day_of_each_kind import sites

__all__ = ["sites"]
WORD, OURS = "工地", ("park", "office")
# The kinds of sites that are building sites, and what the notice calls its second task.
NAMES = ("房屋建筑工地", "市政工程工地", "建设工地")
A_ROUTE_MAX = 4  # pages of one route that are looked at
SEATS = {"section": 60, "admin": 60, "inspector": 15, "contractor": 15, "brigade": 40}  # pages at least


def texts_of_the_notice() -> list[str]:
    rows = json.loads((SEED_DATA / "measures.json").read_text("utf-8"))["rows"]
    return sorted((str(row["text"]) for row in rows if WORD in row["text"]), key=len, reverse=True)


@pytest.fixture
def city(field: Field, sites: Mapping[str, str]) -> dict[str, str]:
    """Three days later nobody has reported anything; no other sites are there. The park and the office, by kind."""
    return reach(field.app, "a silent park and office", lambda: _fall_silent(field, sites))


def _fall_silent(field: Field, sites: Mapping[str, str]) -> dict[str, str]:
    ours = {kind: sites[kind] for kind in OURS}
    with field.app.app_context(), write() as session:
        for site in session.scalars(sa.select(Site).where(Site.id.not_in(list(ours.values())))):
            site.stage = "completed"
        seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
        supervisor = session.scalar(sa.select(User).where(User.role == "supervisor"))
        for site_id in ours.values():
            session.add(SiteCompany(site_id=site_id, company=COMPANY_A, role="009"))
            if supervisor is not None:
                assign_site(session, seals, supervisor, session.get_one(Site, site_id), now_ms)
    field.cast.clock.advance(3 * DAY_MS)
    tick(field.app, field.cast.clock.now_ms())
    return ours


def said(answer: Any) -> str:
    """The text of a page, a paper, a workbook."""
    kind, data = answer.content_type.partition(";")[0], answer.data
    if kind == "application/pdf":
        return "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    if kind.endswith("sheet"):
        book = openpyxl.load_workbook(io.BytesIO(data))
        cells = (cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)
        return "\n".join([*book.sheetnames, *(str(cell) for cell in cells if cell is not None)])
    return data.decode() if kind.startswith(("text/", "application/json")) else ""


def walk(field: Field, client: FlaskClient, first: list[str], closed: set[str]) -> dict[str, str]:
    """What all pages say that can be reached from these, so many of each route, but for those that are of the `closed`
    ids. By address."""
    adapter = field.app.url_map.bind("localhost")
    seen, routes, left, found = set(first), Counter[str](), list(first), {}
    while left:
        path = left.pop(0)
        endpoint, _ = adapter.match(urlsplit(path).path)
        if (
            routes[endpoint] >= A_ROUTE_MAX
            or endpoint.endswith("static")
            or closed & set(re.split("[/?=&]", path))
        ):
            continue
        routes[endpoint] += 1
        answer = client.get(path, follow_redirects=True)
        assert answer.status_code == 200, (path, answer.status_code)
        found[path] = said(answer)
        links = re.findall(r'href="(/console[^"#]*)', answer.text) if answer.mimetype == "text/html" else []
        new = [link for link in dict.fromkeys(map(unescape, links)) if link not in seen]
        seen.update(new)
        left += new
        answer.close()
    return found


def offending(text: str, named: list[str]) -> list[str]:
    """Where the word stands, other than in the notice's own text and the names of building sites."""
    squeezed = re.sub(r"\s+", "", unescape(text))
    for name in named:
        squeezed = squeezed.replace(name, "")
    return [squeezed[max(0, one.start() - 15) : one.end() + 15] for one in re.finditer(WORD, squeezed)]


@pytest.mark.parametrize("name", SEATS)
def test_no_page_paper_or_file_calls_a_park_or_an_office_by_it(
    field: Field, city: Mapping[str, str], name: str
) -> None:
    client = field.app.test_client()
    client.set_cookie(COOKIE, field.cast.client(name).token, path="/console")
    with field.app.app_context(), read() as session:
        flags = {flag.id: flag.scope_id for flag in session.scalars(sa.select(Flag))}
    silent = [flag for flag, site in flags.items() if site in city.values()]
    others = {field.cast.site_a, field.cast.site_b} | (flags.keys() - set(silent))
    assert silent, "the park and the office are silent"
    first = ["/console/", *(f"/console/sites/{site}" for site in city.values())]
    if name != "admin":
        first += [f"/console/flags/{flag}" for flag in silent[:2]]

    pages = walk(field, client, first, others)

    named = [*texts_of_the_notice(), *NAMES]
    wrong = {path: found for path, text in pages.items() if (found := offending(text, named))}
    assert wrong == {}
    assert len(pages) >= SEATS[name], sorted(pages)


def test_a_page_of_one_site_uses_the_word_of_its_kind(field: Field, city: Mapping[str, str]) -> None:
    client = field.app.test_client()
    client.set_cookie(COOKIE, field.cast.client("admin").token, path="/console")
    for kind, word in (("park", "公园"), ("office", "单位")):
        assert f"修改{word}资料" in client.get(f"/console/sites/{city[kind]}").text
    building = client.get(f"/console/sites/{field.cast.site_a}").text
    assert f"修改{WORD}资料" in building

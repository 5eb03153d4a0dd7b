"""Records and daily figures as OData v4: read by a client that knows only the standard."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
import requests
from flask import Flask
from requests.adapters import BaseAdapter

from server.actions.accounts.service_accounts import RECORDS, NewService, add_service
from server.actions.reference.load_reference import tx_of
from server.actions.sites.record_pages import SORTED
from server.api import odata
from server.base.db import write
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import missed_flag, planned_field

LOG = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}
ROOT = "/api/v1/odata"


class InProcess(BaseAdapter):
    """Sends what `requests` sends to the app in this process."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self._client = app.test_client()

    def send(self, request: Any, *_: Any, **__: Any) -> Any:
        parts = urlsplit(request.url)
        answer = self._client.open(
            f"{parts.path}?{parts.query}", method=request.method, headers=dict(request.headers)
        )
        made = requests.Response()
        made.status_code, made.url, made.request = answer.status_code, request.url, request
        made.headers.update(answer.headers)
        made.raw = io.BytesIO(answer.get_data())
        made._content, made.encoding = answer.get_data(), "utf-8"
        return made

    def close(self) -> None:
        pass


@pytest.fixture
def session(app: Flask, cast: Cast, tmp_path: Path) -> requests.Session:
    """A program that may read records everywhere; site A has three logs and a missed window."""
    field = planned_field(app, cast, tmp_path)
    with app.app_context(), write() as db_session:
        tx = tx_of(db_session, app.extensions["gongdi"].seals, cast.clock.now_ms())
        key = add_service(tx, NewService("数据中心", [RECORDS], is_everywhere=True))[1]
    tablet = Field(cast, tmp_path).tablet("logs")
    missed_flag(field, tablet)
    for _ in range(3):
        tablet.add(field.scope, "disinfection_log", LOG)
        cast.clock.advance(60_000)
    assert tablet.sync().ok
    made = requests.Session()
    made.mount("http://localhost", InProcess(app))
    made.auth = ("anybody", key)  # as Excel does
    return made


def _get(session: requests.Session, path: str, **options: str) -> requests.Response:
    return session.get(
        f"http://localhost{ROOT}/{path}", params={f"${name}": text for name, text in options.items()}
    )


def test_it_describes_itself(session: requests.Session) -> None:
    listed = _get(session, "").json()
    names = [one["name"] for one in listed["value"]]
    assert names[0] == "DailyFigures" and "disinfection_log" in names and "temperature_check" not in names
    answer = _get(session, "$metadata")
    found = ElementTree.fromstring(answer.text)
    edm = "{http://docs.oasis-open.org/odata/ns/edm}"
    assert {one.get("Name") for one in found.iter(f"{edm}EntitySet")} == set(names)
    assert answer.headers["OData-Version"] == "4.0"


def test_python_odata_reads_records_and_figures(session: requests.Session) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the client itself
        from odata import ODataService

        service = ODataService(
            f"http://localhost{ROOT}/", session=session, reflect_entities=True, quiet_progress=True
        )
        logs = service.entities["disinfection_log"]
        found = service.query(logs).filter(logs.agent == "chlorine").order_by(logs.At.desc()).all()
        found = list(found)
        figures = service.entities["DailyFigures"]
        missed = list(service.query(figures).filter(figures.Missed > 0).all())
    assert len(found) == 3 and found[0].At > found[2].At and found[0].agent == "chlorine"
    assert "DISINFECT" in {one.Duty for one in missed} and all(one.Missed > 0 for one in missed)


def test_count_select_top_and_skip(session: requests.Session) -> None:
    answer = _get(session, "disinfection_log", count="true", select="Id,agent", top="2", skip="1").json()
    assert answer["@odata.count"] == 3 and len(answer["value"]) == 2
    assert [set(row) for row in answer["value"]] == [{"Id", "agent"}] * 2
    assert _get(session, "disinfection_log/$count").text == "3"
    first = _get(session, "disinfection_log").json()["value"][0]
    assert _get(session, f"disinfection_log({first['Id']})").json()["Id"] == first["Id"]


def test_pages_follow_one_another(session: requests.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odata, "PAGE", 2)
    page = _get(session, "disinfection_log", orderby="At").json()
    seen = page["value"]
    while "@odata.nextLink" in page:
        page = session.get(page["@odata.nextLink"]).json()
        seen += page["value"]
    assert len(seen) == 3 and [row["At"] for row in seen] == sorted(row["At"] for row in seen)


def test_filters_by_site_and_time_and_of_a_site_that_is_not_there(
    session: requests.Session, cast: Cast
) -> None:
    count = {
        f"Site eq {cast.site_a}": 3,
        f"Site eq {cast.site_b}": 0,
        "Site eq 0197aaaa-0000-7000-8000-000000000001": 0,
        "At ge 2026-11-24T00:00:00Z and At lt 2026-11-25T00:00:00Z": 3,
        "At lt 2026-11-20T00:00:00Z": 0,
    }
    for text, rows in count.items():
        assert len(_get(session, "disinfection_log", filter=text).json()["value"]) == rows, text


def test_what_is_not_understood_says_so(session: requests.Session) -> None:
    wrong = {"filter": "nonsense", "orderby": "Nobody", "select": "Nobody", "top": "-1", "count": "maybe"}
    for name, text in wrong.items():
        answer = _get(session, "disinfection_log", **{name: text})
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [f"${name}"]), answer.text
    assert _get(session, "disinfection_log", expand="x").status_code == 501
    assert _get(session, "temperature_check").status_code == 404


def test_the_same_answer_again_is_304(session: requests.Session) -> None:
    tag = _get(session, "DailyFigures").headers["ETag"]
    again = session.get(f"http://localhost{ROOT}/DailyFigures", headers={"If-None-Match": tag})
    assert again.status_code == 304


def test_what_only_memory_can_sort_asks_for_a_filter_where_it_is_too_much(
    session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(odata, "ROWS_MAX", 2)
    for options in ({"orderby": "agent"}, {"filter": "agent eq 'chlorine'", "count": "true"}):
        answer = _get(session, "disinfection_log", **options)
        assert (answer.status_code, answer.json()["code"]) == (422, "too_many_rows")


def _all(session: requests.Session, path: str, **options: str) -> list[dict[str, Any]]:
    """The rows of all pages, which are never too large."""
    page = _get(session, path, **options).json()
    seen = list(page["value"])
    while "@odata.nextLink" in page:
        page = session.get(page["@odata.nextLink"]).json()
        assert len(page["value"]) <= odata.PAGE
        seen += page["value"]
    return seen


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a table of which one question may look through a part alone."""
    monkeypatch.setattr(odata, "PAGE", 2)
    monkeypatch.setattr(odata, "ROWS_MAX", 1)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ({}, 3),
        ({"filter": "agent eq 'chlorine'"}, 3),
        ({"filter": "agent eq 'alcohol'"}, 0),
        ({"filter": "contains(operator,'王')", "top": "2"}, 2),
        ({"top": "3"}, 3),
        ({"top": "0"}, 0),
    ],
)
def test_records_come_page_by_page_however_many_there_are(
    session: requests.Session, options: dict[str, str], rows: int
) -> None:
    seen = _all(session, "disinfection_log", **options)
    assert len({row["Id"] for row in seen}) == len(seen) == rows


@pytest.mark.usefixtures("few")
def test_the_database_counts_what_may_be_read_and_what_one_site_has(
    session: requests.Session, cast: Cast
) -> None:
    sites = {"": 3, f"Site eq {cast.site_a}": 3, f"Site eq {cast.site_b}": 0, "Site eq 'nowhere'": 0}
    for text, count in sites.items():
        asked = {"filter": text} if text else {}
        assert _get(session, "disinfection_log/$count", **asked).text == str(count), text
        assert _get(session, "disinfection_log", count="true", **asked).json()["@odata.count"] == count


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("descends", ["", " desc"])
@pytest.mark.parametrize("name", SORTED)
def test_the_database_sorts_by_what_it_has_in_columns(
    session: requests.Session, name: str, descends: str
) -> None:
    seen = _all(session, "disinfection_log", orderby=f"{name}{descends}")
    values = [row[name] for row in seen]
    assert len({row["Id"] for row in seen}) == 3
    assert values == sorted(values, reverse=bool(descends))


@pytest.mark.usefixtures("few")
def test_a_sorted_part_may_be_skipped_and_cut(session: requests.Session) -> None:
    whole = _all(session, "disinfection_log", orderby="At desc")
    assert _all(session, "disinfection_log", orderby="At desc", skip="1", top="1") == whole[1:2]
    assert _all(session, "disinfection_log", orderby="At desc", skip="1") == whole[1:]
    assert _all(session, "disinfection_log", orderby="At desc", skip="9") == []
    assert len(_all(session, "disinfection_log", skip="1")) == 2


@pytest.mark.parametrize("token", ["x", "1~nonsense", "-1~", "~", "99999999999~"])
def test_a_token_that_is_none_is_refused(session: requests.Session, token: str) -> None:
    assert _get(session, "disinfection_log", skiptoken=token).status_code == 422
    assert _get(session, "disinfection_log", orderby="agent", skiptoken=token).status_code == 422

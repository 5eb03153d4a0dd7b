"""What was served on a company is listed for it and for nobody else's; and a paper is found by its number."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader

from server.base.db import write
from server.models import SiteCompany
from server.rules.calendar import instant_ms
from tests.server.cast import COMPANY_B, Cast
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, moved
from tests.stories.papers.office import ORDER, RECORD, SERVICE, Desk, answered_field

NUMBER = "新建责改〔2026〕1号"
Office = tuple[Field, str, Desk, str]


@pytest.fixture
def office(app: Flask, cast: Cast, tmp_path: Path) -> Office:
    """A signed order that is not served yet."""
    field, flag = answered_field(app, cast, tmp_path)
    field.cast.clock.set(instant_ms(DAY, "14:00"))
    desk = Desk(field, "section")
    assert desk.sign(desk.draft(flag, "inspection_record", **RECORD)).status_code == 303
    moved(field.cast.client("section"), flag, "order_rectification", note="换装线路")
    order = desk.draft(flag, "order", **ORDER)
    assert desk.sign(order).status_code == 303
    return field, flag, desk, order


def served(office: Office) -> None:
    field, _, desk, order = office
    field.cast.clock.set(instant_ms(DAY, "16:00"))
    assert desk.serve(order, **SERVICE).status_code == 303


def listed(field: Field, name: str, **asked: str) -> list[dict[str, Any]]:
    answer = field.cast.client(name).get("/api/v1/papers", query_string=asked)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.get_json()["items"]
    return items


def file(field: Field, name: str, paper: str) -> Any:
    return field.cast.client(name).get(f"/api/v1/papers/{paper}/file")


def test_an_order_is_the_companys_once_it_was_served(office: Office) -> None:
    field, _, _, order = office
    assert {one["kind"] for one in listed(field, "contractor")} == {"inspection_record"}
    assert file(field, "contractor", order).status_code == 404
    served(office)
    (one,) = [one for one in listed(field, "contractor") if one["kind"] == "order"]
    assert (one["number"], one["state"], one["party"]) == (NUMBER, "signed", "甲建筑")
    assert one["due"].startswith("2026-11-27T17:00") and one["served"].startswith("2026-11-24T15:00")
    pdf = file(field, "contractor", order)
    assert pdf.status_code == 200 and pdf.mimetype == "application/pdf"
    assert NUMBER in Desk(field, "contractor").get("/papers").text


def test_another_company_and_an_administrator_get_nothing(office: Office) -> None:
    field, _, _, order = office
    served(office)
    for name in ("competitor", "admin"):
        assert listed(field, name) == [], name
        assert file(field, name, order).status_code == 404, name
    assert field.app.test_client().get("/api/v1/papers").status_code == 401
    assert field.app.test_client().get(f"/api/v1/papers/{order}/file").status_code == 401


def test_another_company_at_the_same_site_gets_nothing_of_it(office: Office) -> None:
    field, flag, _, order = office
    with field.app.app_context(), write() as session:
        session.add(SiteCompany(site_id=field.cast.site_a, company=COMPANY_B, role="006"))
    served(office)
    other = Desk(field, "competitor")
    assert listed(field, "competitor") == [] and file(field, "competitor", order).status_code == 404
    page = other.get(f"/flags/{flag}")
    assert page.status_code == 200 and NUMBER not in page.text and order not in page.text
    assert "送达文书" not in other.get("/notices").text


def test_the_company_is_notified_when_it_was_served(office: Office) -> None:
    field = office[0]

    def notices() -> str:
        return Desk(field, "contractor").get("/notices").text

    assert "送达文书" not in notices()
    served(office)
    assert "送达文书" in notices()
    assert "送达文书" not in Desk(field, "competitor").get("/notices").text


def test_a_record_that_was_voided_says_so_to_the_company_and_on_each_page(office: Office) -> None:
    field, _, desk, _ = office
    (record,) = [one["id"] for one in listed(field, "contractor")]
    before = file(field, "contractor", record).data
    assert desk.void(record, "在场人员写错").status_code == 303
    (one,) = listed(field, "contractor")
    assert (one["state"], one["void_reason"]) == ("void", "在场人员写错")
    after = file(field, "contractor", record).data
    assert after != before
    for page in PdfReader(io.BytesIO(after)).pages:
        assert "已于2026年11月24日作废，不具有效力" in "".join(page.extract_text().split())
    page = Desk(field, "contractor").get("/papers").text
    assert "已作废" in page and "在场人员写错" in page


@pytest.mark.parametrize("text", [NUMBER, "新建责改[2026]1号", "〔2026〕1", "责改（２０２６）1号"])
def test_a_paper_is_found_by_its_number(office: Office, text: str) -> None:
    field, _, desk, order = office
    found = desk.post("/search", "/search", text=text)
    assert found.status_code == 303 and found.headers["Location"].endswith(f"/papers/{order}")
    assert [one["id"] for one in listed(field, "section", number=text)] == [order]
    assert NUMBER in desk.get("/papers?number=" + text).text
    nothing = Desk(field, "contractor").post("/search", "/search", text=text)
    assert nothing.status_code == 200 and order not in nothing.text


def test_a_list_is_narrowed_by_number_and_refuses_what_is_no_filter(office: Office) -> None:
    field, _, desk, order = office
    assert order not in desk.get("/papers?number=〔2025〕").text
    assert desk.get("/papers?number=%00%25").status_code == 200
    assert listed(field, "section", number="%") == []
    assert [one["id"] for one in listed(field, "section", state="unserved")] == [order]
    for asked in ({"kind": "love_letter"}, {"state": "lost"}, {"number": "号" * 65}, {"cursor": "nonsense"}):
        assert field.cast.client("section").get("/api/v1/papers", query_string=asked).status_code == 422, (
            asked
        )


def test_pages_of_the_register_follow_one_another(office: Office) -> None:
    field = office[0]
    section = field.cast.client("section")
    first = section.get("/api/v1/papers?limit=1").get_json()
    second = section.get("/api/v1/papers", query_string={"limit": 1, "cursor": first["next"]}).get_json()
    kinds = [one["kind"] for page in (first, second) for one in page["items"]]
    assert sorted(kinds) == ["inspection_record", "order"] and second["next"] is None

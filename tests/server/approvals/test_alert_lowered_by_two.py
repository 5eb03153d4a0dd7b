"""The alert level is raised by one person at once, and lowered when a second one approves; the page says what follows."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from server.base.db import read, write
from server.models import Site, Window
from server.models.audit import AuditEvent
from tests.server.office import Office, refusal_of

GOOD = {
    "reach": "site",
    "decided_on": "2026-11-23",
    "document": "新防指〔2026〕9号",
    "reason": "本区报告一例",
}


def levels(office: Office) -> tuple[str, str]:
    with office.app.app_context(), read() as session:
        return tuple(session.get_one(Site, one).alert for one in (office.cast.site_a, office.cast.site_b))


def raised(office: Office, name: str = "section", **changed: str) -> int:
    page = f"sites/{office.cast.site_a}/alert"
    return office.seat(name).send(page, f"{page}/raise", **{**GOOD, **changed}).status_code


def lowering(office: Office, name: str = "section", **changed: str) -> str:
    page, seat = f"sites/{office.cast.site_a}/alert", office.seat(name)
    answer = seat.send(page, f"{page}/lower", **{**GOOD, **changed})
    assert answer.status_code == 303, answer.text
    return "proposals/" + seat.get("proposals").partition('href="/console/proposals/')[2].partition('"')[0]


def test_one_person_raises_it_and_the_drill_is_asked_within_three_days(office: Office) -> None:
    page = office.seat("section").get(f"sites/{office.cast.site_a}/alert")
    assert "应急演练" in page and "提高之后 3 日内一次" in page and "每日 3 次, 常态 2 次" in page
    assert raised(office) == 303
    assert levels(office) == ("raised", "normal")
    with office.app.app_context(), read() as session:
        drills = session.scalars(
            sa.select(Window.slot).where(Window.duty == "DRILL", Window.slot == "raised")
        )
        assert list(drills) == ["raised"]
        deed = session.scalars(sa.select(AuditEvent).where(AuditEvent.what == "alert_changed")).one()
        assert deed.reason == "2026-11-23 新防指〔2026〕9号: 本区报告一例"
    assert raised(office) == 422, "it is raised already"


def test_it_is_lowered_only_when_a_second_person_approves(office: Office) -> None:
    assert raised(office) == 303
    page = lowering(office)
    own = office.seat("section").send(page, f"{page}/decide", verdict="approve")
    assert refusal_of(own) == "second_person_needed"
    assert levels(office)[0] == "raised"
    assert "由提高改为常态" in office.seat("admin").get(page)
    assert office.seat("admin").send(page, f"{page}/decide", verdict="approve").status_code == 303
    assert levels(office)[0] == "normal"


def test_a_district_is_raised_as_far_as_the_person_sees_it(office: Office) -> None:
    with office.app.app_context(), write() as session:
        one, two = (session.get_one(Site, key) for key in (office.cast.site_a, office.cast.site_b))
        two.district = one.district
    assert raised(office, reach="district") == 303
    assert levels(office)[0] == "raised"


@pytest.mark.parametrize(
    "changed",
    [
        {"document": " "},
        {"reason": ""},
        {"decided_on": "2030-01-01"},
        {"decided_on": "昨天"},
        {"reach": "everywhere"},
    ],
)
def test_what_is_not_said_in_full_changes_nothing(office: Office, changed: dict[str, str]) -> None:
    assert raised(office, **changed) == 422
    assert levels(office) == ("normal", "normal")


def test_who_neither_administers_nor_judges_the_site_has_no_such_page(office: Office) -> None:
    for name in ("inspector", "contractor"):
        office.seat(name).get(f"sites/{office.cast.site_a}/alert", 404)
    office.seat("section").get(f"sites/{office.cast.site_b}/alert", 404)

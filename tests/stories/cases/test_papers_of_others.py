"""The papers by which others order isolation and end it are not ours: they are filed with the case as copies, and those who
may see the case open them as they came."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask

from server.base.clock import to_iso
from server.rules.calendar import instant_ms
from sync_protocol.client.tablet import Tablet
from tests.server.cast import COMPANY_A, Cast
from tests.server.office import Office, Seat
from tests.server.rosters.people import person
from tests.stories.cases.children import REPORTS, ordered, sampled
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, at, planned_field
from tests.stories.photos import document


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def _case(field: Field, tablet: Tablet) -> str:
    field.cast.clock.set(instant_ms(DAY, "08:00"))
    who = person(1)
    named = {"name": who.name, "certificate_type": "id_card", "certificate_number": who.certificate_number}
    at_work = {"company": COMPANY_A, "team": "一班", "trade": "020", "role": "worker"}
    worker = tablet.add(field.scope, "worker", {**named, **at_work, "entered_on": "2026-11-01"})
    reported = dict.fromkeys(REPORTS, to_iso(instant_ms(DAY, "08:00")))
    return tablet.add(field.scope, "case", {"worker": worker, "cause": "symptom", **reported})


def _sync(field: Field, tablet: Tablet, time: str, date: str = DAY) -> None:
    field.cast.clock.set(instant_ms(date, time))
    assert tablet.sync().ok and tablet.refused() == [], tablet.refused()
    at(field, time, date)


def _copies(seat: Seat, path: str) -> list[bytes]:
    """The files that the page of the case shows, as they are given out."""
    found = dict.fromkeys(re.findall(r'href="([^"]+)">附件 \d+ \(PDF\)', seat.get(path)))
    answers = [seat.client.get(one) for one in found]
    assert all(answer.status_code == 200 for answer in answers), found
    return [answer.data for answer in answers if answer.mimetype == "application/pdf"]


def test_order_and_release_are_filed_and_opened_as_they_came(field: Field) -> None:
    tablet, seat = field.tablet("first"), Office(field.app, field.cast).seat("section")
    case = _case(field, tablet)
    _sync(field, tablet, "08:30")
    path = f"sites/{field.cast.site_a}/cases/{case}"
    order, release = document(version="1.4"), document(version="1.5")
    said = {"case": case, "mode": "home", "where_kept": "隔离室 1", "since": DAY, "until": DAY, "days": "1"}
    page = f"sites/{field.cast.site_a}/fill/isolation_order"
    kept = seat.send(page, page, order=(BytesIO(order), "告知书.pdf"), ordered_by="和平社区", **said)
    assert kept.status_code == 303, kept.text
    assert _copies(seat, path) == [order]
    sampled(field, tablet, case, DAY, "10:00", 1)
    _sync(field, tablet, "10:30")
    page = f"sites/{field.cast.site_a}/fill/release"
    said = {"case": case, "released_on": DAY, "decided_by": "区指挥部", "last_test_negative": "yes"}
    assert seat.send(page, page, paper=(BytesIO(release), "解除.pdf"), **said).status_code == 303
    assert sorted(_copies(seat, path)) == sorted([order, release])


def test_a_release_without_the_paper_is_not_taken(field: Field) -> None:
    tablet, seat = field.tablet("first"), Office(field.app, field.cast).seat("section")
    case = _case(field, tablet)
    ordered(field, tablet, case, "09:00", days=1, mode="home")
    sampled(field, tablet, case, DAY, "10:00", 1)
    _sync(field, tablet, "10:30")
    page = f"sites/{field.cast.site_a}/fill/release"
    said = {"case": case, "released_on": DAY, "decided_by": "区指挥部", "last_test_negative": "yes"}
    refused = seat.send(page, page, **said)
    assert refused.status_code == 422 and "请附上解除通知书" in refused.text


def test_another_company_opens_neither_case_nor_paper(field: Field) -> None:
    tablet, seat = field.tablet("first"), Office(field.app, field.cast).seat("section")
    case = _case(field, tablet)
    _sync(field, tablet, "08:30")
    page = f"sites/{field.cast.site_a}/fill/isolation_order"
    said = {"case": case, "mode": "home", "where_kept": "隔离室 1", "since": DAY, "until": DAY, "days": "1"}
    files = {"order": (BytesIO(document()), "告知书.pdf")}
    assert seat.send(page, page, ordered_by="和平社区", **said, **files).status_code == 303
    path = f"sites/{field.cast.site_a}/cases/{case}"
    (copy,) = dict.fromkeys(re.findall(r'href="([^"]+)">附件 \d+ \(PDF\)', seat.get(path)))
    other = Office(field.app, field.cast).seat("competitor")
    assert other.client.get(copy).status_code == 404

"""A case that is confirmed (确诊): never released here, taken to a hospital, and each contact gets the steps of a case."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.base.clock import to_iso
from server.base.db import read
from server.models import Flag
from server.rules.calendar import instant_ms
from sync_protocol.client.tablet import Tablet
from tests.server.cast import COMPANY_A, Cast
from tests.server.office import Office, Seat, refusal_of
from tests.server.rosters.people import person
from tests.stories.cases.children import REPORTS
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, at, planned_field

EVIDENCE = "市中心医院 2026-0012 号报告"


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def _seat(field: Field, name: str = "section") -> Seat:
    return Office(field.app, field.cast).seat(name)


def _worker(field: Field, tablet: Tablet, number: int) -> str:
    who = person(number)
    named = {"name": who.name, "certificate_type": "id_card", "certificate_number": who.certificate_number}
    at_work = {"company": COMPANY_A, "team": "一班", "trade": "020", "role": "worker", "dormitory": "101"}
    return tablet.add(field.scope, "worker", {**named, **at_work, "entered_on": "2026-11-01"})


def _case(field: Field, tablet: Tablet) -> tuple[str, str, str]:
    """A case that was reported in time, and two who sleep in the same room: (path of its page, the two)."""
    field.cast.clock.set(instant_ms(DAY, "08:00"))
    ill, mate, other = (_worker(field, tablet, number) for number in (1, 2, 3))
    reported = dict.fromkeys(REPORTS, to_iso(instant_ms(DAY, "08:00")))
    case = tablet.add(field.scope, "case", {"worker": ill, "cause": "symptom", **reported})
    _sync(field, tablet, "08:30")
    return f"sites/{field.cast.site_a}/cases/{case}", mate, other


def _sync(field: Field, tablet: Tablet, time: str) -> None:
    field.cast.clock.set(instant_ms(DAY, time))
    assert tablet.sync().ok and tablet.refused() == [], tablet.refused()
    at(field, time)


def _decide(field: Field, path: str, worker: str, verdict: str) -> None:
    field.cast.clock.advance(60_000)
    done = _seat(field).send(path, f"{path}/contacts/{worker}", verdict=verdict, reason="查监控认定")
    assert done.status_code == 303, done.text


def _confirm(field: Field, path: str, **said: str) -> int:
    field.cast.clock.advance(60_000)
    return _seat(field).send(path, f"{path}/confirm", **{"evidence": EVIDENCE, **said}).status_code


def _cases(tablet: Tablet) -> dict[str, tuple[str, str | None]]:
    """By worker, the cause and the outcome of their case."""
    assert tablet.sync().ok
    held = [one.body for one in tablet.list("case")]
    assert len({body["worker"] for body in held}) == len(held), "nobody has two"
    return {body["worker"]: (body["cause"], body.get("outcome")) for body in held}


def test_contacts_get_cases_when_it_is_confirmed_and_those_decided_about_later_too(field: Field) -> None:
    tablet = field.tablet("first")
    path, mate, other = _case(field, tablet)
    _decide(field, path, mate, "accepted")
    assert mate not in _cases(tablet), "a suspicion opens nothing for others"
    assert _confirm(field, path, evidence=" ") == 422
    assert _confirm(field, path) == 303
    assert _cases(tablet)[mate] == ("contact", None) and other not in _cases(tablet)
    (asked,) = [one.body["note"] for one in tablet.list("case") if one.body["worker"] == mate]
    assert "集中隔离 7 天, 再居家监测 3 天" in asked and "第九版" in asked, "by the rule of the day"
    _decide(field, path, other, "accepted")
    assert _cases(tablet)[other] == ("contact", None)
    at(field, "09:30")
    assert len(_cases(tablet)) == 3, "looking again opens none"
    page = _seat(field).get(path)
    assert "已结案: 确诊" in page and EVIDENCE in page and "登记确诊" not in page
    again = _seat(field).send(path, f"{path}/confirm", evidence=EVIDENCE)
    assert (again.status_code, refusal_of(again)) == (409, "illegal_move")


def test_what_a_tablet_writes_is_followed_as_well(field: Field) -> None:
    tablet = field.tablet("first")
    path, mate, _ = _case(field, tablet)
    _decide(field, path, mate, "accepted")
    field.cast.clock.set(instant_ms(DAY, "09:00"))
    tablet.edit(field.scope, path.rpartition("/")[2], {"outcome": "confirmed", "evidence": EVIDENCE})
    _sync(field, tablet, "09:05")
    assert _cases(tablet)[mate] == ("contact", None)


def test_hospital_and_contacts_are_flagged_past_their_time_and_nobody_releases(field: Field) -> None:
    tablet = field.tablet("first")
    path, *_ = _case(field, tablet)
    assert _confirm(field, path) == 303
    _sync(field, tablet, "10:00")
    assert _flags(field) == []
    _sync(field, tablet, "11:00")
    assert _flags(field) == ["CASE-HOSPITAL"]
    page = _seat(field).get(path)
    assert "确诊后转送医院" in page and "确诊后认定接触者" in page and "结案</h2>" not in page
    said = {
        "case": path.rpartition("/")[2],
        "released_on": DAY,
        "decided_by": "区",
        "last_test_negative": "yes",
    }
    refused = _seat(field).send(f"sites/{field.cast.site_a}/fill/release", **said)
    assert refused.status_code == 422 and "这里不能解除" in refused.text


def test_a_transfer_in_time_is_no_flag(field: Field) -> None:
    tablet = field.tablet("first")
    path, *_ = _case(field, tablet)
    assert _confirm(field, path) == 303
    field.cast.clock.set(instant_ms(DAY, "09:40"))
    moved = {"hospital": "市传染病医院", "handed_to": "120", "transferred": to_iso(instant_ms(DAY, "09:30"))}
    tablet.add(field.scope, "hospital_transfer", {"case": path.rpartition("/")[2], **moved})
    _sync(field, tablet, "11:00")
    assert _flags(field) == []
    assert "市传染病医院" in _seat(field).get(path)


def test_only_those_who_judge_confirm(field: Field) -> None:
    path, *_ = _case(field, field.tablet("first"))
    page = _seat(field, "inspector").get(path)
    assert "登记确诊" not in page
    assert _seat(field, "inspector").send(path, f"{path}/confirm", evidence=EVIDENCE).status_code == 404


def _flags(field: Field) -> list[str]:
    query = sa.select(Flag.duty).where(Flag.duty.startswith("CASE"), Flag.closed_ms.is_(None))
    with field.app.app_context(), read() as session:
        return sorted(session.scalars(query))

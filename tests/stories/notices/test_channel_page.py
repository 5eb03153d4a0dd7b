"""管理 › 通知渠道: an administrator gives people channels, tries them and takes them away; addresses are never shown."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from server.actions.notices.channels import CHANNELS
from server.base.db import read
from server.models import AuditEvent
from server.models.notice import Channel
from tests.server.office import Office, marks_of, refusal_of

PAGE = "admin/channels"
ROOF = {"user": "section", "kind": "pigeon", "address": "pigeon://roof/secret"}


def kept(office: Office) -> list[Channel]:
    with office.app.app_context(), read() as session:
        return list(session.scalars(sa.select(Channel)))


def test_a_channel_is_added_with_quiet_hours_and_its_address_is_sealed_and_not_shown(
    office: Office, pigeon: list[tuple[str, str]]
) -> None:
    seat = office.seat("admin")
    answer = seat.send(PAGE, **ROOF, quiet_from="22:00", quiet_to="07:30")
    assert answer.status_code == 200 and "已添加" in answer.text
    page = seat.get(PAGE)
    assert "信鸽" in page and "22:00 至 07:30" in page and "roof" not in page + answer.text
    (one,) = kept(office)
    assert b"roof" not in one.address and pigeon == []


def test_it_is_tried_at_once_and_the_page_says_whether_it_was_taken(
    office: Office, pigeon: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = office.seat("admin")
    seat.send(PAGE, **ROOF)
    to = f"{PAGE}/{kept(office)[0].id}/try"
    assert "试发成功" in seat.send(PAGE, to).text
    assert pigeon == [("新乡现场检查: 试发", ROOF["address"])]
    monkeypatch.setattr(CHANNELS["pigeon"], "send", lambda *_: False)
    assert "试发没有成功" in seat.send(PAGE, to).text


def test_a_form_that_is_sent_twice_sends_one(office: Office, pigeon: list[tuple[str, str]]) -> None:
    seat = office.seat("admin")
    seat.send(PAGE, **ROOF)
    marks = marks_of(seat.get(PAGE))
    to = f"/console/{PAGE}/{kept(office)[0].id}/try"
    assert [seat.client.post(to, data=marks).status_code for _ in range(2)] == [200, 409]
    assert len(pigeon) == 1


def test_what_is_taken_away_is_gone_and_all_of_it_is_kept_in_the_audit(
    office: Office, pigeon: list[tuple[str, str]]
) -> None:
    seat = office.seat("admin")
    seat.send(PAGE, **ROOF)
    assert seat.send(PAGE, f"{PAGE}/{kept(office)[0].id}/remove").status_code == 303
    assert kept(office) == [] and "还没有渠道" in seat.get(PAGE)
    with office.app.app_context(), read() as session:
        deeds = session.scalars(sa.select(AuditEvent.what).where(AuditEvent.what.like("channel%")))
        assert set(deeds) == {"channel_added", "channel_removed"}


def test_a_secret_that_signs_is_shown_once(office: Office) -> None:
    seat = office.seat("admin")
    hook = {"user": "section", "kind": "webhook", "address": "https://hooks.example/in"}
    assert re.search(r"whsec_\S+", seat.send(PAGE, **hook).text)
    assert "whsec_" not in seat.get(PAGE)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"user": "nobody"}, "unknown_user"),
        ({"kind": "owl"}, "invalid_channel"),
        ({"address": "file:///etc/passwd"}, "invalid_channel"),
        ({"quiet_from": "25:00"}, "invalid_input"),
    ],
)
def test_what_cannot_be_added_says_why(
    office: Office, pigeon: list[tuple[str, str]], wrong: dict[str, str], code: str
) -> None:
    assert refusal_of(office.seat("admin").send(PAGE, **{**ROOF, **wrong})) == code
    assert kept(office) == []


@pytest.mark.parametrize("name", ["section", "contractor", "inspector"])
def test_it_is_the_administrators_page(office: Office, name: str) -> None:
    office.seat(name).get(PAGE, 404)

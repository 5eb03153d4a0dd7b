"""What the notice asks besides daily work: specialists for so many persons (健全防控管理体系) and money (资金保障)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.base.db import write
from server.models import Media
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.stories.duties.modes import Asked, asked_site

MONTH, DAY = "2026-12-01", "2026-12-02"
SHA = hashlib.sha256(b"approval").hexdigest()
MEDIA = [{"sha256": SHA, "bytes": 8, "type": "application/pdf"}]
NO_PICTURE = {"width": 0, "height": 0}
FUNDS = {
    **{"amount": 80000, "purpose": "口罩、消毒液、隔离房间", "approved_by": "公司总经理", "document": [SHA]},
    **{"valid_from": "2026-01-01", "valid_to": "2027-06-30"},
}


@pytest.fixture
def asked(app: Flask, cast: Cast, tmp_path: Path) -> Asked:
    found = asked_site(app, cast, tmp_path)
    found.tick("23:00", "2026-11-30")
    return found


def recorded(
    asked: Asked, duty: str, kind: str, body: dict[str, Any], tablet: Tablet | None = None
) -> tuple[str, str | None]:
    """The state of the duty's window of December, after a tablet has recorded this on its second day."""
    tablet = tablet or asked.field.tablet("first")
    asked.now("09:00", DAY)
    tablet.add(asked.scope, kind, body, media=MEDIA if SHA in str(body) else ())
    asked.report(tablet, "09:30", DAY)
    assert asked.differences() == []
    return asked.state(duty, MONTH)


def kept(asked: Asked) -> None:
    """The document has arrived."""
    here = {"scope_id": asked.field.cast.site_a, "sha256": SHA, "state": "kept", "bytes": 8}
    arrived = {"type": "application/pdf", "device_id": asked.field.cast.site_a, "arrived_ms": 1, **NO_PICTURE}
    with asked.field.app.app_context(), write() as session:
        session.add(Media(**here, **arrived))


@pytest.mark.parametrize(("specialists", "workers"), [(1, 12), (1, 100), (2, 101)])
def test_one_specialist_is_enough_for_each_hundred_persons(
    asked: Asked, specialists: int, workers: int
) -> None:
    body = {"specialists": specialists, "workers": workers}
    assert recorded(asked, "SPECIALIST", "prevention_team", body) == ("met", None)


@pytest.mark.parametrize(("specialists", "workers"), [(0, 3), (1, 101), (2, 201)])
def test_fewer_are_missed_at_once(asked: Asked, specialists: int, workers: int) -> None:
    body = {"specialists": specialists, "workers": workers}
    state, reason = recorded(asked, "SPECIALIST", "prevention_team", body)
    assert state == "missed" and f"可负责的人数应不少于 {workers}, 实为 {specialists * 100}" in (reason or "")


def test_money_counts_while_it_is_set_aside_and_its_approval_is_there(asked: Asked) -> None:
    kept(asked)
    assert recorded(asked, "FUNDS", "fund_arrangement", FUNDS) == ("met", None)


def test_money_whose_approval_has_not_arrived_is_in_review(asked: Asked) -> None:
    assert recorded(asked, "FUNDS", "fund_arrangement", FUNDS) == ("review", "file_pending")


def test_money_that_ends_before_the_look_is_not_there(asked: Asked) -> None:
    kept(asked)
    over, tablet = {**FUNDS, "valid_to": "2026-12-15"}, asked.field.tablet("first")
    assert recorded(asked, "FUNDS", "fund_arrangement", over, tablet) == ("open", None)
    asked.report(tablet, "09:00", "2027-01-01")
    assert asked.state("FUNDS", MONTH) == ("missed", "not_valid: 最近一份 2026-12-15 到期")

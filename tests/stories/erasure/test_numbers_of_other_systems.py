"""Cards and the numbers of other systems are personal data too: they go with the person whose they were."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from server.actions.accounts.service_accounts import GATE_PASSES, ROSTER, NewService, add_service
from server.actions.gates.person_numbers import set_numbers
from server.actions.reference.load_reference import tx_of
from server.base.db import read, write
from server.models import Site, User
from server.models.access import viewer_of
from server.models.service import PersonNumber
from tests.stories.erasure.cast import Story, everything

HIS, THEIRS = ("0004417788", "G-1001"), ("0004417799", "G-1002")


@pytest.fixture
def key(story: Story) -> str:
    """A platform that knows both workers by card and number."""
    with story.app.app_context(), write() as session:
        tx = tx_of(session, story.seals, story.cast.clock.now_ms())
        site = session.get_one(Site, story.cast.site_a)
        account, key = add_service(tx, NewService("省平台", (GATE_PASSES, ROSTER), [site], system="sheng"))
        viewer = viewer_of(session, session.get_one(User, account.id))
        rows = [
            {"person": {"worker": worker}, "card": card, "external_id": number}
            for worker, (card, number) in ((story.him, HIS), (story.other, THEIRS))
        ]
        assert [one["outcome"] for one in set_numbers(tx, viewer, site.id, rows)] == ["set", "set"]
    return key


def _post(story: Story, key: str, path: str, body: dict[str, Any]) -> Any:
    answer = story.app.test_client().post(
        f"/api/v1/sites/{story.cast.site_a}/{path}", json=body, headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_his_numbers_are_erased_and_the_others_stay(story: Story, key: str) -> None:
    assert all(number in everything(story.app) for number in (*HIS, *THEIRS))
    story.erase()
    after = everything(story.app)
    assert [number for number in HIS if number in after] == []
    assert all(number in after for number in THEIRS)
    with story.app.app_context(), read() as session:
        left = session.scalars(sa.select(PersonNumber.worker_id).distinct()).all()
    assert left == [story.other]
    assert story.faults() == []


def test_his_card_opens_no_gate_any_more_and_may_be_given_to_somebody_else(story: Story, key: str) -> None:
    story.erase()
    now = "2026-11-23T15:00:00+08:00"
    row = {"event": "e-1", "at": now, "person": {"card": HIS[0]}, "direction": "in", "method": "card"}
    report = {"sent_at": now, "unsent": 0, "passes": [row]}
    (outcome,) = _post(story, key, "gate-passes", report)["outcomes"]
    assert (outcome["outcome"], outcome["verdict"]) == ("refused", "unknown")
    numbers = [{"person": {"worker": story.other}, "card": HIS[0]}]
    (given,) = _post(story, key, "person-numbers", {"numbers": numbers})["outcomes"]
    assert given == {"outcome": "set", "worker": story.other}


def test_nobody_gives_him_a_number_again(story: Story, key: str) -> None:
    story.erase()
    numbers = [{"person": {"worker": story.him}, "external_id": "G-2001"}]
    assert _post(story, key, "person-numbers", {"numbers": numbers})["outcomes"] == [
        {"outcome": "unknown_person"}
    ]

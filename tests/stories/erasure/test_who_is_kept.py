"""Who is still needed is not erased, and who comes back is registered as anybody."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.base.db import read
from server.base.problems import Problem
from server.models import (
    CaseFile,
    ErasedRecord,
    Flag,
    Worker,
)
from tests.stories.erasure.cast import Story, everything, made_window
from tests.stories.field import WORKER


def _still_here(story: Story) -> str:
    return story.other


def _open_case(story: Story) -> str:
    story.tablet.add(story.field.scope, "case", {"worker": story.him, "cause": "fever"})
    assert story.tablet.sync().ok
    return story.him


def _open_flag(story: Story) -> str:
    def flagged(session: Session) -> None:
        flag = Flag(scope_id=story.cast.site_a, id=story.cast.site_b, duty="TEMP", state="open")
        flag.severity, flag.unit, flag.policy = "ordinary", "zhian", {}
        flag.opened_ms = flag.changed_ms = story.cast.clock.now_ms()
        window = made_window(story, "missed", story.day_ms)
        window.flag_id = flag.id
        session.add_all((flag, window))

    story.change(flagged)
    return story.him


HOLDS = [
    (_still_here, "person_still_here"),
    (_open_case, "person_has_open_case"),
    (_open_flag, "person_is_evidence"),
]


@pytest.mark.parametrize(("prepare", "code"), HOLDS, ids=[code for _, code in HOLDS])
def test_who_is_still_needed_is_not_erased(story: Story, prepare: Callable[[Story], str], code: str) -> None:
    worker = prepare(story)
    with pytest.raises(Problem) as refused:
        story.ask(worker)
    assert (refused.value.status, refused.value.code) == (409, code)
    assert "删除" in (refused.value.detail or "")
    story.tick()
    with story.app.app_context(), read() as session:
        assert session.get(Worker, (story.cast.site_a, worker)) is not None
        assert session.scalars(sa.select(ErasedRecord)).all() == []


def test_a_case_that_is_closed_goes_with_him(story: Story) -> None:
    case = story.tablet.add(
        story.field.scope, "case", {"worker": story.him, "cause": "fever", "note": "退烧"}
    )
    assert story.tablet.sync().ok
    story.tablet.edit(story.field.scope, case, {"outcome": "cleared", "evidence": "解除通知"})
    assert story.tablet.sync().ok
    story.erase()
    with story.app.app_context(), read() as session:
        assert session.scalars(sa.select(CaseFile)).all() == []
    assert "退烧" not in everything(story.app)
    assert story.faults() == []


def test_who_comes_back_is_registered_again_as_anybody(story: Story) -> None:
    story.erase()
    key = story.tablet.add(story.field.scope, "worker", {**WORKER, "entered_on": "2026-11-23"})
    assert story.tablet.sync().ok
    with story.app.app_context(), read() as session:
        assert session.get(Worker, (story.cast.site_a, key)) is not None
    assert story.faults() == []

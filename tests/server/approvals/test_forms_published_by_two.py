"""A form is proposed by one administrator and published by another one."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from server.actions.approvals.form_publication import EFFECT
from server.actions.approvals.proposals import decide, propose
from server.actions.reference.load_reference import rules_in_force, tx_of
from server.base.db import read, write
from server.base.problems import Problem
from server.models import AuditEvent, PublishedForm, Reference, User
from server.models.access import viewer_of
from tests.server.office import Office
from tests.stories.forms.workbooks import pond


def proposed(office: Office, sheets: Any, name: str = "admin") -> str:
    with office.app.app_context(), write() as session:
        tx = tx_of(session, office.app.extensions["gongdi"].seals, office.cast.clock.now_ms())
        viewer = viewer_of(session, session.get_one(User, office.cast.users[name]))
        return propose(tx, viewer, EFFECT.kind, {"tables": sheets}, "市民反映池塘无人巡查").id


def decided(office: Office, proposal_id: str, name: str, verdict: str = "approve") -> None:
    with office.app.app_context(), write() as session:
        tx = tx_of(session, office.app.extensions["gongdi"].seals, office.cast.clock.now_ms())
        viewer = viewer_of(session, session.get_one(User, office.cast.users[name]))
        decide(tx, viewer, proposal_id, verdict)


def test_a_second_administrator_publishes_it_and_both_are_named(office: Office) -> None:
    proposal = proposed(office, pond())
    with pytest.raises(Problem) as refused:
        decided(office, proposal, "admin")
    assert refused.value.code == "second_person_needed"
    page = office.seat("deputy").get(f"proposals/{proposal}")
    for part in ("池塘巡查 (pond_round) 第 1 版", "职责 POND", "场所类型 pond", "+ 选项 look.clear: 清洁"):
        assert part in page
    decided(office, proposal, "deputy")
    with office.app.app_context(), read() as session:
        row = session.get_one(PublishedForm, ("pond_round", 1))
        assert (row.author_id, row.approver_id) == (office.cast.users["admin"], office.cast.users["deputy"])
        assert rules_in_force(session).kinds.get("pond_round") is not None
        nouns = sa.select(Reference.noun).where(Reference.code.in_(("POND", "pond", "park")))
        assert sorted(session.scalars(nouns)) == ["duties", "place_kinds", "site_kinds"]
        assert "form_published" in session.scalars(sa.select(AuditEvent.what)).all()


def test_a_form_with_faults_is_not_proposed_and_all_of_them_are_named(office: Office) -> None:
    wrong = pond(survey_5={"relevant": "${nothing} = 'x'"}, duties_2={"places": "lake"})
    with pytest.raises(Problem) as refused:
        proposed(office, wrong)
    assert refused.value.code == "form_refused"
    assert {fault["code"] for fault in refused.value.members["faults"]} == {"unknown_field"}


def test_what_became_wrong_meanwhile_is_not_published(office: Office) -> None:
    first, second = proposed(office, pond()), proposed(office, pond(survey_3={"label::中文 (zh)": "水色"}))
    decided(office, first, "deputy")
    with pytest.raises(Problem) as refused:
        decided(office, second, "deputy")
    assert refused.value.code == "form_refused"
    with office.app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(PublishedForm)) == 1


def test_whoever_administers_nothing_proposes_none(office: Office) -> None:
    with pytest.raises(Problem) as refused:
        proposed(office, pond(), "section")
    assert refused.value.code == "not_found"

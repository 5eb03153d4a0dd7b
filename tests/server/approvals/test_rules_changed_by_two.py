"""A number of the rules is changed by two administrators, from a coming date on; the past stays as it was judged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from server.actions.approvals.proposals import decide
from server.actions.reference.load_reference import load_reference, rules_in_force, tx_of
from server.base.db import read, write
from server.base.problems import Problem
from server.models import AuditEvent, Proposal, User
from server.models.access import viewer_of
from server.rules.calendar import DAY_MS
from tests.server.office import Office, refusal_of
from tests.stories.field import Field

RULE = "admin/rules/fever_celsius"
GOOD = {
    "value": "37.5",
    "valid_from": "2026-12-01",
    "source": "新防指〔2026〕9号",
    "mark": "F",
    "reason": "按指挥部通知",
}


def proposed(office: Office, **changed: str) -> str:
    answer = office.seat("admin").send(RULE, **{**GOOD, **changed})
    assert answer.status_code == 303, answer.text
    with office.app.app_context(), read() as session:
        return session.scalars(sa.select(Proposal.id).order_by(Proposal.proposed_ms.desc())).first() or ""


def number(office: Office, day: str, code: str = "fever_celsius") -> float:
    with office.app.app_context(), read() as session:
        return rules_in_force(session).number(code, day)


def test_a_second_administrator_brings_the_number_into_force_and_the_past_keeps_its_own(
    office: Office,
) -> None:
    proposal = proposed(office)
    page = f"proposals/{proposal}"
    assert number(office, "2026-12-01") == 37.3
    own = office.seat("admin").send(page, f"{page}/decide", verdict="approve")
    assert (own.status_code, refusal_of(own)) == (409, "second_person_needed")
    deputy = office.seat("deputy")
    for part in ("37.5 °C", "新防指〔2026〕9号", "按指挥部通知", "此前的数值", "37.3"):
        assert part in deputy.get(page)
    assert "1 项提议等您" in deputy.get("admin")
    assert deputy.send(page, f"{page}/decide", verdict="approve").status_code == 303
    assert "已批准" in deputy.get(page)
    assert number(office, "2026-12-01") == 37.5
    assert number(office, "2026-11-30") == number(office, "2021-12-01") == 37.3
    again = office.seat("deputy").send(page, f"{page}/decide", verdict="reject", reason="看错了数")
    assert refusal_of(again) == "proposal_decided"
    with office.app.app_context(), read() as session:
        events = session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id)).all()
        found = [(one.what, one.user_id) for one in events if one.what != "logged_in"]
    admin, second = office.cast.users["admin"], office.cast.users["deputy"]
    assert found == [("proposed", admin), ("rule_changed", second), ("approved", second)]
    assert "将起用" in office.seat("admin").get(RULE)


def test_the_new_number_is_on_a_tablet_after_its_next_sync(office: Office, tmp_path: Path) -> None:
    tablet = Field(office.cast, tmp_path).tablet("first")
    page = f"proposals/{proposed(office)}"
    office.seat("deputy").send(page, f"{page}/decide", verdict="approve")
    office.cast.clock.advance(1_000)
    report = tablet.sync()
    assert report.ok and report.pull.puts == 2  # the one that ends, and the one that begins
    found = [tablet.in_force("rule", "fever_celsius", day) for day in ("2026-11-30", "2026-12-01")]
    assert [(one["value"], one["source"]) for one in found if one] == [
        (37.3, "各地通用界限, 待核对原文"),
        (37.5, "新防指〔2026〕9号"),
    ]


def test_files_that_are_loaded_again_leave_the_offices_number_in_force(office: Office) -> None:
    page = f"proposals/{proposed(office)}"
    office.seat("deputy").send(page, f"{page}/decide", verdict="approve")
    with office.app.app_context(), write() as session:
        assert load_reference(session, office.app.extensions["gongdi"].seals, office.cast.clock.now_ms()) == 0
    assert (number(office, "2026-11-30"), number(office, "2026-12-01")) == (37.3, 37.5)


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("valid_from", {"valid_from": "2026-11-23"}),  # today
        ("valid_from", {"valid_from": "2020-01-01"}),
        ("valid_from", {"valid_from": "2026-13-01"}),
        ("valid_from", {"valid_from": "tomorrow"}),
        ("value", {"value": "３７.５"}),
        ("value", {"value": "nan"}),
        ("value", {"value": ""}),
        ("value", {"value": "370"}),
        ("source", {"source": " "}),
        ("source", {"source": "x" * 201}),
        ("mark", {"mark": "X"}),
        ("reason", {"reason": "改"}),
    ],
)
def test_a_number_that_cannot_be_is_refused_at_its_field_with_what_was_typed(
    office: Office, code: str, changed: dict[str, str]
) -> None:
    answer = office.seat("admin").send(RULE, **{**GOOD, **changed})
    assert answer.status_code == 422
    field = re.search(rf'<(?:input|select) id="{code}"[^>]*>', answer.text)
    assert field is not None and "aria-invalid" in field[0]
    if "source" not in changed:
        assert "新防指〔2026〕9号" in answer.text


def test_a_number_that_a_contract_decides_a_whole_number_in_parts_and_an_unknown_rule_are_refused(
    office: Office,
) -> None:
    seat = office.seat("admin")
    assert "不能修改" in seat.get("admin/rules/held_days")
    for rule, value in (("held_days", "9"), ("drill_months", "1.5"), ("notice_days", "10")):
        answer = seat.send(RULE, f"admin/rules/{rule}", **{**GOOD, "value": value})
        assert answer.status_code == 422, rule
    assert seat.send(RULE, "admin/rules/nothing", **GOOD).status_code in (404, 422)
    seat.get("admin/rules/nothing", 404)


def test_a_proposal_expires_and_is_refused_then(office: Office) -> None:
    proposal = proposed(office, valid_from="2027-02-01")
    office.cast.clock.advance(7 * DAY_MS)
    page = f"proposals/{proposal}"
    answer = office.seat("deputy").send("proposals", f"{page}/decide", verdict="approve")
    assert (answer.status_code, refusal_of(answer)) == (409, "proposal_expired")
    assert "已过期" in office.seat("deputy").get("proposals?state=decided")


def test_an_approval_that_comes_after_the_date_has_begun_changes_nothing_and_can_be_rejected(
    office: Office,
) -> None:
    page = f"proposals/{proposed(office, valid_from='2026-11-24')}"
    office.cast.clock.advance(DAY_MS)
    late = office.seat("deputy").send(page, f"{page}/decide", verdict="approve")
    assert (late.status_code, "今天之后" in late.text) == (422, True)
    assert number(office, "2026-11-24") == 37.3
    silent = office.seat("deputy").send(page, f"{page}/decide", verdict="reject")
    assert silent.status_code == 422
    assert (
        office.seat("deputy").send(page, f"{page}/decide", verdict="reject", reason="日期已过").status_code
        == 303
    )
    assert "已驳回" in office.seat("admin").get(page)


def test_who_proposed_may_withdraw_and_nobody_else(office: Office) -> None:
    page = f"proposals/{proposed(office)}"
    other = office.seat("deputy").send(page, f"{page}/decide", verdict="withdraw")
    assert refusal_of(other) == "not_your_proposal"
    assert office.seat("admin").send(page, f"{page}/decide", verdict="withdraw").status_code == 303
    assert "已撤回" in office.seat("deputy").get(page)
    assert office.seat("admin").send(page, f"{page}/decide", verdict="nonsense").status_code == 404


@pytest.mark.parametrize("name", ["section", "brigade", "contractor", "inspector"])
def test_nobody_but_administrators_sees_or_decides_about_rules(office: Office, name: str) -> None:
    proposal, seat = proposed(office), office.seat(name)
    seat.get("admin", 404)
    seat.get("admin/rules", 404)
    seat.get(f"proposals/{proposal}", 404)
    with office.app.app_context(), write() as session, pytest.raises(Problem) as caught:
        seals, now_ms = office.app.extensions["gongdi"].seals, office.cast.clock.now_ms()
        viewer = viewer_of(session, session.get_one(User, office.cast.users[name]))
        decide(tx_of(session, seals, now_ms), viewer, proposal, "approve")
    assert caught.value.status == 404


def test_a_later_change_of_the_same_rule_ends_where_the_one_after_it_begins(office: Office) -> None:
    for day, value in (("2027-03-01", "38"), ("2027-01-01", "37.8"), ("2027-03-01", "38.5")):
        page = f"proposals/{proposed(office, valid_from=day, value=value)}"
        office.seat("deputy").send(page, f"{page}/decide", verdict="approve")
        office.cast.clock.advance(1)
    days = ("2026-12-31", "2027-01-01", "2027-02-28", "2027-03-01")
    assert [number(office, day) for day in days] == [37.3, 37.8, 37.8, 38.5]

"""Who has to act on a flag, and until when."""

from __future__ import annotations

import json

import pytest

from server.rules.flags.escalation import CONSECUTIVE, TRIGGERS, as_json, notifies, owner, policy_from, steps
from server.rules.from_rows import reviewing
from tests.server.rules.cast import HOLIDAYS, POLICY, at, rows

OPENED = at("09:00")
HOUR = 3_600_000


def due(section: str = "zhian") -> dict[str, tuple[str, int]]:
    found = steps(POLICY, OPENED, "ordinary", HOLIDAYS, section)
    return {step.code: (step.unit, (step.due_ms - OPENED) // HOUR) for step in found}


def test_a_flag_goes_to_the_section_at_once_and_to_the_brigade_after_a_day() -> None:
    assert due() == {
        "notify_site": ("contractor", 0),
        "section": ("zhian", 0),
        "section_page": ("zhian", 2),
        "acknowledge": ("zhian", 4),
        "brigade": ("jiancha", 24),
    }


def test_the_second_slot_in_a_row_pages_the_section_at_once() -> None:
    assert (POLICY.consecutive, POLICY.at_once(CONSECUTIVE)) == (2, ["section_page"])


def test_the_section_is_the_one_that_the_site_belongs_to() -> None:
    assert due(section="chengjian")["section"] == ("chengjian", 0)


def test_a_company_never_reviews_its_own_flags() -> None:
    reviews = reviewing(rows("units"))
    assert owner(POLICY, "chengjian", reviews) == "chengjian"
    assert owner(POLICY, "shizheng", reviews) == "zhian"
    assert owner(POLICY, "nobody", reviews) == "zhian"


@pytest.mark.parametrize(
    ("severity", "hours"), [("severe", 24), ("ordinary", 72), ("facilities", 168), ("new", 72)]
)
def test_the_time_to_rectify_follows_the_severity(severity: str, hours: int) -> None:
    (step,) = steps(POLICY, OPENED, severity, HOLIDAYS, "zhian", starts="ordered")
    assert (step.code, step.unit, step.due_ms - OPENED) == ("rectify", "contractor", hours * HOUR)


def test_the_recheck_is_due_by_working_days() -> None:
    friday = at("16:00", "2022-01-28")  # before the Spring Festival, with its made-up weekend
    (step,) = steps(POLICY, friday, "ordinary", HOLIDAYS, "zhian", starts="submitted")
    assert step.due_ms == at("16:00", "2022-02-07")


def test_what_makes_a_step_due_at_once_is_something_that_the_code_raises() -> None:
    named = {trigger for step in POLICY.steps for trigger in (*step.at_once_on, step.triggers)} - {""}
    assert named == set(TRIGGERS)
    for trigger in ("overdue", "refused", "fever_unreported"):
        assert POLICY.at_once(trigger) == ["brigade"]
    assert POLICY.at_once("consecutive") == ["section_page"]
    assert POLICY.at_once("") == []


def test_nothing_is_asked_of_the_brigade_before_the_flag_comes_to_it() -> None:
    asked = {step.code for step in steps(POLICY, OPENED, "ordinary", HOLIDAYS, "zhian") if step.asks}
    assert asked == {"acknowledge"}


@pytest.mark.parametrize(("severity", "hours"), [("severe", 8), ("ordinary", 20)])
def test_who_acknowledged_is_asked_for_an_order(severity: str, hours: int) -> None:
    (step,) = steps(POLICY, OPENED, severity, HOLIDAYS, "zhian", starts="acknowledged")
    assert (step.code, step.unit, step.asks) == ("order", "zhian", True)
    assert step.due_ms - OPENED == hours * HOUR


def test_whatever_asks_for_a_move_is_notified_again_while_it_is_overdue() -> None:
    assert all((step.repeats is not None) == step.asks for step in POLICY.steps)


def is_sent(code: str, state: str, duty: str = "TEMP", silent_open: bool = False) -> bool:
    step = POLICY.step(code)
    assert step is not None
    return notifies(step, state, duty, silent_open)


def test_acknowledging_stops_the_paging_and_not_the_clock() -> None:
    assert is_sent("section_page", "open")
    assert not is_sent("section_page", "acknowledged")
    assert is_sent("brigade", "acknowledged")
    assert not is_sent("brigade", "closed")
    assert is_sent("section", "open")


def test_what_an_order_began_is_notified_when_it_is_overdue() -> None:
    assert is_sent("rectify", "rectifying")
    assert is_sent("recheck", "submitted", silent_open=True)


def test_a_silent_site_inhibits_what_the_opening_of_its_duties_notifies() -> None:
    assert not is_sent("section_page", "open", silent_open=True)
    assert is_sent("section_page", "open", "SILENT", silent_open=True)


def test_the_copy_on_a_flag_is_the_policy_that_it_was_opened_under() -> None:
    assert policy_from(json.loads(json.dumps(as_json(POLICY)))) == POLICY

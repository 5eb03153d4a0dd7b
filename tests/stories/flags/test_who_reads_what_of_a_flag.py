"""What is written about a flag reaches those it is for: the bureau's notes stay there, the recheck belongs to
the unit that ordered, and a comment does not make a prepared move stale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, act, at, missed_flag, moved, notices, planned_field, show, waiting


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@pytest.fixture
def flag(field: Field) -> str:
    return missed_flag(field)


def _turn(shown: dict[str, Any]) -> tuple[str, str]:
    return shown["turn"]["step"], shown["turn"]["unit"]


def test_a_note_is_the_bureaus_own_and_a_comment_everybodys(field: Field, flag: str) -> None:
    section = field.cast.client("section")
    moved(section, flag, "note", note="疑似补造, 先不惊动")
    moved(section, flag, "comment", note="请尽快整改")
    for name, expected in (
        ("contractor", ["请尽快整改"]),
        ("brigade", ["疑似补造, 先不惊动", "请尽快整改"]),
        ("inspector", ["疑似补造, 先不惊动", "请尽快整改"]),
    ):
        events = show(field.cast.client(name), flag)["events"]
        assert [event["detail"]["note"] for event in events if "note" in event["detail"]] == expected
    assert act(field.cast.client("contractor"), flag, "note").status_code == 403
    assert "note" not in [move["action"] for move in show(field.cast.client("contractor"), flag)["moves"]]
    assert "note" not in notices(field, "contractor")


def test_the_files_that_a_contractor_takes_away_hold_no_note_either(field: Field, flag: str) -> None:
    moved(field.cast.client("section"), flag, "note", note="疑似补造")
    shown = show(field.cast.client("contractor"), flag)
    assert "疑似补造" not in str(shown)


def test_a_contractor_sees_neither_the_reminders_of_the_bureau_nor_its_steps(field: Field, flag: str) -> None:
    at(field, "17:00")  # the section has not acknowledged in time and was reminded
    theirs, own = show(field.cast.client("section"), flag), show(field.cast.client("contractor"), flag)
    reminders = {"step_section", "step_section_page", "step_acknowledge"}
    assert reminders <= {event["action"] for event in theirs["events"]}
    assert not reminders & {event["action"] for event in own["events"]}
    assert "step_notify_site" in {event["action"] for event in own["events"]}
    assert {step["unit"] for step in own["steps"]} == {"contractor"}
    assert _turn(own) == _turn(theirs) == ("acknowledge", "zhian"), "whose move it is, everybody may know"


def test_a_contractor_sees_that_the_flag_was_passed_on(field: Field, flag: str) -> None:
    at(field, "12:41", "2026-11-25")
    assert "step_brigade" in {
        event["action"] for event in show(field.cast.client("contractor"), flag)["events"]
    }


def test_what_was_passed_on_waits_for_who_has_it_now(field: Field, flag: str) -> None:
    assert _turn(show(field.cast.client("section"), flag)) == ("acknowledge", "zhian")
    at(field, "12:41", "2026-11-25")
    section = field.cast.client("section")
    assert _turn(show(section, flag)) == ("brigade", "jiancha")
    assert [step for key, step in waiting(field, "brigade") if key == flag] == ["brigade"]


@pytest.mark.parametrize(("orderer", "unit"), [("section", "zhian"), ("brigade", "jiancha")])
def test_a_reply_waits_for_whoever_ordered(field: Field, flag: str, orderer: str, unit: str) -> None:
    """Also when the rectification was overdue and the flag was passed on to the brigade by itself since."""
    moved(field.cast.client(orderer), flag, "order_rectification", due="2026-11-25T09:00:00+08:00")
    at(field, "09:01", "2026-11-25")
    replied = moved(field.cast.client("contractor"), flag, "submit_rectification")
    assert _turn(replied) == ("recheck", unit)
    assert [step for key, step in waiting(field, orderer) if key == flag] == ["recheck"]
    assert notices(field, orderer)[-1] == "submit_rectification"
    passed = moved(field.cast.client(orderer), flag, "pass_recheck")
    assert _turn(passed) == ("close", unit)


def test_a_failed_recheck_is_an_order_too(field: Field, flag: str) -> None:
    moved(field.cast.client("section"), flag, "order_rectification")
    moved(field.cast.client("contractor"), flag, "submit_rectification")
    moved(field.cast.client("brigade"), flag, "fail_recheck", note="记录不全")
    assert _turn(moved(field.cast.client("contractor"), flag, "submit_rectification")) == (
        "recheck",
        "jiancha",
    )


@pytest.mark.parametrize(
    ("who", "remark"), [("contractor", "comment"), ("inspector", "comment"), ("brigade", "note")]
)
def test_a_remark_between_does_not_make_a_move_stale(field: Field, flag: str, who: str, remark: str) -> None:
    section = field.cast.client("section")
    moved(section, flag, "order_rectification")
    moved(field.cast.client("contractor"), flag, "submit_rectification")
    seen = show(section, flag)["rev"]
    moved(field.cast.client(who), flag, remark, note="顺便说一句")
    assert act(section, flag, "pass_recheck", rev=seen).status_code == 200


def test_a_reminder_between_does_not_make_a_move_stale(field: Field, flag: str) -> None:
    seen = show(field.cast.client("section"), flag)["rev"]
    at(field, "17:00", DAY)
    section = field.cast.client("section")
    assert show(section, flag)["rev"] > seen
    assert act(section, flag, "acknowledge", rev=seen).status_code == 200


def test_a_move_or_a_passing_on_between_does(field: Field, flag: str) -> None:
    seen = show(field.cast.client("section"), flag)["rev"]
    at(field, "12:41", "2026-11-25")
    section = field.cast.client("section")
    assert act(section, flag, "acknowledge", rev=seen).get_json()["code"] == "stale_rev"
    assert act(section, flag, "acknowledge", rev=seen + 1000).get_json()["code"] == "stale_rev"

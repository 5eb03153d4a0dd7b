"""A flag is worked on: ordered, answered, rechecked, closed, each by the user in charge, and written into a chain."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.verify_log import verify_scope
from server.base.db import read, write
from server.models import FlagEvent, Window
from server.models.scope import Scope
from server.rules.calendar import instant_ms
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, act, at, missed_flag, moved, notices, planned_field, show, waiting
from tests.stories.photos import picture


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@pytest.fixture
def flag(field: Field) -> str:
    return missed_flag(field)


def _turn(shown: dict[str, Any]) -> tuple[str, str]:
    return shown["turn"]["step"], shown["turn"]["unit"]


def test_a_flag_is_ordered_answered_rechecked_and_closed(field: Field, flag: str) -> None:
    section, contractor = field.cast.client("section"), field.cast.client("contractor")
    assert _turn(show(section, flag)) == ("acknowledge", "zhian")
    assert _turn(moved(section, flag, "acknowledge")) == ("order", "zhian")
    ordered = moved(section, flag, "order_rectification", note="食堂每日消毒两次")
    assert (ordered["state"], _turn(ordered)) == ("rectifying", ("rectify", "contractor"))
    assert ordered["turn"]["due"] == "2026-11-27T12:40:00.000+08:00"
    replied = moved(contractor, flag, "submit_rectification", note="已补做")
    assert (replied["state"], _turn(replied)) == ("submitted", ("recheck", "zhian"))
    passed = moved(section, flag, "pass_recheck")
    assert (passed["state"], _turn(passed)) == ("verified", ("close", "zhian"))
    closed = moved(section, flag, "close")
    assert (closed["state"], closed["turn"], closed["closed"]) == ("closed", None, closed["changed"])
    assert [event["action"] for event in closed["events"]][-5:] == [
        *("acknowledge", "order_rectification", "submit_rectification", "pass_recheck", "close")
    ]
    assert closed["events"][-3]["actor"] == "劳资专管员王芳"


def test_a_reply_shows_its_photos_once_they_have_arrived(field: Field, flag: str) -> None:
    section, contractor = field.cast.client("section"), field.cast.client("contractor")
    moved(section, flag, "order_rectification")
    path = f"/api/v1/media/{field.cast.site_a}"
    early = act(contractor, flag, "submit_rectification", media=["a" * 64])
    assert (early.status_code, list(early.get_json()["errors"])) == (422, ["/media"])
    form = {"file": (io.BytesIO(picture()), "消毒.jpg")}
    sent = contractor.post(path, data=form, content_type="multipart/form-data")
    assert sent.status_code == 201, sent.text
    sha256 = sent.get_json()["sha256"]
    replied = moved(contractor, flag, "submit_rectification", media=[sha256])
    assert replied["events"][-1]["detail"]["media"] == [sha256]
    assert section.get(f"{path}/{sha256}").content_type == "image/jpeg"
    assert field.cast.client("competitor").get(f"{path}/{sha256}").status_code == 404
    text = {"file": (io.BytesIO(b"no photo at all"), "x.jpg")}
    refused = contractor.post(path, data=text, content_type="multipart/form-data")
    assert refused.status_code == 415


def test_tablets_pull_each_move(field: Field, flag: str) -> None:
    tablet = field.tablet("second")
    moved(field.cast.client("section"), flag, "order_rectification")
    assert tablet.sync().ok
    (held,) = [item for item in tablet.list("flag") if item.id == flag]
    assert held.body["state"] == "rectifying"


def test_a_deadline_that_was_given_holds_instead_of_the_policys(field: Field, flag: str) -> None:
    section, due = field.cast.client("section"), "2026-11-25T18:00:00+08:00"
    assert (
        moved(section, flag, "order_rectification", due=due)["turn"]["due"] == "2026-11-25T18:00:00.000+08:00"
    )
    for bad in ("2026-11-24T12:00:00+08:00", "2027-11-25T18:00:00+08:00", "2026-11-25"):
        assert act(section, flag, "order_rectification", due=bad).status_code == 422


def test_a_failed_recheck_goes_back_and_is_counted(field: Field, flag: str) -> None:
    section, contractor = field.cast.client("section"), field.cast.client("contractor")
    moved(section, flag, "order_rectification")
    moved(contractor, flag, "submit_rectification")
    back = moved(section, flag, "fail_recheck", note="记录不全")
    assert (back["state"], back["failed_rechecks"], _turn(back)) == (
        "rectifying",
        1,
        ("rectify", "contractor"),
    )
    moved(contractor, flag, "submit_rectification")
    assert moved(section, flag, "pass_recheck")["state"] == "verified"


def test_an_illegal_move_is_refused_with_what_is_allowed_and_changes_nothing(field: Field, flag: str) -> None:
    section = field.cast.client("section")
    before = show(section, flag)
    answer = act(section, flag, "pass_recheck")
    problem = answer.get_json()
    assert (answer.status_code, problem["code"], problem["state"]) == (409, "illegal_move", "open")
    assert problem["allowed"] == [move["action"] for move in before["moves"]]
    assert show(section, flag) == before


def test_a_move_decided_on_an_older_state_is_refused(field: Field, flag: str) -> None:
    section, brigade = field.cast.client("section"), field.cast.client("brigade")
    seen = show(section, flag)["rev"]
    moved(brigade, flag, "acknowledge")
    answer = act(section, flag, "withdraw", rev=seen)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "stale_rev")
    assert act(section, flag, "withdraw", rev=None).status_code == 422
    assert act(section, flag, "comment", rev=None).status_code == 200


def test_whoever_recorded_the_reply_does_not_recheck_it(field: Field, flag: str) -> None:
    section, brigade = field.cast.client("section"), field.cast.client("brigade")
    moved(section, flag, "order_rectification")
    moved(section, flag, "submit_rectification", note="收到书面回复")
    answer = act(section, flag, "pass_recheck")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "same_person")
    assert moved(brigade, flag, "pass_recheck")["state"] == "verified"


def test_a_company_never_closes_its_own_flags_nor_touches_anothers(field: Field, flag: str) -> None:
    contractor = field.cast.client("contractor")
    for action in ("acknowledge", "close", "withdraw", "excuse", "order_rectification"):
        assert act(contractor, flag, action).status_code == 403
    competitor = field.cast.client("competitor")
    asked = {"action": "comment", "note": "你好"}
    assert competitor.post(f"/api/v1/flags/{flag}/actions", json=asked).status_code == 404
    admin = field.cast.client("admin")
    assert admin.post(f"/api/v1/flags/{flag}/actions", json=asked).status_code == 403


def test_what_was_transferred_is_the_brigades_to_decide(field: Field, flag: str) -> None:
    section, brigade = field.cast.client("section"), field.cast.client("brigade")
    sent = moved(section, flag, "transfer", note="多次缺失")
    assert (sent["state"], sent["unit"], _turn(sent)) == ("transferred", "jiancha", ("decide", "jiancha"))
    assert act(section, flag, "order_rectification").status_code == 403
    stopped = moved(brigade, flag, "order_stop_work", note="责令停工")
    assert (stopped["state"], _turn(stopped)) == ("stop_work", ("resume", "jiancha"))
    moved(field.cast.client("contractor"), flag, "submit_rectification")
    resumed = moved(brigade, flag, "consent_resume")
    assert (resumed["state"], _turn(resumed)) == ("verified", ("close", "jiancha"))


def test_an_overdue_rectification_calls_the_brigade(field: Field, flag: str) -> None:
    section = field.cast.client("section")
    moved(section, flag, "order_rectification", due="2026-11-25T09:00:00+08:00")
    at(field, "08:59", "2026-11-25")
    section = field.cast.client("section")  # yesterday's log-in is over
    assert (show(section, flag)["unit"], show(section, flag)["state"]) == ("zhian", "rectifying")
    at(field, "09:01", "2026-11-25")
    overdue = show(section, flag)
    assert (overdue["unit"], overdue["level"]) == ("jiancha", 2)
    assert _turn(overdue) == ("rectify", "contractor"), "the contractor's move is still due"
    assert notices(field, "brigade")[-1] == "step_brigade"


def test_evidence_that_comes_after_an_order_goes_to_review_and_closes_nothing(field: Field) -> None:
    tablet = field.tablet("first")
    flag = missed_flag(field, tablet)
    section = field.cast.client("section")
    moved(section, flag, "order_rectification")
    place = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}
    tablet.add(field.scope, "disinfection_log", place, observed_ms=instant_ms(DAY, "08:00"))
    assert tablet.sync().ok
    at(field, "12:45")
    shown = show(section, flag)
    assert (shown["state"], shown["windows"][0]["state"]) == ("rectifying", "review")
    assert shown["events"][-1]["action"] == "evidence_arrived"


def test_an_excuse_excuses_the_windows_with_who_approved(field: Field, flag: str) -> None:
    assert moved(field.cast.client("section"), flag, "excuse", note="停水, 经批准")["state"] == "withdrawn"
    with field.app.app_context(), read() as session:
        (window,) = session.scalars(sa.select(Window).where(Window.flag_id == flag))
        assert (window.state, window.reason) == ("excused", "approved: 质安科孙丽")


def test_a_closed_flag_is_reopened_with_a_clock_but_not_alongside_another(field: Field) -> None:
    tablet = field.tablet("first")
    flag, section = missed_flag(field, tablet), field.cast.client("section")
    moved(section, flag, "withdraw")
    again = moved(section, flag, "reopen")
    assert (again["state"], again["closed"], _turn(again)) == ("acknowledged", None, ("order", "zhian"))
    moved(section, flag, "withdraw")
    field.cast.clock.set(instant_ms(DAY, "20:40"))
    assert tablet.sync().ok
    at(field, "20:40")
    live = [
        row for row in section.get("/api/v1/flags?duty=DISINFECT").get_json()["items"] if row["id"] != flag
    ]
    assert len(live) == 1, "what recurs opens another flag"
    answer = act(section, flag, "reopen")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "another_open")


def test_signs_that_no_text_holds_are_left_out_of_a_note_and_break_nothing(field: Field, flag: str) -> None:
    section = field.cast.client("section")
    noted = moved(section, flag, "comment", note="第一行\r\n第二行\u202e\U0001f600")
    assert noted["events"][-1]["detail"]["note"] == "第一行\n第二行\U0001f600"
    assert act(section, flag, "order_rectification", note="\u2066 ").status_code == 422
    assert act(section, flag, "assign", assignee="\u2066").status_code == 422
    assert act(section, flag, "comment", note="\x00").status_code == 400  # no JSON of ours holds it


def test_a_flag_is_assigned_to_somebody_of_the_unit(field: Field, flag: str) -> None:
    section = field.cast.client("section")
    assert moved(section, flag, "assign")["assignee"] == "质安科孙丽"
    assert act(section, flag, "assign", assignee="brigade").status_code == 422
    assert act(section, flag, "assign", assignee="nobody").status_code == 422


def test_the_history_is_a_chain_that_a_change_breaks(field: Field, flag: str) -> None:
    moved(field.cast.client("section"), flag, "order_rectification")
    seals = field.app.extensions["gongdi"].seals

    def faults() -> list[Any]:
        with field.app.app_context(), read() as session:
            return list(verify_scope(session, seals, session.get_one(Scope, field.cast.site_a)))

    assert faults() == []
    with field.app.app_context(), write() as session:
        changed = sa.update(FlagEvent).where(FlagEvent.action == "order_rectification")
        session.execute(changed.values(detail={"note": "没有问题"}))
    assert faults() != []


def test_those_whom_a_move_concerns_are_notified_once_and_never_who_made_it(field: Field, flag: str) -> None:
    section = field.cast.client("section")
    before = notices(field, "contractor")
    moved(section, flag, "order_rectification")
    assert notices(field, "contractor") == [*before, "order_rectification"]
    assert "order_rectification" not in notices(field, "section")
    assert notices(field, "competitor") == []
    moved(field.cast.client("contractor"), flag, "submit_rectification")
    assert notices(field, "section")[-1] == "submit_rectification"
    assert "submit_rectification" not in notices(field, "brigade"), "the section has the flag"


def test_what_was_transferred_once_stays_the_brigades_whatever_state_it_comes_to(
    field: Field, flag: str
) -> None:
    section, brigade = field.cast.client("section"), field.cast.client("brigade")
    moved(section, flag, "transfer", note="涉嫌补造记录")
    moved(brigade, flag, "order_rectification")
    for action in ("withdraw", "excuse", "order_rectification", "transfer", "assign"):
        assert act(section, flag, action).status_code == 403, action
    moved(field.cast.client("contractor"), flag, "submit_rectification")
    for action in ("pass_recheck", "fail_recheck", "withdraw"):
        assert act(section, flag, action).status_code == 403, action
    moved(brigade, flag, "pass_recheck")
    assert act(section, flag, "close").status_code == 403
    moved(brigade, flag, "close")
    assert act(section, flag, "reopen").status_code == 403
    assert act(section, flag, "comment").status_code == 200


def test_after_stop_work_the_section_neither_closes_nor_reopens(field: Field, flag: str) -> None:
    section, brigade = field.cast.client("section"), field.cast.client("brigade")
    moved(brigade, flag, "order_stop_work")
    moved(brigade, flag, "consent_resume")
    assert act(section, flag, "close").status_code == 403
    assert act(section, flag, "reopen").status_code == 403


def test_whoever_recorded_the_reply_does_not_withdraw_it_either(field: Field, flag: str) -> None:
    section = field.cast.client("section")
    moved(section, flag, "order_rectification")
    moved(section, flag, "submit_rectification", note="收到书面回复")
    assert act(section, flag, "withdraw").get_json()["code"] == "same_person"
    assert moved(field.cast.client("brigade"), flag, "withdraw")["state"] == "withdrawn"


def test_a_flag_is_in_the_list_of_those_whose_move_it_is(field: Field, flag: str) -> None:
    def lists() -> tuple[list[str], ...]:
        names = ("section", "contractor", "brigade")
        return tuple([step for key, step in waiting(field, name) if key == flag] for name in names)

    section, contractor = field.cast.client("section"), field.cast.client("contractor")
    assert lists() == (["acknowledge"], [], []), "nobody has called the brigade"
    moved(section, flag, "acknowledge")
    assert lists() == (["order"], [], [])
    at(field, "12:41", "2026-11-25")
    assert lists() == (["order"], [], ["brigade"])
    section, contractor = field.cast.client("section"), field.cast.client("contractor")
    moved(section, flag, "order_rectification")
    assert lists() == ([], ["rectify"], [])
    moved(contractor, flag, "submit_rectification")
    assert lists() == (["recheck"], [], []), "the section ordered, though the flag had been passed on"


def test_a_reply_under_stop_work_waits_for_the_review_of_the_stop(field: Field, flag: str) -> None:
    moved(field.cast.client("brigade"), flag, "order_stop_work")
    replied = moved(field.cast.client("contractor"), flag, "submit_rectification")
    assert _turn(replied) == ("resume", "jiancha")
    assert notices(field, "brigade")[-1] == "submit_rectification"


def test_a_second_failed_recheck_is_a_refusal_and_calls_the_brigade(field: Field, flag: str) -> None:
    section, contractor = field.cast.client("section"), field.cast.client("contractor")
    moved(section, flag, "order_rectification")
    for failed in (1, 2):
        moved(contractor, flag, "submit_rectification")
        shown = moved(section, flag, "fail_recheck")
        assert shown["failed_rechecks"] == failed
        assert ("hastened" in [event["action"] for event in shown["events"]]) == (failed == 2)
    at(field, "12:41")
    assert (show(section, flag)["unit"], waiting(field, "brigade")) == ("jiancha", [(flag, "brigade")])


def test_an_overdue_recheck_calls_the_brigade_and_is_notified_again_each_working_day(
    field: Field, flag: str
) -> None:
    moved(field.cast.client("section"), flag, "order_rectification")
    moved(field.cast.client("contractor"), flag, "submit_rectification")
    sent = []
    for day in ("27", "28", "29", "30"):  # from Friday; the recheck is due at 12:40 that day
        at(field, "12:41", f"2026-11-{day}")
        at(field, "12:42", f"2026-11-{day}")
        sent.append([what for what in notices(field, "section") if what.endswith("recheck")])
    assert sent == [["step_recheck"]] * 3 + [["step_recheck", "remind_recheck"]]
    assert (flag, "brigade") in waiting(field, "brigade")


@pytest.mark.parametrize("ended", [False, True])
def test_nobody_is_reminded_of_what_was_done(field: Field, flag: str, ended: bool) -> None:
    section = field.cast.client("section")
    moved(section, flag, "acknowledge")
    at(field, "12:00", "2026-11-25")
    moved(field.cast.client("section"), flag, "withdraw" if ended else "order_rectification")
    at(field, "12:00", "2026-11-27")
    assert [what for what in notices(field, "section") if what.startswith("remind_")] == []


def test_a_list_is_narrowed_to_what_is_assigned_to_me(field: Field, flag: str) -> None:
    section = field.cast.client("section")

    def mine() -> list[str]:
        return [row["id"] for row in section.get("/api/v1/flags?assignee=me").get_json()["items"]]

    assert mine() == []
    moved(section, flag, "assign")
    assert mine() == [flag]
    assert section.get("/api/v1/flags?assignee=brigade").status_code == 422

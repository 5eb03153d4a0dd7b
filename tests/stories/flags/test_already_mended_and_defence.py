"""A company is heard before anything burdens it: it says that a fault is mended already, and what it states in defence
(陈述申辩) stands open until somebody of the reviewing unit answers it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.verify_log import verify_scope
from server.actions.flags.today import sites_today
from server.base.db import read, write
from server.models import Flag, Site, SiteCompany, User
from server.models.access import viewer_of
from server.models.scope import Scope
from server.rules.calendar import instant_ms
from server.rules.flags.arrival import ANSWERED, DEFENDED, STATED
from server.workflows.scheduler import tick
from tests.server.cast import COMPANY_B, Cast
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, act, at, missed_flag, moved, notices, planned_field, show, waiting
from tests.stories.kinds.desk import at_the_console
from tests.stories.papers.office import ORDER, RECORD, Desk, answered_field
from tests.stories.photos import document, picture


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@pytest.fixture
def flag(field: Field) -> str:
    return missed_flag(field)


def moves(field: Field, name: str, flag: str) -> set[str]:
    return {move["action"] for move in show(field.cast.client(name), flag)["moves"]}


def why(field: Field, name: str, flag: str) -> list[tuple[str, str]]:
    """(why, what has moved since yesterday) of this flag in the user's day."""
    with field.app.app_context(), read() as session:
        viewer = viewer_of(session, session.get_one(User, field.cast.users[name]))
        today = sites_today(session, viewer, field.cast.clock.now_ms())
    sites = [site for rows in today.parts.values() for row in rows for site in row.sites]
    return [
        (item.why, " ".join(sorted(site.moved)))
        for site in sites
        for item in site.items
        if item.flag.id == flag
    ]


def test_that_it_is_mended_already_is_said_with_a_photo_and_changes_nothing_by_itself(
    field: Field, flag: str
) -> None:
    before = show(field.cast.client("section"), flag)
    desk = Desk(field, "contractor")
    page = f"/flags/{flag}"
    said = {"action": "state_mended", "rev": str(before["rev"]), "note": "上午已补做消毒, 附照片"}
    photo = (io.BytesIO(picture()), "已消毒.jpg")
    assert desk.post(page, f"{page}/actions", **said, photos=photo).status_code == 303
    after = show(field.cast.client("section"), flag)
    assert (after["state"], after["turn"], after["steps"]) == (
        before["state"],
        before["turn"],
        before["steps"],
    )
    event = after["events"][-1]
    assert event["action"] == "state_mended" and len(event["detail"]["media"]) == 1
    assert event["detail"]["note"] == "上午已补做消毒, 附照片"
    assert "state_mended" in notices(field, "section") and "state_mended" not in notices(field, "contractor")
    ((_, happened),) = why(field, "section", flag)
    assert STATED in happened.split()
    shown = Desk(field, "section").get(page).text
    assert "说明已整改" in shown and event["detail"]["media"][0] in shown
    assert "施工单位说明 1" in at_the_console(field, "section").get("/console/today").text


def test_who_looks_at_an_older_page_learns_of_it_before_ordering(field: Field, flag: str) -> None:
    seen = show(field.cast.client("section"), flag)["rev"]
    moved(field.cast.client("contractor"), flag, "state_mended", note="已补做")
    refused = act(field.cast.client("section"), flag, "order_rectification", rev=seen)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "stale_rev")


def test_after_an_order_it_is_a_reply(field: Field, flag: str) -> None:
    moved(field.cast.client("section"), flag, "order_rectification")
    refused = act(field.cast.client("contractor"), flag, "state_mended")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "illegal_move")


def test_a_defence_waits_for_the_reviewing_unit_with_a_clock_of_its_own(field: Field, flag: str) -> None:
    contractor = field.cast.client("contractor")
    shown = moved(contractor, flag, "state_defence", note="当日食堂停用, 无需消毒")
    assert shown["defence"]["unit"] == "zhian"
    assert shown["defence"]["due"].startswith("2026-11-27T"), "three working days from a Tuesday"
    assert shown["state"] == "open" and shown["turn"]["step"] == "answer"
    assert [step["unit"] for step in shown["steps"]] == ["contractor"], "the bureau's clocks stay its own"
    assert "state_defence" in notices(field, "section")
    assert why(field, "section", flag)[0][0] == DEFENDED
    page = Desk(field, "section").get("/today").text
    assert "施工单位陈述申辩, 等答复的" in page and "当日食堂停用, 无需消毒" in page
    at(field, "12:41", "2026-11-27")
    assert "step_answer" in notices(field, "section"), "what is not answered in time is called for again"


def test_what_burdens_or_ends_is_refused_until_it_is_answered(field: Field, flag: str) -> None:
    section = field.cast.client("section")
    moved(section, flag, "acknowledge")
    moved(field.cast.client("contractor"), flag, "state_defence", note="当日停用")
    for action in ("order_rectification", "transfer"):
        refused = act(section, flag, action)
        assert (refused.status_code, refused.get_json()["code"]) == (409, "defence_unanswered")
        assert set(refused.get_json()["allowed"]) >= {"accept_defence", "reject_defence"}
    assert act(section, flag, "reject_defence", note=" ").status_code == 422, "an answer gives its reasons"
    shown = moved(section, flag, "accept_defence_partly", note="早班采纳, 晚班有人用餐")
    assert shown["defence"] is None and shown["state"] == "acknowledged"
    assert "accept_defence_partly" in notices(field, "contractor")
    assert moved(section, flag, "order_rectification")["state"] == "rectifying"
    again = act(section, flag, "accept_defence")
    assert (again.status_code, again.get_json()["code"]) == (409, "no_defence")


def test_a_flag_is_not_closed_over_an_open_defence(field: Field, flag: str) -> None:
    section, contractor = field.cast.client("section"), field.cast.client("contractor")
    moved(section, flag, "order_rectification")
    moved(contractor, flag, "submit_rectification")
    moved(contractor, flag, "state_defence", note="已做但平板没有电")
    assert act(section, flag, "fail_recheck").get_json()["code"] == "defence_unanswered"
    moved(section, flag, "pass_recheck")
    assert act(section, flag, "close").get_json()["code"] == "defence_unanswered"
    moved(section, flag, "accept_defence", note="情况属实")
    assert moved(section, flag, "close")["state"] == "closed"


def test_a_defence_stands_on_the_day_although_a_recheck_falls_due_before(field: Field, flag: str) -> None:
    section, contractor = field.cast.client("section"), field.cast.client("contractor")
    moved(section, flag, "order_rectification")
    moved(contractor, flag, "submit_rectification")
    field.cast.clock.advance(3 * 3_600_000)
    moved(contractor, flag, "state_defence", note="已做但平板没有电")
    assert why(field, "section", flag)[0][0] == DEFENDED
    moved(section, flag, "accept_defence", note="情况属实")
    assert why(field, "section", flag)[0][0] == ANSWERED


def test_more_words_do_not_move_the_time_for_the_answer(field: Field, flag: str) -> None:
    contractor = field.cast.client("contractor")
    first = moved(contractor, flag, "state_defence", note="一")["defence"]["due"]
    field.cast.clock.advance(3 * 3_600_000)
    assert moved(contractor, flag, "state_defence", note="二")["defence"]["due"] == first


def test_a_danger_waits_for_nobody_and_the_brigade_then_answers(field: Field, flag: str) -> None:
    due = moved(field.cast.client("contractor"), flag, "state_defence", note="无危险")["defence"]["due"]
    moved(field.cast.client("brigade"), flag, "order_stop_work", note="支架有坍塌危险")
    shown = show(field.cast.client("brigade"), flag)
    assert (shown["defence"]["unit"], shown["defence"]["due"]) == ("jiancha", due)
    assert "accept_defence" not in moves(field, "section", flag)
    assert flag in [key for key, _ in waiting(field, "brigade")]
    moved(field.cast.client("brigade"), flag, "reject_defence", note="现场仍有危险")
    assert show(field.cast.client("brigade"), flag)["defence"] is None


def test_what_ends_a_flag_in_the_companys_favour_ends_the_question(field: Field, flag: str) -> None:
    moved(field.cast.client("contractor"), flag, "state_defence", note="当日停用")
    shown = moved(field.cast.client("section"), flag, "withdraw", note="查明属实")
    assert (shown["state"], shown["defence"]) == ("withdrawn", None)


def test_only_the_company_that_is_addressed_states_something(field: Field, flag: str) -> None:
    with field.app.app_context(), write() as session:
        session.add(SiteCompany(site_id=field.cast.site_a, company=COMPANY_B, role="006"))
    moved(field.cast.client("section"), flag, "order_rectification")
    refused = act(field.cast.client("competitor"), flag, "state_defence")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "role_not_allowed")
    assert act(field.cast.client("admin"), flag, "state_defence").status_code == 403
    assert act(field.cast.client("inspector"), flag, "accept_defence").status_code == 403


def test_words_that_another_company_wrote_are_not_shown_to_it(field: Field, flag: str) -> None:
    with field.app.app_context(), write() as session:
        session.add(SiteCompany(site_id=field.cast.site_a, company=COMPANY_B, role="006"))
    moved(field.cast.client("contractor"), flag, "state_defence", note="是乙建筑的食堂")
    assert "是乙建筑的食堂" not in str(show(field.cast.client("competitor"), flag))


def test_a_pdf_comes_with_a_defence_and_with_nothing_else(field: Field, flag: str) -> None:
    desk, page = Desk(field, "contractor"), f"/flags/{flag}"

    def said(action: str, note: str, data: bytes = document()) -> int:
        rev = show(field.cast.client("contractor"), flag)["rev"]
        form: dict[str, Any] = {"action": action, "rev": str(rev), "note": note}
        form["photos"] = (io.BytesIO(data), "材料.pdf")
        return desk.post(page, f"{page}/actions", **form).status_code

    assert said("state_mended", "已补做") == 415
    assert said("state_defence", "见材料", document()[:40]) == 422
    assert said("state_defence", "") == 422, "the words are asked for"
    assert said("state_defence", "见材料") == 303
    shown = desk.get(page).text
    assert "材料 1 (PDF)" in shown and "陈述申辩等待答复" in shown
    assert "行政处罚法第四十五条" in shown, "the time for the answer stands there with its source"
    assert Desk(field, "section").get(f"{page}/file.pdf").status_code == 200


def test_a_program_attaches_a_pdf_to_a_defence_and_to_nothing_else(field: Field, flag: str) -> None:
    contractor = field.cast.client("contractor")
    file = {"file": (io.BytesIO(document()), "材料.pdf")}
    sent = contractor.post(
        f"/api/v1/media/{field.cast.site_a}", data=file, content_type="multipart/form-data"
    )
    assert sent.status_code == 201, sent.text
    media = [sent.get_json()["sha256"]]
    refused = act(contractor, flag, "state_mended", media=media)
    assert (refused.status_code, list(refused.get_json()["errors"])) == (422, ["/media"])
    shown = moved(contractor, flag, "state_defence", note="见材料", media=media)
    assert shown["events"][-1]["detail"]["media"] == media


def test_a_flag_of_before_there_was_an_answer_has_one_too(field: Field, flag: str) -> None:
    with field.app.app_context(), write() as session:
        row = session.scalars(sa.select(Flag).where(Flag.id == flag)).one()
        row.policy = {
            **row.policy,
            "steps": [step for step in row.policy["steps"] if step["starts"] != "stated"],
        }
    shown = moved(field.cast.client("contractor"), flag, "state_defence", note="当日停用")
    assert shown["turn"]["step"] == "answer"
    field.cast.clock.set(instant_ms("2026-11-27", "13:00"))
    tick(field.app, field.cast.clock.now_ms())
    assert "step_answer" in notices(field, "section")


def test_the_history_with_a_defence_is_whole(field: Field, flag: str) -> None:
    moved(field.cast.client("contractor"), flag, "state_defence", note="当日停用")
    moved(field.cast.client("brigade"), flag, "order_stop_work", note="有危险")
    moved(field.cast.client("brigade"), flag, "consent_resume", note="危险已排除")
    shown = show(field.cast.client("brigade"), flag)
    assert shown["state"] == "verified" and shown["defence"] is not None
    moved(field.cast.client("brigade"), flag, "accept_defence", note="属实")
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), read() as session:
        assert list(verify_scope(session, seals, session.get_one(Scope, field.cast.site_a))) == []
        assert session.get_one(Site, field.cast.site_a).name == "牧野花园"


def test_an_order_is_not_signed_over_an_open_defence(app: Flask, cast: Cast, tmp_path: Path) -> None:
    field, flag = answered_field(app, cast, tmp_path)
    field.cast.clock.set(instant_ms(DAY, "14:00"))
    moved(field.cast.client("section"), flag, "order_rectification", note="换装线路")
    moved(field.cast.client("contractor"), flag, "state_defence", note="线路已换")
    desk = Desk(field, "section")
    assert desk.sign(desk.draft(flag, "inspection_record", **RECORD)).status_code == 303, "facts are recorded"
    paper = desk.draft(flag, "order", **ORDER)
    refused = desk.sign(paper)
    assert refused.status_code == 422 and "陈述申辩还没有答复" in refused.text
    moved(field.cast.client("section"), flag, "reject_defence", note="复核后线路未换")
    assert desk.sign(paper).status_code == 303

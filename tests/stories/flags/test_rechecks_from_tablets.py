"""A recheck that an inspector wrote where there was no network: it moves the flag once, or the flag's page says why not."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.actions.audit.verify_log import verify_scope
from server.base.db import read, write
from server.models import User
from server.models.scope import Scope
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.stories.exports import exported, take
from tests.stories.field import Field
from tests.stories.flags.cast import act, at, missed_flag, moved, notices, planned_field, show
from tests.stories.kinds.desk import at_the_console
from tests.stories.photos import Photographer, picture, sha256

SHOT = picture()
PROMISED = [{"sha256": sha256(SHOT), "bytes": len(SHOT), "type": "image/jpeg"}]


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@pytest.fixture
def flag(field: Field) -> str:
    """The company has replied to an order: the flag waits for a recheck."""
    flag = missed_flag(field)
    moved(field.cast.client("section"), flag, "order_rectification", note="食堂每日消毒两次")
    moved(field.cast.client("contractor"), flag, "submit_rectification", note="已补做")
    return flag


@pytest.fixture
def tablet(field: Field, flag: str) -> Tablet:
    return field.tablet("round")


def held(tablet: Tablet, flag: str) -> dict[str, Any]:
    (found,) = [item for item in tablet.list("flag") if item.id == flag]
    return dict(found.body)


def recheck(field: Field, tablet: Tablet, flag: str, result: str = "pass_recheck", **more: Any) -> str:
    said = {"flag": flag, "seen": held(tablet, flag)["event"], "result": result, "note": "已现场查看", **more}
    return tablet.add(field.scope, "flag_recheck", said, media=PROMISED if "photo" in more else ())


def kept(field: Field, flag: str) -> list[tuple[str, str]]:
    events = show(field.cast.client("section"), flag)["events"]
    return [
        (event["detail"]["record"], event["detail"]["reason"])
        for event in events
        if event["action"] == "recheck_kept"
    ]


def test_a_tablet_gets_what_was_asked_until_when_and_what_was_replied(
    field: Field, tablet: Tablet, flag: str
) -> None:
    got = held(tablet, flag)
    assert (got["asked"]["action"], got["asked"]["note"]) == ("order_rectification", "食堂每日消毒两次")
    assert (got["reply"]["note"], got["reply"]["by"], got["reply"]["media"]) == (
        "已补做",
        "劳资专管员王芳",
        [],
    )
    assert got["due"] == show(field.cast.client("section"), flag)["turn"]["due"]
    assert got["event"] == show(field.cast.client("section"), flag)["rev"]


@pytest.mark.parametrize(("result", "state"), [("pass_recheck", "verified"), ("fail_recheck", "rectifying")])
def test_a_recheck_moves_the_flag_when_it_arrives(
    field: Field, tablet: Tablet, flag: str, result: str, state: str
) -> None:
    record = recheck(field, tablet, flag, result, photo=[sha256(SHOT)])
    assert tablet.sync().ok
    shown = show(field.cast.client("section"), flag)
    last = shown["events"][-1]
    assert (shown["state"], last["action"], last["actor"]) == (state, result, "检查员李华")
    assert (last["detail"]["record"], last["detail"]["note"]) == (record, "已现场查看")
    assert last["detail"]["media"] == [sha256(SHOT)]
    assert result in notices(field, "contractor")
    assert tablet.sync().ok
    assert (held(tablet, flag)["state"], held(tablet, flag)["rechecks"]) == (state, [{"record": record}])


def test_a_recheck_that_failed_leaves_the_next_one_with_whoever_ordered(
    field: Field, tablet: Tablet, flag: str
) -> None:
    recheck(field, tablet, flag, "fail_recheck")
    assert tablet.sync().ok
    replied = moved(field.cast.client("contractor"), flag, "submit_rectification", note="又做了一次")
    assert (replied["turn"]["step"], replied["turn"]["unit"]) == ("recheck", "zhian")


def test_its_photo_comes_later_and_the_page_says_so_until_then(
    field: Field, tablet: Tablet, flag: str
) -> None:
    recheck(field, tablet, flag, photo=[sha256(SHOT)])
    assert tablet.sync().ok
    page = f"/console/flags/{flag}"
    browser = at_the_console(field, "section")
    assert "照片未到" in browser.get(page).text
    photographer = Photographer(field.cast, field.folder / "photographer")
    begun = photographer.create(SHOT)
    assert photographer.patch(begun.headers["Location"], 0, SHOT).status_code == 204
    assert "照片未到" not in browser.get(page).text


def test_the_same_recheck_sent_twice_moves_it_once(field: Field, tablet: Tablet, flag: str) -> None:
    recheck(field, tablet, flag)
    carried = exported(field, "round")
    assert tablet.sync().ok
    take(field, carried)
    actions = [event["action"] for event in show(field.cast.client("section"), flag)["events"]]
    assert actions.count("pass_recheck") == 1


def test_a_recheck_that_comes_after_another_is_kept_and_said(field: Field, tablet: Tablet, flag: str) -> None:
    record = recheck(field, tablet, flag, "fail_recheck", photo=[sha256(SHOT)])
    moved(field.cast.client("section"), flag, "pass_recheck")
    assert tablet.sync().ok
    assert show(field.cast.client("section"), flag)["state"] == "verified"
    assert kept(field, flag) == [(record, "stale_rev")]
    assert "recheck_kept" in notices(field, "section")
    page = at_the_console(field, "section").get(f"/console/flags/{flag}").text
    assert "平板上的复查已留存, 没有改变状态: 送到之前标记已经另行处理, 请人核对" in page
    assert "平板上写的是: 复查不通过" in page and "已现场查看" in page
    assert "recheck_kept" not in str(show(field.cast.client("contractor"), flag)["events"])
    assert tablet.sync().ok
    assert held(tablet, flag)["rechecks"] == [
        {"record": record, "kept": "stale_rev", "because": "送到之前标记已经另行处理, 请人核对"}
    ]


def test_of_two_tablets_the_first_to_arrive_moves_it(field: Field, tablet: Tablet, flag: str) -> None:
    with field.tablet("colleague", field.second_inspector()) as colleague:
        first = recheck(field, tablet, flag)
        second = recheck(field, colleague, flag, "fail_recheck")
        assert colleague.sync().ok
        assert tablet.sync().ok
    shown = show(field.cast.client("section"), flag)
    assert shown["state"] == "rectifying"
    assert [event["detail"]["record"] for event in shown["events"] if event["action"] == "fail_recheck"] == [
        second
    ]
    assert kept(field, flag) == [(first, "stale_rev")]


def test_a_deadline_that_passed_meanwhile_takes_nothing_from_it(
    field: Field, tablet: Tablet, flag: str
) -> None:
    recheck(field, tablet, flag)
    at(field, "09:00", "2026-12-07")
    assert tablet.sync().ok
    assert show(field.cast.client("section"), flag)["state"] == "verified"
    assert kept(field, flag) == []


def test_an_inspector_of_a_company_moves_nothing(field: Field, tablet: Tablet, flag: str) -> None:
    record = recheck(field, tablet, flag)
    with field.app.app_context(), write() as session:
        session.get_one(User, field.cast.users["inspector"]).unit = "shizheng"
    assert tablet.sync().ok
    assert show(field.cast.client("section"), flag)["state"] == "submitted"
    assert kept(field, flag) == [(record, "role_not_allowed")]


def test_a_recheck_of_what_waits_for_none_or_is_the_brigades_is_kept(
    field: Field, tablet: Tablet, flag: str
) -> None:
    section = field.cast.client("section")
    moved(section, flag, "transfer")
    assert tablet.sync().ok
    record = recheck(field, tablet, flag)
    assert tablet.sync().ok
    assert kept(field, flag) == [(record, "illegal_move")]


def test_a_recheck_of_a_flag_that_is_not_of_this_site_stays_a_record(
    field: Field, tablet: Tablet, flag: str
) -> None:
    said = {"flag": field.cast.site_a, "result": "pass_recheck", "note": "看过"}
    record = tablet.add(field.scope, "flag_recheck", said)
    assert tablet.sync().ok
    assert record in [item.id for item in tablet.list("flag_recheck")]
    assert show(field.cast.client("section"), flag)["state"] == "submitted"


def test_a_void_or_corrected_recheck_moves_nothing_again(field: Field, tablet: Tablet, flag: str) -> None:
    record = recheck(field, tablet, flag)
    tablet.void(field.scope, record, "看错了地点")
    assert tablet.sync().ok
    assert show(field.cast.client("section"), flag)["state"] == "submitted"
    again = recheck(field, tablet, flag)
    assert tablet.sync().ok
    events = show(field.cast.client("section"), flag)["events"]
    tablet.amend(field.scope, again, {"flag": flag, "result": "pass_recheck", "note": "地面也看了"})
    assert tablet.sync().ok
    assert show(field.cast.client("section"), flag)["events"] == events


def test_the_history_and_its_proofs_hold_and_pages_show_the_record(
    field: Field, tablet: Tablet, flag: str
) -> None:
    record = recheck(field, tablet, flag)
    assert tablet.sync().ok
    with field.app.app_context(), read() as session:
        scope = session.get_one(Scope, field.cast.site_a)
        assert list(verify_scope(session, field.app.extensions["gongdi"].seals, scope)) == []
    browser = at_the_console(field, "section")
    path = f"/console/sites/{field.cast.site_a}/records/flag_recheck/{record}"
    assert path in browser.get(f"/console/flags/{flag}").text
    shown = browser.get(path)
    assert (shown.status_code, "已现场查看" in shown.text) == (200, True)


def test_a_tablet_gets_the_photos_of_the_reply_while_the_flag_is_open(
    field: Field, tablet: Tablet, flag: str
) -> None:
    section, contractor = field.cast.client("section"), field.cast.client("contractor")
    moved(section, flag, "fail_recheck", note="还差一处")
    form = {"file": (io.BytesIO(SHOT), "消毒.jpg")}
    path = f"/api/v1/media/{field.cast.site_a}"
    sent = contractor.post(path, data=form, content_type="multipart/form-data")
    digest = sent.get_json()["sha256"]
    other = contractor.post(
        path, data={"file": (io.BytesIO(picture(size=(90, 90))), "x.jpg")}, content_type="multipart/form-data"
    )
    moved(contractor, flag, "submit_rectification", media=[digest])
    assert tablet.sync().ok
    assert held(tablet, flag)["reply"]["media"] == [digest]
    device = Photographer(field.cast, field.folder / "device").wire

    def asked(name: str, of: str = flag, by: Any = device) -> Any:
        path = f"/sync/v1/flags/{of}/photos/{name}"
        return by.http.get(path, headers=by.signed("GET", path, b"", {}))

    got = asked(digest)
    assert (got.status_code, got.content_type) == (200, "image/jpeg")
    assert asked(other.get_json()["sha256"]).status_code == 404  # of the site, but of no move
    assert asked(digest, field.cast.site_a).status_code == 404
    assert device.http.get(f"/sync/v1/flags/{flag}/photos/{digest}").status_code == 401
    moved(section, flag, "pass_recheck")
    moved(section, flag, "close")
    assert asked(digest).status_code == 404


def test_a_section_rechecks_at_the_console_as_before(field: Field, tablet: Tablet, flag: str) -> None:
    assert act(field.cast.client("inspector"), flag, "close").status_code == 403
    passed = moved(field.cast.client("section"), flag, "pass_recheck")
    assert passed["state"] == "verified"

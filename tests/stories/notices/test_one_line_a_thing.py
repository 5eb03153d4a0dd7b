"""The list of notices has one line for each thing that they are about, and what was read stays read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.notices.list_notices import ShownNotice, count_unread, page_of_notices
from server.base.db import read, write
from server.models import Notice, User
from server.models.access import Viewer, viewer_of
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import at, missed_flag, moved, notices, planned_field
from tests.stories.kinds.desk import at_the_console


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def lines(field: Field, name: str, unread: bool = False, limit: int = 30) -> list[ShownNotice]:
    """All lines of this user's list, page by page."""
    found: list[ShownNotice] = []
    cursor = None
    with field.app.app_context(), read() as session:
        viewer = viewer_of(session, session.get_one(User, field.cast.users[name]))
        while True:
            page = page_of_notices(session, viewer, cursor, limit, unread)
            found += page.items
            cursor = page.next
            if cursor is None:
                return found


def unread(field: Field, name: str) -> int:
    with field.app.app_context(), read() as session:
        viewer: Viewer = viewer_of(session, session.get_one(User, field.cast.users[name]))
        return count_unread(session, viewer)


def many_notices(field: Field) -> str:
    """The section was notified of a flag more than once."""
    flag = missed_flag(field)
    for time in ("15:00", "17:00", "22:00"):
        at(field, time)
    assert len(notices(field, "section")) > len(
        {line.flag.id for line in lines(field, "section") if line.flag}
    )
    return flag


def test_a_flag_with_several_notices_is_one_line_that_says_what_is_new(field: Field) -> None:
    flag = many_notices(field)
    (line,) = [line for line in lines(field, "section") if line.flag and line.flag.id == flag]
    assert line.count > 1 and sum(line.unread.values()) == line.count
    assert unread(field, "section") == len(lines(field, "section"))


def test_it_is_the_newest_of_them_and_the_newest_thing_is_first(field: Field) -> None:
    many_notices(field)
    shown = lines(field, "section")
    times = [line.notice.made_ms for line in shown]
    assert times == sorted(times, reverse=True)
    with field.app.app_context(), read() as session:
        own = sa.and_(Notice.user_id == field.cast.users["section"], Notice.channel_id.is_(None))
        newest = sa.select(Notice.id).where(own).order_by(Notice.made_ms.desc(), Notice.id.desc())
        assert shown[0].notice.id == session.scalar(newest.limit(1))


def test_pages_have_each_thing_once(field: Field) -> None:
    many_notices(field)
    whole = [line.notice.id for line in lines(field, "section")]
    assert [line.notice.id for line in lines(field, "section", limit=1)] == whole
    assert len(whole) == len(set(whole)) > 1


def test_whoever_opens_the_flag_has_read_it_and_nothing_else(field: Field) -> None:
    flag = many_notices(field)
    before = unread(field, "section")
    desk = at_the_console(field, "section")
    page = desk.get(f"/console/flags/{flag}").text
    assert unread(field, "section") == before - 1
    if before > 1:
        assert f'unread-count">{before - 1}<' in page
    (line,) = [line for line in lines(field, "section") if line.flag and line.flag.id == flag]
    assert not line.unread and line.count > 1
    assert flag not in [line.flag.id for line in lines(field, "section", unread=True) if line.flag]


def test_what_was_read_stays_read_and_only_what_is_new_counts_again(field: Field) -> None:
    flag = missed_flag(field)
    moved(field.cast.client("section"), flag, "order_rectification", note="食堂每日消毒两次")
    desk = at_the_console(field, "section")
    desk.get(f"/console/flags/{flag}")
    read_ones = len(notices(field, "section"))
    moved(field.cast.client("contractor"), flag, "submit_rectification", note="已补做")
    (line,) = [line for line in lines(field, "section") if line.flag and line.flag.id == flag]
    assert dict(line.unread) == {"submit_rectification": 1}
    assert line.count <= read_ones + 1
    assert "整改回复" in desk.get("/console/notices?unread=1").text


def test_another_persons_notices_stay_unread(field: Field) -> None:
    flag = missed_flag(field)
    moved(field.cast.client("section"), flag, "order_rectification", note="食堂每日消毒两次")
    before = unread(field, "contractor")
    at_the_console(field, "section").get(f"/console/flags/{flag}")
    assert unread(field, "contractor") == before > 0


def test_one_line_is_marked_as_read_by_its_button(field: Field) -> None:
    flag = many_notices(field)
    desk = at_the_console(field, "section")
    page = desk.get("/console/notices").text
    marks = dict(
        re.findall(r'name="(form_token|form_key)" value="([^"]+)"', page[page.index("/notices/read") :])
    )
    (line,) = [line for line in lines(field, "section") if line.flag and line.flag.id == flag]
    before = unread(field, "section")
    answer = desk.post("/console/notices/read", data={**marks, "only": line.notice.id})
    assert answer.status_code == 303
    assert unread(field, "section") == before - 1
    other = at_the_console(field, "contractor")
    assert other.post("/console/notices/read", data={**marks, "only": line.notice.id}).status_code == 403


def test_what_is_about_no_flag_is_a_line_of_its_own(field: Field) -> None:
    row = {"channel_id": None, "what": "expiring", "severe": False, "made_ms": 1, "due_ms": 1}
    with field.app.app_context(), write() as session:
        for number in (1, 2):
            notice_id = f"01980a1e-0000-7000-8000-00000000000{number}"
            user = field.cast.users["contractor"]
            session.add(
                Notice(id=notice_id, key=f"expiring:{number}", user_id=user, detail=f"第 {number} 份", **row)
            )
    shown = lines(field, "contractor")
    assert [line.notice.detail for line in shown] == ["第 2 份", "第 1 份"]
    assert unread(field, "contractor") == 2

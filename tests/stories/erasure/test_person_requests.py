"""A worker asks to see, correct or erase the own data: the office notes it, a clock runs, somebody answers."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from server.base.db import read
from server.models import Notice, PersonRequest
from server.rules.calendar import DAY_MS
from server.workflows.scheduler import tick
from tests.server.office import Office, refusal_of

PAGE = "person-requests"
ASKED = {"kind": "see", "name": "张三丰", "contact": "13800001234", "text": "想知道存了我哪些测温记录"}
ANSWER = {"outcome": "done", "answer": "已打印交给本人"}


@pytest.fixture
def asked(office: Office) -> Office:
    assert office.seat("section").send(PAGE, **ASKED).status_code == 303
    return office


def rows(office: Office) -> list[PersonRequest]:
    with office.app.app_context(), read() as session:
        return list(session.scalars(sa.select(PersonRequest)))


def notices(office: Office) -> set[tuple[str, str]]:
    query = sa.select(Notice.what, Notice.user_id).where(Notice.channel_id.is_(None))
    names = {user: name for name, user in office.cast.users.items()}
    with office.app.app_context(), read() as session:
        return {(what, names[user]) for what, user in session.execute(query) if what.startswith("person")}


def answer_at(office: Office) -> str:
    return f"{PAGE}/{rows(office)[0].id}/answer"


def test_what_is_noted_is_read_by_those_who_answer_and_sealed(asked: Office) -> None:
    for name in ("section", "admin", "brigade"):
        page = asked.seat(name).get(PAGE)
        assert "张三丰" in page and "待答复" in page and "第四十五条" in page
    (row,) = rows(asked)
    assert "张三丰".encode() not in row.said and b"1380000" not in row.said
    assert "1 件个人信息请求待答复" in asked.seat("section").get("today")


def test_it_is_answered_within_thirty_days_and_somebody_is_reminded(asked: Office) -> None:
    (row,) = rows(asked)
    assert 30 * DAY_MS < row.due_ms - row.received_ms <= 31 * DAY_MS
    tick(asked.app, row.due_ms - 7 * DAY_MS - 1)
    assert notices(asked) == set()
    for _ in range(2):
        tick(asked.app, row.due_ms - 7 * DAY_MS)
    reminded = {("person_request_due", name) for name in ("section", "admin", "deputy")}
    assert notices(asked) == reminded
    for after_ms in (0, DAY_MS):
        tick(asked.app, row.due_ms + after_ms)
    assert notices(asked) == reminded | {
        ("person_request_late", name) for name in ("section", "admin", "deputy")
    }
    assert rows(asked)[0].next_ms is None
    asked.cast.clock.set(row.due_ms)
    assert "超过期限" in asked.seat("section").get(PAGE)


def test_what_is_answered_is_closed_and_nobody_is_reminded(asked: Office) -> None:
    section = asked.seat("section")
    assert section.send(PAGE, answer_at(asked), **ANSWER).status_code == 303
    page = section.get(PAGE)
    assert "已打印交给本人" in page and "已办" in page and "待答复" not in page
    assert "已打印".encode() not in (rows(asked)[0].answer or b"")
    assert refusal_of(section.send(PAGE, answer_at(asked), **ANSWER)) == "request_answered"
    tick(asked.app, rows(asked)[0].due_ms)
    assert notices(asked) == set()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "else"},
        {"name": " "},
        {"name": "张" * 65},
        {"text": ""},
        {"contact": ""},
        {"site": "没有的地点"},
    ],
)
def test_what_cannot_be_noted_says_why_and_keeps_what_was_typed(
    office: Office, wrong: dict[str, str]
) -> None:
    answer = office.seat("section").send(PAGE, **{**ASKED, **wrong})
    assert answer.status_code == 422 and refusal_of(answer) == "invalid_input"
    assert ASKED["text"] in answer.text or "text" in wrong
    assert rows(office) == []


def test_a_request_about_a_site_of_others_is_neither_seen_nor_answered(asked: Office) -> None:
    admin, section = asked.seat("admin"), asked.seat("section")
    noted = admin.send(PAGE, **{**ASKED, "name": "李四海", "site": asked.cast.site_b})
    assert noted.status_code == 303, refusal_of(noted)
    assert "李四海" in admin.get(PAGE) and "李四海" not in section.get(PAGE)
    other = next(row for row in rows(asked) if row.site_id is not None)
    assert section.send(PAGE, f"{PAGE}/{other.id}/answer", **ANSWER).status_code == 404
    for name in ("inspector", "contractor"):
        asked.seat(name).get(PAGE, 404)

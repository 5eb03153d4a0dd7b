"""The audit shows who did what, newest first, each thing once, and gives it as a workbook."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from server.actions.accounts.manage_users import find_user, set_password
from server.actions.audit.list_deeds import Asked, page_of_deeds
from server.base.db import read, write
from server.files.read_workbook import read_workbook
from server.models import AuditEvent, Disclosure, Erasure
from server.models.audit import Deed, record_deed
from server.rules.audit_words import EVENTS, GROUPS
from tests.server.cast import NOW_MS, identity
from tests.server.office import Office, refusal_of


@pytest.fixture
def busy(office: Office) -> Office:
    """An office in which something of every source was done."""
    by = office.cast.users
    with office.app.app_context(), write() as session:
        set_password(session, find_user(session, "section"), "three unrelated words", NOW_MS)  # by a command
        changes = {"stage": ("building", "stopped"), "district": ("410702", "410704")}
        record_deed(
            session, Deed("site_edited", by["admin"], "牧野花园", office.cast.site_a, changes), NOW_MS
        )
        for number, people in enumerate((0, 12)):
            row = Disclosure(id=identity(f"shown {number}"), site_id=office.cast.site_a, people=people)
            row.user_id, row.at_ms, row.reason = by["brigade"], NOW_MS + number, "核对工伤"
            session.add(row)
        erasure = Erasure(id=identity("erasure"), asked_by=by["deputy"], asked_ms=NOW_MS, reason="本人申请")
        erasure.document, erasure.step, erasure.leftover, erasure.done = "新建信〔2026〕1号", "done", [], {}
        session.add(erasure)
    return office


def lines(page: str) -> list[str]:
    return [re.sub(r"<[^>]+>|\s+", " ", row) for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)][1:]


def test_what_was_done_is_shown_with_who_what_it_changed_and_why(busy: Office) -> None:
    shown = "\n".join(lines(busy.seat("admin").get("admin/audit")))
    for parts in (
        ("服务器上的命令", "更换密码", "section"),
        ("管理员", "修改地点", "牧野花园", "阶段: 在建 → 停工; 区县: 红旗区 → 凤泉区"),
        ("监察支队周强", "导出完整号码", "牧野花园 · 12 人", "核对工伤"),
        ("监察支队周强", "按号码查人"),
        ("管理员二", "删除个人资料", "新建信〔2026〕1号", "本人申请"),
        ("管理员", "登录"),
    ):
        assert re.search(".*".join(map(re.escape, parts)), shown), parts


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("group=data&who=周强", 2),
        ("group=site", 1),
        ("who=管理员二", 1),
        ("subject=牧野花园", 3),
        ("from=2026-11-24", 0),
        ("to=2026-11-22", 0),
        ("from=2026-11-23&to=2026-11-23&group=data", 3),
        ("subject=%25", 0),
        ("who=%00&group=%00&subject=新建信", 1),
    ],
)
def test_filters_narrow_it(busy: Office, asked: str, found: int) -> None:
    assert len(lines(busy.seat("admin").get(f"admin/audit?{asked}"))) == found


def test_dates_and_cursors_that_cannot_be_are_refused_and_not_ignored(busy: Office) -> None:
    admin = busy.seat("admin")
    for asked in ("from=soon", "to=2026-02-30", "cursor=x", "from=\x00"):
        page = admin.client.get("/console/admin/audit", query_string=asked)
        assert (page.status_code, refusal_of(page)) == (422, "invalid_input"), asked
    assert admin.client.get("/console/admin/audit.xlsx?from=soon").status_code == 422


def test_pages_show_everything_once_though_sources_and_times_are_mixed(busy: Office) -> None:
    with busy.app.app_context(), write() as session:
        for number in range(7):
            record_deed(session, Deed("logged_in", None, str(number)), NOW_MS + number % 2)
    with busy.app.app_context(), read() as session:
        whole = [deed.id for deed in page_of_deeds(session, Asked(), None, 1000).items]
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = page_of_deeds(session, Asked(), cursor, 2)
            found += [deed.id for deed in page.items]
            cursor = page.next
            if cursor is None:
                break
    assert found == whole and len(set(whole)) == len(whole) == 12


def test_the_workbook_has_the_rows_and_is_a_deed_itself(busy: Office) -> None:
    admin = busy.seat("admin")
    answer = admin.client.get("/console/admin/audit.xlsx?group=data")
    rows = read_workbook(answer.data).sheets[0].rows
    assert rows[0][3] == "做了什么"
    assert {row[3] for row in rows[1:]} == {"导出完整号码", "按号码查人", "删除个人资料"}
    with busy.app.app_context(), read() as session:
        last = session.scalars(sa.select(AuditEvent).where(AuditEvent.what == "exported")).one()
        assert (last.user_id, last.subject) == (busy.cast.users["admin"], "操作记录")


def test_exports_of_rosters_are_kept(office: Office) -> None:
    site = office.cast.site_a
    assert office.seat("section").client.get(f"/console/sites/{site}/roster.xlsx").status_code == 200
    office.cast.client("contractor").get(f"/api/v1/sites/{site}/roster.xlsx")
    shown = lines(office.seat("admin").get("admin/audit?group=data"))
    assert [("孙丽" in row, "王芳" in row) for row in shown] == [(False, True), (True, False)]


def test_every_code_has_a_group_and_nobody_else_reads_the_audit(office: Office) -> None:
    assert {event.group for event in EVENTS.values()} <= GROUPS.keys()
    for name in ("section", "brigade", "contractor", "inspector"):
        office.seat(name).get("admin/audit", 404)
        office.seat(name).get("admin/audit.xlsx", 404)

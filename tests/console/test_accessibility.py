"""Every page of the console, as each role sees it, passes the accessibility checks of axe-core."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import ViewportSize, expect

from server.actions.approvals.proposals import propose
from server.actions.reference.load_reference import tx_of
from server.base.db import read, write
from server.models import Device, User
from server.models.access import viewer_of
from tests.axe import serious_findings
from tests.console.conftest import DESK, PHONE, OpenPage
from tests.server.cast import Cast
from tests.server.rosters.people import TITLES, person
from tests.stories.field import Field
from tests.stories.flags.cast import missed_flag, moved, planned_field
from tests.stories.questions.test_settling import contested_worker
from tests.stories.rosters.uploads import commit, people_file, preview, read_at_once, xlsx

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
_SITE = (
    "sites",
    "sites/{site}",
    "sites/{site}/roster",
    "sites/{site}/people",
    "sites/{site}/records/disinfection_log",
    "notices",
    "help",
)
PAGES: dict[str | None, tuple[str, ...]] = {
    "section": (
        *(
            "today",
            "figures",
            "search",
            "calendar",
            "visits?day=2026-11-25",
            "stand-ins",
            "waiting",
            "flags",
            "flags/{flag}",
            "overview",
            "questions",
            "questions/people",
        ),
        *("leading-group", "plan", "plan/notice_2021.2.2.14", "plan/notice_2021.2.2.14/sites/{site}"),
        *_SITE,
    ),
    "contractor": ("waiting", "flags/{flag}", "figures", "rosters/titles", *_SITE),
    "admin": (
        "admin",
        "stand-ins",
        "admin/users",
        "admin/users/{user}",
        "password",
        "admin/companies",
        "admin/sites",
        "admin/sites/{site}",
        "admin/assignments?user={user}",
        "sites/{site}/suspensions",
        "sites/{site}/alert",
        "admin/devices",
        "admin/devices/{device}",
        "admin/codes",
        "proposals",
        "proposals/{proposal}",
        "admin/forms",
        "admin/forms/disinfection_log",
        "admin/packs",
        "admin/packs/notice_2021",
        "admin/rules",
        "admin/rules/fever_celsius",
        "admin/rows",
        "admin/rows/duties/DISINFECT",
        "admin/rows/duties/new",
        "admin/holidays",
        "admin/risk-areas",
        "admin/cameras",
        "admin/keys",
        "admin/state",
        "admin/services",
        "admin/channels",
        "person-requests",
        "admin/audit",
    ),
    None: ("login",),
}


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def only_device(field: Field) -> str:
    with field.app.app_context(), read() as session:
        return str(session.scalars(sa.select(Device.id).where(Device.device_class == "tablet")).first())


def a_proposal(field: Field) -> str:
    """The id of one that waits for a second administrator."""
    given = {"value": "37.5", "valid_from": "2027-01-01", "source": "新防指〔2026〕9号", "mark": "F"}
    with field.app.app_context(), write() as session:
        tx = tx_of(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())
        proposer = viewer_of(session, session.get_one(User, field.cast.users["admin"]))
        payload = {**given, "code": "fever_celsius"}
        return propose(tx, proposer, "change_rule", payload, "按指挥部通知").id


def test_every_page_of_administration_is_looked_at(app: Flask) -> None:
    adapter = app.url_map.bind("")
    known = dict.fromkeys(("site", "user", "device", "proposal"), "00000000-0000-0000-0000-000000000000")
    paths = (path.format(**known).partition("?")[0] for path in PAGES["admin"])
    looked_at = {adapter.match(f"/console/{path}")[0] for path in paths}
    for rule in app.url_map.iter_rules():
        page = rule.rule.removeprefix("/console/")
        if page.startswith(("admin", "proposals")) and "GET" in (rule.methods or ()):
            assert rule.endpoint in looked_at or page.endswith(".xlsx"), page


@SIZES
@pytest.mark.parametrize("name", PAGES, ids=str)
def test_no_page_has_a_serious_finding(
    open_page: OpenPage, field: Field, size: ViewportSize, name: str | None
) -> None:
    flag = missed_flag(field)
    moved(field.cast.client("section"), flag, "order_rectification", note="食堂每日消毒两次")
    contested_worker(field)
    known = {"flag": flag, "site": field.cast.site_a, "user": field.cast.users["inspector"]}
    if name == "admin":
        known |= {"device": only_device(field), "proposal": a_proposal(field)}
    page = open_page("/console/login", size, name)
    found = {}
    pages = PAGES[name][size == PHONE :: 2] if name == "admin" else PAGES[name]  # its pages have one layout
    for path in pages:
        answer = page.goto("/console/" + path.format(**known))
        assert answer is not None and answer.status == 200
        found[path] = serious_findings(page)
    assert {path: serious for path, serious in found.items() if serious} == {}


@SIZES
def test_a_roster_with_wrong_rows_has_no_serious_finding(
    open_page: OpenPage, field: Field, size: ViewportSize, tmp_path: Path
) -> None:
    read_at_once(field.cast)
    file = tmp_path / "名册.xlsx"
    file.write_bytes(people_file(person(1), replace(person(2), certificate_number="410702199001010011")))
    page = open_page(f"/console/sites/{field.cast.site_a}/roster", size, "contractor")
    page.get_by_label("名册文件").set_input_files(file)
    page.get_by_role("button", name="上传并预览").press("Enter")
    expect(page.get_by_text("等待提交")).to_be_visible()
    assert serious_findings(page) == []
    page.get_by_text("依据").first.click()
    assert serious_findings(page) == []
    page.get_by_role("link", name="调整各列").click()
    assert serious_findings(page) == []
    page.get_by_role("link", name="返回预览").click()
    page.get_by_role("button", name="提交名册").click()
    expect(page.get_by_text("已提交: 新增 1 人")).to_be_visible()
    assert serious_findings(page) == []


@SIZES
def test_a_choice_that_is_refused_has_no_serious_finding(
    open_page: OpenPage, field: Field, size: ViewportSize, complaints: list[str]
) -> None:
    read_at_once(field.cast)
    contractor, site = field.cast.client("contractor"), field.cast.site_a
    commit(contractor, preview(contractor, site, people_file(person(1), person(2))))
    page = open_page("/console/login", size, "contractor")
    page.goto(f"/console/rosters/{preview(contractor, site, people_file(person(3)))['id']}")
    page.get_by_label("全部 2 人登记退场").check()
    page.get_by_role("button", name="提交名册").click()
    expect(page.get_by_role("alert")).to_contain_text("请填写退场日期")
    assert serious_findings(page) == []
    data = xlsx([person(1).cells()], ["工人大名", *TITLES[1:]])
    page.goto(f"/console/rosters/{preview(contractor, site, data)['id']}")
    page.get_by_label("第 1 列的含义").select_option("team")
    page.get_by_role("button", name="确认各列").click()
    expect(page.get_by_role("alert")).to_contain_text("请只保留一列")
    assert serious_findings(page) == []
    complaints[:] = [line for line in complaints if "422" not in line]  # the browser logs the status too

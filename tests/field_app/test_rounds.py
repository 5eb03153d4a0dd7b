"""Rounds with their findings, and the flags of a site."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from server.workflows.scheduler import tick
from tests.field_app.conftest import bodies, elsewhere
from tests.field_app.inspector import Inspector

FINDING = "巡查发现的问题"
ADD = f"添加{FINDING}"


def test_a_round_goes_on_after_a_kill_and_its_findings_name_it(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.context.set_offline(True)
    inspector.open("巡查")
    page.get_by_role("button", name="专项检查").click()
    page.get_by_role("link", name=ADD).click()
    find(inspector, "口罩佩戴", "一般", "三人未戴口罩", photos=2)
    page.get_by_role("link", name=ADD).click()
    page.get_by_role("button", name="隔离室").first.click()
    page.locator("[name=description]").fill("隔离室堆放杂物")
    inspector.expect_kept("隔离室堆放杂物")
    page = inspector.open_again()
    page.get_by_role("link", name="巡查进行中").click()
    findings = page.get_by_role("region", name=FINDING)
    expect(findings.locator(".records details")).to_have_count(1)
    findings.locator("summary").click()
    expect(findings.locator(".thumbnail")).to_have_count(2)
    expect(page.get_by_role("button", name="专项检查")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="继续填写").click()
    expect(page.locator("[name=description]")).to_have_value(
        "隔离室堆放杂物"
    )  # what was begun is still there
    page.get_by_role("button", name="严重", exact=True).click()
    page.get_by_role("group", name="检查项目").get_by_role("button", name="隔离室").click()
    page.get_by_role("button", name="保存").click()
    page.locator("[name=companion]").fill("李工")
    page.get_by_role("button", name="发现问题", exact=True).click()
    page.get_by_role("button", name="保存").click()
    page.locator(".records summary", has_text="专项检查 发现问题").click()
    expect(findings.locator("details")).to_have_count(2)  # on the round's own page
    inspector.open("今日")
    expect(page.get_by_role("link", name="进行中")).to_have_count(0)
    inspector.context.set_offline(False)
    inspector.sync()
    inspector.expect_unsent(0)
    (made,) = elsewhere(inspector.field, "inspection_round")
    assert bodies([made], "purpose", "result", "companion", "latitude_deg") == [
        ("special", "findings", "李工", None)
    ]
    found = elsewhere(inspector.field, "inspection_finding")
    assert bodies(found, "round", "topic", "severity") == [
        (made.id, "isolation", "severe"),
        (made.id, "mask", "ordinary"),
    ]


def test_a_finding_belongs_to_a_round_of_before_and_a_refused_one_is_written_again_for_its_round(
    inspector: Inspector,
) -> None:
    page = inspector.enrol()
    inspector.open("巡查")
    end_round(page, "发现问题")
    inspector.sync()
    inspector.expect_unsent(0)
    inspector.open("巡查")
    page.locator(".records summary", has_text="例行巡查").click()
    inspector.refuse_first("/body/description", "请写明。")
    page.locator(".records").get_by_role("link", name=ADD).click()
    find(inspector, "通风", "一般", "窗户不能打开", photos=1)
    expect(page).to_have_url(re.compile("record="))  # back on the page of its round
    inspector.sync()
    page.get_by_role("button", name="改正后重新填写").click()
    expect(page.locator(".thumbnail")).to_have_count(1)
    chosen = page.locator("[name=round] option:checked")
    expect(chosen).to_contain_text("例行巡查")  # of the rounds that are here
    page.locator("[name=description]").fill("二号宿舍窗户不能打开")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("region", name=FINDING)).to_contain_text("二号宿舍窗户不能打开")
    inspector.sync()
    inspector.expect_unsent(0)
    (made,) = elsewhere(inspector.field, "inspection_finding")
    (ended,) = elsewhere(inspector.field, "inspection_round")
    assert (made.body["round"], made.body["description"]) == (ended.id, "二号宿舍窗户不能打开")


def test_a_sound_round_says_where_it_was_made_if_somebody_locates_it(inspector: Inspector) -> None:
    inspector.context.grant_permissions(["geolocation"])
    inspector.context.set_geolocation({"latitude": 35.3030001, "longitude": 113.9269, "accuracy": 12})
    page = inspector.enrol()
    inspector.open("巡查")
    expect(page.locator("[name=latitude_deg]")).to_have_count(0)  # nobody types a position
    page.get_by_role("button", name="定位").click()
    expect(page.get_by_text("误差 12 m")).to_be_visible()
    page.get_by_role("button", name="例行巡查").click()
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".wrong")).to_be_visible()  # a result is never chosen for the inspector
    page.get_by_role("button", name="未发现问题").click()
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".records details")).to_contain_text("未发现问题")
    inspector.sync()
    inspector.expect_unsent(0)
    made = elsewhere(inspector.field, "inspection_round")
    assert bodies(made, "result", "latitude_deg", "longitude_deg", "accuracy_m") == [
        ("sound", 35.303, 113.9269, 12)
    ]


def test_the_flags_of_a_site_are_read_in_words(inspector: Inspector) -> None:
    page = inspector.enrol()
    # The tablet has reported in, and nothing was there.
    tick(inspector.field.app, inspector.field.cast.clock.now_ms())
    inspector.sync()
    inspector.open("今日")
    page.get_by_role("link", name="个未销号").click()
    expect(page.get_by_role("heading", name="标记", level=1)).to_be_visible()
    page.get_by_role("link", name="每日测温").click()
    facts = page.locator(".facts")
    for words in ("待确认", "质安科", "严重", "转载的国家指南"):
        expect(facts).to_contain_text(words)
    expect(page.locator(".dues .row").first).to_contain_text("上班前")


def find(inspector: Inspector, topic: str, severity: str, description: str, photos: int) -> None:
    """Fill in a finding, and save it: its round is shown then."""
    page = inspector.page
    page.get_by_role("group", name="检查项目").get_by_role("button", name=topic).click()
    page.get_by_role("button", name=severity).click()
    page.locator("[name=description]").fill(description)
    for number in range(photos):
        inspector.take_photo(shade=number)
        expect(page.locator(".thumbnail")).to_have_count(number + 1)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("region", name=FINDING)).to_contain_text(topic)


def end_round(page: Page, result: str) -> None:
    """Fill in a round of the usual sort, and save it."""
    page.get_by_role("button", name="例行巡查").click()
    page.get_by_role("button", name=result, exact=True).click()
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".records summary", has_text=f"例行巡查 {result}")).to_be_visible()

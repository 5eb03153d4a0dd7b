"""What waits for a person's decision is described in words, and nothing is settled by one press without a reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import ViewportSize, expect

from tests.chromium import expect_fits
from tests.console.conftest import DESK, PHONE, OpenPage
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import planned_field
from tests.stories.questions.test_settling import contested_worker

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@SIZES
def test_a_contested_value_is_chosen_with_a_reason(
    open_page: OpenPage, field: Field, size: ViewportSize
) -> None:
    contested_worker(field)
    page = open_page("/console/questions", size, "section")
    choice = page.get_by_role("group", name="班组")
    expect(choice).to_contain_text("检查员韩梅 填写")
    choice.get_by_label("木工班").check()
    page.get_by_role("button", name="选定").press("Enter")
    expect(page.get_by_label("依据或理由")).to_be_focused()  # nothing was sent: the reason lacks
    page.get_by_label("依据或理由").fill("与班组长核对")
    page.get_by_role("button", name="选定").press("Enter")
    expect(page.get_by_role("group", name="班组")).to_have_count(0)
    expect_fits(page)


def test_a_refused_entry_says_in_words_what_is_wrong_and_what_it_holds(
    open_page: OpenPage, field: Field
) -> None:
    tablet = field.tablet("first")
    worker = tablet.add(field.scope, "worker", WORKER)
    tablet.add(field.scope, "worker", {**WORKER, "entered_on": "2030-02-30"})
    wrong = {"worker": worker, "celsius": 365, "slot": "before_work", "point": "gate", "mask_worn": True}
    tablet.add(field.scope, "temperature_check", wrong)
    tablet.add(field.scope, "disinfection_log", {"place": "kitchen", "agent": "chlorine", "operator": "王"})
    assert tablet.sync().ok
    page = open_page("/console/questions", DESK, "section")
    person = page.locator(".question", has_text="进场日期")
    expect(person.locator(".problem-error")).to_contain_text("进场日期: 没有这一天")
    for part in ("居民身份证", "钢筋工", "建筑工人", "411***********8104"):
        expect(person).to_contain_text(part)
    expect(person.get_by_role("link", name="名册")).to_be_visible()
    reading = page.locator(".question", has_text="体温 (°C): 应在")
    for part in ("买买提·吐尔逊", "上班前", "大门", "是"):
        expect(reading).to_contain_text(part)
    place = page.locator(".question", has_text="场所: 只能是这几个之一: 宿舍, 食堂")
    place.get_by_label("理由").fill("同一次消毒已另行录入")
    place.get_by_role("button", name="已重新录入").press("Enter")
    page.get_by_role("link", name="已重新录入").click()
    expect(page.get_by_text("同一次消毒已另行录入")).to_be_visible()
    for raw in ("id_card", "/body/", "before_work"):
        expect(page.locator("main")).not_to_contain_text(raw)

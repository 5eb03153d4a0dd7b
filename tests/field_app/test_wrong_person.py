"""A quick touch measures the person it was meant for: lists do not move under it, and a second reading is asked about."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.console.conftest import DESK, PHONE
from tests.field_app.conftest import bodies, elsewhere
from tests.field_app.inspector import Inspector

# Every order of names in which the list shows from now on, while reading what was written is slow.
WATCH_ORDERS = """(slowMs) => {
  window.orders = [];
  const note = () => {
    const order = [...document.querySelectorAll(".people strong")].map((one) => one.textContent).join();
    if (order && window.orders.at(-1) !== order) window.orders.push(order);
  };
  new MutationObserver(note).observe(document.body, { childList: true, subtree: true, characterData: true });
  for (const name of ["getAll", "getAllKeys"]) {
    const real = IDBIndex.prototype[name];
    IDBIndex.prototype[name] = function (...asked) {
      const request = real.apply(this, asked);
      if (this.objectStore.name === "outbox") for (const end = performance.now() + slowMs; performance.now() < end; );
      return request;
    };
  }
}"""
# A notice that comes between, as one about the clock would; and what a touch at (x, y) would mean as soon as the app has
# seen it come, which it does before anything is drawn.
PUSH_DOWN = """async ([x, y]) => {
  const notice = document.createElement("p");
  notice.className = "notice";
  notice.style.height = "76px";
  document.querySelector("main section").prepend(notice);
  await null;
  return (%s)([x, y]);
}"""
TOUCHED = "([x, y]) => document.elementFromPoint(x, y)?.closest('.people button')?.textContent ?? ''"
# A word to the person stays until something is touched: when its own time is up is not what is looked at here.
STAYS_SAID = """() => {
  const real = window.setTimeout;
  window.setTimeout = (work, ms, ...rest) => (ms === 3000 ? 0 : real(work, ms, ...rest));
}"""
LONGEST = "本机还有未上传的记录, 请先应急导出, 再用新的注册码登记。这个注册码属于另一位使用者。"


def test_the_list_shows_only_in_the_order_that_it_will_keep(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.open("测温")
    page.locator(".people button", has_text="张三").click()
    expect(page.locator(".keypad")).to_be_visible()
    page.evaluate(WATCH_ORDERS, 30)
    inspector.type_digits("366")
    expect(page.locator(".last")).to_contain_text("张三 36.6 ℃")
    expect(page.locator(".people button").first).to_contain_text("曾小贤")
    assert page.evaluate("window.orders") == ["曾小贤,张三"]


def test_a_list_stays_as_it_is_while_others_measure(inspector: Inspector, workers: dict[str, str]) -> None:
    page = inspector.enrol()
    inspector.open("测温")
    names = page.locator(".people strong")
    expect(names.first).to_be_visible()
    before = names.all_inner_texts()
    with inspector.field.tablet("colleague") as colleague:
        body = {"worker": workers[before[0]], "celsius": 36.1, "slot": "before_work", "point": "gate"}
        colleague.add(inspector.field.scope, "temperature_check", body)
        assert colleague.sync().ok
    page.evaluate("dispatchEvent(new Event('online'))")  # brings the next exchange at once
    expect(page.locator(".people button").first).to_contain_text("36.1 ℃")
    assert names.all_inner_texts() == before
    inspector.open("名册")
    inspector.open("测温")
    expect(names.first).to_have_text(before[1])


def test_who_was_measured_elsewhere_keeps_the_place_among_those_of_today(
    inspector: Inspector, workers: dict[str, str]
) -> None:
    page = inspector.enrol()
    names = page.locator(".names a")
    first, second = names.all_inner_texts()
    with inspector.field.tablet("colleague") as colleague:
        body = {"worker": workers[first], "celsius": 36.1, "slot": "before_work", "point": "gate"}
        colleague.add(inspector.field.scope, "temperature_check", body)
        assert colleague.sync().ok
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(names.first).to_have_text(f"{first} ✓")
    assert names.all_inner_texts() == [f"{first} ✓", second]


def test_what_has_just_moved_takes_no_touch(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.open("测温")
    row = page.locator(".people button").first
    row.click(trial=True)  # it can be touched by now
    box = row.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    assert page.evaluate(TOUCHED, [x, y]) != ""
    assert page.evaluate(PUSH_DOWN % TOUCHED, [x, y + 80]) == ""  # where the row is now
    expect(row).not_to_have_attribute("data-moved", "")
    assert page.evaluate(TOUCHED, [x, y + 80]) != ""


def test_a_second_reading_of_a_person_and_slot_asks_first(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.measure("张三", "365")
    expect(page.locator(".last")).to_contain_text("张三 36.5 ℃")
    page.locator(".people button", has_text="张三").click()
    asked = page.get_by_role("alert")
    expect(asked).to_contain_text("张三 上班前已测 36.5 ℃")
    expect(page.locator(".keypad")).to_have_count(0)
    page.get_by_role("link", name="不测, 返回名单").click()
    expect(page.locator(".people")).to_be_visible()
    page.locator(".people button", has_text="张三").click()
    page.get_by_role("button", name="再测一次").click()
    inspector.pass_time(60_000)
    inspector.type_digits("367")
    expect(page.locator(".last")).to_contain_text("张三 36.7 ℃")
    page.locator(".people button", has_text="张三").click()
    expect(asked).to_contain_text("上班前已测 36.7 ℃")  # asked about each time
    inspector.sync()
    inspector.expect_unsent(0)
    assert bodies(elsewhere(inspector.field, "temperature_check"), "celsius") == [(36.5,), (36.7,)]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_word_covers_no_key_and_is_gone_with_the_next_touch(
    inspector: Inspector, size: ViewportSize
) -> None:
    page = inspector.enrol()
    page.evaluate(STAYS_SAID)
    inspector.open("门岗")
    page.get_by_role("button", name="张三").click()
    page.get_by_role("button", name="绿码").click()
    inspector.type_digits("365")
    page.get_by_role("button", name="放行进场").click()
    toast = page.locator(".toast")
    expect(toast).to_contain_text("已记录: 张三 进场")
    _assert_lies_over_the_head(page)
    page.get_by_role("button", name="曾小贤").click()
    expect(page.get_by_role("heading", name="曾小贤")).to_be_visible()
    expect(toast).to_have_text("")  # the next person is not called by the name of the one before
    page.mouse.wheel(0, 400)
    page.evaluate(
        "(text) => Object.assign(document.querySelector('.toast'), { className: 'toast bad', textContent: text })",
        LONGEST,
    )
    _assert_lies_over_the_head(page)


def _assert_lies_over_the_head(page: Page) -> None:
    """The head stays at the top, and covers nothing that has to be touched."""
    edges = "(one) => { const box = one.getBoundingClientRect(); return [box.top, box.bottom]; }"
    (top, bottom), (head_top, head_bottom) = (
        page.locator(name).evaluate(edges) for name in (".toast", ".head")
    )
    assert head_top <= top < bottom <= head_bottom

"""The app's own words come from one catalogue: another language leaves none of them in Chinese, and cuts none off."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from schemas.forms.shipped import shipped_codes, shipped_tables_json
from server.actions.reference.load_reference import SEED_DATA
from server.field_app import HOME
from tests.console.conftest import DESK, PHONE
from tests.field_app.inspector import AFTERWARDS, Inspector

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
ROOMS = (
    "today",
    "temperature",
    "temperature/lane",
    "roster",
    "roster/worker",
    "gate",
    "mine",
    "flags",
    "cases",
)
FURTHER_ROOMS = ("cases/new", "more", "reference", "sync")
CHOOSE = "(language) => localStorage.setItem('gongdi-language', language)"
# Texts that are shown, and those that a screen reader says; what is chosen from a list is data.
TEXTS = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    if (walker.currentNode.parentElement.checkVisibility()) found.push(walker.currentNode.data);
  }
  for (const one of document.querySelectorAll("[aria-label], [placeholder]")) {
    found.push(one.ariaLabel ?? "", one.placeholder ?? "");
  }
  return found;
}"""
# Where words are wider or higher than what is touched, and what is touched lies beyond the screen.
CLIPPED = """() => [...document.querySelectorAll("button, a, summary, h1")]
  .filter((one) => one.checkVisibility() && one.clientWidth > 1)
  .filter((one) => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 2)
  .map((one) => `${one.tagName} ${one.className} ${one.textContent}`.slice(0, 120))"""
BEYOND = """() => [...document.querySelectorAll("button, a, input, select, summary")]
  .filter((one) => one.checkVisibility() && !one.closest("nav"))
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && (box.left < -1 || box.right > innerWidth + 1))
  .map(([one]) => one.outerHTML.slice(0, 120))"""
GENERATED = ("contracts.json", "forms.json", "plan.json")
CHINESE = re.compile("[一-鿿]+")


@pytest.fixture(scope="module")
def asked(built: None) -> list[str]:
    found: list[str] = json.loads((HOME / "src" / "generated" / "words.json").read_text("utf-8"))
    return found


def test_english_has_every_word_of_the_app_and_no_other(asked: list[str]) -> None:
    english: dict[str, str] = json.loads((HOME / "src" / "words" / "en.json").read_text("utf-8"))
    assert sorted(english) == sorted(asked)
    places = re.compile(r"\{\d\}")
    wrong = [
        key for key, text in english.items() if sorted(places.findall(key)) != sorted(places.findall(text))
    ]
    assert wrong == []
    assert [key for key, text in english.items() if CHINESE.search(text)] == ["语言 / Language"]


def test_the_words_of_a_screen_are_asked_for_whole(asked: list[str]) -> None:
    assert {"{0} 个未销号", "整改回复", "今天都齐了", "返回"} <= set(asked)


@SIZES
def test_in_a_long_language_from_right_to_left_nothing_is_left_or_cut_off(
    inspector: Inspector, size: ViewportSize
) -> None:
    page = inspector.enrol()
    page.evaluate(CHOOSE, "pseudo")
    page.reload()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    data, faults = _words_of_data(page), {}
    for room in (*ROOMS, *FURTHER_ROOMS):
        page.goto(f"{inspector.live.address}/field/#/{room}")
        page.reload()
        expect(page.locator("main h1, main form").first).to_be_attached()
        page.evaluate("() => document.querySelectorAll('main details').forEach((one) => (one.open = true))")
        page.evaluate(AFTERWARDS)
        if found := _faults(page, data):
            faults[room] = found
    assert json.dumps(faults, ensure_ascii=False, default=sorted) == "{}"


def test_english_is_chosen_on_the_page_of_the_sync_and_chinese_again(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.open("同步")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Sync now")).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link", name="Flags")).to_be_visible()
    with inspector.cut_off():
        page = inspector.open_again()
        expect(page.get_by_role("heading", name="Today")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Sync").click()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("button", name="立即同步")).to_be_visible()


def _faults(page: Page, data: str) -> dict[str, object]:
    texts: list[str] = page.evaluate(TEXTS)
    others = [text for text in texts if text.strip() not in data]
    left = {run for text in others for run in CHINESE.findall(text) if not _is_of_data(run, data)}
    found = {"left": left, "clipped": page.evaluate(CLIPPED), "beyond": page.evaluate(BEYOND)}
    return {what: these for what, these in found.items() if these}


def _is_of_data(run: str, data: str) -> bool:
    """Whether it is a word of data, or several, one after the other."""
    if f'"unit":"{run}"' in data:
        return True
    ends = [len(run) - cut for cut in range(len(run) - 1) if run[: len(run) - cut] in data]
    return any(end == len(run) or _is_of_data(run[end:], data) for end in ends)


def _words_of_data(page: Page) -> str:
    """All that came down, and what the app was built with of shapes, forms and the plan."""
    records: Any = page.evaluate("""async () => {
      const request = (asking) => new Promise((resolve) => (asking.onsuccess = () => resolve(asking.result)));
      const database = await request(indexedDB.open("gongdi-field"));
      const found = await request(database.transaction("records").objectStore("records").getAll());
      database.close();
      return JSON.stringify(found.map(({ body }) => body));
    }""")
    generated = [(HOME / "src" / "generated" / name).read_text("utf-8") for name in GENERATED]
    forms = [json.dumps(shipped_tables_json(code), ensure_ascii=False) for code in shipped_codes()]
    return "".join([records, *generated, *forms, (SEED_DATA / "rules.json").read_text("utf-8"), "语言中文"])

"""A day of an inspector whose network comes and goes: what was saved stays, and reaches the server once."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from server.field_app import BUILT, pages
from tests.chromium import launch_options
from tests.field_app.conftest import assert_log_holds, bodies, elsewhere
from tests.field_app.inspector import PULL, PUSH, Inspector, Live
from tests.stories.field import Field

# The chain as it lies in the browser's own database.
READ_CHAIN = """async () => {
  const db = await new Promise((resolve) => {
    const opening = indexedDB.open("gongdi-field");
    opening.onsuccess = () => resolve(opening.result);
  });
  const all = (name) => new Promise((resolve) => {
    const asking = db.transaction(name).objectStore(name).getAll();
    asking.onsuccess = () => resolve(asking.result);
  });
  const rows = (await all("outbox")).map(({n, hash, line}) => [n, hash, JSON.parse(new TextDecoder().decode(line)).prev]);
  const ends = (await all("scopes")).filter(({n}) => n > 0).map(({n, hash}) => [n, hash]);
  db.close();
  return {rows, ends};
}"""


def test_written_offline_over_a_cold_start_and_sent_later(
    inspector: Inspector, workers: dict[str, str]
) -> None:
    inspector.enrol()
    inspector.expect_unsent(0)
    with inspector.cut_off():
        inspector.measure("zs", "365")
        expect(inspector.page.get_by_role("status").filter(has_text="已保存 张三 36.5 ℃")).to_be_visible()
        inspector.expect_unsent(1)
        inspector.page.reload()
        inspector.expect_unsent(1)
        page = inspector.open_again()
        inspector.expect_unsent(1)
        expect(page.get_by_text("1/2 人")).to_be_visible()
        inspector.measure("1234", "368")
        inspector.expect_unsent(2)
    inspector.sync()
    inspector.expect_unsent(0)
    checks = elsewhere(inspector.field, "temperature_check")
    assert bodies(checks, "worker", "celsius", "slot") == sorted(
        [(workers["张三"], 36.5, "before_work"), (workers["曾小贤"], 36.8, "before_work")]
    )


def test_a_tablet_that_was_switched_off_starts_without_a_network(
    built: None, browser: Browser, live: Live, field: Field, workers: dict[str, str], tmp_path: Path
) -> None:
    """The whole browser ends, and begins again from its profile; the key is still there, and signs."""

    def switch_on() -> Inspector:
        profile = tmp_path / "profile"
        context = browser.browser_type.launch_persistent_context(profile, locale="zh-CN", **launch_options())
        return Inspector(context, live, field)

    inspector = switch_on()
    inspector.enrol()
    live.stop()
    inspector.measure("张三", "365")
    inspector.expect_unsent(1)
    inspector.context.close()
    inspector = switch_on()
    inspector.open_again()
    inspector.expect_unsent(1)
    inspector.measure("曾小贤", "366")
    inspector.expect_unsent(2)
    live.start()
    inspector.sync()
    inspector.expect_unsent(0)
    inspector.context.close()
    assert inspector.complaints == []
    assert len(elsewhere(field, "temperature_check")) == 2
    assert_log_holds(field)


def test_the_network_comes_back_and_nobody_has_to_ask(inspector: Inspector) -> None:
    inspector.enrol()
    with inspector.cut_off():
        inspector.measure("张三", "365")
        inspector.expect_unsent(1)
    inspector.expect_unsent(0)
    assert len(elsewhere(inspector.field, "temperature_check")) == 1


def test_an_acknowledgement_that_is_lost_makes_nothing_twice(inspector: Inspector) -> None:
    inspector.enrol()
    inspector.context.set_offline(True)
    inspector.measure("张三", "365")
    inspector.measure("曾小贤", "364")
    inspector.expect_unsent(2)
    lost = inspector.lose_answers(PUSH, times=1)
    inspector.context.set_offline(False)
    expect(inspector.page.locator(".badge")).not_to_contain_text("正在同步")
    inspector.sync()
    inspector.expect_unsent(0)
    assert lost == [200]
    assert len(elsewhere(inspector.field, "temperature_check")) == 2


def test_a_pull_that_is_lost_is_pulled_again(inspector: Inspector) -> None:
    inspector.enrol()
    with inspector.field.tablet("colleague") as colleague:
        scope, worker = inspector.field.scope, colleague.list("worker")[0].id
        body = {"worker": worker, "celsius": 36.1, "slot": "before_work", "point": "gate"}
        colleague.add(scope, "temperature_check", body)
        assert colleague.sync().ok
    lost = inspector.lose_answers(PULL, times=1)
    inspector.sync()
    inspector.sync()
    inspector.open("测温")
    expect(inspector.page.get_by_text("36.1 ℃")).to_be_visible()
    assert lost == [200]


def test_a_page_that_dies_in_the_middle_of_a_write_leaves_a_whole_chain(inspector: Inspector) -> None:
    inspector.enrol()
    inspector.context.set_offline(True)
    for delay_ms in (0, 1, 2, 4, 8, 16):
        inspector.measure("张三", "36")
        _die_while_saving(inspector.page, delay_ms)
        inspector.open_again()
        _assert_chain_is_whole(inspector.page.evaluate(READ_CHAIN))
    kept = len(inspector.page.evaluate(READ_CHAIN)["rows"])
    inspector.context.set_offline(False)
    inspector.sync()
    inspector.expect_unsent(0)
    assert len(elsewhere(inspector.field, "temperature_check")) == kept


def test_two_tabs_write_one_chain(inspector: Inspector) -> None:
    inspector.enrol()
    inspector.context.set_offline(True)
    first, second = inspector.page, inspector.context.new_page()
    second.goto(f"{inspector.live.address}/field/")
    for page, name in ((first, "张三"), (second, "曾小贤"), (first, "曾小贤"), (second, "张三")):
        inspector.page = page
        inspector.measure(name, "366")
        expect(page.locator(".last")).to_contain_text(name)
    inspector.expect_unsent(4)
    _assert_chain_is_whole(second.evaluate(READ_CHAIN))
    inspector.context.set_offline(False)
    inspector.expect_unsent(0)
    assert len(elsewhere(inspector.field, "temperature_check")) == 4


def test_a_new_version_of_the_app_takes_over_and_keeps_what_is_unsent(
    inspector: Inspector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = inspector.enrol()
    inspector.context.route(PUSH, lambda route: route.abort())
    inspector.measure("张三", "365")
    inspector.expect_unsent(1)
    monkeypatch.setattr(pages, "BUILT", next_version(tmp_path / "built"))
    page.evaluate("navigator.serviceWorker.getRegistration().then((registration) => registration.update())")
    page.get_by_role("button", name="更新").click()
    expect(page.locator("html")).to_have_attribute("data-version", "next")
    inspector.expect_unsent(1)
    with inspector.cut_off():
        inspector.open_again()
        expect(inspector.page.locator("html")).to_have_attribute("data-version", "next")
        inspector.expect_unsent(1)
    inspector.context.unroute(PUSH)
    inspector.sync()
    inspector.expect_unsent(0)
    assert len(elsewhere(inspector.field, "temperature_check")) == 1


def _die_while_saving(page: Page, delay_ms: int) -> None:
    """The third digit saves; so many milliseconds later the process behind the page is gone."""
    browser = page.context.browser
    assert browser is not None
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    page.evaluate("setTimeout(() => dispatchEvent(new KeyboardEvent('keydown', {key: '5'})), 0)")
    time.sleep(delay_ms / 1000)
    for process in processes:
        if process["type"] == "renderer":
            os.kill(process["id"], signal.SIGKILL)
    page.close()


def _assert_chain_is_whole(chain: dict[str, Any]) -> None:
    rows, ends = chain["rows"], chain["ends"]
    assert [n for n, _, _ in rows] == list(range(1, len(rows) + 1))
    assert [prev for _, _, prev in rows] == ["", *(hash for _, hash, _ in rows)][: len(rows)]
    assert ends == ([[rows[-1][0], rows[-1][1]]] if rows else [])


def next_version(folder: Path) -> Path:
    """What a release changes: names of files, the page, and with them the service worker."""
    shutil.copytree(BUILT, folder, ignore=shutil.ignore_patterns("*.gz"))
    scripts = [path.stem for path in (folder / "assets").glob("*.js")]  # they import each other by name
    for path in [*(folder / "assets").glob("*.js"), folder / "index.html", folder / "sw.js"]:
        text = path.read_text()
        for stem in scripts:
            text = text.replace(f"{stem}.js", f"{stem}-next.js")
        path.write_text(text)
    for stem in scripts:
        (folder / "assets" / f"{stem}.js").rename(folder / "assets" / f"{stem}-next.js")
    for name in ("index.html", "sw.js"):
        text = (folder / name).read_text()
        text = text.replace('<html lang="zh-CN">', '<html lang="zh-CN" data-version="next">')
        (folder / name).write_text(
            text.replace('/field/index.html",revision:"', '/field/index.html",revision:"next')
        )
    worker = folder / "sw.js"
    worker.write_text(
        worker.read_text().replace('"/field/index.html","revision":"', '"/field/index.html","revision":"next')
    )
    return folder

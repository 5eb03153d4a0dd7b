"""How long 200 people take at the keypad of a slow tablet that holds 2,000 people and 5,000 unsent entries, by a thumb that
waits for what is painted, reads the name, and presses each key as long as thumbs do. It bounces now and then. Aim: 200
people in 10 minutes, and each reading under the name that was on the screen.

`python -m pytest -q -s tests/field_app/measure_rapid_lane.py`. Not a test: what else the machine does is in the figures."""

from __future__ import annotations

import os
import time
from statistics import median

from playwright.sync_api import CDPSession, Page

from server.field_app import HOME
from tests.field_app.inspector import Inspector
from tests.field_app.many_unsent import lay_down
from tests.field_app.measure_unsent import Thread

THROTTLE = float(os.environ.get("THROTTLE", "6"))  # how much slower a tablet is
ENTRIES = int(os.environ.get("ENTRIES", "5000"))
PEOPLE = int(os.environ.get("PEOPLE", "2000"))
QUEUE = int(os.environ.get("QUEUE", "200"))
READ_S, PRESS_S, BETWEEN_S = 0.4, 0.06, 0.12  # of a practised hand
GIVE_WAY_MS = 3_000  # until somebody looks again at what is on the screen
BOUNCE_EVERY = 5  # the last key is struck twice

# Who is on the screen, once that is painted and a touch is meant for them. `before`: who was there until now.
_SETTLE = """([before, aim]) => new Promise((resolve) => {
  const look = () => {
    const name = document.querySelector(".who h2")?.textContent;
    if (!name || document.querySelector(".who").textContent === before) return requestAnimationFrame(look);
    requestAnimationFrame(() => setTimeout(() => resolve([name, document.querySelector(".who").textContent]), aim));
  };
  look();
})"""
_GAVE_WAY = """async ([who, most]) => {
  for (const end = performance.now() + most; performance.now() < end; ) {
    if (document.querySelector(".who")?.textContent !== who) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}"""
# What this tablet saved of temperatures since: the last digits of whom, and the reading.
_SAVED = """async (most) => {
  const request = (asking) => new Promise((resolve) => (asking.onsuccess = () => resolve(asking.result)));
  const db = await request(indexedDB.open("gongdi-field"));
  const tx = db.transaction(["outbox", "records"]);
  const rows = await request(tx.objectStore("outbox").getAll(IDBKeyRange.lowerBound(most, true)));
  const workers = await request(tx.objectStore("records").getAll());
  const ends = new Map(workers.map(({ id, body }) => [id, (body.certificate_masked ?? "").slice(-4)]));
  db.close();
  const bodies = rows.map(({ line }) => JSON.parse(new TextDecoder().decode(line)).body);
  return bodies.map(({ worker, celsius }) => [ends.get(worker), celsius]);
}"""


def settle(page: Page, before: str = "") -> str:
    """Who is shown, as soon as a touch is meant for them. `before`: who was shown until now."""
    page.locator(".who").wait_for()
    if before:
        page.locator(".who h2", has_text=before).wait_for(state="detached")
    name, _ = page.evaluate(_SETTLE, ["", aim_ms()])
    return str(name)


def aim_ms() -> int:
    """The app's own."""
    text = (HOME / "src" / "domain" / "aim.ts").read_text("utf-8")
    return int(text.split("AIM_MS = ")[1].split(";")[0]) + 20


def test_figures(inspector: Inspector) -> None:
    inspector.context.set_default_timeout(120_000)
    inspector.enrol()
    inspector.context.set_offline(True)
    lay_down(inspector, ENTRIES, PEOPLE, QUEUE)
    page = inspector.open_again()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{inspector.live.address}/field/#/temperature/lane")
    cdp = inspector.context.new_cdp_session(page)
    cdp.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    thread = Thread(page)
    thread.slow_down(THROTTLE)
    seen: list[tuple[str, float]] = []
    took: list[float] = []
    start, worked_s = time.monotonic(), 0.0
    page.locator(".crews a:not(.is-good)").first.click()
    while len(took) < QUEUE:
        took += one_crew(page, cdp, seen, QUEUE - len(took))
        worked_s += thread.worked_ms() / 1000
        print(f"\n  {len(took)} people after {time.monotonic() - start:.0f} s", end="", flush=True)
        print(f", of which the page's thread {worked_s:.0f} s", end="", flush=True)
        if len(took) < QUEUE:
            page.locator(".over .button").first.click()  # the next crew, or else the list of them
            page.locator(".keypad, .crews").first.wait_for()
            if page.locator(".crews").count():
                page.locator(".crews a:not(.is-good)").first.click()
    whole_s = time.monotonic() - start
    cdp.detach()
    page.wait_for_timeout(1000)
    saved = [tuple(one) for one in page.evaluate(_SAVED, ENTRIES)]
    print(f"\n{QUEUE} of {PEOPLE} people, {ENTRIES} unsent, CPU 1/{THROTTLE:g}: {whole_s:.0f} s", end="")
    print(f"; a person {median(took) * 1000:.0f} ms (most {max(took) * 1000:.0f})")
    print(
        f"readings saved {len(saved)}, under another name {sum(a != b for a, b in zip(saved, seen, strict=True))}"
    )
    assert saved == seen


def one_crew(page: Page, cdp: CDPSession, seen: list[tuple[str, float]], most: int) -> list[float]:
    """One crew, one person after the other, until it is done. Gives how long each took; `seen`: whom, and what was typed."""
    took: list[float] = []
    page.locator(".keypad").wait_for()
    crew = min(int(page.locator(".crew .names button:enabled").count()), most)
    before = ""
    while len(took) < crew:
        start = time.monotonic()
        _, before = page.evaluate(_SETTLE, [before, READ_S * 1000])
        ends = before.split("尾号")[1].strip()[:4]
        digits = f"36{int(ends) % 10}"
        seen.append((ends, int(digits) / 10))
        keys = key_places(page)
        while not type_digits(page, cdp, keys, digits, before):
            keys = key_places(page)
            press(cdp, *keys["清空"])  # it did not show what was typed: all of it again
            print(f" again: {page.locator('.reading').inner_text()}", end="", flush=True)
        if len(seen) % BOUNCE_EVERY == 0:
            press(cdp, *keys[digits[-1]])
        took.append(time.monotonic() - start)
    page.locator(".over").wait_for() if crew < most else page.wait_for_timeout(1000)
    return took


def type_digits(
    page: Page, cdp: CDPSession, keys: dict[str, tuple[float, float]], digits: str, who: str
) -> bool:
    """Whether the person gave way to another: their reading is saved."""
    for digit in digits:
        press(cdp, *keys[digit])
        time.sleep(BETWEEN_S)
    return bool(page.evaluate(_GAVE_WAY, [who, GIVE_WAY_MS]))


def key_places(page: Page) -> dict[str, tuple[float, float]]:
    """The middle of each key: they stay there."""
    script = """() => Object.fromEntries([...document.querySelectorAll(".keypad button")].map((one) => {
      const { left, top, width, height } = one.getBoundingClientRect();
      return [one.textContent.trim(), [left + width / 2, top + height / 2]];
    }))"""
    return {name: (x, y) for name, (x, y) in page.evaluate(script).items()}


def press(cdp: CDPSession, x: float, y: float) -> None:
    cdp.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    time.sleep(PRESS_S)
    cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

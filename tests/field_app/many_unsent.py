"""A tablet that was without a network for days: thousands of entries wait in it. They are laid into the browser's own
database, as the app would have written them."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.field_app.inspector import Inspector

UNMEASURED = 10  # of the people, in the slot of the hour

# Each line is what the app writes, but for its place in the chain: nothing here is ever sent.
_LAY_DOWN = """async ({ scope, entries, people, unmeasured, nowMs }) => {
  const db = await new Promise((resolve) => {
    const opening = indexedDB.open("gongdi-field");
    opening.onsuccess = () => resolve(opening.result);
  });
  const tx = db.transaction(["outbox", "records"], "readwrite");
  const uuid = (n) => `019ab000-0000-7000-8000-${String(n).padStart(12, "0")}`;
  const wall = new Date(nowMs + 8 * 3600_000).toISOString().replace("Z", "+08:00");
  for (let n = 0; n < people; n++) {
    const tens = Math.floor(n / 10) % 10;
    const letters = ["赵钱孙李周吴郑王冯陈"[n % 10], "安邦才达恩方刚海健坤"[tens], "强军平伟勇"[Math.floor(n / 100) % 5]];
    const body = {
      name: letters.join(""), team: `${"钢木瓦电架"[n % 5]}工班`, dormitory: `${1 + (n % 4)}-${100 + (n % 30)}`,
      certificate_masked: `410***********${1000 + n}`, phone: `139****${2000 + n}`, entered_on: "2026-11-01",
    };
    const row = { scope, id: uuid(n), kind: "worker", rev: 1, stale: 0, part: "0000000000000000", day: "", body };
    tx.objectStore("records").put(row);
  }
  for (let n = 0; n < entries; n++) {
    const id = uuid(1_000_000 + n);
    const worker = uuid(unmeasured + (n % (people - unmeasured)));
    const kind = "temperature_check";
    const body = { worker, celsius: 36 + (n % 9) / 10, slot: "before_work", point: "gate" };
    const entry = { id, scope, n: n + 1, prev: "0".repeat(64), kind, record: id, act: "add", at: { wall }, body };
    tx.objectStore("outbox").add({
      scope, n: 100_000 + n, id, kind, record: id, act: "add", line: new TextEncoder().encode(JSON.stringify(entry)),
      schema: "2026.1", hash: "0".repeat(64), wallMs: nowMs - 3600_000 + n, day: wall.slice(0, 10),
      state: "waiting", shown: 1, outcome: "", code: "", errors: {}, rev: null, settledMs: null, seen: 0, carried: 0,
    });
  }
  await new Promise((resolve) => (tx.oncomplete = resolve));
  db.close();
}"""

# Strikes the third digit, and waits until the list is there and drawn. Gives both times, in ms.
_STRIKE = """async (key) => {
  const start = performance.now();
  const drawn = new Promise((resolve) => {
    const look = () => {
      if (document.querySelector(".keypad") || !document.querySelector(".people button")) return;
      observer.disconnect();
      const there = performance.now() - start;
      requestAnimationFrame(() => setTimeout(() => resolve([there, performance.now() - start])));
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { childList: true, subtree: true });
  });
  dispatchEvent(new KeyboardEvent("keydown", { key }));
  return drawn;
}"""


def lay_down(inspector: Inspector, entries: int, people: int = 500, unmeasured: int = UNMEASURED) -> None:
    inspector.page.evaluate(
        _LAY_DOWN,
        {
            "scope": inspector.field.scope,
            "entries": entries,
            "people": people,
            "unmeasured": unmeasured,
            "nowMs": inspector.field.cast.clock.now_ms(),
        },
    )


def begin_reading(inspector: Inspector) -> None:
    """Choose the first of the list, and strike two digits."""
    inspector.open("测温")
    page = inspector.page
    page.locator(".people button").first.click()
    page.locator(".keypad").wait_for()
    inspector.type_digits("36")


def strike_last_digit(page: Page) -> tuple[float, float]:
    """Gives after how many ms the list was there, and when it was drawn."""
    there, drawn = page.evaluate(_STRIKE, "6")
    return float(there), float(drawn)

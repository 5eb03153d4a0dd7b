"""How long the gate screen keeps a queue waiting, from a touch until what follows is painted, on a tablet that has 2,000
people and thousands of unsent entries. Aim: one person in 3 s; five touches a person leave the app 500 ms of it.

`python -m pytest -q -s tests/field_app/measure_gate.py`. Not a test: what else the machine does is in the figures."""

from __future__ import annotations

import os
from statistics import median

from playwright.sync_api import Page

from tests.field_app.inspector import Inspector
from tests.field_app.many_unsent import lay_down

THROTTLES = [float(one) for one in os.environ.get("THROTTLE", "1 4").split()]  # how much slower a tablet is
ENTRIES = int(os.environ.get("ENTRIES", "5000"))
QUEUE = 20
STEPS = {"person": ".keypad", "seen": ".choice [aria-pressed=true]", "third digit": ".passed.is-good"}

# Touches something and waits until what follows is painted. Gives ms.
_TOUCH = """async ([touched, follows]) => {
  const start = performance.now();
  const painted = new Promise((resolve) => {
    const look = () => {
      if (!document.querySelector(follows)) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { childList: true, subtree: true, attributes: true });
  });
  if (touched.length === 1) dispatchEvent(new KeyboardEvent("keydown", { key: touched }));
  else document.querySelector(touched).click();
  return painted;
}"""


def test_figures(inspector: Inspector) -> None:
    inspector.context.set_default_timeout(60_000)
    page = inspector.enrol()
    inspector.context.set_offline(True)
    lay_down(inspector, ENTRIES, 2000, 10)
    for turn, rate in enumerate(THROTTLES):
        page = inspector.open_again()
        inspector.open("门岗")
        session = inspector.context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": rate})
        queue = [one_person(page, turn * QUEUE + number) for number in range(QUEUE)]  # who comes in
        session.detach()
        for name in STEPS:
            times = sorted(one[name] for one in queue)
            print(f"\n  CPU 1/{rate:g}  {name:12} {median(times):5.0f} ms (most {times[-1]:.0f})", end="")
        sums = sorted(sum(one.values()) for one in queue)
        print(f"\n  CPU 1/{rate:g}  {'a person':12} {median(sums):5.0f} ms (most {sums[-1]:.0f})")


def one_person(page: Page, number: int) -> dict[str, float]:
    """One of a queue, each another person. The touches themselves take no time here."""
    page.locator(".people li").first.wait_for()
    found = {"person": page.evaluate(_TOUCH, [f".people li:nth-child({number + 1}) button", STEPS["person"]])}
    found["seen"] = page.evaluate(_TOUCH, [".seen", STEPS["seen"]])
    for digit in "36":
        page.evaluate("key => void dispatchEvent(new KeyboardEvent('keydown', { key }))", digit)
    found["third digit"] = page.evaluate(_TOUCH, ["5", STEPS["third digit"]])
    return found

"""How long an inspector waits on a tablet that holds 2,000 people and thousands of unsent entries, as `./run bench --app`
prints it: in ms, and as a ratio to the same tablet with nothing unsent. With it, how long the page's own thread worked for
it: that much it takes however idle the machine is, and hardly more on a machine that does nothing else.

Aims: third digit to list 300 ms, cold start 2 s. Not a test: what else the machine does is in the figures."""

from __future__ import annotations

import os
import time
from statistics import median

import pytest
from playwright.sync_api import Page

from tests.field_app.inspector import Inspector
from tests.field_app.many_unsent import begin_reading, lay_down, strike_last_digit

THROTTLES = [float(one) for one in os.environ.get("THROTTLE", "1 4").split()]  # how much slower a tablet is
ENTRIES = int(os.environ.get("ENTRIES", "5000"))
PEOPLE = 2000
STARTS = READINGS = 3
START, LIST, PAINT = "cold start", "third digit to list", "third digit to paint"

Figures = dict[str, list[tuple[float, float]]]  # each: ms that passed, and ms of the page's own thread


@pytest.fixture
def patient(inspector: Inspector) -> Inspector:
    inspector.context.set_default_timeout(60_000)
    inspector.enrol()
    inspector.context.set_offline(True)
    return inspector


def test_figures(patient: Inspector) -> None:
    unmeasured = 2 * len(THROTTLES) * STARTS * READINGS + 10
    lay_down(patient, 0, PEOPLE, unmeasured)
    empty = [measured(patient, rate) for rate in THROTTLES]
    lay_down(patient, ENTRIES, PEOPLE, unmeasured)
    print(
        f"\n{PEOPLE} people, {ENTRIES} unsent: median in ms (most), of the page's thread; ratios to nothing unsent"
    )
    for rate, before in zip(THROTTLES, empty, strict=True):
        for name, pairs in measured(patient, rate).items():
            passed, worked = (sorted(values) for values in zip(*pairs, strict=True))
            passed_empty, worked_empty = (median(values) for values in zip(*before[name], strict=True))
            print(
                f"  CPU 1/{rate:g}  {name:20} {median(passed):6.0f} ({passed[-1]:.0f}) {median(worked):6.0f}"
                f"   ratios {median(passed) / passed_empty:.2f} {median(worked) / worked_empty:.2f}"
            )


def measured(inspector: Inspector, rate: float) -> Figures:
    """Each figure several times over."""
    figures: Figures = {START: [], LIST: [], PAINT: []}
    for _ in range(STARTS):
        page = inspector.open_again()
        page.locator(".to-measure").wait_for()
        thread = Thread(page)
        thread.slow_down(rate)
        figures[START].append((start_ms(page), thread.worked_ms()))
        for _ in range(READINGS):
            begin_reading(inspector)
            thread.worked_ms()
            there, drawn = strike_last_digit(page)
            worked = thread.worked_ms()
            figures[LIST].append((there, worked))
            figures[PAINT].append((drawn, worked))
            inspector.open("今日")  # a fresh list each time
    return figures


class Thread:
    """The page's own thread: how slow it is, and how long it has worked."""

    def __init__(self, page: Page) -> None:
        self._cdp = page.context.new_cdp_session(page)
        self._cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
        self._before = 0.0

    def slow_down(self, rate: float) -> None:
        self._cdp.send("Emulation.setCPUThrottlingRate", {"rate": rate})
        self.worked_ms()

    def worked_ms(self) -> float:
        """Since it was asked last."""
        found = {one["name"]: one["value"] for one in self._cdp.send("Performance.getMetrics")["metrics"]}
        before, self._before = self._before, float(found["TaskDuration"])
        return (self._before - before) * 1000


def start_ms(page: Page) -> float:
    began = time.monotonic()
    page.reload(wait_until="commit")
    page.locator(".to-measure").wait_for()
    return (time.monotonic() - began) * 1000

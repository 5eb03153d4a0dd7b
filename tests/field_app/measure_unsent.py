"""How long an inspector waits on a tablet that holds 2,000 people and thousands of unsent entries, as `./run bench --app`
prints it: in ms, and as a ratio to the same tablet with nothing unsent.

Aims: third digit to list 300 ms, cold start 2 s. Not a test: what else the machine does is in the figures."""

from __future__ import annotations

import os
import time
from statistics import median

import pytest
from playwright.sync_api import Page

from tests.field_app.conftest import Inspector
from tests.field_app.many_unsent import begin_reading, lay_down, strike_last_digit

THROTTLES = [float(one) for one in os.environ.get("THROTTLE", "1 4").split()]  # how much slower a tablet is
ENTRIES = int(os.environ.get("ENTRIES", "5000"))
PEOPLE = 2000
STARTS = READINGS = 3
NAMES = ("cold start", "third digit to list", "third digit to paint")

Figures = dict[str, list[float]]


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
    print(f"\n{PEOPLE} people, {ENTRIES} unsent: median (most), ratio to nothing unsent")
    for rate, before in zip(THROTTLES, empty, strict=True):
        for name, values in measured(patient, rate).items():
            middle, least = median(values), median(before[name])
            print(f"  CPU 1/{rate:g}  {name:21} {middle:6.0f} ms ({max(values):.0f})  {middle / least:.2f}")


def measured(inspector: Inspector, rate: float) -> Figures:
    """Each figure in ms, several times over."""
    figures: Figures = {name: [] for name in NAMES}
    for _ in range(STARTS):
        page = inspector.open_again()
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": rate})
        page.locator(".to-measure").wait_for()
        figures["cold start"].append(start_ms(page))
        for _ in range(READINGS):
            begin_reading(inspector)
            for name, ms in zip(NAMES[1:], strike_last_digit(page), strict=True):
                figures[name].append(ms)
            inspector.open("今日")  # a fresh list each time
    return figures


def start_ms(page: Page) -> float:
    began = time.monotonic()
    page.reload(wait_until="commit")
    page.locator(".to-measure").wait_for()
    return (time.monotonic() - began) * 1000

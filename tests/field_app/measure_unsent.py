"""How long an inspector waits on a slow tablet that holds thousands of unsent entries:
`.venv/bin/python -m pytest -p no:cacheprovider -s tests/field_app/measure_unsent.py`.

Aims: third digit to list 300 ms, cold start 2 s. Not a test: what else the machine does is in the figures."""

from __future__ import annotations

import os
import time

from tests.field_app.conftest import Inspector
from tests.field_app.many_unsent import begin_reading, lay_down, strike_last_digit

THROTTLE = float(os.environ.get("THROTTLE", "6"))  # how much slower than this machine the tablet is
ENTRIES = int(os.environ.get("ENTRIES", "5000"))
STARTS, READINGS = 3, 5


def test_figures(inspector: Inspector) -> None:
    inspector.enrol()
    inspector.context.set_offline(True)
    lay_down(inspector, ENTRIES)
    starts_s, there_ms, drawn_ms = [], [], []
    for _ in range(STARTS):
        page = inspector.open_again()
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": THROTTLE})
        page.locator(".to-measure").wait_for()
        began = time.monotonic()
        page.reload(wait_until="commit")
        page.locator(".to-measure").wait_for(timeout=60_000)
        starts_s.append(time.monotonic() - began)
        for _ in range(READINGS):
            begin_reading(inspector)
            there, drawn = strike_last_digit(page)
            there_ms.append(there)
            drawn_ms.append(drawn)
            inspector.open("今日")  # a fresh list each time
    for name, values in (
        ("cold start, s", starts_s),
        ("list there, ms", there_ms),
        ("list drawn, ms", drawn_ms),
    ):
        ordered = sorted(values)
        print(
            f"{name}: least {ordered[0]:.2f}, median {ordered[len(ordered) // 2]:.2f}, most {ordered[-1]:.2f}"
        )

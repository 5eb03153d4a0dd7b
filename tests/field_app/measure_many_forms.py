"""What a hundred published forms cost the app's start, as `./run bench --app` prints it: two tablets that are offline, one
enrolled before the forms came and one that has them, are started in turn. In ms, and as a ratio.

Aim: within 5 %. Not a test: what else the machine does is in the figures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from statistics import median

import pytest
from playwright.sync_api import Browser, ViewportSize

from tests.field_app.inspector import Inspector, Live
from tests.field_app.measure_unsent import Thread, start_ms
from tests.stories.field import Field
from tests.stories.forms.test_many_forms import publish_many

FORMS = int(os.environ.get("FORMS", "100"))
STARTS = int(os.environ.get("STARTS", "15"))
RATE = 4.0  # how much slower a tablet is


@pytest.fixture
def second(browser: Browser, live: Live, field: Field, size: ViewportSize) -> Iterator[Inspector]:
    """Another tablet of the same inspector."""
    context = browser.new_context(viewport=size, locale="zh-CN", timezone_id="Asia/Shanghai")
    yield Inspector(context, live, field)
    context.close()


def test_figures(inspector: Inspector, second: Inspector) -> None:
    inspector.enrol()
    publish_many(inspector.field, FORMS)
    second.enrol()
    tablets = {"none": inspector, f"{FORMS} forms": second}
    for tablet in tablets.values():
        tablet.context.set_offline(True)
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in tablets}
    for _ in range(STARTS):
        for name, tablet in tablets.items():
            page = tablet.open_again()
            page.locator(".to-measure").wait_for()
            thread = Thread(page)  # a new one each time: a page that is loaded again begins to count again
            thread.slow_down(RATE)
            figures[name].append((start_ms(page), thread.worked_ms()))
    print(f"\nstart of the app, CPU 1/{RATE:g}: median in ms that passed, and of the page's thread")
    found = {name: [median(values) for values in zip(*pairs, strict=True)] for name, pairs in figures.items()}
    for name, (passed, worked) in found.items():
        print(f"  {name:10} {passed:6.0f} {worked:6.0f}")
    few, many = found.values()
    print(f"  ratios     {many[0] / few[0]:6.2f} {many[1] / few[1]:6.2f}")

"""Where a bureau has many forms, the bar keeps the first of them, and a page has them all."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.field_app.inspector import Inspector
from tests.stories.forms.test_many_forms import publish_many

ROOMS_MOST = 24


def test_a_bar_of_many_forms_stays_short_and_each_of_them_is_reached(inspector: Inspector) -> None:
    page = inspector.enrol()
    publish_many(inspector.field, 30)
    inspector.sync()
    bar = page.get_by_role("navigation").locator("a:visible")
    expect(bar.filter(has_text="更多")).to_be_visible()
    assert bar.count() <= ROOMS_MOST
    expect(bar.filter(has_text="同步")).to_be_visible()
    inspector.open("巡查 29")
    expect(page.get_by_role("heading", name="巡查 29")).to_be_visible()
    expect(bar.filter(has_text="巡查 29")).to_have_attribute("aria-current", "page")

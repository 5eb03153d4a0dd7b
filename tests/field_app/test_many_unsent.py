"""Five thousand unsent entries: what is written already is read once, not after every touch. (How long it takes on a slow
tablet is measured in measure_unsent.py: a busy machine would make a limit here a matter of luck.)"""

from __future__ import annotations

from playwright.sync_api import expect

from tests.field_app.inspector import Inspector
from tests.field_app.many_unsent import begin_reading, lay_down, strike_last_digit

ENTRIES = 5_000
# How many rows of the outbox the page has been given, whichever way it asked.
COUNT_ROWS = """(() => {
  window.rowsRead = 0;
  const count = (result) => { window.rowsRead += Array.isArray(result) ? result.length : result ? 1 : 0; };
  for (const kind of [IDBObjectStore, IDBIndex]) {
    for (const name of ["get", "getAll", "openCursor"]) {
      const real = kind.prototype[name];
      kind.prototype[name] = function (...asked) {
        const request = real.apply(this, asked);
        const store = this.objectStore ?? this;
        if (store.name === "outbox") request.addEventListener("success", () => count(request.result));
        return request;
      };
    }
  }
})()"""


def test_each_line_is_read_once_when_the_app_starts_and_not_again_for_a_reading(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.context.set_offline(True)
    inspector.context.route("**/sync/v1/**", lambda route: route.abort())
    lay_down(inspector, ENTRIES)
    inspector.context.add_init_script(COUNT_ROWS)
    page = inspector.open_again()
    expect(page.locator(".to-measure")).to_contain_text("12 人")
    inspector.expect_unsent(ENTRIES)
    assert page.evaluate("rowsRead") < 1.5 * ENTRIES  # and a batch of them, to be sent
    begin_reading(inspector)
    before = page.evaluate("rowsRead")
    strike_last_digit(page)
    expect(page.locator(".last")).to_contain_text("36.6 ℃")
    assert page.evaluate("rowsRead") - before < ENTRIES / 2  # at most a batch

"""A whole day without a network: 200 checks at three sites, over a reload and a restart of the browser, and then all of
it at the server, once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Browser, expect

from server.actions.records.feed import publish
from server.actions.records.site_record import around_sites, site_put
from server.actions.sites.assign_site import assign_site
from server.base.db import write
from server.models import Site, User
from server.models.scope import lock_scope
from sync_protocol.client.tablet import Tablet
from tests.chromium import launch_options
from tests.field_app.conftest import ZHANG, assert_log_holds, certificate
from tests.field_app.inspector import Inspector, Live
from tests.server.cast import COMPANY_A, add_site, identity
from tests.stories.field import Field

CHECKS = 200
PEOPLE = 10  # at each site
NAMES = "赵钱孙李周吴郑王冯陈"
# A hand that is faster than any: it chooses a person, and strikes a key as soon as the one before shows.
MEASURE = """async ([workers, digits]) => {
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  const until = async (found) => {
    for (const start = performance.now(); !found(); await turn())
      if (performance.now() - start > 5000) throw new Error(`${found} in ${document.body.innerText}`);
  };
  const shown = () => document.querySelector(".reading")?.textContent.replace(/[^0-9]/g, "") ?? "";
  for (const [name, id] of workers) {
    location.hash = `#/temperature?worker=${id}`;
    await until(() => document.querySelector("h1").textContent.includes(name) && shown() === "");
    await until(() => document.querySelector(".keypad, .ask"));
    [...document.querySelectorAll(".ask button")].find((one) => one.textContent === "再测一次")?.click();
    await until(() => document.querySelector(".keypad"));
    for (const [at, key] of [...digits].entries()) {
      [...document.querySelectorAll(".keypad button")].find((one) => one.textContent === key).click();
      await until(() => shown().length > at || !document.querySelector(".keypad"));
    }
    await until(() => !document.querySelector(".keypad"));
  }
}"""


def test_two_hundred_checks_at_three_sites_offline_all_arrive_once(
    built: None, browser: Browser, live: Live, field: Field, tmp_path: Path
) -> None:
    sites = _three_sites(field)
    inspector = _switch_on(browser, live, field, tmp_path)
    inspector.enrol()
    live.stop()
    inspector.context.set_offline(True)
    written = 0
    for turn, (name, workers) in enumerate(sites.items()):
        _go_to(inspector, name)
        inspector.measure(NAMES[0], "365")  # by hand, at each site
        expect(inspector.page.locator(".last")).to_contain_text(f"{NAMES[0]}师傅 36.5 ℃")
        many = (CHECKS - written) // (len(sites) - turn) - 1
        people = list(workers.items())
        inspector.page.evaluate(MEASURE, [[people[n % PEOPLE] for n in range(many)], "366"])
        written += 1 + many
        inspector.expect_unsent(written)
        if turn == 0:
            inspector.page.reload()
        if turn == 1:
            inspector.context.close()
            inspector = _switch_on(browser, live, field, tmp_path)
            inspector.context.set_offline(True)
            inspector.open_again()
        inspector.expect_unsent(written)
    live.start()
    inspector.context.set_offline(False)
    inspector.sync()
    inspector.expect_unsent(0)
    inspector.context.close()
    assert inspector.complaints == []
    with field.tablet("other") as tablet:
        counts = [len(tablet.list("temperature_check", scope)) for scope in tablet.scopes()]
    assert sum(counts) == CHECKS
    assert_log_holds(field)


def _three_sites(field: Field) -> Mapping[str, Mapping[str, str]]:
    """The people of each site, ids by name; the inspector's are all three, and the people are known to the server."""
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    names = {field.cast.site_a: "牧野花园", field.cast.site_b: "凤泉新城", identity("site c"): "卫滨家园"}
    with field.app.app_context(), write() as session:
        add_site(session, identity("site c"), "卫滨家园", "410703", COMPANY_A)
        user = session.get_one(User, field.cast.users["inspector"])
        for site_id in names:
            site = session.get_one(Site, site_id)
            if site_id != field.cast.site_a:
                assign_site(session, seals, user, site, now_ms)
            scope = lock_scope(session, site_id)
            assert scope is not None
            publish(
                session,
                scope,
                seals,
                now_ms,
                [site_put(site, around_sites(session, [site.id])[site.id], now_ms)],
            )
    with field.tablet("office") as office:
        people = {name: _add_people(office, site_id) for site_id, name in names.items()}
        assert office.sync().ok
    return people


def _add_people(office: Tablet, site_id: str) -> Mapping[str, str]:
    ids = {}
    for n in range(PEOPLE):
        number = certificate(f"4107021990030{n + 11}{int(site_id[:4], 16) % 900:03}"[:17])
        body = {**ZHANG, "name": f"{NAMES[n]}师傅", "certificate_number": number}
        ids[str(body["name"])] = office.add(f"site:{site_id}", "worker", body)
    return ids


def _switch_on(browser: Browser, live: Live, field: Field, folder: Path) -> Inspector:
    context = browser.browser_type.launch_persistent_context(
        folder / "profile", locale="zh-CN", **launch_options()
    )
    return Inspector(context, live, field)


def _go_to(inspector: Inspector, site: str) -> None:
    inspector.page.get_by_role("combobox", name="地点").select_option(label=site)

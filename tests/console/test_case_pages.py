"""A case in a browser: nothing to scroll sideways, no serious finding for access, and a number to call."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import ViewportSize, expect

from server.actions.reference.edit_rows import NewRow, edit_rows
from server.actions.reference.load_reference import tx_of
from server.base.clock import to_iso
from server.base.db import write
from server.rules.calendar import instant_ms
from tests.axe import serious_findings
from tests.chromium import expect_fits
from tests.console.conftest import DESK, PHONE, OpenPage
from tests.server.cast import Cast
from tests.server.rosters.people import person
from tests.stories.cases.children import REPORTS, accepted, ordered
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import DAY, at, planned_field

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
LINE = {"code": "demo", "name": "演示社区", "part": "community", "dial": "0373-0000001"}


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@SIZES
def test_a_case_is_read_and_a_contact_decided_about(
    open_page: OpenPage, field: Field, size: ViewportSize
) -> None:
    tablet = field.tablet("first")
    field.cast.clock.set(instant_ms(DAY, "08:00"))
    ill = tablet.add(field.scope, "worker", WORKER)
    number = person(2).certificate_number
    tablet.add(field.scope, "worker", {**WORKER, "name": person(2).name, "certificate_number": number})
    reported = dict.fromkeys(REPORTS, to_iso(instant_ms(DAY, "08:00")))
    case = tablet.add(field.scope, "case", {"worker": ill, "cause": "travel", **reported})
    accepted(field, tablet, case, "09:00")
    ordered(field, tablet, case, "10:00", days=3, mode="home", rule="MEDIUM_2022")
    field.cast.clock.set(instant_ms(DAY, "11:00"))
    assert tablet.sync().ok and tablet.refused() == []
    at(field, "11:00")
    with field.app.app_context(), write() as session:
        tx = tx_of(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())
        dated = {"source": "演示号码", "mark": "P", "from": DAY, "to": None}
        edit_rows(tx, [NewRow("report_lines", {**LINE, **dated})])
    page = open_page(f"/console/sites/{field.cast.site_a}/cases/{case}", size, "section")
    expect(page.get_by_role("link", name="0373-0000001")).to_have_attribute("href", "tel:0373-0000001")
    expect_fits(page)
    assert serious_findings(page) == []
    row = page.locator("#contacts ~ table tbody tr").first
    row.get_by_label("是接触者").check()
    row.get_by_label("理由").fill("查监控, 当晚同屋")
    row.get_by_role("button", name="保存").click()
    expect(page.locator("#contacts ~ table tbody tr").first).to_contain_text("查监控, 当晚同屋")

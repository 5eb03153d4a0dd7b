"""The course of a case on the tablet, without a network: whom to call, and the records of its forms, filled in from it."""

from __future__ import annotations

from playwright.sync_api import expect

from server.actions.reference.edit_rows import NewRow, edit_rows
from server.actions.reference.load_reference import tx_of
from server.base.db import write
from server.rules.calendar import local_date_of
from tests.field_app.conftest import Inspector, bodies, elsewhere

LINE = {"code": "demo", "name": "演示社区", "part": "community", "dial": "0373-0000001"}


def test_a_case_says_whom_to_call_and_takes_its_records_without_a_network(inspector: Inspector) -> None:
    field = inspector.field
    with field.app.app_context(), write() as session:
        tx = tx_of(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())
        dated = {"source": "演示号码", "mark": "P", "from": local_date_of(tx.now_ms), "to": None}
        edit_rows(tx, [NewRow("report_lines", {**LINE, **dated})])
    page = inspector.enrol()
    with inspector.cut_off():
        inspector.open("个案")
        page.get_by_role("link", name="报告异常").click()
        page.get_by_label("找人").fill("张")
        page.get_by_label("找人").press("Enter")
        page.get_by_role("button", name="疫区往返").click()
        page.get_by_role("button", name="立案").click()
        lines = page.get_by_role("list", name="报备电话")
        expect(lines.get_by_role("link", name="0373-0000001")).to_have_attribute("href", "tel:0373-0000001")
        expect(lines).to_contain_text("电话待填")
        expect(page.get_by_role("link", name="添加解除隔离")).to_have_count(0)  # a section releases
        page.get_by_role("link", name="添加社区接收").click()
        page.get_by_label("社区", exact=True).fill("和平社区")
        page.get_by_label("网格员", exact=True).fill("赵网格")
        page.get_by_label("网格员电话").fill("13900000002")
        page.get_by_label("接收时间").fill("2026-11-23T10:00")
        page.get_by_role("button", name="保存").click()
        expect(page.get_by_role("region", name="社区接收")).to_contain_text("1 条")
    inspector.sync()
    inspector.expect_unsent(0)
    (case,) = elsewhere(field, "case")
    assert bodies(elsewhere(field, "community_acceptance"), "case", "community") == [(case.id, "和平社区")]

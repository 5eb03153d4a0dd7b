"""A form that came down is filled in, corrected and declared void like any other, by an app that was built before it."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from schemas.forms.tables import tables_from_json
from server.actions.forms.publish_form import publish_form
from server.actions.records.feed import publish
from server.actions.records.site_record import around_sites, site_put
from server.actions.reference.load_reference import mark_changed, tx_of
from server.base.db import write
from server.models import Reference, Site
from server.models.scope import lock_scope
from tests.field_app.conftest import bodies, elsewhere
from tests.field_app.inspector import Inspector, log_disinfection
from tests.schemas.forms.cast import LABEL, MAX, Sheets, example
from tests.server.cast import set_places
from tests.stories.photos import document

OUTBOX = """() => new Promise((resolve) => {
  const opening = indexedDB.open("gongdi-field");
  opening.onsuccess = () => {
    const asking = opening.result.transaction("outbox").objectStore("outbox").getAll();
    asking.onsuccess = () => {
      opening.result.close();
      resolve(asking.result.map((row) => new TextDecoder().decode(row.line)));
    };
  };
})"""


def survey(*rows: dict[str, Any]) -> Sheets:
    """A form of these rows, with the rest of 来访登记."""
    sheets = example("visitor_pass")
    sheets["survey"] = [*rows]
    sheets["settings"][0] |= {"form_title": "设备验收", "form_id": "acceptance"}
    return sheets


ACCEPTANCE = survey(
    {"type": "note", "name": "first", LABEL: "先看铭牌, 再填写。"},
    {"type": "date", "name": "day", LABEL: "验收日期", "required": "yes", "default": "today()"},
    {"type": "time", "name": "begun_at", LABEL: "开始时刻"},
    {"type": "dateTime", "name": "until", LABEL: "有效至"},
    {"type": "acknowledge", "name": "seen", LABEL: "已核对铭牌", "required": "yes"},
    {"type": "geopoint", "name": "where", LABEL: "位置"},
    {"type": "image", "name": "pictures", LABEL: "照片", MAX: 4, "required": "yes"},
    {"type": "file", "name": "report", LABEL: "检测报告"},
    {"type": "integer", "name": "count", LABEL: "台数", "bind::gongdi:unit": "台"},
    {"type": "calculate", "name": "twice", LABEL: "需要人数", "calculation": "${count} * 2"},
    {"type": "select_one_from_file workers.csv", "name": "driver", LABEL: "操作人"},
)


def visit() -> Sheets:
    """来访登记 under another code and title than the one that comes with the server."""
    sheets = example("visitor_pass")
    sheets["settings"][0] |= {"form_title": "来客登记", "form_id": "visit"}
    return sheets


def come_down(inspector: Inspector, sheets: Sheets) -> None:
    """The office publishes a form, and the tablet, which was built and enrolled before, syncs."""
    field = inspector.field
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    sheets["gongdi"][0]["site_kinds"] = "construction"
    with field.app.app_context(), write() as session:
        publish_form(tx_of(session, seals, now_ms), tables_from_json(sheets))
    inspector.sync()


def entries(page: Page) -> list[dict[str, Any]]:
    """The lines that wait in the tablet."""
    return [json.loads(line) for line in page.evaluate(OUTBOX)]


def pictures(count: int) -> list[FilePayload]:
    made: list[FilePayload] = []
    for shade in range(count):
        file = BytesIO()
        Image.new("RGB", (8, 8), (60 * shade, 90, 90)).save(file, "PNG")
        made.append({"name": f"{shade}.png", "mimeType": "image/png", "buffer": file.getvalue()})
    return made


def test_a_form_that_came_down_asks_as_it_says_and_is_written_by_its_version(inspector: Inspector) -> None:
    page = inspector.enrol()
    come_down(inspector, visit())
    inspector.context.set_offline(True)
    inspector.open("来客登记")
    page.get_by_role("button", name="进入").click()
    page.get_by_role("group", name="戴口罩").get_by_role("button", name="是").click()
    page.get_by_role("button", name="绿码").click()
    page.locator("[name=name]").fill("试客甲")
    page.locator("[name=phone]").fill("139 0000 000")
    page.locator("[name=celsius]").fill("37.35")
    page.locator("[name=plate]").fill("豫g12345")  # only now, with the hand elsewhere, is it judged
    expect(page.locator(".field", has=page.locator("[name=phone]"))).to_contain_text("11 位数字")
    expect(page.locator(".field", has=page.locator("[name=celsius]"))).to_contain_text("最多保留一位小数。")
    page.locator("[name=phone]").fill("139 0000 0001")
    page.locator("[name=celsius]").fill("37.3")
    expect(page.get_by_text("不符合进入条件")).to_be_visible()
    expect(page.get_by_role("group", name="是否劝返")).to_contain_text("必须劝返")
    page.get_by_role("group", name="是否劝返").get_by_role("button", name="是").click()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("group", name="劝返原因")).to_contain_text("缺少这一项, 请填写。")
    page.get_by_role("button", name="体温异常").click()
    page.get_by_role("button", name="只计人数").click()  # then nobody is named
    expect(page.locator("[name=name]")).to_have_count(0)
    page.get_by_role("button", name="实名").click()
    expect(page.locator("[name=name]")).to_have_value("试客甲")
    page.get_by_role("button", name="只计人数").click()
    page.locator("[name=persons]").fill("3")
    page.get_by_role("group", name="是否劝返").get_by_role("button", name="否").click()
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".records")).to_contain_text("进入 只计人数 3 人")
    expect(page.get_by_role("button", name="进入")).to_have_attribute("aria-pressed", "true")  # it is kept
    (entry,) = entries(page)
    assert (entry["kind"], entry["act"], entry["form"]) == ("visit", "add", 1)
    assert entry["body"] == {
        **{"direction": "in", "counting": "counted", "persons": 3, "mask_worn": "yes"},
        **{"health_code": "green", "refused": "no", "plate": "豫G12345"},
    }
    inspector.context.set_offline(False)
    inspector.sync()
    inspector.expect_unsent(0)
    passes = elsewhere(inspector.field, "visit")
    assert bodies(passes, "direction", "counting", "persons") == [("in", "counted", 3)]


def test_photos_of_a_field_a_document_a_place_on_earth_and_a_person(inspector: Inspector) -> None:
    inspector.context.grant_permissions(["geolocation"])
    inspector.context.set_geolocation({"latitude": 35.3030001, "longitude": 113.9269, "accuracy": 12})
    page = inspector.enrol()
    come_down(inspector, ACCEPTANCE)
    inspector.context.set_offline(True)
    inspector.open("设备验收")
    expect(page.locator("[name=day]")).to_have_value("2026-11-23")
    page.locator("[name=begun_at]").fill("07:30")
    page.locator("[name=until]").fill("2026-11-23T18:00")
    page.get_by_role("button", name="已核对铭牌").click()
    page.get_by_role("button", name="定位").click()
    expect(page.get_by_text("35.30300, 113.92690")).to_be_visible()
    page.locator(".gallery input[accept='image/*']").set_input_files(pictures(3))
    expect(page.locator(".thumbnail")).to_have_count(3)
    pdf: FilePayload = {"name": "r.pdf", "mimeType": "application/pdf", "buffer": document()}
    for broken in (b"%PDF-1.4\n%%EOF", b"PK"):
        page.locator("input[accept='application/pdf']").set_input_files({**pdf, "buffer": broken})
        expect(page.get_by_text("请选择完整的 PDF 文件")).to_be_visible()
    page.locator("input[accept='application/pdf']").set_input_files(pdf)
    expect(page.locator(".document")).to_be_visible()
    page.locator("[name=count]").fill("2")
    expect(page.locator(".calculated")).to_contain_text("4")
    page.get_by_label("找人").fill("张三")
    page.locator(".people button").click()
    inspector.expect_kept('"count":2')
    page = inspector.open_again()
    inspector.open("设备验收")
    expect(page.locator(".thumbnail")).to_have_count(3)
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".records details")).to_have_count(1)
    (entry,) = entries(page)
    body = entry["body"]
    assert {medium["sha256"] for medium in entry["media"]} == {*body["pictures"], *body["report"]}
    assert [medium["type"] for medium in entry["media"]] == ["image/jpeg"] * 3 + ["application/pdf"]
    assert body["where"] == {"latitude_deg": 35.303, "longitude_deg": 113.9269, "accuracy_m": 12}
    assert (body["day"], body["begun_at"], body["seen"], body["count"]) == ("2026-11-23", "07:30", True, 2)
    assert "twice" not in body and "first" not in body
    inspector.context.set_offline(False)
    inspector.sync()
    inspector.expect_unsent(0)
    expect(page.get_by_text("没有等待上传的")).to_be_visible()  # the document arrived, too
    cast = inspector.field.cast
    (digest,) = body["report"]
    assert cast.client("section").get(f"/api/v1/media/{cast.site_a}/{digest}").data == document()


def test_children_of_a_published_form_are_begun_on_its_page_or_choose_it(inspector: Inspector) -> None:
    page = inspector.enrol()
    come_down(inspector, survey({"type": "text", "name": "machine", LABEL: "设备", "required": "yes"}))
    defect = survey(
        {
            **{"type": "select_one_from_file acceptance.csv", "name": "of", LABEL: "验收", "required": "yes"},
            "bind::gongdi:role": "parent",
        },
        {"type": "text", "name": "what", LABEL: "缺陷情况", "required": "yes"},
    )
    defect["settings"][0] |= {"form_title": "缺陷", "form_id": "defect"}
    come_down(inspector, defect)
    inspector.context.set_offline(True)
    inspector.open("设备验收")
    page.locator("[name=machine]").fill("一号塔吊")
    page.get_by_role("button", name="保存").click()
    page.locator(".records summary", has_text="一号塔吊").click()
    page.locator(".records").get_by_role("link", name="添加缺陷").click()
    page.locator("[name=what]").fill("限位失灵")
    page.get_by_role("button", name="保存").click()
    defects = page.get_by_role("region", name="缺陷")
    expect(defects.locator("summary")).to_contain_text("限位失灵")  # on the page of what it belongs to
    page.goto(f"{inspector.live.address}/field/#/log/defect")
    page.locator("[name=what]").fill("钢丝绳断丝")
    page.locator("[name=of]").select_option(index=1)
    page.get_by_role("button", name="保存").click()
    page.locator(".records summary", has_text="钢丝绳断丝").click()
    page.get_by_role("link", name="查看").click()
    expect(defects.locator("summary")).to_have_count(2)
    defects.locator("summary", has_text="限位失灵").click()
    defects.get_by_role("link", name="更正").click()
    page.locator("[name=what]").fill("限位失灵, 已停用")
    page.get_by_role("button", name="保存更正").click()
    expect(defects.locator("summary", has_text="已停用")).to_be_visible()
    page.locator(".keys > button", has_text="撤销").last.click()  # of the acceptance itself
    inspector.context.set_offline(False)
    inspector.sync()
    inspector.expect_unsent(0)
    (made,) = elsewhere(inspector.field, "acceptance")
    assert made.body["voided"] is True
    found = [one for one in elsewhere(inspector.field, "defect") if not one.body.get("amended_by")]
    assert bodies(found, "of", "what") == [(made.id, "钢丝绳断丝"), (made.id, "限位失灵, 已停用")]


def test_a_record_is_corrected_and_another_declared_void_with_a_reason(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.open("消毒")
    for place in ("工人食堂", "一号宿舍"):
        page.get_by_role("button", name=place).click()
        log_disinfection(page)
    inspector.sync()
    inspector.expect_unsent(0)
    inspector.open("消毒")
    page.locator(".records summary", has_text="工人食堂").click()
    page.get_by_role("link", name="更正").click()
    expect(page.locator("[name=operator]")).to_have_value("王师傅")
    page.locator("[name=operator]").fill("赵师傅")
    page.get_by_role("button", name="保存更正").click()
    expect(page.locator(".records")).to_contain_text("已更正")
    page.locator(".records summary", has_text="一号宿舍").click()
    page.get_by_role("button", name="作废…").click()
    page.locator("[name=reason]").fill("记错了工地")
    page.get_by_role("button", name="确认作废").click()
    expect(page.locator(".records")).to_contain_text("已作废")
    inspector.sync()
    inspector.expect_unsent(0)
    logs = elsewhere(inspector.field, "disinfection_log")
    assert {(log.body["operator"], bool(log.body.get("amended_by"))) for log in logs} == {
        ("王师傅", True),
        ("赵师傅", False),
        ("王师傅", False),
    }
    (void,) = [log for log in logs if log.body.get("voided")]
    assert (void.body["place_name"], void.body["void"]["reason"]) == ("一号宿舍", "记错了工地")


def test_what_was_begun_is_there_again_without_a_network(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.open("消毒")
    page.get_by_role("button", name="工人食堂").click()
    page.locator("[name=operator]").fill("王师傅")
    inspector.expect_kept("王师傅")
    with inspector.cut_off():
        page = inspector.open_again()
        inspector.open("同步")
        page.get_by_role("link", name="消毒记录 工人食堂").click()
        expect(page.locator("[name=operator]")).to_have_value("王师傅")


def test_a_kind_of_place_that_came_later_is_disinfected_like_any_other(inspector: Inspector) -> None:
    field = inspector.field
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    with field.app.app_context(), write() as session:
        data = {"name": "泵房", "living": False, "mark": "P"}
        dates = {"valid_from": "2021-12-01", "valid_to": None}
        session.add(Reference(noun="place_kinds", code="pump_house", data=data, source="x", **dates))
        mark_changed(session)
        site, scope = session.get_one(Site, field.cast.site_a), lock_scope(session, field.cast.site_a)
        assert scope is not None
        set_places(session, site.id, ("canteen", "工人食堂"), ("pump_house", "一号泵房"))
        publish(
            session, scope, seals, now_ms, [site_put(site, around_sites(session, [site.id])[site.id], now_ms)]
        )
    page = inspector.enrol()
    inspector.open("消毒")
    page.get_by_role("button", name="一号泵房").click()
    log_disinfection(page)
    inspector.sync()
    inspector.expect_unsent(0)
    assert bodies(elsewhere(field, "disinfection_log"), "place", "place_name") == [("pump_house", "一号泵房")]

"""Papers of one flag, from what was found on site to its closing: numbers, terms, and what each says."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from flask import Flask
from pypdf import PdfReader

from server.rules.calendar import instant_ms
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, moved, show
from tests.stories.papers.office import BROKEN, COURT, ORDER, RECORD, SERVICE, Desk, answered_field, paper_row

REVIEW, SUIT = "2027-01-25", "2027-05-24"


@pytest.fixture
def office(app: Flask, cast: Cast, tmp_path: Path) -> tuple[Field, str]:
    return answered_field(app, cast, tmp_path)


def signed(desk: Desk, paper: str) -> str:
    answer = desk.sign(paper)
    assert answer.status_code == 303, answer.text
    return paper


def ordered(field: Field, flag: str) -> tuple[Desk, str]:
    """An inspection record, the order's move, and the signed order."""
    desk, clock = Desk(field, "section"), field.cast.clock
    clock.set(instant_ms(DAY, "14:00"))
    signed(desk, desk.draft(flag, "inspection_record", **RECORD))
    moved(field.cast.client("section"), flag, "order_rectification", note="换装线路, 配足消毒用品")
    return desk, signed(desk, desk.draft(flag, "order", **ORDER))


def test_an_order_says_what_the_law_asks_of_a_decision(office: tuple[Field, str]) -> None:
    desk, order = ordered(*office)
    text = desk.text(f"/papers/{order}/paper.pdf")
    for part in (
        *(
            "新乡市住房和城乡建设局责令限期改正通知书",
            "新建责改〔2026〕1号",
            "甲建筑：",
            "食堂配电箱线路裸露",
        ),
        *("2026年11月24日现场检查时", "现场检查笔录", "《建设工程安全生产管理条例》第四十三条第四项"),
        *("2026年11月27日17时前改正完毕", "60日内向新乡市人民政府申请行政复议", f"6个月内依法向{COURT}提起"),
        *("孙丽（执法证号：16070001）", "周强（执法证号：16070002）", "2026年11月24日", "一式四份", BROKEN),
        *("联系地址：新乡市平原路999号，联系电话：0373-3050000。", "你单位在牧野花园有下列行为："),
    ):
        assert part in text, part
    for part in ("质安科", "待填", "系统", "section", "草稿", "建议值", "省住房和城乡建设厅"):
        assert part not in text, part


def test_seal_and_signatures_stand_on_no_page_without_words(office: tuple[Field, str]) -> None:
    field, flag = office
    desk, _ = ordered(field, flag)
    many = "\n".join(f"第{number}处线路裸露 | 更换破损线路并装好盖板" for number in range(1, 4))
    paper = desk.draft(flag, "order", **ORDER, orders=many, recheck_at="2026-11-30T09:00")
    answer = desk.get(f"/papers/{signed(desk, paper)}/paper.pdf")
    pages = ["".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(answer.data)).pages]
    (last,) = [page for page in pages if "签名：" in page]
    assert len(pages) == 2 and "申请行政复议" in last and "新乡市住房和城乡建设局2026年" in last


def test_from_finding_to_service_to_recheck_to_closing(office: tuple[Field, str]) -> None:
    field, flag = office
    desk, order = ordered(field, flag)
    clock, section = field.cast.clock, field.cast.client("section")
    assert f"/console/papers/{order}" not in Desk(field, "contractor").get(f"/flags/{flag}").text
    clock.set(instant_ms(DAY, "15:30"))
    assert desk.serve(order, **SERVICE).status_code == 303
    page = desk.get(f"/papers/{order}").text
    assert f"复议至 {REVIEW}" in page and f"起诉至 {SUIT}" in page
    (rectify,) = [step for step in show(section, flag)["steps"] if step["step"] == "rectify"]
    assert rectify["due"].startswith("2026-11-27T17:00")
    assert f"/console/papers/{order}" in Desk(field, "contractor").get(f"/flags/{flag}").text
    receipt = desk.text(f"/papers/{order}/receipt.pdf")
    for part in (
        "送达回证",
        "责令限期改正通知书",
        "新建责改〔2026〕1号",
        "2026年11月24日15时",
        "直接送达",
        "王芳",
    ):
        assert part in receipt, part
    moved(field.cast.client("contractor"), flag, "submit_rectification", note="已更换线路")
    clock.set(instant_ms("2026-11-25", "10:00"))
    desk, section = Desk(field, "section"), field.cast.client("section")
    moved(section, flag, "pass_recheck", note="整改到位")
    recheck = desk.draft(flag, "recheck_record", present="王芳", officers=["sun", "zhou"])
    text = desk.text(f"/papers/{signed(desk, recheck)}/paper.pdf")
    for part in (
        "复查记录",
        "新建责改〔2026〕1号",
        "食堂配电箱线路裸露已完成",
        "整改到位",
        "2026年11月25日10时",
    ):
        assert part in text, part
    moved(section, flag, "close")
    whole = desk.text(f"/flags/{flag}/file.pdf")
    for part in ("责令限期改正通知书新建责改〔2026〕1号已签发", "复查记录—已签发", "送达文书"):
        assert part in whole, part
    assert paper_row(field, order).served_ms == instant_ms(DAY, "15:00")


def test_work_is_stopped_for_a_major_hazard_and_resumed_by_consent(office: tuple[Field, str]) -> None:
    field, flag = office
    desk, clock = Desk(field, "brigade"), field.cast.clock
    clock.set(instant_ms(DAY, "14:00"))
    signed(desk, desk.draft(flag, "inspection_record", **RECORD))
    moved(field.cast.client("brigade"), flag, "order_stop_work", note="深基坑支护变形")
    stop = desk.draft(
        flag,
        "stop_order",
        **{
            "basis": "major_hazard",
            "hazard": "深基坑支护变形",
            "area": "3号楼深基坑",
            "officers": ["zhou", "li"],
        },
        **{"broken": BROKEN},
        **{
            "leave": "撤出基坑内全部作业人员",
            "resume_if": "支护加固并经监测合格",
            "from_at": "2026-11-24T14:30",
        },
    )
    text = desk.text(f"/papers/{signed(desk, stop)}/paper.pdf")
    for part in (
        *(
            "（存根）",
            "新建责停〔2026〕1号（骑缝处盖章）",
            "重大事故隐患：深基坑支护变形",
            "未经本机关审查同意",
        ),
        *("自2026年11月24日14时30分起停止3号楼深基坑的施工", "支护加固并经监测合格", COURT),
    ):
        assert part in text, part
    clock.set(instant_ms(DAY, "16:00"))
    assert desk.serve(stop, **SERVICE).status_code == 303
    asked = Desk(field, "contractor")
    application = asked.draft(flag, "resume_application", done="支护加固 | 已加固 | 监测报告")
    text = asked.text(f"/papers/{signed(asked, application)}/paper.pdf")
    for part in ("复工申请", "新乡市住房和城乡建设局：", "新建责停〔2026〕1号", "监理单位意见", "监测报告"):
        assert part in text, part
    moved(field.cast.client("contractor"), flag, "submit_rectification", note="已加固")
    clock.set(instant_ms("2026-11-26", "10:00"))
    desk = Desk(field, "brigade")
    moved(field.cast.client("brigade"), flag, "consent_resume", note="支护已加固, 监测合格")
    resume = desk.draft(flag, "resume_notice", resumed_at="2026-11-26T14:30", officers=["zhou", "li"])
    text = desk.text(f"/papers/{signed(desk, resume)}/paper.pdf")
    for part in (
        "新建复工〔2026〕1号",
        "同意3号楼深基坑自2026年11月26日14时30分起恢复施工",
        "支护已加固，监测合格",
    ):
        assert part in text, part


def test_a_case_goes_to_the_brigade_with_a_slip_and_to_another_organ_with_a_letter(
    office: tuple[Field, str],
) -> None:
    field, flag = office
    desk, _ = ordered(field, flag)
    moved(field.cast.client("section"), flag, "transfer", note="多次不改")
    slip = signed(desk, desk.draft(flag, "case_handover"))
    text = desk.text(f"/papers/{slip}/paper.pdf")
    for part in ("案件移交单", "质安科", "监察支队", "责令限期改正通知书（新建责改〔2026〕1号）", "多次不改"):
        assert part in text, part
    assert "号" not in paper_row(field, slip).number
    brigade = Desk(field, "brigade")
    letter = brigade.draft(
        flag,
        "transfer_letter",
        **{"addressee": "新乡市公安局", "contact": "周强", "basis": "hazard", "reason": "拒不整改"},
    )
    text = brigade.text(f"/papers/{signed(brigade, letter)}/paper.pdf")
    for part in (
        "案件移送函",
        "新建移送〔2026〕1号",
        "新乡市公安局：",
        "联系电话：0373-3050000",
        "回执",
        "拒不整改",
    ):
        assert part in text, part


def test_a_copy_that_the_bureau_received_is_forwarded_to_the_unit_that_the_flag_was_passed_to(
    office: tuple[Field, str],
) -> None:
    field, flag = office
    desk, _ = ordered(field, flag)
    moved(field.cast.client("section"), flag, "transfer", note="多次不改")
    slip = desk.draft(
        flag, "forwarding_slip", persons="", copy_of="和平社区居家健康监测告知书（2026年11月24日）"
    )
    refused = desk.sign(slip)
    assert refused.status_code == 422 and "请填写涉及人数" in refused.text
    desk.type(slip, persons="3")
    text = desk.text(f"/papers/{signed(desk, slip)}/paper.pdf")
    for part in (
        *("转交单", "监察支队：", "涉及牧野花园的3人", "和平社区居家健康监测告知书（2026年11月24日）"),
        *("责令限期改正通知书（新建责改〔2026〕1号）", "姓名、证件号码和联系电话另列名单", "接收人签名："),
    ):
        assert part in text, part
    for part in ("责令限期改正：", "复议", "待填"):
        assert part not in text, part
    assert paper_row(field, slip).number == "" and paper_row(field, slip).series is None
    contractor = Desk(field, "contractor")
    assert contractor.start(flag, "forwarding_slip").status_code == 403
    assert contractor.get(f"/papers/{slip}").status_code == 404

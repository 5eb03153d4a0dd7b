"""The words that an order may begin with: facts that are known, a demand, and published texts only."""

from __future__ import annotations

from server.rules.flags.ready_phrase import Found, basis, ready_order

NOTICE = "新乡市住建局 2021-12-01 常态化疫情防控工作实施方案 二(二)"
DAYS = ("2026-11-24", "2026-11-24", "2026-11-25")


def test_it_says_where_when_and_how_often_and_rests_on_the_text() -> None:
    said = ready_order("牧野花园", Found("消毒", "食堂", DAYS), NOTICE)
    assert said == (
        "经查，你单位在牧野花园（食堂）的“消毒”（2026-11-24、2026-11-25）共 3 个时段不符合要求。"
        "请查明原因，按要求落实并如实记录。请在期限内书面回复整改情况，附照片。"
        f"依据：{NOTICE}。"
    )


def test_what_was_not_heard_of_is_never_said_to_be_not_done() -> None:
    said = ready_order("牧野花园", Found("消毒", unheard=DAYS), "")
    assert "尚未收到" in said and "补传记录" in said
    assert "不符合要求" not in said and "经查" not in said
    both = ready_order("牧野花园", Found("消毒", missed=DAYS[:1], unheard=DAYS[1:]), "")
    assert "共 1 个时段不符合要求" in both and "另有 2 个时段" in both


def test_it_demands_and_never_orders_by_itself() -> None:
    said = ready_order("牧野花园", Found("消毒", missed=DAYS, lacking="60 平方米用了 0 升"), NOTICE)
    assert "责令" not in said and "处罚" not in said
    assert "（60 平方米用了 0 升）" in said


def test_what_is_only_proposed_is_no_basis() -> None:
    assert basis(f"{NOTICE}; 扬州市 2021 年要求; 周期为本系统建议值", "F") == f"{NOTICE}；扬州市 2021 年要求"
    assert basis(NOTICE, "P") == basis(NOTICE, "M") == ""
    assert basis("本系统建议值, 供主管科室修改", "F") == ""
    assert "依据" not in ready_order("牧野花园", Found("名册更新", missed=DAYS), "")


def test_of_many_days_the_last_few_are_named() -> None:
    days = [f"2026-11-{day:02}" for day in range(1, 8)]
    said = ready_order("牧野花园", Found("消毒", missed=days), "")
    assert "2026-11-05、2026-11-06、2026-11-07 等 7 日" in said and "2026-11-04" not in said

"""The fields that a template may name. What is asked is typed by whoever drafts; all others the system fills in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Asks = Literal["text", "long", "moment", "items", ""]


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `asks`: how it is typed; empty: the system fills it in. `columns`: of a table, one row a line, its cells
    parted by |. `health`: it tells of somebody's health, and stands on a 报备单 only."""

    name: str
    title: str
    asks: Asks = ""
    columns: tuple[str, ...] = ()
    hint: str = ""
    health: bool = False


_FIELDS = (
    Field("number", "文号"),
    Field("date", "日期"),
    Field("bureau", "本机关"),
    Field("bureau_phone", "本机关电话"),
    Field("bureau_address", "本机关地址"),
    Field("party", "当事人"),
    Field("party_code", "统一社会信用代码"),
    Field("site", "项目"),
    Field("site_address", "项目地址"),
    Field("officers", "执法人员"),
    Field("basis", "依据"),
    Field("parent_name", "原文书"),
    Field("parent_number", "原文书文号"),
    Field("parent_date", "原文书日期"),
    Field("party_address", "住所", "text"),
    Field("party_head", "法定代表人 (负责人)", "text"),
    Field("party_phone", "联系电话", "text"),
    Field("case_name", "案由", "text"),
    Field("place", "地点", "text"),
    Field("began", "开始时间", "moment"),
    Field("ended", "结束时间", "moment"),
    Field("present", "在场人员和职务", "text"),
    Field("recorder", "记录人", "text"),
    Field("findings", "检查情况", "items", ("检查情况",), "一行一项, 只写现场看到的"),
    Field("refusal", "拒绝签字的原因和见证人", "text"),
    Field("found", "发现的时间和方式", "text", (), "如 2026年11月24日现场检查时"),
    Field("orders", "整改事项", "items", ("事实", "整改要求"), "一行一项: 事实 | 整改要求"),
    Field("broken", "违反的规定", "text", (), "法律法规或标准的全称和条款; 不填则用依据里写明的"),
    Field("evidence", "证据", "text", (), "如 现场检查笔录、现场照片"),
    Field("due", "整改期限", "moment"),
    Field("recheck_at", "复查时间", "moment"),
    Field("hazard", "重大事故隐患", "long"),
    Field("area", "停止施工的部位", "text"),
    Field("from_at", "停止施工的时间", "moment"),
    Field("leave", "撤出的人员", "text", (), "如 撤出该部位的全部作业人员"),
    Field("resume_if", "恢复施工的条件", "items", ("恢复施工的条件",), "一行一项"),
    Field(
        "done", "整改情况", "items", ("事项", "整改情况", "证明材料"), "一行一项: 事项 | 整改情况 | 证明材料"
    ),
    Field("checked_at", "复查时间", "moment"),
    Field(
        "results",
        "复查情况",
        "items",
        ("事项", "结果", "说明"),
        "一行一项: 事项 | 已完成、部分完成或未完成 | 说明",
    ),
    Field("verdict", "复查意见", "long"),
    Field("next", "处理", "text"),
    Field("words", "当事人意见", "long"),
    Field("resumed_at", "恢复施工的时间", "moment"),
    Field("addressee", "主送单位", "text"),
    Field("reason", "移送理由", "long"),
    Field("materials", "材料清单", "items", ("名称", "份数", "页数"), "一行一项: 名称 | 份数 | 页数"),
    Field("contact", "联系人", "text"),
    Field("contact_phone", "联系电话", "text"),
    Field("handed_from", "移交", "text"),
    Field("handed_to", "接收", "text"),
    Field("history", "办理经过", "long"),
    Field("copy_of", "收到的文书", "text", (), "出具单位、名称和日期, 不写人名"),
    Field("persons", "涉及人数", "text"),
    Field("symptoms", "健康情况", "long", health=True),
    Field("movements", "行程情况", "long", health=True),
    Field("reported_site", "地点"),
    Field("receiving_unit", "主管科室"),
    Field("found_at", "发现时间"),
    Field("cause", "情况类别", health=True),
    Field("kinds_found", "情况和人数", "items", ("情况", "人数"), health=True),
    Field("person", "人员", health=True),
    Field("measures", "已采取的措施", health=True),
    Field("case_note", "说明", health=True),
    Field("reports", "报送情况", "items", ("报给", "时间", "接报人和回执", "电话")),
    Field("served_name", "送达的文书"),
    Field("served_number", "文书文号"),
    Field("served_at", "送达时间"),
    Field("served_place", "送达地点"),
    Field("way", "送达方式"),
    Field("receiver", "签收人"),
    Field("relation", "签收人与受送达人的关系"),
    Field("left_reason", "拒收的原因和日期"),
    Field("witness", "见证人"),
    Field("servers", "送达人"),
    Field("service_note", "备注"),
)
FIELDS: Mapping[str, Field] = {field.name: field for field in _FIELDS}
UNKNOWN = "待填"
"""What a draft says where nobody has said it yet."""
NOT_USED = "／"
"""What stands in a field that was left empty: nobody writes anything into it afterwards."""


def rows_of(field: Field, text: str) -> list[list[str]]:
    """A table as it was typed: a row for each line, with as many cells as there are columns."""
    width = len(field.columns)
    rows = []
    for line in filter(None, map(str.strip, text.splitlines())):
        cells = [cell.strip() for cell in line.replace("｜", "|").split("|", width - 1)]
        rows.append(cells + [""] * (width - len(cells)))
    return rows

"""Rows of reference data (seed_data/): what every row has, and the rows that duties are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import RAISE, ValidationError

from schemas import limits
from schemas.adapters import CameraAdapterRow, GateAdapterRow
from schemas.fields import (
    UUID_PATTERN,
    Body,
    Errors,
    choice,
    coded,
    day,
    many,
    matching,
    nested,
    number,
    text,
    whole,
    yes_no,
)
from schemas.paper_rows import PAPER_ROWS
from schemas.reference_row import RowBody
from schemas.severity import SEVERITIES
from schemas.worker import ASKABLE, SPARABLE

TIME_PATTERN = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
TIME_MESSAGE = "应为 07:30 样子的时刻。"
# `CODE_PATTERN` with the room that windows and flags have for it.
_WINDOW_CODE_PATTERN = f"^[A-Za-z][A-Za-z0-9_-]{{0,{limits.WINDOW_CODE_MAX - 1}}}$"
_WINDOW_CODE_MESSAGE = f"代码应以字母开头, 只用字母、数字、_ 和 -, 最多 {limits.WINDOW_CODE_MAX} 个字符。"
_RULE_PATTERN = "^([a-z][a-z0-9_]{0,63})?$"
_RULE_MESSAGE = "应为 rules 里的代码, 或留空。"
REPORTED_TO = {"community": "社区", "headquarters": "辖区指挥部", "bureau": "住建局"}
DISTRICT_PATTERN, DISTRICT_MESSAGE = "^[0-9]{6}$", "应为 6 位行政区划代码。"
LINE_PATTERN = "^[0-9][0-9-]{2,19}$"  # landlines and short numbers, too
LINE_MESSAGE = "电话应为 3 到 20 位数字, 可以有横线。"
JUDGINGS = ("coverage", "log", "event", "state", "period", "document", "telemetry", "none")
STAGES = ("preparing", "building", "stopped", "completed")


def _days(title: str) -> Any:
    """Days of isolation, numbered from 1."""
    number = whole(title, 1, limits.ISOLATION_DAYS_MAX)
    return many(title, number, limits.ISOLATION_DAYS_MAX, optional=True)


def _window_code(title: str) -> Any:
    return matching(title, _WINDOW_CODE_PATTERN, _WINDOW_CODE_MESSAGE)


class DutyRow(RowBody):
    """An obligation of a kind of site."""

    class Meta(RowBody.Meta):
        unknown = RAISE  # a field that nobody reads may be meant to hold the duty back

    code = _window_code("代码")
    name = text("名称", limits.LABEL_MAX)
    about = text("内容", limits.LABEL_MAX)
    cadence = text("频次", limits.LABEL_MAX)
    judging = choice("判定方式", JUDGINGS)
    evidence = matching("记录类型", "^([a-z][a-z0-9_]{0,31})?$", "应为记录类型的代码, 或留空。")
    severity = choice("严重程度", SEVERITIES)
    places = many("场所类型", _window_code("场所类型"), limits.PLACES_MAX)
    goes_on = many("停工时照做的场所", _window_code("场所类型"), limits.PLACES_MAX)
    staff = choice("人员", ("", "canteen"))
    site_kinds = many("地点类型", coded("地点类型"), limits.PLACES_MAX)
    stages = many("阶段", choice("阶段", STAGES), len(STAGES))
    # Of the judgings without slots, as it is written (server/rules/duties/modes.py).
    per = text("对象", limits.LABEL_MAX, optional=True)
    when = text("计入条件", limits.RULE_MAX, optional=True)
    need = text("次数", limits.LABEL_MAX, optional=True)
    every = text("周期", limits.LABEL_MAX, optional=True)
    rolling = text("滚动周期", limits.LABEL_MAX, optional=True)
    holds = text("应满足", limits.RULE_MAX, optional=True)
    valid_days = text("有效天数", limits.LABEL_MAX, optional=True)
    also = text("另一种完成方式", limits.LABEL_MAX, optional=True)
    writer = text("填写人", limits.LABEL_MAX, optional=True)
    reckons = text("汇总核算", limits.LABEL_MAX, optional=True)
    items = text("物资", limits.LABEL_MAX, optional=True)
    trigger = matching("引起要求的记录", "^[a-z][a-z0-9_]{0,31}$", "应为记录类型的代码。", optional=True)
    trigger_when = text("引起要求的条件", limits.RULE_MAX, optional=True)
    relation = text("关系", limits.LABEL_MAX, optional=True)
    within = text("时限", limits.LABEL_MAX, optional=True)
    away = matching("最长离线", _RULE_PATTERN, _RULE_MESSAGE, optional=True)
    having = text("只问有此物的地点", limits.LABEL_MAX, optional=True)


class SlotRow(Body):
    """A stretch of the local day, as the rules have it."""

    code = _window_code("时段")
    opens = matching("开始", TIME_PATTERN, TIME_MESSAGE)
    due = matching("截止", TIME_PATTERN, TIME_MESSAGE)
    grace_s = whole("宽限 (秒)", 0, limits.GRACE_S_MAX)
    admits = many("计入的时段", coded("时段"), limits.SLOTS_MAX, optional=True)
    night_shift = yes_no("仅夜班", optional=True)


class DutySlotsRow(RowBody):
    """When a duty is due, under one alert level."""

    duty = coded("职责")
    preset = choice("防控级别", ("normal", "raised"))
    slots = many("时段", nested("时段", SlotRow), limits.SLOTS_MAX)


class SiteKindRow(RowBody):
    """A sort of site."""

    code = _window_code("代码")
    name = text("名称", limits.LABEL_MAX)
    unit = coded("主管科室")
    rests = choice("休息日", ("official", "holidays", "never"))
    # Of a person: usual fields for which this kind does not ask, and others for which it does.
    worker_optional = many("人员可不填", choice("人员可不填", SPARABLE), len(SPARABLE), optional=True)
    worker_required = many("人员另须填", choice("人员另须填", ASKABLE), len(ASKABLE), optional=True)
    word = text("对一处的称呼", limits.LABEL_MAX, optional=True)


class PlaceKindRow(RowBody):
    """A sort of place."""

    code = _window_code("代码")
    name = text("名称", limits.LABEL_MAX)
    living = yes_no("有人食宿")


class RiskAreaRow(RowBody):
    """A division at risk (风险地区)."""

    code = matching("代码", "^[0-9]{4}([0-9]{2}([0-9]{3})?)?$", "应为 4、6 或 9 位行政区划代码。")
    name = text("名称", limits.LABEL_MAX)
    level = choice("级别", ("high", "medium", "named"))
    since = day("起算日期", optional=True)


class ReturnRuleRow(RowBody):
    """What is asked of whoever comes back from near an area at risk, and of contacts."""

    name = text("措施", limits.LABEL_MAX)
    relation = choice("远近", ("area", "county", "prefecture", "contact"))
    levels = many("级别", choice("级别", ("high", "medium", "named")), 3)
    days = whole("天数", 1, limits.ISOLATION_DAYS_MAX, optional=True)
    tests = _days("采样日")
    watch_days = whole("其后居家监测天数", 1, limits.ISOLATION_DAYS_MAX, optional=True)
    watch_tests = _days("居家监测采样日")

    def problems(self, data: Mapping[str, Any]) -> Errors:
        if data.get("relation") != "contact" and not data.get("levels"):
            return {"levels": ["请写明地区的级别。"]}
        return super().problems(data)


class CaseStepRow(RowBody):
    """A step of the course of a case, with its clock (server/rules/case_steps.py)."""

    class Meta(RowBody.Meta):
        unknown = RAISE

    code = matching("代码", "^CASE(-[A-Z-]{1,19})?$", "应为 CASE, 或 CASE- 和大写字母。")
    name = text("名称", limits.LABEL_MAX)
    starts = choice("起算", ("opened", "ordered_end", "confirmed"))
    each = choice("次数", ("", "day", "test_day"))
    evidence = coded("记录类型")
    parts = many("分项", coded("分项"), limits.PLACES_MAX)
    in_case = yes_no("个案中也写明")
    warn = matching("预警", _RULE_PATTERN, _RULE_MESSAGE)
    limit = matching("时限", _RULE_PATTERN, _RULE_MESSAGE)
    unit = coded("告知")
    severity = choice("严重程度", SEVERITIES)
    modes = many("隔离方式", coded("隔离方式"), limits.PLACES_MAX)
    outlasts = yes_no("结案后仍要求")


class ReportLineRow(RowBody):
    """Whom a case is reported to, and by which number: at any site, at those of a district, or at one."""

    class Meta(RowBody.Meta):
        unknown = RAISE

    code = _window_code("代码")
    name = text("名称", limits.LABEL_MAX)
    part = choice("报给", REPORTED_TO)
    dial = matching("电话", LINE_PATTERN, LINE_MESSAGE, optional=True)
    district = matching("区县", DISTRICT_PATTERN, DISTRICT_MESSAGE, optional=True)
    site = matching("地点编号", UUID_PATTERN, "应为地点的编号。", optional=True)


class UnitRow(RowBody):
    """A unit that receives flags."""

    code = coded("代码")
    name = text("名称", limits.LABEL_MAX)
    reviews = yes_no("是否审核")
    leader = text("责任领导", limits.LABEL_MAX, optional=True)  # several are joined by 、
    parent = coded("上级", optional=True)


class RoutingRow(RowBody):
    """Which unit receives flags first, where that is not the site's own."""

    class Meta(RowBody.Meta):
        unknown = RAISE

    unit = coded("接收科室")
    duty = matching("职责", _WINDOW_CODE_PATTERN, _WINDOW_CODE_MESSAGE, optional=True)
    district = matching("区县", DISTRICT_PATTERN, DISTRICT_MESSAGE, optional=True)
    site_kind = matching("地点类型", _WINDOW_CODE_PATTERN, _WINDOW_CODE_MESSAGE, optional=True)


class RuleRow(RowBody):
    """A single number. `least` and `most` bound what an office may make of it; a `fixed` one repeats a contract that
    decides it."""

    name = text("名称", limits.LABEL_MAX)
    value = number("数值", 0, limits.RULE_VALUE_MAX)
    unit = text("单位", limits.UNIT_MAX)
    least = number("至少", 0, limits.RULE_VALUE_MAX, optional=True)
    most = number("至多", 0, limits.RULE_VALUE_MAX, optional=True)
    fixed = yes_no("不可修改", optional=True)

    def problems(self, data: Mapping[str, Any]) -> Errors:
        found = super().problems(data)
        value, unit = data.get("value"), data.get("unit")
        if not isinstance(value, int | float):
            return found
        if unit not in _PARTED and value != int(value):
            return {**found, "value": ["这个数应为整数。"]}
        least, most = data.get("least", 0), data.get("most", limits.RULE_VALUE_MAX)
        if not least <= value <= most:
            return {**found, "value": [f"应在 {least} 到 {most} 之间, 请检查后重新填写。"]}
        return found


class MeasureRow(RowBody):
    """One piece of a plan's own text."""

    plan = text("方案", limits.REFERENCE_CODE_MAX)
    section = matching("章节", "^[0-9]{1,2}([.][0-9]{1,2}){0,3}$", "应为 2.1 样子的章节号; 标题部分写 0。")
    kind = choice("种类", ("measure", "exhortation", "heading", "leaders", "units", "title"))
    why = text("没有职责的原因", limits.LABEL_MAX, optional=True)
    duties = many("职责", _window_code("职责"), limits.PLACES_MAX, optional=True)
    numbers = many("数", text("数", limits.REFERENCE_CODE_MAX), limits.PLACES_MAX, optional=True)
    leaders = many("责任领导", text("责任领导", limits.LABEL_MAX), limits.PLACES_MAX, optional=True)
    site_kinds = many("地点类型", _window_code("地点类型"), limits.PLACES_MAX, optional=True)
    text = text("原文", limits.MEASURE_MAX)

    def problems(self, data: Mapping[str, Any]) -> Errors:
        found = super().problems(data)
        lacking = {"measure": "duties", "exhortation": "why", "leaders": "site_kinds"}.get(
            data.get("kind", "")
        )
        if lacking and not data.get(lacking):
            return {**found, lacking: [f"{data['kind']} 要写明 {lacking}。"]}
        return found


_PARTED = ("°C", "share", "m²", "h", "mg/L")  # units of which there are parts
_ROWS = {
    "rules": RuleRow(),
    "duties": DutyRow(),
    "duty_slots": DutySlotsRow(),
    "site_kinds": SiteKindRow(),
    "place_kinds": PlaceKindRow(),
    "units": UnitRow(),
    "measures": MeasureRow(),
    "risk_areas": RiskAreaRow(),
    "return_rules": ReturnRuleRow(),
    "case_steps": CaseStepRow(),
    "report_lines": ReportLineRow(),
    "routing": RoutingRow(),
    "camera_adapters": CameraAdapterRow(),
    "gate_adapters": GateAdapterRow(),
    **PAPER_ROWS,
}
_ANY_ROW = RowBody()


def row_shape(noun: str) -> RowBody:
    """What the rows of a file of seed_data/ are like, apart from what every row has."""
    return _ROWS.get(noun, _ANY_ROW)


def row_problems(noun: str, row: Any) -> Iterator[tuple[str, str]]:
    """What is wrong with a row's own shape: (field as `slots.0.opens`, message). A planned row needs no more than what
    every row has."""
    if not isinstance(row, Mapping):
        yield "", "这里应为一个 JSON 对象。"
        return
    shape = _ANY_ROW if row.get("planned") is True else _ROWS.get(noun, _ANY_ROW)
    try:
        shape.load(row)
    except ValidationError as error:
        yield from _flat("", error.messages)


def _flat(name: str, messages: Any) -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for key, below in messages.items():
            yield from _flat(f"{name}.{key}" if name else str(key), below)
    else:
        for message in dict.fromkeys(messages):
            yield name, message

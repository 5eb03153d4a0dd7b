"""The four kinds that were code before they were forms, as they were declared: a witness that their forms are held
against. Since 2026.2 the two that name a place take its id as well. Nothing in the program knows these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from schemas import limits
from schemas.bodies import Outcome, flatten, validate_entry_body
from schemas.fields import Body, Errors, choice, listed, number, text, uuid
from schemas.kind import Kind
from schemas.places import place_id
from schemas.privacy import OPEN
from schemas.severity import SEVERITIES

_AGENTS = {
    "chlorine": "含氯消毒剂",
    "alcohol": "酒精",
    "peroxide": "过氧化物",
    "quaternary": "季铵盐",
    "other": "其他",
}


class DisinfectionLogBody(Body):
    """Which place, with what, by whom. The photo travels as `media` of the entry."""

    place = listed("场所", "place_kinds", role="place")
    place_name = text("场所名称", limits.PLACE_NAME_MAX, optional=True)
    agent = choice("消毒剂", _AGENTS)
    concentration_mg_l = number("浓度 (mg/L)", 0, 100_000, optional=True)
    amount_l = number("用量 (L)", 0, 10_000, optional=True)
    area_m2 = number("面积 (m²)", 0, 1_000_000, optional=True)
    operator = text("消毒人员", limits.PERSON_NAME_MAX)
    note = text("备注", limits.NOTE_MAX, optional=True)
    place_id = place_id()


_ITEMS = {"disinfectant": "消毒液", "mask": "口罩", "glove": "手套"}
_MOVEMENTS = {"received": "入库", "issued": "领用", "counted": "盘点"}


class SupplyMovementBody(Body):
    """`amount` is in litres of disinfectant as bought, else in pieces; a count says what there is."""

    item = choice("物资", _ITEMS, role="item")
    movement = choice("出入库", _MOVEMENTS, role="slot")
    amount = number("数量 (升或只)", 0, 1_000_000)
    concentration_mg_l = number("原液浓度 (mg/L)", 0, 1_000_000, optional=True)
    note = text("备注", limits.NOTE_MAX, optional=True)


_PURPOSES = {"routine": "例行巡查", "recheck": "复查", "special": "专项检查"}
_RESULTS = {"sound": "未发现问题", "findings": "发现问题"}


class InspectionRoundBody(Body):
    """Why it was made, what it came to, and where the tablet was (WGS 84), if it knew."""

    purpose = choice("巡查类型", _PURPOSES, privacy=OPEN)
    result = choice("巡查结果", _RESULTS, privacy=OPEN)
    companion = text("陪同人员", limits.PERSON_NAME_MAX, optional=True, privacy=OPEN)
    latitude_deg = number("纬度", -90, 90, optional=True, privacy=OPEN)
    longitude_deg = number("经度", -180, 180, optional=True, privacy=OPEN)
    accuracy_m = number("定位误差 (m)", 0, limits.ACCURACY_M_MAX, optional=True, privacy=OPEN)
    note = text("备注", limits.NOTE_MAX, optional=True, privacy=OPEN)

    def problems(self, data: Mapping[str, Any]) -> Errors:
        if (data.get("latitude_deg") is None) != (data.get("longitude_deg") is None):
            return {"longitude_deg": ["纬度和经度要么都有, 要么都没有。"]}
        return {}


_TOPICS = {
    "closure": "封闭管理",
    "real_name": "实名制",
    "temperature": "测温",
    "mask": "口罩佩戴",
    "disinfection": "消毒",
    "ventilation": "通风",
    "dormitory": "宿舍",
    "canteen": "食堂",
    "supplies": "防疫物资",
    "isolation": "隔离室",
    "other": "其他",
}


class InspectionFindingBody(Body):
    """What is wrong, how severe, where, in words. Photos travel as `media` of the entry; `round` is the id of the round."""

    round = uuid("巡查", role="parent", refers="inspection_round")
    topic = choice("检查项目", _TOPICS)
    severity = choice("严重程度", SEVERITIES)
    place = listed("场所", "place_kinds", optional=True)
    description = text("问题描述", limits.NOTE_MAX)
    place_id = place_id()


OLD = {
    kind.name: kind
    for kind in (
        Kind("disinfection_log", "消毒记录", "fact", DisinfectionLogBody, icon="disinfect"),
        Kind("supply_movement", "物资出入库", "fact", SupplyMovementBody, icon="supplies"),
        Kind("inspection_round", "巡查", "fact", InspectionRoundBody, sealed=True, icon="round"),
        Kind("inspection_finding", "巡查发现的问题", "fact", InspectionFindingBody, icon="round"),
    )
}


def old_outcome(kind: str, act: str, body: Any) -> Outcome:
    """What came of a body when its kind was code."""
    known = OLD[kind]
    schema = known.partial if act == "edit" else known.whole

    def errors_of(members: Mapping[str, Any]) -> Errors:
        try:
            schema.load(members)
        except ValidationError as error:
            return dict(flatten(error.messages))
        return {}

    return validate_entry_body(known, act, body, errors_of)

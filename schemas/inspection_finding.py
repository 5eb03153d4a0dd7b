"""inspection_finding: one thing that an inspector found wrong on a round (巡查发现的问题). A fact."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, choice, listed, text, uuid
from schemas.kind import Kind
from schemas.places import place_id
from schemas.severity import SEVERITIES

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


KIND = Kind("inspection_finding", "巡查发现的问题", "fact", InspectionFindingBody, icon="round")

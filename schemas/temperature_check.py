"""temperature_check: one reading of one person (每日测温). A fact."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, choice, number, text, uuid, yes_no
from schemas.kind import Kind
from schemas.privacy import OPEN

SLOTS = {
    "entry": "进场",
    "before_work": "上班前",
    "after_work": "下班后",
    "meal": "用餐时",
    "retest": "复测",
}
_POINTS = {
    "gate": "大门",
    "work_area": "作业区",
    "dormitory": "宿舍",
    "canteen": "食堂",
    "office": "办公室",
}
_METHODS = {"forehead": "额温", "ear": "耳温", "wrist": "腕温", "camera": "热成像"}


class TemperatureCheckBody(Body):
    """A reading in °C. What counts as a fever is a rule with dates, not a shape."""

    worker = uuid("人员", role="worker", refers="worker", privacy=OPEN)
    celsius = number("体温 (°C)", limits.CELSIUS_MIN, limits.CELSIUS_MAX, tenths=True, privacy=OPEN)
    slot = choice("时段", SLOTS, role="slot", privacy=OPEN)
    point = choice("测温点", _POINTS, privacy=OPEN)
    mask_worn = yes_no("是否戴口罩", optional=True, privacy=OPEN)
    method = choice("测温方式", _METHODS, optional=True, privacy=OPEN)
    note = text("备注", limits.NOTE_MAX, optional=True, privacy=OPEN)


KIND = Kind("temperature_check", "测温记录", "fact", TemperatureCheckBody, sealed=True, icon="temperature")

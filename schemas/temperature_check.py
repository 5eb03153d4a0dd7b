"""temperature_check: one reading of one person (每日测温). A fact."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, choice, number, text, uuid, yes_no
from schemas.privacy import opened


class TemperatureCheckBody(Body):
    """A reading in °C. What counts as a fever is a rule with dates, not a shape."""

    privacy = opened("worker", "celsius", "slot", "point", "mask_worn", "method", "note")

    worker = uuid("人员")
    celsius = number("体温 (°C)", limits.CELSIUS_MIN, limits.CELSIUS_MAX, tenths=True)
    slot = choice("时段", ("entry", "before_work", "after_work", "meal", "retest"))
    point = choice("测温点", ("gate", "work_area", "dormitory", "canteen", "office"))
    mask_worn = yes_no("是否戴口罩", optional=True)
    method = choice("测温方式", ("forehead", "ear", "wrist", "camera"), optional=True)
    note = text("备注", limits.NOTE_MAX, optional=True)

"""gate_pass: one person through the gate (封闭管理). A fact."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, choice, number, text, uuid, yes_no
from schemas.privacy import opened


class GatePassBody(Body):
    """Who went which way, and what the guard or the machine saw."""

    privacy = opened("worker", "direction", "celsius", "mask_worn", "health_code", "method", "note")

    worker = uuid("人员")
    direction = choice("方向", ("in", "out"))
    celsius = number("体温 (°C)", limits.CELSIUS_MIN, limits.CELSIUS_MAX, tenths=True, optional=True)
    mask_worn = yes_no("是否戴口罩", optional=True)
    health_code = choice("健康码", ("green", "yellow", "red", "none"), optional=True)
    method = choice("核验方式", ("face", "card", "qr", "manual"))
    note = text("备注", limits.NOTE_MAX, optional=True)

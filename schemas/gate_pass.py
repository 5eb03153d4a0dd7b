"""gate_pass: one person through the gate (封闭管理). A fact."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, choice, number, text, uuid, yes_no
from schemas.kind import Kind
from schemas.privacy import OPEN

_DIRECTIONS = {"in": "进场", "out": "出场"}
_CODES = {"green": "绿码", "yellow": "黄码", "red": "红码", "none": "无码"}
_METHODS = {"face": "人脸", "card": "刷卡", "qr": "扫码", "manual": "人工"}


class GatePassBody(Body):
    """Who went which way, and what the guard or the machine saw."""

    worker = uuid("人员", role="worker", refers="worker", privacy=OPEN)
    direction = choice("方向", _DIRECTIONS, role="slot", privacy=OPEN)
    celsius = number(
        "体温 (°C)", limits.CELSIUS_MIN, limits.CELSIUS_MAX, tenths=True, optional=True, privacy=OPEN
    )
    mask_worn = yes_no("是否戴口罩", optional=True, privacy=OPEN)
    health_code = choice("健康码", _CODES, optional=True, privacy=OPEN)
    method = choice("核验方式", _METHODS, privacy=OPEN)
    note = text("备注", limits.NOTE_MAX, optional=True, privacy=OPEN)


KIND = Kind("gate_pass", "进出场记录", "fact", GatePassBody, sealed=True, icon="gate")

"""gate_pass: one person through the gate (封闭管理). A fact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas import limits
from schemas.fields import Body, Errors, choice, number, text, uuid, yes_no
from schemas.kind import Kind
from schemas.privacy import OPEN

_DIRECTIONS = {"in": "进场", "out": "出场"}
_CODES = {"green": "绿码", "yellow": "黄码", "red": "红码", "none": "无码"}
_METHODS = {"face": "人脸", "card": "刷卡", "qr": "扫码", "manual": "人工"}
REFUSED_FOR = {
    "fever": "体温异常",
    "code": "健康码异常",
    "no_mask": "未戴口罩",
    "not_on_roster": "不在名册",
    "other": "其他",
}


class GatePassBody(Body):
    """Who went which way, and what the guard or the machine saw. Whoever is turned away goes `out`, so that no reader of
    passes, however old, takes them for present."""

    worker = uuid("人员", role="worker", refers="worker", privacy=OPEN)
    direction = choice("方向", _DIRECTIONS, role="slot", privacy=OPEN)
    celsius = number(
        "体温 (°C)", limits.CELSIUS_MIN, limits.CELSIUS_MAX, tenths=True, optional=True, privacy=OPEN
    )
    mask_worn = yes_no("是否戴口罩", optional=True, privacy=OPEN)
    health_code = choice("健康码", _CODES, optional=True, privacy=OPEN)
    method = choice("核验方式", _METHODS, privacy=OPEN)
    note = text("备注", limits.NOTE_MAX, optional=True, privacy=OPEN)
    refused_for = choice("拒绝进场原因", REFUSED_FOR, optional=True, privacy=OPEN, since="2026.2")

    def problems(self, data: Mapping[str, Any]) -> Errors:
        if data.get("refused_for") is not None and data.get("direction") == "in":
            return {"refused_for": ["拒绝进场的人没有进场, 方向应为 out。"]}
        return {}


KIND = Kind("gate_pass", "进出场记录", "fact", GatePassBody, sealed=True, icon="gate")

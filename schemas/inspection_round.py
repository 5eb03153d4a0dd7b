"""inspection_round: a round over a site that an inspector has finished (巡查). A fact.

Its findings are facts of their own, which name it; they may come before it, while the round goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas import limits
from schemas.fields import Body, Errors, choice, number, text
from schemas.kind import Kind
from schemas.privacy import OPEN

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


# Sealed: it says where somebody was.
KIND = Kind("inspection_round", "巡查", "fact", InspectionRoundBody, sealed=True, icon="round")

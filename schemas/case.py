"""case: a person with a fever, symptoms, a yellow or red code, or a stay in a risk area (健康异常个案). A register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas import limits
from schemas.fields import Body, Errors, choice, instant, number, text, uuid
from schemas.privacy import opened

REPORTS = ("community_reported", "headquarters_reported", "bureau_reported")


class CaseBody(Body):
    """Who, why, where isolated, and to whom it was reported (报备) when. An outcome needs its evidence."""

    privacy = opened(
        *("worker", "cause", "celsius", "isolated", "isolation_place", "community_reported"),
        *("headquarters_reported", "bureau_reported", "outcome", "evidence", "note"),
    )

    worker = uuid("人员")
    cause = choice("起因", ("fever", "symptom", "health_code", "travel"))
    celsius = number("体温 (°C)", limits.CELSIUS_MIN, limits.CELSIUS_MAX, tenths=True, optional=True)
    isolated = instant("隔离时间", optional=True)
    isolation_place = text("隔离地点", limits.PLACE_NAME_MAX, optional=True)
    community_reported = instant("向社区报备", optional=True)
    headquarters_reported = instant("向辖区指挥部报备", optional=True)
    bureau_reported = instant("向住建局报备", optional=True)
    outcome = choice("结果", ("cleared", "hospital", "central_isolation"), optional=True)
    evidence = text("依据 (检测报告、解除通知等)", limits.REASON_MAX, optional=True)
    note = text("备注", limits.NOTE_MAX, optional=True)

    def problems(self, data: Mapping[str, Any]) -> Errors:
        if data.get("outcome") is not None and data.get("evidence") is None and not self.partial:
            return {"evidence": ["填写结果时必须写明依据。"]}
        return {}

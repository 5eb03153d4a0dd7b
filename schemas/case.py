"""case: a person with a fever, symptoms, a yellow or red code, or a stay in a risk area (健康异常个案). A register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas import limits
from schemas.fields import Body, Errors, choice, instant, number, text, uuid
from schemas.kind import Kind
from schemas.privacy import OPEN

REPORTS = ("community_reported", "headquarters_reported", "bureau_reported")
CONTACT_CAUSE = "contact"  # of somebody with a confirmed case
_CAUSES = {
    "fever": "发热",
    "symptom": "症状",
    "health_code": "黄码或红码",
    "travel": "疫区往返",
    CONTACT_CAUSE: "密切接触",
}
_OUTCOMES = {"cleared": "排除", "hospital": "送医", "central_isolation": "集中隔离", "confirmed": "确诊"}


class CaseBody(Body):
    """Who, why, where isolated, and to whom it was reported (报备) when. An outcome needs its evidence."""

    worker = uuid("人员", refers="worker", merge="keep", privacy=OPEN)
    cause = choice("起因", _CAUSES, merge="keep", privacy=OPEN)
    celsius = number(
        "体温 (°C)", limits.CELSIUS_MIN, limits.CELSIUS_MAX, tenths=True, optional=True, privacy=OPEN
    )
    isolated = instant("隔离时间", optional=True, privacy=OPEN)
    isolation_place = text("隔离地点", limits.PLACE_NAME_MAX, optional=True, privacy=OPEN)
    community_reported = instant("向社区报备", optional=True, privacy=OPEN)
    headquarters_reported = instant("向辖区指挥部报备", optional=True, privacy=OPEN)
    bureau_reported = instant("向住建局报备", optional=True, privacy=OPEN)
    outcome = choice("结果", _OUTCOMES, optional=True, privacy=OPEN)
    evidence = text("依据 (检测报告、解除通知等)", limits.REASON_MAX, optional=True, privacy=OPEN)
    note = text("备注", limits.NOTE_MAX, optional=True, privacy=OPEN)

    def problems(self, data: Mapping[str, Any]) -> Errors:
        if data.get("outcome") is not None and data.get("evidence") is None and not self.partial:
            return {"evidence": ["填写结果时必须写明依据。"]}
        return {}


KIND = Kind("case", "健康异常个案", "register", CaseBody, sealed=True, icon="case")

"""inspection_finding: one thing that an inspector found wrong on a round (巡查发现的问题). A fact."""

from __future__ import annotations

from schemas import limits
from schemas.disinfection_log import PLACE_KINDS
from schemas.fields import Body, choice, text, uuid


class InspectionFindingBody(Body):
    """What is wrong, how severe, where, in words. Photos travel as `media` of the entry; `round` is the id of the round."""

    round = uuid("巡查")
    topic = choice(
        "检查项目",
        (
            *("closure", "real_name", "temperature", "mask", "disinfection", "ventilation"),
            *("dormitory", "canteen", "supplies", "isolation", "other"),
        ),
    )
    severity = choice("严重程度", ("severe", "ordinary", "facilities"))
    place = choice("场所", PLACE_KINDS, optional=True)
    description = text("问题描述", limits.NOTE_MAX)

"""duty: what is asked of a site, and how often. Server-owned reference data."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, coded, day, many, matching, nested, text

_TIME_PATTERN = "^([01][0-9]|2[0-3]):[0-5][0-9]$"


class DutySlotBody(Body):
    """A stretch of the local day; one whose `due` is before `opens` ends on the next day."""

    slot = coded("时段")
    opens = matching("开始", _TIME_PATTERN, "应为 07:30 样子的时刻。")
    due = matching("截止", _TIME_PATTERN, "应为 07:30 样子的时刻。")


class DutyBody(Body):
    """An obligation, with the label of the text that it comes from, which is shown beside its numbers."""

    code = coded("代码")
    name = text("名称", limits.LABEL_MAX)
    kind = coded("记录类型", optional=True)
    cadence = text("频次", limits.LABEL_MAX)
    slots = many("时段", nested("时段", DutySlotBody), limits.SLOTS_MAX, optional=True)
    source = text("依据", limits.SOURCE_MAX)
    valid_from = day("起用日期", optional=True)
    valid_to = day("停用日期", optional=True)

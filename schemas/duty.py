"""duty: what is asked of a site, and how often. Server-owned reference data."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, choice, coded, day, many, matching, nested, text
from schemas.kind import Kind
from schemas.reference import JUDGINGS, TIME_MESSAGE, TIME_PATTERN


class DutySlotBody(Body):
    """A stretch of the local day; one whose `due` is before `opens` ends on the next day."""

    slot = coded("时段")
    opens = matching("开始", TIME_PATTERN, TIME_MESSAGE)
    due = matching("截止", TIME_PATTERN, TIME_MESSAGE)
    admits = many("计入的时段", coded("时段"), limits.SLOTS_MAX, optional=True)


class DutyBody(Body):
    """An obligation as it holds from one date to another, with the label of the text that it comes from, which is shown
    next to its numbers. One record for each code and date of effect. `staff`: of whom alone it is asked."""

    code = coded("代码")
    name = text("名称", limits.LABEL_MAX)
    kind = coded("记录类型", optional=True)
    cadence = text("频次", limits.LABEL_MAX)
    judging = choice("判定方式", JUDGINGS, optional=True)
    slots = many("时段", nested("时段", DutySlotBody), limits.SLOTS_MAX, optional=True)
    staff = coded("人员", optional=True)
    source = text("依据", limits.SOURCE_MAX)
    valid_from = day("起用日期", optional=True)
    valid_to = day("停用日期", optional=True)


KIND = Kind("duty", "职责", "server", DutyBody)

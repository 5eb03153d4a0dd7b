"""flag: what is wrong at one site and duty, and whose move it is. Server-owned."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, choice, coded, instant, many, uuid, whole

FLAG_STATES = (
    *("open", "acknowledged", "rectifying", "submitted", "verified"),
    *("closed", "transferred", "stop_work", "withdrawn"),
)


class FlagBody(Body):
    """A flag. `level` counts the escalation steps taken; `previous` is the flag that this one recurs from."""

    duty = coded("职责")
    kind = choice("类型", ("missed", "silent", "integrity", "case"))
    state = choice("状态", FLAG_STATES)
    level = whole("级别", 0, limits.LEVEL_MAX)
    unit = coded("经办科室")
    severity = coded("严重程度")
    opened = instant("开立")
    changed = instant("变更", optional=True)
    closed = instant("销号", optional=True)
    windows = many("时段", uuid("时段"), limits.WINDOWS_MAX)
    previous = uuid("前一标记", optional=True)

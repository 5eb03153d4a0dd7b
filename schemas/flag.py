"""flag: what is wrong at one site and duty, and whose move it is. Server-owned."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, choice, coded, instant, many, uuid, whole
from schemas.kind import Kind

FLAG_STATE_WORDS = {
    "open": "待确认",
    "acknowledged": "已确认",
    "rectifying": "责令整改中",
    "submitted": "已回复待复查",
    "verified": "复查通过",
    "closed": "已销号",
    "transferred": "已移送监察支队",
    "stop_work": "停工",
    "withdrawn": "已撤回",
}
FLAG_STATES = tuple(FLAG_STATE_WORDS)


class FlagBody(Body):
    """A flag. `level` counts the escalation steps taken; `previous` is the flag that this one recurs from."""

    duty = coded("职责")
    kind = choice("类型", ("missed", "silent", "integrity", "case"))
    state = choice("状态", FLAG_STATE_WORDS)
    level = whole("级别", 0, limits.LEVEL_MAX)
    unit = coded("经办科室")
    severity = coded("严重程度")
    opened = instant("开立")
    changed = instant("变更", optional=True)
    closed = instant("销号", optional=True)
    windows = many("时段", uuid("时段"), limits.WINDOWS_MAX)
    previous = uuid("前一标记", optional=True)


KIND = Kind("flag", "标记", "server", FlagBody)

"""window: what a duty asks of a site, place and slot on one local date, and what came of it. Server-owned."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, choice, coded, day, instant, matching, text, uuid, whole
from schemas.kind import Kind

WINDOW_STATE_WORDS = {
    "open": "待检查",
    "met": "已完成",
    "done_late": "迟做",
    "backfilled": "补录",
    "silent": "失联",
    "missed": "缺失",
    "review": "待复核",
    "excused": "已豁免",
    "void": "作废",
}
_SLOT_PATTERN = f"^[A-Za-z0-9][A-Za-z0-9_:-]{{0,{limits.SLOT_MAX - 1}}}$"


class WindowBody(Body):
    """A window. `need` and `have` count people or records; `evidence` is the entry that met it, `trigger` the record that
    asks for it."""

    duty = coded("职责")
    place = coded("场所类型", optional=True)
    place_id = uuid("场所", optional=True)
    local_date = day("日期")
    slot = matching("时段", _SLOT_PATTERN, "应为时段代码。")
    opens = instant("开始")
    due = instant("截止")
    closes = instant("关闭")
    grace_s = whole("宽限 (秒)", 0, limits.GRACE_S_MAX)
    state = choice("状态", WINDOW_STATE_WORDS)
    need = whole("应有", 0, limits.COUNT_MAX, optional=True)
    have = whole("已有", 0, limits.COUNT_MAX, optional=True)
    reason = text("说明", limits.REASON_MAX, optional=True)
    evidence = uuid("凭据", optional=True)
    trigger = uuid("起因", optional=True)


KIND = Kind("window", "时段", "server", WindowBody)

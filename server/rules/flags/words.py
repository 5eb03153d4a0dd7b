"""Words for the states of flags and windows, and times, as people here say them: on pages and on paper."""

from __future__ import annotations

from server.base.clock import to_iso

FLAG_STATE_NAMES = {
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
WINDOW_STATES = {
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
SEVERITIES = {"severe": "严重", "ordinary": "一般", "facilities": "设施"}
KINDS = {
    "worker": "实名登记",
    "temperature_check": "测温",
    "disinfection_log": "消毒",
    "gate_pass": "进出场",
    "case": "健康异常个案",
    "inspection_round": "巡查",
    "inspection_finding": "巡查发现",
    "supply_movement": "物资出入库",
    "worker_merge": "人员合并",
}
SLOTS = {
    "before_work": "上班前",
    "after_work": "下班后",
    "morning": "上午",
    "noon": "中午",
    "meal": "用餐时",
    "afternoon": "下午",
    "evening": "晚间",
    "night": "夜间",
}
GRADES = {"anchored": "已锚定", "offset": "按偏差校正", "claimed": "仅自报"}


def moment(at_ms: int | None) -> str:
    """`2026-11-23 07:41`, in Shanghai; a dash for never."""
    return "—" if at_ms is None else to_iso(at_ms)[:16].replace("T", " ")


def exact(at_ms: int | None) -> str:
    """`2026-11-23 07:41:03`, in Shanghai; a dash for never."""
    return "—" if at_ms is None else to_iso(at_ms)[:19].replace("T", " ")


def bound(bound_ms: int) -> str:
    """How far off an estimated time may be: `± 0.4 秒`, `± 3 分钟`, `± 5 小时`."""
    if bound_ms < 60_000:
        return f"± {bound_ms / 1000:.1f} 秒"
    if bound_ms < 3_600_000:
        return f"± {-(-bound_ms // 60_000)} 分钟"
    return f"± {-(-bound_ms // 3_600_000)} 小时"

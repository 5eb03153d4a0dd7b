"""Words for the states of flags and windows, and times, as people here say them: on pages and on paper."""

from __future__ import annotations

from schemas import temperature_check
from schemas.flag import FLAG_STATE_WORDS
from schemas.severity import SEVERITIES
from schemas.window import WINDOW_STATE_WORDS
from server.base.clock import to_iso

__all__ = [
    "FLAG_STATE_WORDS",
    "GRADES",
    "OWN_NAMES",
    "SEVERITIES",
    "SLOTS",
    "WINDOW_STATE_WORDS",
    "ahead",
    "bound",
    "exact",
    "lasting",
    "moment",
]

SLOTS = {  # of windows: those that readings name, and others
    **temperature_check.SLOTS,
    "day": "当日",
    "night_shift": "夜班",
    "day_shift": "日班",
    "late_shift": "晚班",
    "period": "本期",
    "event": "逢事",
    "raised": "防控升级后",
    "morning": "上午",
    "noon": "中午",
    "afternoon": "下午",
    "evening": "晚间",
    "night": "夜间",
}
OWN_NAMES = {
    # Flags' own, which no site is asked to do.
    "duties": {"INTEGRITY": "记录链异常", "CASE": "个案报备"},
    # Parties as policies name them.
    "units": {"contractor": "现场和责任单位", "section": "主管科室", "leader": "责任领导"},
}
GRADES = {"anchored": "已锚定", "offset": "按偏差校正", "claimed": "仅自报"}


def moment(at_ms: int | None) -> str:
    """`2026-11-23 07:41`, in Shanghai; a dash for never."""
    return "—" if at_ms is None else to_iso(at_ms)[:16].replace("T", " ")


def exact(at_ms: int | None) -> str:
    """`2026-11-23 07:41:03`, in Shanghai; a dash for never."""
    return "—" if at_ms is None else to_iso(at_ms)[:19].replace("T", " ")


def ahead(ahead_ms: int | None) -> str:
    """What a clock says against ours: `快 3 分钟`, `慢 12 秒`, `准`; a dash where nothing is known."""
    if ahead_ms is None:
        return "—"
    seconds = round(abs(ahead_ms) / 1000)
    if seconds < 2:
        return "准"
    way = "快" if ahead_ms > 0 else "慢"
    return f"{way} {lasting(seconds * 1000)}"


def lasting(lasts_ms: int) -> str:
    """How long, in one unit: `3 天`, `20 小时`, `90 秒`."""
    seconds = round(lasts_ms / 1000)
    for length, unit in ((86_400, "天"), (3600, "小时"), (60, "分钟")):
        if seconds >= 2 * length:
            return f"{round(seconds / length)} {unit}"
    return f"{seconds} 秒"


def bound(bound_ms: int) -> str:
    """How far off an estimated time may be: `± 0.4 秒`, `± 3 分钟`, `± 5 小时`."""
    if bound_ms < 60_000:
        return f"± {bound_ms / 1000:.1f} 秒"
    if bound_ms < 3_600_000:
        return f"± {-(-bound_ms // 60_000)} 分钟"
    return f"± {-(-bound_ms // 3_600_000)} 小时"

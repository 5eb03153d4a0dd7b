"""Words for codes, as people here say them. A code without a word shows as it is."""

from __future__ import annotations

from server.rules.duties.judge import REMEDIES, reason_code, reason_text
from server.rules.flags.words import (
    FLAG_STATE_WORDS,
    GRADES,
    SEVERITIES,
    SLOTS,
    WINDOW_STATE_WORDS,
    moment,
)
from server.rules.from_rows import UNITS

WINDOW_GLYPHS = {  # in a cell of the picture, so that colour alone decides nothing; in every Chinese font
    "open": "待",
    "met": "完",
    "done_late": "迟",
    "backfilled": "补",
    "silent": "?",
    "missed": "缺",
    "review": "核",
    "excused": "免",
    "void": "",
}
STARTS = {
    "opened": "监察支队介入的期限",
    "acknowledged": "科室处置期限",
    "ordered": "整改期限",
    "submitted": "复查期限",
    "verified": "销号期限",
    "transferred": "监察支队研判期限",
    "stopped": "停工复核期限",
    "stated": "答复陈述申辩的期限",
    "signed": "送达期限",
}
NOTE_LABELS = {
    "order_rectification": "要求整改什么",
    "state_mended": "已经怎样整改",
    "submit_rectification": "怎样整改的",
    "state_defence": "事实、理由和依据",
    "accept_defence": "采纳的理由, 接下来怎样处理",
    "accept_defence_partly": "采纳哪些、不采纳哪些, 各自的理由",
    "reject_defence": "复核情况和不采纳的理由",
    "pass_recheck": "复查情况",
    "fail_recheck": "复查发现的问题",
    "transfer": "移送理由",
    "order_stop_work": "停工理由和范围",
    "consent_resume": "复工依据",
    "excuse": "豁免理由",
    "withdraw": "撤回理由",
    "reopen": "重新打开的理由",
}
ROLES = {
    "inspector": "检查员",
    "supervisor": "监理",
    "contractor": "施工单位",
    "section": "科室",
    "brigade": "监察支队",
    "admin": "管理员",
}
ROSTER_STATES = {
    "received": "正在读取",
    "mapping": "等待确认各列",
    "preview": "等待提交",
    "committing": "正在提交",
    "committed": "已提交",
    "failed": "无法读取",
}
ROSTER_GROUPS = {
    "rejected": "退回",
    "new": "新增",
    "changed": "变更",
    "absent": "名册里没有",
    "warned": "提醒",
    "same": "不变",
}
SETTLEMENTS = {
    "open": "待核对",
    "mended": "已重新录入",
    "dismissed": "不再录入",
    "accepted": "已采用",
}
ACTORS = {"scheduler": "系统"}
ALL = {
    "flag_state": FLAG_STATE_WORDS,
    "window_state": WINDOW_STATE_WORDS,
    "severity": SEVERITIES,
    "grade": GRADES,
    "slot": SLOTS,
    "role": ROLES,
    "actor": ACTORS,
    "unit": UNITS,
}


def word(code: str | None, noun: str) -> str:
    """The word for a code, for templates: `{{ flag.state|word('flag_state') }}`."""
    return "" if code is None else ALL[noun].get(code, code)


def reason(text: str | None) -> str:
    """Why a window is as it is: `code` or `code: detail`, in words."""
    return reason_text(text)


def remedy(text: str | None) -> str:
    """What to do about a window, by its reason; empty where nothing is to be done."""
    return REMEDIES.get(reason_code(text), "")


def near(at_ms: int | None, other_ms: int) -> str:
    """A time next to another one: `07:41` on the same day, else `11-23 07:41`."""
    shown = moment(at_ms)
    return shown[11:] if shown[:10] == moment(other_ms)[:10] else shown[5:]

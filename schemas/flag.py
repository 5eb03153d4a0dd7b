"""flag: what is wrong at one site and duty, and whose move it is. Server-owned."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from schemas import limits
from schemas.fields import Body, choice, coded, instant, many, matching, nested, text, uuid, whole
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


def _words(title: str) -> fields.Field[Any]:
    """Words as people wrote them, with their lines."""
    return matching(title, f"^[\\s\\S]{{0,{limits.NOTE_MAX}}}$", f"最多 {limits.NOTE_MAX} 个字。")


class AskedBody(Body):
    """What was asked of the company last, by which move, and until when, if that was said."""

    action = coded("事项")
    note = _words("要求")
    at = instant("提出时间")
    by = text("提出人", limits.LABEL_MAX)
    due = instant("期限", optional=True)


class ReplyBody(Body):
    """What the company replied last; `media` names its photos by SHA-256."""

    note = _words("回复")
    at = instant("回复时间")
    by = text("回复人", limits.LABEL_MAX)
    media = many("照片", matching("照片", "^[0-9a-f]{64}$", "应为 SHA-256。"), limits.FLAG_MEDIA_MAX)


class RecheckBody(Body):
    """What became of a recheck that a tablet wrote. `kept`: why it moved nothing, as a code, and in words (`because`)."""

    record = uuid("记录")
    kept = coded("没有生效的原因", optional=True)
    because = text("没有生效的原因", limits.REASON_MAX, optional=True)


class FlagBody(Body):
    """A flag. `level` counts the escalation steps taken; `previous` is the flag that this one recurs from; `event` is the
    number of its last event. While it is open: `due`, when the step ends that it waits for, what was `asked`, the `reply`,
    and what became of rechecks."""

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
    event = whole("经过", 1, limits.COUNT_MAX, optional=True)
    due = instant("期限", optional=True)
    asked = nested("要求", AskedBody, optional=True)
    reply = nested("回复", ReplyBody, optional=True)
    rechecks = many("复查", nested("复查", RecheckBody), limits.FLAG_RECHECKS_MAX, optional=True)


KIND = Kind("flag", "标记", "server", FlagBody)

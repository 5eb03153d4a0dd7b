"""The shapes of what the API takes and gives; instants are RFC 3339 text here and milliseconds inside."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate

from schemas.fields import Pattern
from schemas.limits import FLAG_MEDIA_MAX, NOTE_MAX
from server.actions.accounts.log_in import NAME_CHARS_MAX, PASSWORD_CHARS_MAX
from server.actions.flags.filters import FLAG_FILTERS
from server.api.parameters import ZH, parameter
from server.base.clock import from_iso, to_iso
from server.models.paging import CURSOR_CHARS_MAX, LIMIT_DEFAULT, LIMIT_MAX
from server.rules.flags.moves import TABLE, describe

WINDOWS_LIMIT_DEFAULT = 500
WINDOWS_LIMIT_MAX = 1000

_DAYS = validate.Range(date(2000, 1, 1), date(2100, 1, 1), error="日期应在 2000 年至 2100 年之间。")


class Instant(fields.String):
    """Milliseconds since the epoch inside, RFC 3339 text with an offset outside."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else to_iso(value)


class InstantIn(fields.String):
    """RFC 3339 text with an offset outside, milliseconds inside."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"format": "date-time"}, error_messages=ZH, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return from_iso(super()._deserialize(value, attr, data, **kwargs))
        except (ValueError, OverflowError) as error:
            raise ValidationError("时间应为带时区的 RFC 3339 格式, 如 2026-11-23T08:00:00+08:00。") from error


def at(attribute: str, **options: Any) -> Instant:
    return Instant(attribute=attribute, metadata={"format": "date-time"}, **options)


def _text(pattern: str, error: str, **options: Any) -> fields.String:
    return fields.String(validate=Pattern(pattern, error=error), error_messages=ZH, **options)


def _limit(default: int, most: int) -> fields.Integer:
    bounds = validate.Range(1, most, error=f"每页 1 至 {most} 条。")
    return fields.Integer(load_default=default, validate=bounds, error_messages=ZH)


def _cursor() -> fields.String:
    length = validate.Length(max=CURSOR_CHARS_MAX, error="游标无效, 请从第一页重新开始。")
    return fields.String(validate=length, error_messages=ZH)


class Input(Schema):
    """What comes in: nothing unknown."""

    error_messages = ZH


class NoQuery(Input):
    """An endpoint that takes no parameters."""


class PageQuery(Input):
    cursor = _cursor()
    limit = _limit(LIMIT_DEFAULT, LIMIT_MAX)


class FlagQuery(PageQuery):
    """The filters of FLAG_FILTERS."""

    class Meta:
        include: ClassVar[dict[str, fields.Field[Any]]] = {one.name: parameter(one) for one in FLAG_FILTERS}


class WindowQuery(Input):
    first = fields.Date(data_key="from", format="iso", validate=_DAYS, error_messages=ZH)
    last = fields.Date(data_key="to", format="iso", validate=_DAYS, error_messages=ZH)
    cursor = _cursor()
    limit = _limit(WINDOWS_LIMIT_DEFAULT, WINDOWS_LIMIT_MAX)


class LogIn(Input):
    name = fields.String(
        required=True,
        validate=validate.Length(1, NAME_CHARS_MAX, error=f"用户名为 1 至 {NAME_CHARS_MAX} 个字符。"),
        error_messages=ZH,
    )
    password = fields.String(
        required=True,
        validate=validate.Length(1, PASSWORD_CHARS_MAX, error=f"密码最多 {PASSWORD_CHARS_MAX} 个字符。"),
        error_messages=ZH,
        metadata={"format": "password"},
    )


class Person(Schema):
    id = fields.UUID()
    name = fields.String()
    display_name = fields.String()
    role = fields.String()
    unit = fields.String(allow_none=True)
    company = fields.String(allow_none=True)
    districts = fields.List(fields.String(), metadata={"description": "空: 所有区县"})


class Session(Schema):
    token = fields.String(metadata={"description": "只显示这一次"})
    token_type = fields.Constant("Bearer")
    expires = at("expires_ms")
    user = fields.Nested(Person, attribute="viewer")


class CompanyAtSite(Schema):
    code = fields.String()
    name = fields.String()
    role = fields.String(metadata={"description": "009 总承包, 001 专业分包, 006 劳务分包 …"})


class Place(Schema):
    id = fields.UUID()
    kind = fields.String()
    name = fields.String(allow_none=True)
    since = at("from_ms", data_key="from")
    to = at("to_ms", allow_none=True)
    earlier = fields.List(fields.String(), metadata={"description": "曾用名称"})


class SiteShape(Schema):
    id = fields.UUID(attribute="site.id")
    name = fields.String(attribute="site.name")
    kind = fields.String(attribute="site.kind")
    district = fields.String(attribute="site.district")
    address = fields.String(attribute="site.address", allow_none=True)
    unit = fields.String(attribute="site.unit")
    stage = fields.String(attribute="site.stage")
    alert = fields.String(attribute="site.alert")
    inhabited = fields.Boolean(attribute="site.inhabited")
    places = fields.List(fields.Nested(Place))
    companies = fields.List(fields.Nested(CompanyAtSite))
    watermark = at("watermark_ms", allow_none=True)
    open_flags = fields.Integer()


class SitePage(Schema):
    items = fields.List(fields.Nested(SiteShape))
    next = fields.String(allow_none=True, metadata={"description": "下一页的游标; 没有更多时为 null"})


class WindowShape(Schema):
    id = fields.UUID()
    duty = fields.String()
    place = fields.String(metadata={"description": "场所类型; 空: 不分场所"})
    place_id = fields.UUID(allow_none=True, metadata={"description": "场所; 空: 这类场所合为一个时段"})
    local_date = fields.String(metadata={"format": "date"})
    slot = fields.String()
    opens = at("opens_ms")
    due = at("due_ms")
    grace_s = fields.Integer()
    closes = at("closes_ms")
    state = fields.String()
    reason = fields.String(allow_none=True)
    need = fields.Integer(allow_none=True)
    have = fields.Integer(allow_none=True)
    evidence = fields.UUID(allow_none=True)
    evidence_at = at("evidence_ms", allow_none=True)
    judged = at("judged_ms", allow_none=True)
    judged_watermark = at("judged_watermark_ms", allow_none=True)
    flag = fields.UUID(attribute="flag_id", allow_none=True)
    rules = fields.Integer(metadata={"description": "判定所依的时间规则: 1 旧版, 2 区间"})


class WindowPage(Schema):
    items = fields.List(fields.Nested(WindowShape))
    next = fields.String(allow_none=True)


class SiteBrief(Schema):
    id = fields.UUID()
    name = fields.String()
    district = fields.String()


class FlagShape(Schema):
    id = fields.UUID(attribute="flag.id")
    site = fields.Nested(SiteBrief)
    duty = fields.String(attribute="flag.duty")
    state = fields.String(attribute="flag.state")
    severity = fields.String(attribute="flag.severity")
    level = fields.Integer(attribute="flag.level")
    rev = fields.Integer(attribute="flag.rev")
    unit = fields.String(attribute="flag.unit")
    window_count = fields.Integer(attribute="flag.windows")
    opened = at("flag.opened_ms")
    changed = at("flag.changed_ms")
    closed = at("flag.closed_ms", allow_none=True)
    previous = fields.UUID(attribute="flag.previous_id", allow_none=True)


class FlagPage(Schema):
    items = fields.List(fields.Nested(FlagShape))
    next = fields.String(allow_none=True)


class DeviceBrief(Schema):
    id = fields.UUID()
    name = fields.String()


class MediaBrief(Schema):
    """A photo that an entry promises; the entry's evidence is complete when all have arrived."""

    sha256 = fields.String()
    arrived = fields.Boolean()
    type = fields.String(metadata={"description": "image/…, 或 application/pdf (作为附件下载); 未到时为空"})


class EntryShape(Schema):
    """One log entry as evidence: who wrote it when, and how well that is known; never what was measured."""

    id = fields.UUID()
    n = fields.Integer()
    device = fields.Nested(DeviceBrief)
    kind = fields.String()
    act = fields.String()
    outcome = fields.String()
    claimed = at("claimed_ms")
    estimated = at("event_ms")
    bound_ms = fields.Integer(metadata={"description": "estimated 的误差 ±"})
    grade = fields.String(metadata={"description": "anchored, offset 或 claimed"})
    not_before = at("not_before_ms", allow_none=True)
    received = at("received_ms")
    earliest = at("earliest_ms")
    latest = at("latest_ms")
    doubt = fields.Boolean(metadata={"description": "平板时钟与可证明的时间不符 (clock_doubt)"})
    backfilled = fields.Boolean(metadata={"description": "补录: 事后写下, 以 observed 为实际时间"})
    observed = at("observed_ms", allow_none=True)
    media = fields.List(fields.Nested(MediaBrief))


class StreamShape(Schema):
    """When a device of the site was last heard from, and through when its reports are complete."""

    device = fields.Nested(DeviceBrief)
    state = fields.String()
    heard = at("heard_ms")
    complete = at("complete_ms", allow_none=True)
    unsent = fields.Integer(allow_none=True)
    forked = fields.Boolean()


class StepShape(Schema):
    step = fields.String()
    unit = fields.String()
    due = at("due_ms")
    taken = at("taken_ms", allow_none=True)
    done = at("done_ms", allow_none=True)


class EventShape(Schema):
    n = fields.Integer()
    at = at("at_ms")
    actor = fields.String()
    action = fields.String()
    detail = fields.Dict()
    hash = fields.String()


class MoveShape(Schema):
    """What the viewer may do with a flag now, and what it takes."""

    action = fields.String()
    name = fields.String()
    note_required = fields.Boolean(attribute="note")
    takes_due = fields.Boolean(attribute="due")
    takes_media = fields.Boolean(attribute="media")
    takes_documents = fields.Boolean(attribute="documents", metadata={"description": "照片之外也收 PDF"})
    takes_company = fields.Boolean(attribute="addresses")


class FlagFileShape(FlagShape):
    watermark = at("watermark_ms", allow_none=True)
    windows = fields.List(fields.Nested(WindowShape))
    entries = fields.List(fields.Nested(EntryShape))
    streams = fields.List(fields.Nested(StreamShape))
    steps = fields.List(fields.Nested(StepShape))
    events = fields.List(fields.Nested(EventShape))
    policy = fields.Dict(attribute="flag.policy")
    turn = fields.Nested(StepShape, allow_none=True, metadata={"description": "轮到谁, 到何时"})
    defence = fields.Nested(
        StepShape, allow_none=True, metadata={"description": "等待答复的陈述申辩: 由谁答复, 到何时"}
    )
    assignee = fields.String(allow_none=True)
    company = fields.String(metadata={"description": "责任施工单位"})
    failed_rechecks = fields.Integer()
    moves = fields.List(fields.Nested(MoveShape), metadata={"description": "您现在可以做的"})


class MoveIn(Input):
    action = fields.String(
        required=True,
        validate=validate.OneOf([move.action for move in TABLE], error="没有这种操作。"),
        error_messages=ZH,
        metadata={"description": describe()},
    )
    note = fields.String(
        load_default="",
        validate=validate.Length(max=NOTE_MAX, error=f"说明最多 {NOTE_MAX} 个字符。"),
        error_messages=ZH,
    )
    due = InstantIn(load_default=None, allow_none=True)
    media = fields.List(
        _text(r"^[0-9a-f]{64}$", "照片用 SHA-256 表示 (64 位小写十六进制)。"),
        load_default=list,
        validate=validate.Length(max=FLAG_MEDIA_MAX, error=f"最多 {FLAG_MEDIA_MAX} 张照片。"),
        error_messages=ZH,
    )
    rev = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(0, 2**31 - 1, error="版本无效。"),
        error_messages=ZH,
        metadata={"description": "所看到的版本 (rev); 只有备注可以不写"},
    )
    assignee = fields.String(
        load_default="",
        validate=validate.Length(max=NAME_CHARS_MAX, error=f"用户名最多 {NAME_CHARS_MAX} 个字符。"),
        error_messages=ZH,
        metadata={"description": "指定承办人: 本科室的用户名; 空: 自己"},
    )
    company = _text(
        r"^([0-9A-Z]{18})?$",
        "统一社会信用代码为 18 位。",
        load_default="",
        metadata={"description": "责令哪家施工单位 (代码); 空: 与此前相同, 否则为总承包单位"},
    )


class PhotoShape(Schema):
    sha256 = fields.String(metadata={"description": "办理标记时写在 media 里"})


class DeviceShape(Schema):
    id = fields.UUID(attribute="device.id")
    name = fields.String(attribute="device.name")
    platform = fields.String(attribute="device.platform")
    user = fields.String()
    state = fields.String(attribute="device.state")
    enrolled = at("device.enrolled_ms")
    seen = at("device.seen_ms", allow_none=True)
    revoked = at("device.revoked_ms", allow_none=True)
    unsent = fields.Integer(attribute="device.unsent", allow_none=True)


class DevicePage(Schema):
    items = fields.List(fields.Nested(DeviceShape))
    next = fields.String(allow_none=True)


def file_answer(description: str, *media_types: str) -> dict[str, Any]:
    """The documentation of an operation that answers with the bytes of a file."""
    content = {one: {"schema": {"type": "string", "format": "binary"}} for one in media_types}
    return {"responses": {"200": {"description": description, "content": content}}}

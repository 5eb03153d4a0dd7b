"""The shapes of what gate machines and real-name platforms send and get."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from schemas.fields import Pattern
from server.actions.gates.person_numbers import ROWS_MAX as NUMBERS_MAX
from server.actions.gates.verdicts import VERDICTS
from server.api.parameters import ZH
from server.api.shapes import Input, InstantIn, PageQuery
from server.rules.gate_passes import LATEST_MS, ROWS_MAX
from sync_protocol.header import MAX_UNSENT

_PERSON: dict[str, Any] = {
    "type": "object",
    "description": "恰好一项: worker (名册记录编号), certificate_digest (名册给出的摘要), certificate, card, external_id",
    "properties": {
        "worker": {"type": "string", "format": "uuid"},
        "certificate_digest": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "certificate": {
            "type": "object",
            "properties": {"type": {"type": "string"}, "number": {"type": "string"}},
        },
        "card": {"type": "string"},
        "external_id": {"type": "string"},
    },
}
_PASS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "description": "来源自己的事件编号; 再次发送同一编号不重复计入"},
        "at": {"type": "string", "format": "date-time", "description": "机器的时钟"},
        "person": _PERSON,
        "direction": {"type": "string", "enum": ["in", "out"]},
        "method": {"type": "string", "enum": ["face", "card", "qr", "manual"]},
        "celsius": {"type": "number"},
        "mask_worn": {"type": "boolean"},
        "health_code": {"type": "string", "enum": ["green", "yellow", "red", "none"]},
        "refused_for": {"type": "string"},
        "note": {"type": "string"},
    },
}
_NUMBERS: dict[str, Any] = {
    "type": "object",
    "properties": {"person": _PERSON, "card": {"type": "string"}, "external_id": {"type": "string"}},
}


class GatePasses(Input):
    sent_at = InstantIn(
        required=True, validate=validate.Range(0, LATEST_MS, error="时间应在 1970 年至 2100 年之间。")
    )
    unsent = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(0, MAX_UNSENT, error=f"应为 0 至 {MAX_UNSENT} 的整数。"),
        error_messages=ZH,
        metadata={"description": "发完这一批, 来源还有多少条没有发; 为 0 时, 此前的出入才算完整"},
    )
    passes = fields.List(
        fields.Raw(metadata=_PASS),
        required=True,
        validate=validate.Length(max=ROWS_MAX, error=f"一次最多 {ROWS_MAX} 条, 请分批发送。"),
        error_messages=ZH,
        metadata={"description": f"最多 {ROWS_MAX} 条; 空的一批是心跳"},
    )


class PassOutcome(Schema):
    event = fields.String(allow_none=True)
    entry = fields.UUID(metadata={"description": "日志中的编号"})
    outcome = fields.String(
        metadata={
            "description": "applied 已计入, duplicate 此前已收到, refused 未计入 (已保留, 待人工处理), held 待复核"
        }
    )
    code = fields.String()
    errors = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))
    first = fields.Dict(metadata={"description": "重复时: 第一次的结果"})
    verdict = fields.String(
        metadata={"description": "; ".join(f"{code} {words}" for code, words in VERDICTS.items())}
    )


class PassOutcomes(Schema):
    outcomes = fields.List(fields.Nested(PassOutcome))
    server_time = fields.String(metadata={"format": "date-time"})


class AdapterQuery(Input):
    direction = fields.String(
        validate=validate.OneOf(["in", "out"], error="方向只能是 in 或 out。"),
        error_messages=ZH,
        metadata={"description": "只管一个方向的机器: 它的方向"},
    )


class RosterQuery(PageQuery):
    adapter = fields.String(
        validate=Pattern("^[a-z][a-z0-9_]{0,63}$", error="应为接入方式的代码。"),
        error_messages=ZH,
        metadata={"description": "按这种平台的字段名和代码给出"},
    )


class PeoplePage(Schema):
    items = fields.List(fields.Dict())
    next = fields.String(allow_none=True)


class PersonNumbers(Input):
    numbers = fields.List(
        fields.Raw(metadata=_NUMBERS),
        required=True,
        validate=validate.Length(1, NUMBERS_MAX, error=f"一次 1 至 {NUMBERS_MAX} 条。"),
        error_messages=ZH,
    )


class NumberOutcome(Schema):
    outcome = fields.String(
        metadata={"description": "set 已登记, same 没有变化, unknown_person 名册上没有, invalid 写法不对"}
    )
    worker = fields.UUID()


class NumberOutcomes(Schema):
    outcomes = fields.List(fields.Nested(NumberOutcome))

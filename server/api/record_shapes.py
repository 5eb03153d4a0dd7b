"""The shapes of records: what one may ask for, and what comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from schemas.fields import UUID_PATTERN, Pattern
from server.actions.sites.record_changes import CURSOR_MAX as CHANGES_MAX
from server.actions.sites.record_changes import Changes
from server.actions.sites.record_filters import (
    CHOICE_PATTERN,
    CHOICE_WRONG,
    CHOICES_MAX,
    RECORD_FILTERS,
    Wanted,
    read_choices,
)
from server.actions.sites.record_pages import CURSOR_MAX, LIMIT_MAX, RecordRow
from server.api.parameters import ZH, parameter
from server.api.shapes import Input, at
from server.models.filters import DISTRICT
from server.models.paging import LIMIT_DEFAULT, Page
from server.workflows.export_records import CSV, XLSX

JSON = "json"
FORMATS = (JSON, XLSX, CSV)
_FILTERS = (DISTRICT, *RECORD_FILTERS)
_KIND = Pattern(r"^[a-z][a-z0-9_]{0,31}$", error="记录种类由小写字母、数字和 _ 组成。")


def _id(message: str, **options: Any) -> fields.String:
    return fields.String(validate=Pattern(UUID_PATTERN, error=message), error_messages=ZH, **options)


class RecordQuery(Input):
    """The filters of RECORD_FILTERS, and what a change feed and files need."""

    class Meta:
        include: ClassVar[dict[str, fields.Field[Any]]] = {one.name: parameter(one) for one in _FILTERS}

    kind = fields.String(
        validate=_KIND,
        error_messages=ZH,
        metadata={"description": "记录种类; 不写: 您能看到的所有种类 (文件必须写明)"},
    )
    site = _id("地点应为小写、带连字符的 UUID。", metadata={"description": "地点; 不写: 您能看到的所有地点"})
    choice = fields.List(
        fields.String(validate=Pattern(CHOICE_PATTERN, error=CHOICE_WRONG), error_messages=ZH),
        load_default=list,
        validate=validate.Length(max=CHOICES_MAX, error=f"最多 {CHOICES_MAX} 个选项。"),
        metadata={"description": "字段:选项, 可以重复; 要写明 kind"},
    )
    changed_since = fields.String(
        validate=validate.Length(1, CHANGES_MAX, error="游标无效。"),
        error_messages=ZH,
        metadata={
            "description": "变更流: 0 从头开始, 以后用上次回答中的 changed_since。只能和 kind、site、district、limit 一起用"
        },
    )
    cursor = fields.String(
        validate=validate.Length(max=CURSOR_MAX, error="游标无效, 请从第一页重新开始。"), error_messages=ZH
    )
    limit = fields.Integer(
        load_default=LIMIT_DEFAULT,
        validate=validate.Range(1, LIMIT_MAX, error=f"每页 1 至 {LIMIT_MAX} 条。"),
        error_messages=ZH,
    )
    format = fields.String(
        validate=validate.OneOf(FORMATS, error=f"格式只能是: {', '.join(FORMATS)}。"),
        error_messages=ZH,
        metadata={"description": "不写时看请求头 Accept"},
    )


class FullRecords(Input):
    """Masked fields in full: one kind, one site, and why."""

    class Meta:
        include: ClassVar[dict[str, fields.Field[Any]]] = {one.name: parameter(one) for one in RECORD_FILTERS}

    kind = fields.String(required=True, validate=_KIND, error_messages=ZH)
    site = _id("地点应为小写、带连字符的 UUID。", required=True)
    reason = fields.String(required=True, error_messages=ZH, metadata={"description": "事由; 会被保留"})
    format = fields.String(
        load_default=CSV,
        validate=validate.OneOf((XLSX, CSV), error="格式只能是: xlsx, csv。"),
        error_messages=ZH,
    )


class SiteOfRecord(Schema):
    id = fields.UUID()


class RecordShape(Schema):
    """One record in its latest state. `state` says what became of it: in_force, corrected, voided, merged, or deleted (then
    it has no fields any more)."""

    id = fields.UUID()
    kind = fields.String()
    form = fields.Integer(allow_none=True, metadata={"description": "表单的版本; 不是表单的为 null"})
    site = fields.UUID()
    rev = fields.Integer(metadata={"description": "这条记录的第几个状态"})
    state = fields.String(
        validate=validate.OneOf(("in_force", "corrected", "voided", "merged", "deleted")),
    )
    time = at("event_ms", allow_none=True)
    backfilled = fields.Boolean(metadata={"description": "补录"})
    author = fields.String(metadata={"description": "填写人"})
    author_id = fields.UUID(allow_none=True)
    about = fields.Dict(
        keys=fields.String(),
        metadata={
            "description": "系统所知: at (时间界限), device, observed, amends, amended_by, void, merged_into 等"
        },
    )
    fields_ = fields.Dict(
        keys=fields.String(),
        allow_none=True,
        data_key="fields",
        attribute="fields",
        metadata={"description": "各字段, 按其种类的规定遮盖; 各种类的字段见 /api/v1/records/schema"},
    )


class RecordPage(Schema):
    items = fields.List(fields.Nested(RecordShape))
    next = fields.String(
        allow_none=True, metadata={"description": "下一页的游标; 一页可以不满, 没有更多时为 null"}
    )
    changed_since = fields.String(metadata={"description": "变更流: 下次从这里开始"})
    more = fields.Boolean(metadata={"description": "变更流: 现在还有更多"})
    from_start = fields.List(
        fields.UUID(),
        metadata={"description": "变更流: 这些地点从头开始, 请先丢弃此前所存的它们的记录"},
    )


_ABOUT = ("at", "device", "observed", "amends", "amended_by", "void", "merged_into")


def wanted_of(asked: Mapping[str, Any]) -> Wanted:
    """What a query asks for, not yet checked."""
    kind = asked.get("kind")
    chosen = {one.name: asked.get(one.name) for one in _FILTERS}
    choices = read_choices(asked.get("choice", []))
    return Wanted((kind,) if kind else (), kind is not None, asked.get("site"), chosen, choices)


def as_page(page: Page[dict[str, Any]]) -> dict[str, Any]:
    return {"items": page.items, "next": page.next}


def as_changes(changes: Changes, items: list[dict[str, Any]]) -> dict[str, Any]:
    shown = {"items": items, "next": None, "changed_since": changes.cursor}
    return {**shown, "more": changes.more, "from_start": changes.from_start}


def as_item(row: RecordRow, served: Mapping[str, str]) -> dict[str, Any]:
    """A record as RecordShape has it. `served`: the names under which its kind's fields are served."""
    about = {name: row.body[name] for name in _ABOUT if name in row.body}
    if row.body.get("contested"):
        about["contested"] = row.body["contested"]
    said = {name: row.body[name] for name in served.values() if name in row.body}
    columns = {name: getattr(row, name) for name in RecordRow.__slots__ if name != "body"}
    return {**columns, "state": row.state, "about": about, "fields": None if row.is_deleted else said}

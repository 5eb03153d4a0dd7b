"""The feed of events, for programs with a key."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from server.actions.accounts.service_accounts import EVENTS
from server.actions.events.read_events import NOW, START, as_message, page_of_events
from server.actions.records.outbox import EVENT_TYPES
from server.api.blueprint import ApiBlueprint, viewer
from server.api.parameters import ZH, parameter
from server.api.shapes import Input
from server.api.unchanged import mark_unchanged
from server.base.db import read
from server.models.filters import DISTRICT
from server.models.site_cursor import SITE_CURSOR_MAX

LIMIT_MAX = 500
blueprint = ApiBlueprint(
    "events",
    __name__,
    url_prefix="/api/v1/events",
    description="事件流 (仅对接系统)",
    service_scope=EVENTS,
    services_only=True,
)
blueprint.after_request(mark_unchanged)


class SiteEventQuery(Input):
    cursor = fields.String(
        load_default=START,
        validate=validate.Length(max=SITE_CURSOR_MAX, error="游标无效, 请用 0 从头开始。"),
        error_messages=ZH,
        metadata={"description": f"上次回答中的 cursor; {START} 从保留的第一个开始, {NOW} 从现在开始"},
    )
    district = parameter(DISTRICT)
    limit = fields.Integer(
        load_default=100,
        validate=validate.Range(1, LIMIT_MAX, error=f"一次 1 至 {LIMIT_MAX} 个。"),
        error_messages=ZH,
    )


class SiteEventShape(Schema):
    type = fields.String(
        metadata={"description": "; ".join(f"{code} {words}" for code, words in EVENT_TYPES.items())}
    )
    timestamp = fields.String(metadata={"format": "date-time"})
    data = fields.Dict(
        metadata={"description": "id 事件编号, site 地点, number 该地点的第几个事件, 其余依类型"}
    )


class SiteEventPage(Schema):
    items = fields.List(fields.Nested(SiteEventShape))
    cursor = fields.String()
    more = fields.Boolean()
    gaps = fields.List(
        fields.UUID(), metadata={"description": "这些地点有事件在读到之前已过保留期: 请重新读取其标记和时段"}
    )


@blueprint.get("")
@blueprint.arguments(SiteEventQuery, location="query")
@blueprint.response(200, SiteEventPage)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(403, "FORBIDDEN")
def list_events(asked: dict[str, Any]) -> dict[str, Any]:
    """事件流: 游标之后发生的, 一个不漏

    同一地点的事件按发生的先后。推送 (Standard Webhooks) 的是同样的消息; 停机之后从这里补读。
    """
    with read() as session:
        found = page_of_events(session, viewer(), asked.get("district"), asked["cursor"], asked["limit"])
    items = [as_message(event) for event in found.items]
    return {"items": items, "cursor": found.cursor, "more": found.more, "gaps": found.gaps}

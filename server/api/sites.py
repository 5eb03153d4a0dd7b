"""Sites and their windows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from server.actions.sites.list_sites import ShownSite, Span, one_site, page_of_sites, page_of_windows
from server.api.blueprint import ANY_SCOPE, ApiBlueprint, viewer
from server.api.shapes import NoQuery, PageQuery, SitePage, SiteShape, WindowPage, WindowQuery
from server.api.unchanged import mark_unchanged
from server.base.db import read
from server.models.paging import Page
from server.models.window import Window
from server.web.responses import now_ms

blueprint = ApiBlueprint(
    "sites", __name__, url_prefix="/api/v1/sites", description="地点", service_scope=ANY_SCOPE
)
blueprint.after_request(mark_unchanged)


@blueprint.get("")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, SitePage)
@blueprint.alt_response(401, "UNAUTHORIZED")
def list_sites(asked: dict[str, Any]) -> Page[ShownSite]:
    """我能看到的地点"""
    with read() as session:
        return page_of_sites(session, viewer(), asked.get("cursor"), asked["limit"])


@blueprint.get("/<uuid:site_id>")
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(200, SiteShape)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(404, "NOT_FOUND")
def show_site(_: dict[str, Any], site_id: UUID) -> ShownSite:
    """一个地点"""
    with read() as session:
        return one_site(session, viewer(), str(site_id))


@blueprint.get("/<uuid:site_id>/windows")
@blueprint.arguments(WindowQuery, location="query")
@blueprint.response(200, WindowPage)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(404, "NOT_FOUND")
def list_windows(asked: dict[str, Any], site_id: UUID) -> Page[Window]:
    """一个地点的检查时段

    `from` 与 `to` 是上海时间的日期, 两端都包含, 最多 93 天; 不填时为最近一周到明天。
    """
    days = Span(asked.get("first"), asked.get("last")).settled(now_ms())
    with read() as session:
        return page_of_windows(session, viewer(), str(site_id), days, asked.get("cursor"), asked["limit"])

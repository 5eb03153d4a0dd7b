"""Flags: the list that sections and the brigade work from, and one flag with its proof."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from server.actions.paging import Page
from server.actions.show_flags import FlagFile, FlagFilter, ShownFlag, one_flag, page_of_flags
from server.api.door import Door, viewer
from server.api.shapes import FlagFileShape, FlagPage, FlagQuery, NoQuery
from server.db import read

blueprint = Door(
    "flags", __name__, url_prefix="/api/v1/flags", description="问题标记: 只是线索, 不是处罚依据"
)


@blueprint.get("")
@blueprint.arguments(FlagQuery, location="query")
@blueprint.response(200, FlagPage)
@blueprint.alt_response(401, "UNAUTHORIZED")
def list_flags(asked: dict[str, Any]) -> Page[ShownFlag]:
    """我能看到的问题标记, 最新的在前"""
    wanted = FlagFilter(*(asked.get(name) for name in ("state", "unit", "duty", "district")))
    with read() as session:
        return page_of_flags(session, viewer(), wanted, asked.get("cursor"), asked["limit"])


@blueprint.get("/<uuid:flag_id>")
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(200, FlagFileShape)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(404, "NOT_FOUND")
def show_flag(_: dict[str, Any], flag_id: UUID) -> FlagFile:
    """一个问题标记: 时段、记录、时间界限、步骤和经过"""
    with read() as session:
        return one_flag(session, viewer(), str(flag_id))

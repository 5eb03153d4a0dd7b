"""Flags: the list that sections and the brigade work from, and one flag with its proof."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from server.actions.flags.list_flags import FlagFile, ShownFlag, one_flag, page_of_flags
from server.actions.flags.move_flag import Wanted, move_flag
from server.api.blueprint import ApiBlueprint, viewer
from server.api.shapes import FlagFileShape, FlagPage, FlagQuery, MoveIn, NoQuery
from server.api.unchanged import mark_unchanged
from server.base.db import read, write
from server.models.paging import Page
from server.web.responses import tx_of

blueprint = ApiBlueprint(
    "flags", __name__, url_prefix="/api/v1/flags", description="问题标记: 只是线索, 不是处罚依据"
)
blueprint.after_request(mark_unchanged)


@blueprint.get("")
@blueprint.arguments(FlagQuery, location="query")
@blueprint.response(200, FlagPage)
@blueprint.alt_response(401, "UNAUTHORIZED")
def list_flags(asked: dict[str, Any]) -> Page[ShownFlag]:
    """我能看到的问题标记, 最新的在前"""
    with read() as session:
        return page_of_flags(session, viewer(), asked, asked.get("cursor"), asked["limit"])


@blueprint.post("/<uuid:flag_id>/actions")
@blueprint.arguments(MoveIn)
@blueprint.response(200, FlagFileShape)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(403, "FORBIDDEN")
@blueprint.alt_response(404, "NOT_FOUND")
@blueprint.alt_response(409, "CONFLICT")
def act(asked: dict[str, Any], flag_id: UUID) -> FlagFile:
    """办理: 确认、责令整改、回复、复查、移送、停工、销号等; 现在不能做的答 409 并列出可以做的"""
    wanted = Wanted(
        action=asked["action"],
        rev=asked["rev"],
        note=asked["note"],
        due_ms=asked["due"],
        media=tuple(asked["media"]),
        assignee=asked["assignee"],
        company=asked["company"],
    )
    with write() as session:
        move_flag(tx_of(session), viewer(), str(flag_id), wanted)
    with read() as session:
        return one_flag(session, viewer(), str(flag_id))


@blueprint.get("/<uuid:flag_id>")
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(200, FlagFileShape)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(404, "NOT_FOUND")
def show_flag(_: dict[str, Any], flag_id: UUID) -> FlagFile:
    """一个问题标记: 时段、记录、时间界限、步骤和经过"""
    with read() as session:
        return one_flag(session, viewer(), str(flag_id))

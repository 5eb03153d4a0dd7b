"""Rosters: upload, preview, confirm the columns, commit; and a site's roster as a file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request

from schemas.limits import ROSTER_BYTES_MAX, ROSTER_PEOPLE_MAX
from server.actions.rosters.commit_roster import Decision
from server.actions.rosters.leaving import list_leaving
from server.actions.rosters.list_rosters import (
    ShownRoster,
    ShownRow,
    one_roster,
    page_of_rosters,
    rows_of_roster,
)
from server.actions.rosters.write_workbook import problem_file, roster_file
from server.api.blueprint import ApiBlueprint, viewer
from server.api.roster_shapes import Columns, Commit, OneRosterShape, Reason, RosterPage, RowPage, RowQuery
from server.api.shapes import NoQuery, PageQuery, file_answer
from server.base.db import read, write
from server.files.new_workbook import MIME
from server.models.paging import Page, Slice
from server.web.responses import FILE_BODY, as_download, now_ms, runtime, this_app, tx_of, uploaded_file
from server.workflows.read_rosters import commit_preview, confirm_columns, receive_file

blueprint = ApiBlueprint(
    "rosters", __name__, url_prefix="/api/v1", description="名册: 上传、预览、提交、导出"
)

_XLSX = file_answer("工作簿 (.xlsx)", MIME)
_LISTS_BYTES_MAX = 3 * 1024 * 1024  # of a body that names every person, or every column of every sheet


@blueprint.before_request
def bound_lists() -> None:
    """Some bodies hold long lists."""
    if request.endpoint in ("rosters.commit", "rosters.choose_columns"):
        request.max_content_length = _LISTS_BYTES_MAX


@blueprint.post("/sites/<uuid:site_id>/rosters/leaving")
@blueprint.doc(
    summary="列出本企业所有在场人员, 以便全部退场",
    description="得到一份没有人的名册的预览; 提交时写 `absent: exit` 和一个 `exited_on`, 所有人用同一个日期。",
)
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(201, OneRosterShape)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(403, "FORBIDDEN")
@blueprint.alt_response(404, "NOT_FOUND")
@blueprint.alt_response(409, "CONFLICT")
def list_everybody(_: dict[str, Any], site_id: UUID) -> ShownRoster:
    with write() as session:
        roster_id = list_leaving(tx_of(session), viewer(), str(site_id)).id
    with read() as session:
        return one_roster(session, viewer(), roster_id)


@blueprint.post("/sites/<uuid:site_id>/rosters")
@blueprint.doc(
    requestBody=FILE_BODY,
    summary=f"上传名册 (.xlsx, .xls, .ods, .csv, 不超过 {ROSTER_BYTES_MAX >> 20} MB, 不超过 {ROSTER_PEOPLE_MAX} 人)",
    description="文件读完以前答 202; 到 `Location` 看进度和预览。提交以前什么都不会改变。",
)
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(202, OneRosterShape)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(403, "FORBIDDEN")
@blueprint.alt_response(404, "NOT_FOUND")
@blueprint.alt_response(413, "REQUEST_ENTITY_TOO_LARGE")
def upload(_: dict[str, Any], site_id: UUID) -> tuple[ShownRoster, int, dict[str, str]]:
    name, data = uploaded_file()
    roster_id = receive_file(this_app(), viewer(), str(site_id), name, data, now_ms())
    with read() as session:
        shown = one_roster(session, viewer(), roster_id)
    return shown, 202, {"Location": f"/api/v1/rosters/{roster_id}"}


@blueprint.get("/sites/<uuid:site_id>/rosters")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, RosterPage)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(404, "NOT_FOUND")
def list_rosters(asked: dict[str, Any], site_id: UUID) -> Page[ShownRoster]:
    """一个地点上传过的名册, 最新的在前"""
    with read() as session:
        return page_of_rosters(session, viewer(), str(site_id), asked.get("cursor"), asked["limit"])


@blueprint.get("/rosters/<uuid:roster_id>")
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(200, OneRosterShape)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(404, "NOT_FOUND")
def show_roster(_: dict[str, Any], roster_id: UUID) -> ShownRoster:
    """一份名册: 状态、进度、数目、发现的问题"""
    with read() as session:
        return one_roster(session, viewer(), str(roster_id))


@blueprint.get("/rosters/<uuid:roster_id>/rows")
@blueprint.arguments(RowQuery, location="query")
@blueprint.response(200, RowPage)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(404, "NOT_FOUND")
@blueprint.alt_response(409, "CONFLICT")
def list_rows(asked: dict[str, Any], roster_id: UUID) -> dict[str, list[ShownRow] | int]:
    """预览的各行: 新增、变更、不变、退回、提醒, 以及名册里没有的人"""
    group, part = asked["group"], Slice(asked["start"], asked["limit"])
    with read() as session:
        rows, total = rows_of_roster(session, runtime().seals, viewer(), str(roster_id), group, part)
    return {"items": rows, "total": total}


@blueprint.get("/rosters/<uuid:roster_id>/problems.xlsx")
@blueprint.doc(**_XLSX)
@blueprint.arguments(NoQuery, location="query")
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(404, "NOT_FOUND")
@blueprint.alt_response(409, "CONFLICT")
def problems(_: dict[str, Any], roster_id: UUID) -> Response:
    """退回的行, 照原样, 有错的格已标出并附说明; 改好后可以再上传"""
    with read() as session:
        data = problem_file(session, runtime().seals, viewer(), str(roster_id))
    return as_download(data, MIME, "problems.xlsx")


@blueprint.post("/rosters/<uuid:roster_id>/columns")
@blueprint.arguments(Columns)
@blueprint.response(200, OneRosterShape)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(403, "FORBIDDEN")
@blueprint.alt_response(404, "NOT_FOUND")
@blueprint.alt_response(409, "CONFLICT")
def choose_columns(asked: dict[str, Any], roster_id: UUID) -> ShownRoster:
    """指明各列的含义; 本企业以后的文件照此读取

    预览以后也可以调整。一张表的各列都填空的, 不当作名册。有误时 `sheet` 和 `columns` 指出要重新选择的列。
    没有进场日期或班组一列的, 用 `given` 给所有人统一填写。
    """
    chosen = {(one["sheet"], one["column"]): one["field"] for one in asked["columns"]}
    confirm_columns(runtime().seals, viewer(), str(roster_id), chosen, asked["given"], now_ms())
    with read() as session:
        return one_roster(session, viewer(), str(roster_id))


@blueprint.post("/rosters/<uuid:roster_id>/commit")
@blueprint.arguments(Commit)
@blueprint.response(200, OneRosterShape)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(403, "FORBIDDEN")
@blueprint.alt_response(404, "NOT_FOUND")
@blueprint.alt_response(409, "CONFLICT")
def commit(asked: dict[str, Any], roster_id: UUID) -> ShownRoster:
    """提交: 新增和变更写入地点的记录, 平板下次同步就能看到; 再次提交不会重复

    只写入预览显示过的内容。预览之后有人的登记被别处改过的, 答 409 `preview_stale`, 什么都不写, 预览已重新比对;
    已按另一种决定提交过的, 答 409 `already_committed`。
    """
    commit_preview(runtime().seals, viewer(), str(roster_id), _decision(asked), now_ms())
    with read() as session:
        return one_roster(session, viewer(), str(roster_id))


@blueprint.get("/sites/<uuid:site_id>/roster.xlsx")
@blueprint.doc(**_XLSX)
@blueprint.arguments(NoQuery, location="query")
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(404, "NOT_FOUND")
def export(_: dict[str, Any], site_id: UUID) -> Response:
    """当前名册, 号码已遮盖"""
    with write() as session:
        data = roster_file(session, runtime().seals, viewer(), str(site_id), None, now_ms())
    return as_download(data, MIME, "roster.xlsx")


@blueprint.post("/sites/<uuid:site_id>/roster.xlsx")
@blueprint.doc(**_XLSX)
@blueprint.arguments(Reason)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(403, "FORBIDDEN")
@blueprint.alt_response(404, "NOT_FOUND")
@blueprint.alt_response(409, "CONFLICT")
def export_full(asked: dict[str, Any], site_id: UUID) -> Response:
    """当前名册, 完整号码: 只对质安科和监察支队, 须写明事由, 并留下记录

    人数超过规则 `unmask_alone_max` 的, 须先由管理员批准 (409 `approval_needed`)。
    """
    with write() as session:
        data = roster_file(session, runtime().seals, viewer(), str(site_id), asked["reason"], now_ms())
    return as_download(data, MIME, "roster.xlsx")


def _decision(asked: dict[str, Any]) -> Decision:
    if asked["absent"] == "leave":
        return Decision()
    people = asked.get("people")
    return Decision(asked.get("exited_on", ""), list(map(str, people)) if people is not None else None)

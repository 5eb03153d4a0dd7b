"""Records of all kinds: pages, a change feed, and files."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request, stream_with_context

from schemas.json_schema import DIALECT
from server.actions.accounts.service_accounts import RECORDS
from server.actions.reference.load_reference import rules_in_force
from server.actions.sites.list_records import served_as
from server.actions.sites.record_changes import page_of_changes
from server.actions.sites.record_filters import RECORD_FILTERS, check_wanted, wrong
from server.actions.sites.record_pages import page_of_records
from server.api.blueprint import ApiBlueprint, viewer
from server.api.record_shapes import (
    FORMATS,
    JSON,
    FullRecords,
    RecordPage,
    RecordQuery,
    as_changes,
    as_item,
    as_page,
    wanted_of,
)
from server.api.shapes import NoQuery
from server.api.unchanged import mark_unchanged
from server.base.db import read
from server.base.problems import Problem
from server.models.paging import Page
from server.web.responses import as_download, now_ms, runtime
from server.workflows.export_records import CSV, MIMES, XLSX, RecordsFile, export_records

blueprint = ApiBlueprint(
    "records",
    __name__,
    url_prefix="/api/v1/records",
    description="记录: 各种检查、登记和表单",
    service_scope=RECORDS,
)
blueprint.after_request(mark_unchanged)
_MIMES = {"application/json": JSON, MIMES[XLSX]: XLSX, "text/csv": CSV}
_FILES: dict[str, Any] = {
    MIMES[XLSX]: {"schema": {"type": "string", "format": "binary"}},
    "text/csv": {"schema": {"type": "string"}},
}
_PAGE = {"application/json": {"schema": RecordPage}}
_OTHERS = (
    *(one.name for one in RECORD_FILTERS),
    "choice",
    "cursor",
)  # what a change feed cannot be asked for
_NO_OTHERS = "变更流不能按它筛选: 一条记录改动后可能不再符合, 而您不会得知。只能用 kind、site、district。"


@blueprint.get("")
@blueprint.doc(
    summary="记录: 分页、变更流, 或 .xlsx、.csv 文件",
    description=(
        "先按地点, 再按种类, 其中最新的在前。`day`、`from`、`to` 是上海时间的日期, 两端都包含。"
        "`changed_since` 给出此后变动的记录, 一条不漏: 每个地点各有一个变更序号, 锁定地点才能取号, "
        "所以同一地点的号按提交的先后出现; "
        "游标记下每个地点读到几号。修改、更正、作废都会再次出现, 删除的没有字段。"
        "文件须写明 `kind`, 列是这种表单所有版本的列的并集。"
    ),
    responses={"200": {"description": "记录", "content": {**_PAGE, **_FILES}}},
)
@blueprint.arguments(RecordQuery, location="query")
@blueprint.response(200, RecordPage)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(403, "FORBIDDEN")
@blueprint.alt_response(404, "NOT_FOUND")
@blueprint.alt_response(406, "NOT_ACCEPTABLE")
def list_records(asked: dict[str, Any]) -> dict[str, Any] | Response:
    """记录"""
    sort = asked.get("format") or _accepted()
    since = asked.get("changed_since")
    if since is not None:
        _check_feed(asked, sort)
        return _changes(asked, since)
    if sort != JSON:
        file = export_records(runtime().seals, viewer(), wanted_of(asked), sort, None, now_ms())
        return _download(file)
    with read() as session:
        kinds = rules_in_force(session).kinds
        wanted = check_wanted(session, viewer(), kinds, wanted_of(asked))
        found = page_of_records(
            session, runtime().seals, viewer(), wanted, asked.get("cursor"), asked["limit"]
        )
    items = [as_item(row, served_as(kinds, row.kind)) for row in found.items]
    return as_page(Page(items, found.next))


@blueprint.get("/schema")
@blueprint.doc(
    summary="各种记录的字段 (JSON Schema)",
    description="`oneOf`: 每个种类、表单的每个版本各一项, 各字段在 `body` 下。发布新表单后, 这里随之增加。",
    responses={"200": {"description": "JSON Schema", "content": {"application/json": {"schema": {}}}}},
)
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(200)
@blueprint.alt_response(401, "UNAUTHORIZED")
def show_schema(_: dict[str, Any]) -> Response:
    """各种记录的字段"""
    with read() as session:
        kinds = rules_in_force(session).kinds
    return jsonify({"$schema": DIALECT, **kinds.variants()})


@blueprint.post("/full")
@blueprint.doc(
    summary="一个地点的一种记录, 遮盖的字段写全 (.xlsx 或 .csv); 事由会被保留",
    responses={"200": {"description": "文件", "content": _FILES}},
)
@blueprint.arguments(FullRecords)
@blueprint.response(200)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(403, "FORBIDDEN")
@blueprint.alt_response(404, "NOT_FOUND")
@blueprint.alt_response(409, "CONFLICT")
def export_full(asked: dict[str, Any]) -> Response:
    """完整内容"""
    try:
        file = export_records(
            runtime().seals, viewer(), wanted_of(asked), asked["format"], asked["reason"], now_ms()
        )
    except Problem as problem:  # what was wrong is in a body here, where a pointer says it
        errors = problem.members.get("errors", {})
        problem.members |= {"errors": {f"/{name.lstrip('/')}": texts for name, texts in errors.items()}}
        raise
    return _download(file)


def _changes(asked: dict[str, Any], since: str) -> dict[str, Any]:
    with read() as session:
        kinds = rules_in_force(session).kinds
        wanted = check_wanted(session, viewer(), kinds, wanted_of(asked))
        changes = page_of_changes(session, runtime().seals, viewer(), wanted, since, asked["limit"])
    return as_changes(changes, [as_item(row, served_as(kinds, row.kind)) for row in changes.items])


def _check_feed(asked: dict[str, Any], sort: str) -> None:
    if sort != JSON:
        raise wrong("format", "变更流只有 JSON。")
    for name in _OTHERS:
        if asked.get(name):
            raise wrong(name, _NO_OTHERS)


def _accepted() -> str:
    """The format that the client likes best. Raises Problem 406 for a client that likes none."""
    accepted = request.accept_mimetypes
    if not accepted:
        return JSON
    best = accepted.best_match(list(_MIMES))
    if best is None:
        raise Problem("not_acceptable", f"可以提供: {', '.join(FORMATS)}。")
    return _MIMES[best]


def _download(file: RecordsFile) -> Response:
    return as_download(stream_with_context(file.chunks), file.mime, file.name)

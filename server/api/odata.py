"""OData v4 for Excel, Power BI and others: records by kind, and the daily figures. It describes itself ($metadata)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import Blueprint, Response, request

from server.actions.accounts.service_accounts import RECORDS
from server.actions.sites.odata_tables import rows_of_table, tables_of
from server.api.blueprint import require_viewer, viewer
from server.api.unchanged import mark_unchanged
from server.base.db import read
from server.base.problems import Problem
from server.rules.odata.filter import Bound, QueryFault, compile_filter, compile_order, sorted_rows
from server.rules.odata.model import Table, metadata, service_document
from server.web.responses import tx_of

blueprint = Blueprint("odata", __name__, url_prefix="/api/v1/odata")
PAGE, ROWS_MAX = 1_000, 20_000  # rows of one answer; rows that one question looks through
_OPTIONS = ("$filter", "$select", "$orderby", "$count", "$top", "$skip", "$skiptoken", "$format")
_JSON = "application/json;odata.metadata=minimal"
Row = Mapping[str, Any]


@blueprint.before_request
def _require() -> None:
    require_viewer(RECORDS)


@blueprint.after_request
def _mark(response: Response) -> Response:
    response.headers["OData-Version"] = "4.0"
    return mark_unchanged(response)


@blueprint.get("/")
@blueprint.get("")
def show_service() -> Response:
    return _answer(service_document(_root(), _tables().values()))


@blueprint.get("/$metadata")
def show_metadata() -> Response:
    return Response(metadata(list(_tables().values())), content_type="application/xml")


@blueprint.get("/<string:segment>")
def show_rows(segment: str) -> Response:
    """An entity set, or one of its rows by key."""
    name, _, key = segment.partition("(")
    table = _table(name)
    if not key:
        return _answer(_page(table))
    if not key.endswith(")"):
        raise Problem("not_found")
    wanted = key[:-1].strip("'").replace("''", "'")
    row = next((row for row in _read(table, ()) if row[table.key] == wanted), None)
    if row is None:
        raise Problem("not_found")
    return _answer({"@odata.context": f"{_root()}/$metadata#{table.name}/$entity", **row})


@blueprint.get("/<string:name>/$count")
def count_rows(name: str) -> Response:
    rows = _found(_table(name))[0]
    return Response(str(len(rows)), content_type="text/plain")


def _page(table: Table) -> dict[str, Any]:
    """The rows that are asked for, from `$skiptoken` on, at most PAGE of them."""
    rows, top = _found(table)
    answer: dict[str, Any] = {"@odata.context": f"{_root()}/$metadata#{table.name}"}
    if _said("$count", _truth, False):
        answer["@odata.count"] = len(rows)
    start = _said("$skip", _whole, 0) + _said("$skiptoken", _whole, 0)
    end = len(rows) if top is None else min(len(rows), _said("$skip", _whole, 0) + top)
    names = _selected(table)
    shown = rows[start : min(start + PAGE, end)]
    answer["value"] = [{name: row.get(name) for name in names} for row in shown]
    if start + PAGE < end:
        further = {**request.args.to_dict(), "$skiptoken": str(_said("$skiptoken", _whole, 0) + PAGE)}
        answer["@odata.nextLink"] = f"{_root()}/{table.name}?{urlencode(further)}"
    return answer


def _found(table: Table) -> tuple[list[Row], int | None]:
    """The rows that match, in their order, and `$top`. Raises Problem 422 for too many to look through, 501 for what is not
    answered."""
    _check_options()
    try:
        wanted = (
            compile_filter(request.args["$filter"], table.properties) if "$filter" in request.args else None
        )
        order = (
            compile_order(request.args["$orderby"], table.properties) if "$orderby" in request.args else []
        )
    except QueryFault as fault:
        name = "$orderby" if "$orderby" in str(fault) else "$filter"
        raise _wrong(name, str(fault)) from fault
    bounds = wanted.bounds if wanted is not None else ()
    rows = [row for row in _read(table, bounds) if wanted is None or wanted.matches(row)]
    top = _said("$top", _whole, -1)
    return sorted_rows(rows, order) if order else rows, None if top < 0 else top


def _read(table: Table, bounds: Sequence[Bound]) -> Iterator[Row]:
    with read() as session:
        rows = list(islice(rows_of_table(tx_of(session), viewer(), table, bounds), ROWS_MAX + 1))
    if len(rows) > ROWS_MAX:
        message = f"超过 {ROWS_MAX} 行, 请用 $filter 限定地点 (Site eq …) 或时间 (At ge …)。"
        raise Problem("too_many_rows", message, errors={"$filter": [message]})
    return iter(rows)


def _check_options() -> None:
    for name in request.args:
        if name.startswith("$") and name not in _OPTIONS:
            raise Problem("option_not_answered", f"不支持 {name[:40]}; 支持: {', '.join(_OPTIONS)}。")
    if request.args.get("$format", "json") not in ("json", "application/json"):
        raise Problem("not_acceptable", "只提供 JSON。")


def _selected(table: Table) -> list[str]:
    text = request.args.get("$select", "")
    names = [name.strip() for name in text.split(",") if name.strip() and name.strip() != "*"]
    unknown = [name for name in names if name not in table.properties]
    if unknown:
        raise _wrong("$select", f"{table.name} 没有 {unknown[0][:40]}。")
    return names or list(table.properties)


def _said(name: str, read_as: Callable[[str], Any], otherwise: Any) -> Any:
    text = request.args.get(name)
    if text is None:
        return otherwise
    try:
        return read_as(text)
    except ValueError as error:
        raise _wrong(name, f"{name} 的值不对: {text[:40]}") from error


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError(text)
    return int(text)


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _tables() -> dict[str, Table]:
    with read() as session:
        return tables_of(tx_of(session).book.kinds, viewer())


def _table(name: str) -> Table:
    found = _tables().get(name)
    if found is None:
        raise Problem("unknown_kind", "没有这个表, 或者您无权查看。")
    return found


def _root() -> str:
    return f"{request.url_root.rstrip('/')}{blueprint.url_prefix}"


def _answer(value: Mapping[str, Any]) -> Response:
    return Response(msgspec.json.encode(value), content_type=_JSON)


def _wrong(name: str, message: str) -> Problem:
    return Problem("invalid_input", message, errors={name: [message]})

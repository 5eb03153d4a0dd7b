"""OData v4 for Excel, Power BI and others: records by kind, and the daily figures. It describes itself ($metadata)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import Blueprint, Response, request

from server.actions.accounts.service_accounts import RECORDS
from server.actions.sites.odata_tables import (
    FIGURES,
    SORTED,
    count_of_table,
    page_of_table,
    rows_of_table,
    sorted_of_table,
    tables_of,
)
from server.api.blueprint import require_viewer, viewer
from server.api.unchanged import mark_unchanged
from server.base.db import read
from server.base.problems import Problem
from server.models.paging import Slice
from server.rules.odata.filter import Bound, Filter, QueryFault, compile_filter, compile_order, sorted_rows
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
    table = _table(name)
    asked = _asked(table)
    count = _counted(table, asked) if asked.is_stored(table) else len(_found(table, asked))
    return Response(str(count), content_type="text/plain")


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options of one question."""

    wanted: Filter | None
    order: Sequence[tuple[str, bool]]
    top: int | None
    skip: int
    counts: bool

    @property
    def bounds(self) -> Sequence[Bound]:
        return self.wanted.bounds if self.wanted is not None else ()

    def is_stored(self, table: Table) -> bool:
        """Whether the database can count what matches: all records that the viewer may read, or those of one site."""
        return table.name != FIGURES and (self.wanted is None or self.wanted.is_one_site)


def _page(table: Table) -> dict[str, Any]:
    """The rows that are asked for, from `$skiptoken` on, at most PAGE of them.

    1 Where nothing has to be sorted, skipped or counted in memory, records come as they are stored, from a cursor on,
    however many there are. 2 What the database can sort, it does. 3 Everything else is looked through in memory.
    """
    asked, names = _asked(table), _selected(table)
    answer: dict[str, Any] = {"@odata.context": f"{_root()}/$metadata#{table.name}"}
    if asked.counts and asked.is_stored(table):
        answer["@odata.count"] = _counted(table, asked)
    if (
        table.name != FIGURES
        and not asked.order
        and not asked.skip
        and (not asked.counts or asked.is_stored(table))
    ):
        rows: Sequence[Row]
        rows, token = _streamed(table, asked)
    elif asked.is_stored(table) and all(name in SORTED for name, _ in asked.order):
        rows, token = _sliced(asked, _counted(table, asked), lambda part: _sorted(table, asked, part))
    else:
        found = _found(table, asked)
        if asked.counts:
            answer["@odata.count"] = len(found)
        rows, token = _sliced(asked, len(found), lambda part: part.of(found))
    answer["value"] = [{name: row.get(name) for name in names} for row in rows]
    if token is not None:
        further = {**request.args.to_dict(), "$skiptoken": token}
        answer["@odata.nextLink"] = f"{_root()}/{table.name}?{urlencode(further)}"
    return answer


def _streamed(table: Table, asked: _Asked) -> tuple[list[Row], str | None]:
    """Up to PAGE rows that match, of about ROWS_MAX that are looked through: what is left comes with the next one. A token
    says how many came before, and after which record it goes on."""
    before, _, after = request.args.get("$skiptoken", "0~").partition("~")
    try:
        taken, cursor = _whole(before), after or None
    except ValueError as error:
        raise _wrong("$skiptoken", "$skiptoken 无效, 请从第一页重新开始。") from error
    rows: list[Row] = []
    most = PAGE if asked.top is None else min(PAGE, asked.top - taken)
    looked = 0
    while len(rows) < most:
        with read() as session:
            page = page_of_table(tx_of(session), viewer(), table, asked.bounds, cursor, most - len(rows))
        rows += [row for row in page.items if asked.wanted is None or asked.wanted.matches(row)]
        looked, cursor = looked + max(len(page.items), 1), page.next
        if cursor is None:
            return rows, None
        if looked >= ROWS_MAX:
            break
    taken += len(rows)
    return rows, None if asked.top is not None and taken >= asked.top else f"{taken}~{cursor or ''}"


def _sliced(
    asked: _Asked, total: int, part_of: Callable[[Slice], Sequence[Row]]
) -> tuple[Sequence[Row], str | None]:
    """A page of `total` rows; a token says how many came before."""
    end = total if asked.top is None else min(total, asked.skip + asked.top)
    before = _said("$skiptoken", _whole, 0)
    start = asked.skip + before
    rows = part_of(Slice(start, min(PAGE, end - start))) if start < end else []
    return rows, str(before + PAGE) if start + PAGE < end else None


def _counted(table: Table, asked: _Asked) -> int:
    with read() as session:
        return count_of_table(tx_of(session), viewer(), table, asked.bounds)


def _sorted(table: Table, asked: _Asked, part: Slice) -> Sequence[Row]:
    with read() as session:
        return sorted_of_table(tx_of(session), viewer(), table, asked.bounds, asked.order, part)


def _found(table: Table, asked: _Asked) -> list[Row]:
    """The rows that match, in their order. Raises Problem 422 for too many to look through."""
    rows = [row for row in _read(table, asked.bounds) if asked.wanted is None or asked.wanted.matches(row)]
    return sorted_rows(rows, asked.order) if asked.order else rows


def _asked(table: Table) -> _Asked:
    """Raises Problem 422 for what is not understood, 501 for what is not answered."""
    _check_options()
    filter, order = request.args.get("$filter"), request.args.get("$orderby")
    try:
        wanted = None if filter is None else compile_filter(filter, table.properties)
        by = [] if order is None else compile_order(order, table.properties)
    except QueryFault as fault:
        name = "$orderby" if "$orderby" in str(fault) else "$filter"
        raise _wrong(name, str(fault)) from fault
    counts, top = _said("$count", _truth, False), _said("$top", _whole, None)
    return _Asked(wanted, by, top, _said("$skip", _whole, 0), counts)


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

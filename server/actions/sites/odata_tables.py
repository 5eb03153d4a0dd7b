"""The tables that OData serves to a viewer, and their rows: each kind of records that may be read, and the daily figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.book import FormBook
from schemas.shapes import shapes_of
from server.actions.sites.daily_figures import COLUMNS, DAYS_MAX, STATES, daily_figures
from server.actions.sites.list_records import columns_of, served_as
from server.actions.sites.record_filters import Wanted, check_wanted, kinds_read
from server.actions.sites.record_pages import (
    SORTED,
    RecordRow,
    count_records,
    page_of_records,
    sorted_records,
)
from server.base.clock import to_iso
from server.base.problems import Problem
from server.models.access import Viewer, visible_sites
from server.models.paging import Page, Slice
from server.models.site import Site
from server.models.tx import Tx
from server.rules.calendar import SHANGHAI, local_date_of
from server.rules.odata.filter import Bound
from server.rules.odata.model import DATE, GUID, MOMENT, NUMBER, TEXT, TRUTH, WHOLE, Table

__all__ = [
    "FIGURES",
    "SORTED",
    "count_of_table",
    "page_of_table",
    "rows_of_table",
    "sorted_of_table",
    "tables_of",
]

FIGURES = "DailyFigures"
FIGURES_DAYS = 31  # where nothing is said of the date
_AT_ONCE = 500
_COUNT_MAX = 1 << 31
_OWN = {
    "Id": (GUID, "记录编号"),
    "Site": (GUID, "地点编号"),
    "At": (MOMENT, "时间"),
    "State": (TEXT, "状态"),
    "Author": (TEXT, "填写人"),
    "Rev": (WHOLE, "第几个状态"),
    "Backfilled": (TRUTH, "补录"),
}
_TYPES = {"boolean": TRUTH, "integer": WHOLE, "number": NUMBER}
_FIGURES = {
    **dict.fromkeys(COLUMNS, TEXT),
    "Date": DATE,
    "Site": GUID,
    "Windows": WHOLE,
    **dict.fromkeys(STATES.values(), WHOLE),
}


def tables_of(kinds: FormBook, viewer: Viewer) -> dict[str, Table]:
    """By name, the figures first."""
    found = {FIGURES: Table(FIGURES, "每日数字", _FIGURES, {})}
    for name, kind in kinds_read(kinds, viewer).items():
        types = {own: one[0] for own, one in _OWN.items()} | _field_types(kinds, name)
        titles = {own: one[1] for own, one in _OWN.items()} | dict(columns_of(kinds, name))
        found[name] = Table(name, kind.title, types, titles)
    return found


def rows_of_table(
    tx: Tx, viewer: Viewer, table: Table, asked: Sequence[Bound]
) -> Iterator[Mapping[str, Any]]:
    """All rows of a table that these bounds leave, read as they are asked for; more may come than fit the bounds. The
    transaction is one snapshot (`read`)."""
    if table.name == FIGURES:
        return iter(daily_figures(tx.session, viewer, *_days(asked, tx.now_ms)))
    return _records(tx, viewer, table, asked)


def _records(tx: Tx, viewer: Viewer, table: Table, asked: Sequence[Bound]) -> Iterator[Mapping[str, Any]]:
    cursor: str | None = None
    while True:
        page = page_of_table(tx, viewer, table, asked, cursor, _AT_ONCE)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


def page_of_table(
    tx: Tx, viewer: Viewer, table: Table, asked: Sequence[Bound], cursor: str | None, limit: int
) -> Page[Mapping[str, Any]]:
    """Up to `limit` rows of a table of records in the order in which they are stored, after `cursor`. More may come than fit
    the bounds. Raises Problem 422 for a bad cursor."""
    wanted = _wanted(tx, viewer, table, asked)
    if wanted is None:
        return Page([], None)
    page = page_of_records(tx.session, tx.seals, viewer, wanted, cursor, limit)
    served = served_as(tx.book.kinds, table.name)
    return Page([_as_row(row, table, served) for row in page.items], page.next)


def count_of_table(tx: Tx, viewer: Viewer, table: Table, asked: Sequence[Bound]) -> int:
    """How many records these bounds leave. One statement."""
    wanted = _wanted(tx, viewer, table, asked)
    return 0 if wanted is None else count_records(tx.session, viewer, wanted, _COUNT_MAX)


def sorted_of_table(
    tx: Tx,
    viewer: Viewer,
    table: Table,
    asked: Sequence[Bound],
    order: Sequence[tuple[str, bool]],
    part: Slice,
) -> list[Mapping[str, Any]]:
    """A part of the records that these bounds leave, sorted by properties of SORTED."""
    wanted = _wanted(tx, viewer, table, asked)
    if wanted is None:
        return []
    served = served_as(tx.book.kinds, table.name)
    rows = sorted_records(tx.session, tx.seals, viewer, wanted, order, part)
    return [_as_row(row, table, served) for row in rows]


def _wanted(tx: Tx, viewer: Viewer, table: Table, asked: Sequence[Bound]) -> Wanted | None:
    """None for a site that is not there."""
    session, kinds = tx.session, tx.book.kinds
    site = next((one.value for one in asked if (one.name, one.sign) == ("Site", "eq")), None)
    if site is not None and not _is_visible(session, viewer, site):
        return None
    is_dated = kinds.kinds[table.name].nature == "fact"
    chosen = _dates(asked) if is_dated else {}
    return check_wanted(session, viewer, kinds, Wanted((table.name,), True, site, chosen))


def _as_row(row: RecordRow, table: Table, served: Mapping[str, str]) -> dict[str, Any]:
    at = None if row.event_ms is None else to_iso(row.event_ms)
    values = (row.id, row.site, at, row.state, row.author, row.rev, row.backfilled)
    said = {name: _as_value(row.body.get(name), table.properties[name]) for name in served.values()}
    return {**dict(zip(_OWN, values, strict=True)), **said}


def _as_value(value: Any, kind: str) -> Any:
    """Several values as JSON text: a table has one in a cell."""
    if value is None or kind != TEXT or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _field_types(kinds: FormBook, kind: str) -> dict[str, str]:
    served, found = served_as(kinds, kind), {}
    for version in kinds.versions(kind):
        for shape in shapes_of(version.whole):
            if shape.name in served:
                is_own = served[shape.name] == shape.name
                found[served[shape.name]] = _TYPES.get(shape.type, TEXT) if is_own else TEXT
    return {name: found.get(name, TEXT) for name in dict.fromkeys(served.values())}


def _is_visible(session: Session, viewer: Viewer, site: Any) -> bool:
    try:
        own = str(UUID(str(site)))
    except ValueError:  # no id at all
        return False
    query = sa.select(Site.id).where(
        visible_sites(viewer), Site.id == sa.bindparam(None, own, type_=Site.id.type)
    )
    return session.scalar(query) is not None


def _dates(asked: Iterable[Bound]) -> dict[str, str | None]:
    """The local dates between which all matches are, as far as the bounds say."""
    moments = [(one.sign, one.value) for one in asked if one.name == "At" and isinstance(one.value, datetime)]
    first = max((_day(value) for sign, value in moments if sign in ("ge", "gt", "eq")), default=None)
    last = min((_day(value) for sign, value in moments if sign in ("le", "lt", "eq")), default=None)
    if first and last and not 0 <= (date.fromisoformat(last) - date.fromisoformat(first)).days < DAYS_MAX:
        return {}
    sound = {name: day for name, day in (("from", first), ("to", last)) if day and "2000" <= day < "2100"}
    return dict(sound)


def _day(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).date().isoformat()


def _days(asked: Iterable[Bound], now_ms: int) -> tuple[str, str]:
    """The local dates that figures are asked for: the last month where nothing is said. Raises Problem 422."""
    days = [(one.sign, one.value) for one in asked if one.name == "Date" and isinstance(one.value, str)]
    first = max((day for sign, day in days if sign in ("ge", "gt", "eq")), default="")
    last = min((day for sign, day in days if sign in ("le", "lt", "eq")), default="")
    if not first and not last:
        last = local_date_of(now_ms)
    if not last:
        last = (date.fromisoformat(first) + timedelta(days=DAYS_MAX - 1)).isoformat()
    if not first:
        first = (date.fromisoformat(last) - timedelta(days=FIGURES_DAYS - 1)).isoformat()
    if (date.fromisoformat(last) - date.fromisoformat(first)).days >= DAYS_MAX:
        raise Problem("invalid_input", f"Date 最多 {DAYS_MAX} 天。", errors={"$filter": ["日期范围太大。"]})
    return first, last

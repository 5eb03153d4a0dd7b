"""Everything that may be counted, as CSV files: records of all kinds and the daily figures, without identities. People
have a keyed pseudonym, the same at every site and in every export; what was typed freely stays here."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from schemas.book import FormBook
from schemas.shapes import Shape, shapes_of
from server.actions.reference.load_reference import tx_of
from server.actions.sites.daily_figures import COLUMNS, DAYS_MAX, STATES, daily_figures
from server.actions.sites.record_filters import Wanted, check_wanted, kinds_read
from server.actions.sites.record_pages import RecordRow, page_of_records
from server.base.clock import to_iso
from server.base.db import Session, read, write
from server.base.problems import Problem
from server.base.seal import Seals
from server.models.access import Viewer
from server.models.audit import Deed, record_deed
from server.models.record import Worker

FIGURES = "daily_figures"
_AT_ONCE = 500
_OWN = ("id", "site", "time", "state", "author", "backfilled")
_PERSON, _AUTHOR = "person", "author"  # purposes of pseudonyms
_PLAIN = ("boolean", "number", "integer")


class Asked(NamedTuple):
    """Local dates, both included."""

    first: str
    last: str


def export_csv(
    seals: Seals, viewer: Viewer, folder: Path, asked: Asked, reason: str, now_ms: int
) -> dict[str, int]:
    """Write the files into an empty folder; gives how many rows each has. That it was done, by whom and why, is kept first.
    Raises Problem 409 for a folder that is not empty, 403 and 422 as the lists do."""
    if not 0 <= (date.fromisoformat(asked.last) - date.fromisoformat(asked.first)).days < DAYS_MAX:
        raise Problem("invalid_input", f"起止日期颠倒, 或者超过 {DAYS_MAX} 天。")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Problem("folder_in_use", f"{folder} 不是空的。")
    with write() as session:
        tx = tx_of(session, seals, now_ms)
        kinds = kinds_read(tx.book.kinds, viewer)
        check_wanted(session, viewer, tx.book.kinds, Wanted((), False))
        deed = Deed("exported", viewer.id, f"CSV {asked.first}..{asked.last}", reason=reason)
        record_deed(session, deed, now_ms)
    rows = {name: _write_kind(seals, viewer, folder, name, asked, now_ms) for name in kinds}
    rows[FIGURES] = _write_figures(viewer, folder, asked)
    about = {"from": asked.first, "to": asked.last, "made": to_iso(now_ms), "rows": rows}
    (folder / "about.json").write_text(json.dumps(about, ensure_ascii=False, indent=1), "utf-8")
    return rows


def columns_without_identity(kinds: FormBook, kind: str) -> dict[str, Shape]:
    """The fields of a kind that may leave: numbers, choices, dates, codes, places and people (as pseudonyms). What is typed
    freely may name somebody and is left out; so is whatever a mask is made for."""
    found: dict[str, Shape] = {}
    for version in kinds.versions(kind):
        masked = {
            name for name, policy in version.schema.privacy.items() if policy.mask or policy.served_as == ""
        }
        for shape in shapes_of(version.whole):
            if shape.name not in masked and _is_closed(shape):
                found.setdefault(shape.name, shape)
    return found


def _is_closed(shape: Shape) -> bool:
    if shape.type == "array":
        return shape.item is not None and shape.item.choices is not None
    is_known = shape.choices is not None or shape.format is not None or shape.noun is not None
    return shape.type in _PLAIN or is_known or shape.refers == "worker" or shape.role == "place"


def _write_kind(seals: Seals, viewer: Viewer, folder: Path, kind: str, asked: Asked, now_ms: int) -> int:
    with read() as session:
        kinds = tx_of(session, seals, now_ms).book.kinds
    columns = columns_without_identity(kinds, kind)
    with (folder / f"{kind}.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow([*_OWN, *columns])
        count = 0
        for row in _rows(seals, viewer, kind, asked, columns, now_ms):
            out.writerow(row)
            count += 1
    return count


def _rows(
    seals: Seals, viewer: Viewer, kind: str, asked: Asked, columns: Mapping[str, Shape], now_ms: int
) -> Iterator[list[Any]]:
    cursor: str | None = None
    while True:
        with read() as session:
            kinds = tx_of(session, seals, now_ms).book.kinds
            is_dated = kinds.kinds[kind].nature == "fact"
            chosen = {"from": asked.first, "to": asked.last} if is_dated else {}
            wanted = check_wanted(session, viewer, kinds, Wanted((kind,), True, None, chosen))
            page = page_of_records(session, seals, viewer, wanted, cursor, _AT_ONCE)
            people = _people(session, seals, page.items, columns, kind)
        for row in page.items:
            yield _values(seals, row, columns, people, kind)
        cursor = page.next
        if cursor is None:
            return


def _values(
    seals: Seals,
    row: RecordRow,
    columns: Mapping[str, Shape],
    people: Mapping[tuple[str, str], str],
    kind: str,
) -> list[Any]:
    author = pseudonym(seals, _AUTHOR, row.author_id) if row.author_id else ""
    key = people.get((row.site, row.id), "") if kind == "worker" else row.id
    time = "" if row.event_ms is None else to_iso(row.event_ms)
    said = [_cell(row.body.get(name), shape, row.site, people) for name, shape in columns.items()]
    return [key, row.site, time, row.state, author, "true" if row.backfilled else "false", *said]


def _cell(value: Any, shape: Shape, site: str, people: Mapping[tuple[str, str], str]) -> Any:
    if value is None:
        return ""
    if shape.refers == "worker":
        return people.get((site, str(value)), "")
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _people(
    session: Session, seals: Seals, rows: list[RecordRow], columns: Mapping[str, Shape], kind: str
) -> dict[tuple[str, str], str]:
    """The pseudonyms of the people whom these records name, by site and record: of the certificate, so that one person at
    two sites is one. One statement."""
    fields = [name for name, shape in columns.items() if shape.refers == "worker"]
    named = {(row.site, str(row.body[name])) for row in rows for name in fields if row.body.get(name)}
    named |= {(row.site, row.id) for row in rows} if kind == "worker" else set()
    if not named:
        return {}
    query = sa.select(Worker.scope_id, Worker.id, Worker.certificate_digest).where(
        sa.tuple_(Worker.scope_id, Worker.id).in_(sorted(named))
    )
    return {(site, key): pseudonym(seals, _PERSON, digest) for site, key, digest in session.execute(query)}


def pseudonym(seals: Seals, purpose: str, text: str) -> str:
    """Always the same for the same; nobody can tell whose without the key."""
    return f"p{seals.digest(f'pseudonym {purpose}', text)[:16]}"


def _write_figures(viewer: Viewer, folder: Path, asked: Asked) -> int:
    names, count = [*COLUMNS, *STATES.values()], 0
    with (folder / f"{FIGURES}.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(names)
        day, last = date.fromisoformat(asked.first), date.fromisoformat(asked.last)
        while day <= last:
            with read() as session:
                rows = daily_figures(session, viewer, day.isoformat(), day.isoformat())
            out.writerows([row[name] for name in names] for row in rows)
            count, day = count + len(rows), day + timedelta(days=1)
    return count

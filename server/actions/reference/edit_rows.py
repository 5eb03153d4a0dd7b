"""Rows of reference data that an office edits on a running server: dated versions, which never change how the past was
judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from schemas.kinds import Kinds
from server.actions.reference.load_reference import EDITED, mark_changed
from server.actions.reference.publish_reference import publish_reference
from server.models.reference import Reference, marked_rows
from server.models.tx import Tx
from server.rules.calendar import local_date_of
from server.rules.from_rows import Row
from server.rules.reference_faults import RowFault, reference_faults

_KEY = ("code", "from")
_CLOSED_BY_NEXT = ("to", EDITED)


class NewRow(NamedTuple):
    """A row in the shape that it has in the files of seed_data/."""

    noun: str
    data: Mapping[str, Any]


class RowsRefused(Exception):
    """Rows that must not be loaded; `faults` name each by its index among those given, from 1."""

    def __init__(self, faults: Sequence[RowFault]) -> None:
        super().__init__("\n".join(fault.what for fault in faults))
        self.faults = tuple(faults)


class _Changes(NamedTuple):
    """What there is to write: new rows, and where versions before them end."""

    rows: list[tuple[str, Mapping[str, Any]]]
    ends: dict[tuple[str, str, str], str]


def edit_rows(tx: Tx, rows: Sequence[NewRow], kinds: Kinds | None = None) -> int:
    """Add these rows, or bring rows that are not yet in force up to them; all or none. Gives how many changed. Raises
    RowsRefused. `kinds`: those of records that duties may ask for, where a form is just being published.

    A row that says what is in force already is no change. The version before a new one ends where that begins, which is not
    in the past: only a code that was never there may begin earlier.
    """
    changes = check_rows(tx, rows, kinds)
    for key, end in changes.ends.items():
        before = tx.session.get_one(Reference, key)
        before.valid_to, before.data = end, {**before.data, EDITED: True}
    for noun, data in changes.rows:
        tx.session.merge(_stored(noun, data))
    if changes.rows:
        mark_changed(tx.session)
        publish_reference(tx.session, tx.seals, tx.now_ms)
    return len(changes.rows)


def check_rows(tx: Tx, rows: Sequence[NewRow], kinds: Kinds | None = None) -> _Changes:
    """What `edit_rows` would change. Raises RowsRefused."""
    if not rows:
        return _Changes([], {})
    stored, today = marked_rows(tx.session), local_date_of(tx.now_ms)
    faults, wanted, ends = [], [], dict[tuple[str, str, str], str]()
    for index, (noun, data) in enumerate(rows, start=1):
        versions = [row for row in stored.get(noun, ()) if row["code"] == data["code"]]
        if any(_says_the_same(row, data, today) for row in versions):
            continue
        if versions and data["from"] <= today:
            what = f"{data['code']} 已有版本, 改动最早从明天起用, 请把 from 改为 {today} 之后的日期。"
            faults.append(RowFault(noun, index, str(data["code"]), "row_in_force", what))
            continue
        wanted.append((index, noun, data))
        for row in versions:
            if row["from"] < data["from"] and (row["to"] is None or row["to"] > data["from"]):
                ends[noun, row["code"], row["from"]] = data["from"]
    faults += _loaded_faults(stored, wanted, ends, kinds if kinds is not None else tx.book.kinds.kinds)
    if faults:
        raise RowsRefused(sorted(faults, key=lambda fault: fault.row))
    return _Changes([(noun, data) for _, noun, data in wanted], ends)


def without_ended(tx: Tx, rows: Sequence[NewRow]) -> list[NewRow]:
    """Rows that come again with something that is there, but for those that somebody has ended since: nothing begins again
    by itself."""
    stored = marked_rows(tx.session)
    return [
        row
        for row in rows
        if not any(
            old["to"] is not None and old["code"] == row.data["code"] and _content(old) == _content(row.data)
            for old in stored.get(row.noun, ())
        )
    ]


def _loaded_faults(
    stored: Mapping[str, Sequence[Row]],
    wanted: Sequence[tuple[int, str, Mapping[str, Any]]],
    ends: Mapping[tuple[str, str, str], str],
    kinds: Kinds,
) -> list[RowFault]:
    """What the rows that there will be have against the new ones."""
    new = {(noun, data["code"], data["from"]) for _, noun, data in wanted}
    others = {
        noun: [
            {**row, "to": ends.get((noun, row["code"], row["from"]), row["to"])}
            for row in some
            if (noun, row["code"], row["from"]) not in new
        ]
        for noun, some in stored.items()
    }
    files: dict[str, list[Any]] = {}
    places: dict[tuple[str, int], int] = {}
    for index, noun, data in wanted:
        files.setdefault(noun, []).append(data)
        places[noun, len(files[noun])] = index
    found = reference_faults(files, others, kinds)
    return [replace(one, row=places[one.noun, one.row]) for one in found]


def _says_the_same(row: Row, data: Mapping[str, Any], today: str) -> bool:
    """Whether a stored row is the new one, or holds today and says what the new one does but for when it began; or is the
    new one, and somebody has ended it since."""
    if _content(row) != _content(data):
        return False
    in_force = row["from"] <= today and row["to"] is None and data["to"] is None
    ended = row["from"] == data["from"] <= today and data["to"] is None
    return in_force or ended or (row["from"], row["to"]) == (data["from"], data["to"])


def _content(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in (*_KEY, *_CLOSED_BY_NEXT)}


def _stored(noun: str, data: Mapping[str, Any]) -> Reference:
    own = {name: value for name, value in data.items() if name not in ("code", "source", "from", "to")}
    row = Reference(noun=noun, code=data["code"], valid_from=data["from"], valid_to=data["to"])
    row.data, row.source = {**own, EDITED: True}, data["source"]
    return row

"""Rows that an office writes by commands: duties, kinds of sites and places, units. A new version says only what changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.forms.duties import cadence_of, period_words, read_slots
from server.actions.reference.check_codes import wrong
from server.actions.reference.edit_rows import NewRow, RowsRefused, check_rows, edit_rows
from server.actions.reference.load_reference import EDITED
from server.base.problems import Problem
from server.models.tx import Tx
from server.rules.calendar import add_days, local_date_of
from server.rules.duties.windows import NORMAL
from server.rules.from_rows import Row, holds, in_force

_ANY = {"source": "本单位录入", "mark": "P"}
_FIRST: Mapping[str, Mapping[str, Any]] = {
    "duties": {
        **{"judging": "log", "severity": "ordinary", "places": [], "goes_on": [], "staff": ""},
        **{"stages": ["building"], "site_kinds": []},
    },
    "place_kinds": {"living": False},
    "site_kinds": {"rests": "official"},
    "units": {"reviews": False},
    "report_lines": {},
    "bureau_facts": {},
    "number_series": {"ordinal": False},
    "officers": {},
    "paper_kinds": {},
    "bases": {"hazard": False, "duties": []},
    "remedies": {},
    "paper_pages": {},
}


def set_row(tx: Tx, noun: str, code: str, changes: Mapping[str, Any]) -> int:
    """A new version of a row, or its first one, with these members changed (None: as before). `from`: when it begins; a
    first version today, another one tomorrow. Gives how many rows changed. Raises Problem 422 with all that is wrong."""
    try:
        return edit_rows(tx, _rows(tx, noun, code, changes))
    except RowsRefused as refused:
        raise _problem(refused) from refused


def check_row(tx: Tx, noun: str, code: str, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row that `set_row` would write now. Raises Problem as it does."""
    rows = _rows(tx, noun, code, changes)
    try:
        check_rows(tx, rows)
    except RowsRefused as refused:
        raise _problem(refused) from refused
    return rows[0].data


def _rows(tx: Tx, noun: str, code: str, changes: Mapping[str, Any]) -> list[NewRow]:
    given = {name: value for name, value in changes.items() if value is not None}
    rows = [_version(tx, noun, code, given)]
    if noun == "duties" and "slots" in given:
        rows.append(_slots(tx, code, str(given["slots"]), rows[0].data))
        rows[0] = NewRow(noun, {**rows[0].data, "cadence": cadence_of(rows[1].data["slots"])})
    elif noun == "duties" and (given.get("every") or given.get("rolling")):
        period = str(given.get("every") or given.get("rolling"))
        rows[0] = NewRow(noun, {**rows[0].data, "cadence": period_words(period)})
    rows[0] = NewRow(noun, {name: value for name, value in rows[0].data.items() if name != "slots"})
    return rows


def _problem(refused: RowsRefused) -> Problem:
    return Problem("reference_invalid", "\n".join(fault.what for fault in refused.faults))


def rows_in_force(tx: Tx, noun: str) -> list[Row]:
    """The rows that hold today and those that begin later, by code and date."""
    today = local_date_of(tx.now_ms)
    rows = [row for row in tx.book.rows[noun] if holds(row, today) or row["from"] > today]
    return sorted(rows, key=lambda row: (row["code"], row["from"]))


def versions(tx: Tx, noun: str, code: str) -> list[Row]:
    """All versions of a row, the newest first."""
    own = [row for row in tx.book.rows[noun] if row["code"] == code]
    return sorted(own, key=lambda row: str(row["from"]), reverse=True)


def slots_text(tx: Tx, duty: str, local_date: str) -> str:
    """The slots of a duty on a local date, as people write them."""
    parts = []
    for one in slots_in_force(tx, duty, local_date):
        grace = f"+{one['grace_s'] // 60}" if one["grace_s"] else "+0"
        parts.append(f"{one['code']}@{one['opens']}-{one['due']}{grace}")
    return " ".join(parts)


def slots_in_force(tx: Tx, duty: str, local_date: str) -> list[Mapping[str, Any]]:
    """The slots of a duty at the normal alert level on a local date."""
    row = in_force(tx.book.rows["duty_slots"], f"{duty}:{NORMAL}", local_date)
    return list(row["slots"]) if row is not None else []


def first_row(noun: str, name: str) -> dict[str, Any]:
    """What the first version of a row says where nobody said otherwise."""
    named = {"about": name, "cadence": "按规定"} if noun == "duties" else {}
    return {**_FIRST[noun], **named}


def _version(tx: Tx, noun: str, code: str, given: Mapping[str, Any]) -> NewRow:
    before = _latest(tx, noun, code)
    today = local_date_of(tx.now_ms)
    begins = given.get("from") or (today if before is None else add_days(today, 1))
    if before is None and "name" not in given:
        raise wrong("name", f"{code} 是新的, 请写明名称。")
    kept = before or {**_ANY, **first_row(noun, str(given["name"]))}
    known = {name: value for name, value in kept.items() if name != EDITED}
    return NewRow(noun, {**known, **given, "code": code, "from": begins, "to": given.get("to")})


def _slots(tx: Tx, duty: str, text: str, row: Mapping[str, Any]) -> NewRow:
    usual = {one["code"]: one for one in tx.book.rows["slots"]}
    times = {code: {name: one[name] for name in ("opens", "due", "grace_s")} for code, one in usual.items()}
    slots, faults = read_slots(text, times)
    if faults or not slots:
        raise wrong("slots", faults[0][1] if faults else "请写明时段。")
    said = {name: row[name] for name in ("source", "mark", "from", "to")}
    named = {"code": f"{duty}:{NORMAL}", "duty": duty, "preset": NORMAL, "slots": slots}
    return NewRow("duty_slots", {**named, **said})


def _latest(tx: Tx, noun: str, code: str) -> Row | None:
    return next(iter(versions(tx, noun, code)), None)

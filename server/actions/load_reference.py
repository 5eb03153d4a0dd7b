"""Reference data: from the files of seed_data/ into the database, and from there into the rulebook."""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import seed_data
from server.actions.feed import Put, publish
from server.models.reference import STAMP, Reference, reference_rows, reference_stamp
from server.models.scope import REF, lock_scope, make_scope
from server.rules.rulebook import Rulebook, rulebook
from server.seal import Seals

SEED_DATA = Path(seed_data.__file__).parent
_OWN_COLUMNS = ("code", "source", "from", "to")
_kept: dict[str, Rulebook] = {}


def rules_in_force(session: Session) -> Rulebook:
    """The rulebook. Built once per process and kept until the reference data changes; one small look-up a
    call."""
    stamp = reference_stamp(session)
    if stamp not in _kept:
        book = rulebook(stamp, _complete(reference_rows(session)))
        _kept.clear()
        _kept[stamp] = book
    return _kept[stamp]


def load_reference(session: Session, seals: Seals, now_ms: int) -> int:
    """Bring the database's reference data up to the files of seed_data/. Doing it twice changes nothing the
    second time.

    Gives how many rows were new or changed. Rows that an office added by hand stay.
    """
    stored = {(row.noun, row.code, row.valid_from): row for row in session.scalars(sa.select(Reference))}
    changed = 0
    for noun, rows in seed_rows():
        for row in rows:
            changed += _load_row(session, stored.get((noun, row["code"], row["from"] or "")), noun, row)
    if changed:
        mark_changed(session, now_ms)
        _publish_duties(session, seals, now_ms)
    return changed


def mark_changed(session: Session, now_ms: int) -> None:
    """Let every process know that reference data changed; whoever writes it calls this."""
    before = reference_stamp(session)
    value = f"{now_ms}.{int(before.partition('.')[2] or 0) + 1}"
    session.merge(
        Reference(noun=STAMP, code=STAMP, valid_from="", valid_to=None, data={"value": value}, source="")
    )
    session.flush()


def seed_rows() -> Iterable[tuple[str, list[dict[str, Any]]]]:
    """Each noun with its rows, as the files have them."""
    for path in sorted(SEED_DATA.glob("*.json")):
        yield path.stem, json.loads(path.read_text("utf-8"))["rows"]
    for path in sorted(SEED_DATA.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            yield path.stem, [{**row, "to": row["to"] or None} for row in csv.DictReader(file)]


def _load_row(session: Session, stored: Reference | None, noun: str, row: dict[str, Any]) -> int:
    data = {name: value for name, value in row.items() if name not in _OWN_COLUMNS}
    fresh = (row["to"], data, row["source"])
    if stored is not None and (stored.valid_to, stored.data, stored.source) == fresh:
        return 0
    row_again = stored or Reference(noun=noun, code=row["code"], valid_from=row["from"] or "")
    row_again.valid_to, row_again.data, row_again.source = fresh
    session.add(row_again)
    return 1


def _complete(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Every noun is there, if only as an empty list: a database without reference data asks for nothing."""
    return {noun: rows.get(noun, []) for noun, _ in seed_rows()}


def _publish_duties(session: Session, seals: Seals, now_ms: int) -> None:
    """Duties come down in scope `ref`, with their source beside them."""
    make_scope(session, "ref", REF)
    scope = lock_scope(session, REF)
    assert scope is not None
    rows = reference_rows(session)
    slots = {row["duty"]: row["slots"] for row in rows["duty_slots"] if row["preset"] == "normal"}
    puts = [
        Put("duty", _duty_id(row["code"]), _duty_body(row, slots.get(row["code"], [])))
        for row in rows["duties"]
    ]
    publish(session, scope, seals, now_ms, puts)


def _duty_id(code: str) -> str:
    return str(uuid.uuid5(uuid.UUID(REF), f"duty|{code}"))


def _duty_body(row: dict[str, Any], slots: list[dict[str, Any]]) -> dict[str, Any]:
    body = {name: row[name] for name in ("code", "name", "cadence", "source")}
    body["slots"] = [{name: slot[name] for name in ("code", "opens", "due")} for slot in slots]
    optional = {"kind": row["evidence"], "valid_from": row["from"], "valid_to": row["to"]}
    return {**body, **{name: value for name, value in optional.items() if value}}

"""Reference data: from the files of seed_data/ into the database, and from there into the rulebook."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.orm import Session

import seed_data
from schemas.book import form_book
from server.actions.reference.publish_reference import publish_reference
from server.base.problems import Problem
from server.base.seal import Seals
from server.models.published_form import form_bodies, published_forms
from server.models.reference import STAMP, Reference, keep_rows, marked_rows, reference_rows, reference_stamp
from server.models.tx import Tx
from server.rules.reference_faults import RowFault, reference_faults
from server.rules.rulebook import Rulebook, rulebook

SEED_DATA = Path(seed_data.__file__).parent
EDITED = "edited"  # marks rows that an office wrote: loading the files leaves them alone
_OWN_COLUMNS = ("code", "source", "from", "to")
_kept: dict[str, Rulebook] = {}
_last: WeakKeyDictionary[Any, Rulebook] = WeakKeyDictionary()  # by database


def rules_in_force(session: Session) -> Rulebook:
    """The rulebook. Built once per process and kept until the reference data changes; one small look-up a
    call."""
    return rules_of_stamp(session, reference_stamp(session))


def rules_of_stamp(session: Session, stamp: str) -> Rulebook:
    """The rulebook, by a caller that has looked up the stamp in this transaction. It is kept, but for the empty stamp, which
    every database has to which nothing was loaded yet."""
    book = _kept.get(stamp)
    if book is None:
        book = rulebook(stamp, _complete(marked_rows(session)), published_forms(session))
    if stamp:
        if stamp not in _kept:
            _kept.clear()
            _kept[stamp] = book
        _last[session.get_bind()] = book
    return book


def last_rules(engine: sa.Engine) -> Rulebook | None:
    """The rulebook that this process knew last to be in force in a database. Whether it still is, its stamp says in the
    transaction that goes by it."""
    return _last.get(engine)


def tx_of(session: Session, seals: Seals, now_ms: int) -> Tx:
    """What actions in this transaction work with."""
    return Tx(session, seals, now_ms, rules_in_force(session))


def load_reference(session: Session, seals: Seals, now_ms: int) -> int:
    """Bring the database's reference data up to the files of seed_data/. Doing it twice changes nothing the
    second time.

    Gives how many rows were new, changed or put off (`planned`). Rows that an office added or changed by hand stay. Raises
    Problem 422 `reference_invalid`, which names everything that is wrong with the files, and loads nothing.
    """
    stored = {(row.noun, row.code, row.valid_from): row for row in session.scalars(sa.select(Reference))}
    edited = {key for key, row in stored.items() if EDITED in row.data}
    files = {noun: [row for row in rows if _key_of(noun, row) not in edited] for noun, rows in seed_rows()}
    _check(session, files)
    by_hand = stored.keys() - {
        (noun, row["code"], row["from"]) for noun, rows in files.items() for row in rows
    }
    changed = 0
    fresh: list[dict[str, Any]] = []
    for noun, rows in files.items():
        for row in rows:
            before = stored.get((noun, row["code"], row["from"]))
            if row.get("planned"):
                if before is not None:
                    session.delete(before)
                    changed += 1
            elif before is not None:
                changed += _bring_up(before, {**row, "to": _ends(noun, row, by_hand)})
            else:
                key = {"noun": noun, "code": row["code"], "valid_from": row["from"]}
                fresh.append({**key, **_columns(row)})
    if fresh:
        session.execute(sa.insert(Reference), fresh)
    changed += len(fresh)
    if changed:
        mark_changed(session)
    publish_reference(session, seals, now_ms)
    return changed


def planned_rows(noun: str) -> list[dict[str, Any]]:
    """What a file says is to come: shown as not yet asked, and not loaded."""
    return [row for name, rows in seed_rows() if name == noun for row in rows if row.get("planned")]


def _check(session: Session, files: dict[str, list[dict[str, Any]]]) -> None:
    """Raises Problem 422 for rows that must not be loaded."""
    mine = {_key_of(noun, row) for noun, rows in files.items() for row in rows}
    by_hand = {
        noun: [row for row in rows if (noun, row["code"], row["from"]) not in mine]
        for noun, rows in reference_rows(session).items()
    }
    kinds = form_book(published_forms(session)).kinds
    faults = reference_faults(files, by_hand, kinds)
    if faults:
        raise _invalid([_line_of(fault) for fault in faults])


def _key_of(noun: str, row: Any) -> tuple[str, Any, Any]:
    """The key of a row of a file, as far as it is a row."""
    return (noun, row.get("code"), row.get("from")) if isinstance(row, dict) else (noun, None, None)


def _line_of(fault: RowFault) -> str:
    name = f"{fault.noun}.csv" if (SEED_DATA / f"{fault.noun}.csv").exists() else f"{fault.noun}.json"
    return f"{name} 第 {fault.row} 条 {fault.code}: {fault.what} [{fault.fault}]"


def _invalid(lines: list[str]) -> Problem:
    detail = "\n".join(["基础数据没有装入, 请改正后重试:", *lines])
    return Problem("reference_invalid", detail)


def mark_changed(session: Session) -> None:
    """Let every process know that reference data or the published forms changed; call this after writing any of it. The
    stamp is a digest of them: the same data never has two."""
    session.flush()
    rows = reference_rows(session)
    digest = hashlib.sha256(json.dumps(rows, sort_keys=True).encode())
    for body in form_bodies(session):
        digest.update(body)
    value = digest.hexdigest()[:32]
    session.merge(
        Reference(noun=STAMP, code=STAMP, valid_from="", valid_to=None, data={"value": value}, source="")
    )
    session.flush()
    keep_rows(value, rows)


def seed_rows() -> Iterable[tuple[str, list[dict[str, Any]]]]:
    """Each noun with its rows, as the files have them. Raises Problem 422 for files that cannot be read."""
    unreadable = []
    for path in _files():
        try:
            yield path.stem, _rows_of(path)
        except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
            unreadable.append(f"{path.name}: 无法读取 ({error}), 请改正文件。 [file_unreadable]")
    if unreadable:
        raise _invalid(unreadable)


def _files() -> list[Path]:
    return sorted((*SEED_DATA.glob("*.json"), *SEED_DATA.glob("*.csv")))


def _rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".json":
        rows: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["rows"]
        return list(rows)
    with path.open(encoding="utf-8", newline="") as file:
        return [{**row, "to": row["to"] or None} for row in csv.DictReader(file)]


def _bring_up(stored: Reference, row: dict[str, Any]) -> int:
    """Gives how many rows that changed: this one or none."""
    differing = {name: value for name, value in _columns(row).items() if getattr(stored, name) != value}
    for name, value in differing.items():
        setattr(stored, name, value)
    return int(bool(differing))


def _ends(noun: str, row: dict[str, Any], by_hand: Iterable[tuple[str, str, str]]) -> str | None:
    """When a file's row ends: as the file says, or where the row of an office that follows it begins."""
    later = [begins for *key, begins in by_hand if key == [noun, row["code"]] and begins > row["from"]]
    return min([*later, *filter(None, [row["to"]])], default=None)


def _columns(row: dict[str, Any]) -> dict[str, Any]:
    """A file's row as it is stored, without its key."""
    data = {name: value for name, value in row.items() if name not in _OWN_COLUMNS}
    return {"valid_to": row["to"], "data": data, "source": row["source"]}


def _complete(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Every noun is there, if only as an empty list: a database without reference data asks for nothing."""
    return {path.stem: rows.get(path.stem, []) for path in _files()}

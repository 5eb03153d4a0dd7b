"""A pack for a season: its duties end on a date or begin again on one, at sites of all kinds. Its forms, words and records
stay."""

from __future__ import annotations

from server.actions.packs.loaded_packs import loaded_packs
from server.actions.reference.check_codes import wrong
from server.actions.reference.seasons import begin_duties, end_duties
from server.base.problems import not_found
from server.files.pack_files import Pack, sheet_rows
from server.models.audit import Deed, record_deed
from server.models.tx import Tx

ON, OFF = "on", "off"


def duties_of_pack(pack: Pack) -> list[str]:
    """The codes of the duties that a pack asks for, but for those that are planned."""
    rows = list(pack.rows.get("duties", ()))
    codes = {row["code"] for row in rows if not row.get("planned")}
    for _, tables in pack.forms:
        codes |= {row["code"] for row in sheet_rows(tables, "duties") if row.get("planned") != "yes"}
    return sorted(codes)


def switch_pack(tx: Tx, pack: Pack, way: str, day: str, source: str, by: str | None = None) -> int:
    """Switch it on or off from a date on. Gives how many duties change. `by`: the user who does (None: a command). Raises
    Problem 404 for a pack that was not loaded, 422."""
    if pack.code not in loaded_packs(tx.session):
        raise not_found()
    if not source.strip():
        raise wrong("source", "请写明依据; 没有文件的写明是谁的建议。")
    codes = duties_of_pack(pack)
    done = end_duties(tx, codes, day) if way == OFF else begin_duties(tx, codes, day, source.strip())
    changes = {way: ("", day), "duties": ("", done)}
    record_deed(tx.session, Deed("pack_switched", by, pack.title, pack.code, changes, source), tx.now_ms)
    return done

"""A duty, a kind of site or place, or a unit is added or changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from server.actions.approvals.effects import Checked, Effect, Payload
from server.actions.reference.check_codes import wrong
from server.actions.reference.load_reference import EDITED
from server.actions.reference.name_codes import read_names
from server.actions.reference.office_fields import TITLES, fields_of, read_changes, shown_value
from server.actions.reference.office_rows import check_row, set_row, slots_text, versions
from server.base.problems import not_found
from server.models.access import Viewer
from server.models.audit import Deed, record_deed
from server.models.proposal import Proposal
from server.models.tx import Tx
from server.rules.calendar import add_days, local_date_of
from server.rules.plain_text import cleaned

_OF_EVERY_ROW = ("from", "to", "source", "mark")


def row_before(tx: Tx, noun: str, code: str) -> dict[str, Any]:
    """The newest version of a row, of a duty with its slots as people write them; empty where there is none."""
    newest = next(iter(versions(tx, noun, code)), None)
    if newest is None:
        return {}
    slots = {"slots": slots_text(tx, code, newest["from"])} if noun == "duties" else {}
    return {name: value for name, value in {**newest, **slots}.items() if name != EDITED}


def _check(tx: Tx, viewer: Viewer, payload: Payload) -> Checked:
    noun, code = str(payload.get("noun", "")), str(payload.get("code", "")).strip()
    if noun not in TITLES:
        raise not_found()
    before = row_before(tx, noun, code)
    changes = read_changes(noun, payload.get("fields", {}), before)
    said = {name: cleaned(str(payload.get(name) or "")) for name in _OF_EVERY_ROW}
    ends = said["to"] or None
    if not said["source"]:
        raise wrong("source", "请写明依据; 没有文件的写明是谁的建议。")
    if not changes and ends == before.get("to"):
        raise wrong("name", "没有改动。")
    begins = said["from"] or local_date_of(tx.now_ms)
    kept = {**changes, "source": said["source"], "mark": said["mark"], "from": begins, "to": ends}
    row = check_row(tx, noun, code, kept)
    subject = f"{TITLES[noun]}: {row['name']} ({code}), 自 {begins}"
    return Checked(subject, {"noun": noun, "code": code, "changes": kept})


def _apply(tx: Tx, proposal: Proposal, viewer: Viewer, outside: Any) -> None:
    noun, code = proposal.payload["noun"], proposal.payload["code"]
    before, changes = row_before(tx, noun, code), dict(proposal.payload["changes"])
    if not before and changes["from"] < local_date_of(tx.now_ms):
        changes["from"] = local_date_of(
            tx.now_ms
        )  # it waited over midnight; nothing is asked of days that are past
    set_row(tx, noun, code, changes)
    done = {name: (before.get(name, ""), value) for name, value in changes.items()}
    name = str(changes.get("name") or before.get("name", code))
    record_deed(tx.session, Deed("row_changed", viewer.id, f"{TITLES[noun]} {name}", code, done), tx.now_ms)


def _describe(tx: Tx, payload: Payload) -> Sequence[tuple[str, str]]:
    noun, code, changes = payload["noun"], payload["code"], payload["changes"]
    before, names = row_before(tx, noun, code), read_names(tx.session)
    facts = [(TITLES[noun], f"{before.get('name') or changes.get('name', '')} ({code})")]
    for field in fields_of(noun):
        if field.name in changes:
            was = shown_value(names, field, before.get(field.name)) if before else ""
            now = shown_value(names, field, changes[field.name])
            facts.append((field.title, f"{was or '无'} → {now or '无'}" if before else now))
    facts.append(("起用日期", f"{changes['from']} (之前的日子按原来的判定)"))
    facts += [("停用日期", changes["to"])] if changes["to"] else []
    return [*facts, ("依据", f"{changes['source']} ({changes['mark']})")]


def first_date(before: dict[str, Any], now_ms: int) -> str:
    """The earliest date from which a change may hold: something new from today, another version from tomorrow."""
    today = local_date_of(now_ms)
    return add_days(today, 1) if before else today


EFFECT = Effect("set_row", "职责和类型", _check, _apply, _describe)

"""A rule gets another number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from server.actions.approvals.effects import Checked, Effect, Payload
from server.actions.reference.change_rule import MARKS, change_number, check_number, read_number
from server.models.access import Viewer
from server.models.proposal import Proposal
from server.models.tx import Tx
from server.rules.from_rows import UNITS, in_force

_FIELDS = ("code", "value", "source", "mark", "valid_from")


def _check(tx: Tx, viewer: Viewer, payload: Payload) -> Checked:
    new = read_number(payload)
    before = check_number(tx.session, new, tx.now_ms)
    unit = UNITS.get(before["unit"], before["unit"])
    subject = f"{before['name']}: {before['value']} → {new.value} {unit}, 自 {new.valid_from}"
    return Checked(subject, {name: str(payload[name]).strip() for name in _FIELDS})


def _apply(tx: Tx, proposal: Proposal, viewer: Viewer, outside: Any) -> None:
    change_number(tx, read_number(proposal.payload), viewer.id)


def _describe(tx: Tx, payload: Payload) -> Sequence[tuple[str, str]]:
    now = in_force(tx.book.rows["rules"], payload["code"], payload["valid_from"]) or {}
    unit = UNITS.get(now.get("unit", ""), now.get("unit", ""))
    return (
        ("规则", f"{now.get('name', '')} ({payload['code']})"),
        ("新的数值", f"{payload['value']} {unit}"),
        ("起用日期", f"{payload['valid_from']} (之前的日子按原来的数判定)"),
        ("依据", f"{payload['source']} ({MARKS.get(payload['mark'], '')})"),
        ("此前的数值", f"{now.get('value', '')} {unit}, 自 {now.get('from', '')}, {now.get('source', '')}"),
    )


EFFECT = Effect("change_rule", "修改规则", _check, _apply, _describe)

"""A pack's duties end, or begin again, on a date."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from server.actions.approvals.effects import Checked, Effect, Payload
from server.actions.approvals.pack_loading import shipped_pack
from server.actions.packs.switch_pack import OFF, ON, duties_of_pack, switch_pack
from server.actions.reference.check_codes import wrong
from server.base.db import trial
from server.models.access import Viewer
from server.models.proposal import Proposal
from server.models.tx import Tx

WAYS = {OFF: "停用", ON: "起用"}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _check(tx: Tx, viewer: Viewer, payload: Payload) -> Checked:
    pack = shipped_pack(str(payload.get("pack", "")))
    kept = {name: str(payload.get(name, "")).strip() for name in ("pack", "way", "day", "source")}
    if kept["way"] not in WAYS:
        raise wrong("way", "请选择起用或停用。")
    if not _DAY.fullmatch(kept["day"]):
        raise wrong("day", "请写明日期, 如 2026-12-01。")
    with trial(tx.session):
        changed = switch_pack(tx, pack, kept["way"], kept["day"], kept["source"])
    if not changed:
        raise wrong("day", f"到那一天, 这个内容包的职责已经都是{WAYS[kept['way']]}的, 没有变化。")
    return Checked(f"{pack.title}: 自 {kept['day']} {WAYS[kept['way']]}"[:200], kept)


def _apply(tx: Tx, proposal: Proposal, viewer: Viewer, outside: Any) -> None:
    given = proposal.payload
    pack = shipped_pack(given["pack"])
    switch_pack(tx, pack, given["way"], given["day"], given["source"], viewer.id)


def _describe(tx: Tx, payload: Payload) -> Sequence[tuple[str, str]]:
    pack = shipped_pack(payload["pack"])
    return (
        ("内容包", f"{pack.title} ({pack.code})"),
        (f"{WAYS[payload['way']]}自", f"{payload['day']} (之前的日子按原来的判定)"),
        ("职责", f"{len(duties_of_pack(pack))} 项; 表单、类型和记录都留着"),
        ("依据", payload["source"]),
    )


EFFECT = Effect("switch_pack", "起用或停用内容包", _check, _apply, _describe)

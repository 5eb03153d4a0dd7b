"""Full numbers of many people at a site are exported by whoever proposes it, within hours of an administrator's approval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from server.actions.approvals.effects import Checked, Effect, Payload
from server.actions.records.count_people import count_people
from server.actions.sites.disclosures import UNMASK
from server.actions.sites.list_sites import one_site
from server.models.access import Viewer, may_unmask
from server.models.proposal import Proposal
from server.models.tx import Tx
from server.rules.calendar import local_date_of


def _may_propose(tx: Tx, viewer: Viewer, payload: Payload) -> bool:
    return may_unmask(viewer)


def _check(tx: Tx, viewer: Viewer, payload: Payload) -> Checked:
    site = one_site(tx.session, viewer, str(payload["site"])).site
    people = count_people(tx.session, site.id)
    return Checked(f"{site.name}: 在册 {people} 人", {"site": site.id, "name": site.name, "people": people})


def _apply(tx: Tx, proposal: Proposal, viewer: Viewer, outside: Any) -> None:
    """The approval itself is what the export asks for (`approved_since`)."""


def _describe(tx: Tx, payload: Payload) -> Sequence[tuple[str, str]]:
    hours = round(tx.book.number("unmask_h", local_date_of(tx.now_ms)))
    return (
        ("地点", str(payload["name"])),
        ("人数", f"提议时在册 {payload['people']} 人"),
        ("内容", "名册, 证件号和手机号完整"),
        ("效果", f"只有提议的人可以导出, 批准后 {hours} 小时内; 每次导出都留下记录。"),
    )


EFFECT = Effect(UNMASK, "导出完整号码", _check, _apply, _describe, may_propose=_may_propose)

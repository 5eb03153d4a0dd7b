"""The work at a site is suspended (停工)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from server.actions.approvals.effects import Checked, Effect, Payload
from server.actions.reference.check_codes import wrong
from server.actions.sites.suspend_site import NewSuspension, suspend_site
from server.base.problems import not_found
from server.models.access import Viewer, may_administer, visible_sites
from server.models.proposal import Proposal
from server.models.site import Site
from server.models.tx import Tx
from server.rules.calendar import instant_ms
from server.rules.plain_text import cleaned

DOCUMENT_MAX = 30  # with the name of who approves, as much as a record of a site has room for
_DAY = re.compile(r"20\d\d-\d\d-\d\d")


def may_suspend(tx: Tx, viewer: Viewer, payload: Payload) -> bool:
    """Administrators, and those who judge sites for the sites that they see."""
    return may_administer(viewer) or (viewer.judges and _site(tx, viewer, payload) is not None)


def _site(tx: Tx, viewer: Viewer, payload: Payload) -> Site | None:
    try:
        site_id = str(UUID(str(payload.get("site"))))
    except ValueError:
        return None
    return tx.session.scalar(sa.select(Site).where(Site.id == site_id, visible_sites(viewer)))


def _check(tx: Tx, viewer: Viewer, payload: Payload) -> Checked:
    site = _site(tx, viewer, payload)
    if site is None:
        raise not_found()
    first = _day(payload, "from")
    last = _day(payload, "to") if payload.get("to") else ""
    if last and last <= first:
        raise wrong("to", "复工日期必须晚于停工日期。")
    document = cleaned(str(payload.get("document", "")))
    if not 0 < len(document) <= DOCUMENT_MAX:
        raise wrong("document", f"请写明依据的文号或会议, 最多 {DOCUMENT_MAX} 个字。")
    kept = {"site": site.id, "name": site.name, "from": first, "to": last, "document": document}
    return Checked(f"{site.name}: {_span(kept)}", kept)


def _apply(tx: Tx, proposal: Proposal, viewer: Viewer, outside: Any) -> None:
    given = _check(tx, viewer, proposal.payload).payload
    ends = {"to_ms": instant_ms(given["to"], "00:00")} if given["to"] else {}
    approved_by = f"{viewer.display_name} 批准, {given['document']}"
    new = NewSuspension(instant_ms(given["from"], "00:00"), approved_by, proposal.reason, **ends)
    suspend_site(tx.session, tx.seals, tx.now_ms, tx.session.get_one(Site, given["site"]), new, viewer.id)


def _describe(tx: Tx, payload: Payload) -> Sequence[tuple[str, str]]:
    return (
        ("地点", str(payload["name"])),
        ("停工", _span(payload)),
        ("依据", str(payload["document"])),
        ("效果", "其间作业场所的检查免除, 住人的宿舍、食堂、厕所照常。"),
    )


def _span(payload: Payload) -> str:
    until = f"{payload['to']} 复工" if payload["to"] else "另行通知复工"
    return f"{payload['from']} 起停工, {until}"


def _day(payload: Payload, name: str) -> str:
    text = str(payload.get(name, "")).strip()
    try:
        found = date.fromisoformat(text).isoformat() if _DAY.fullmatch(text) else ""
    except ValueError:
        found = ""
    if not found:
        raise wrong(name, "日期应写成 2026-12-01 的样子。")
    return found


EFFECT = Effect("suspend_site", "停工", _check, _apply, _describe, may_suspend, may_suspend)

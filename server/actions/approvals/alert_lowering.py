"""The alert level of sites (防控级别) is lowered: less is asked then, so a second person approves. Raising it asks for more,
at once, and is one person's decision."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from server.actions.approvals.effects import Checked, Effect, Payload
from server.actions.reference.check_codes import wrong
from server.actions.sites.set_alert import set_alert
from server.base.problems import not_found
from server.models.access import Viewer, may_administer, visible_sites
from server.models.proposal import Proposal
from server.models.site import Site
from server.models.tx import Tx
from server.rules.alerts import RAISED
from server.rules.calendar import local_date_of
from server.rules.duties.windows import NORMAL
from server.rules.plain_text import cleaned

DOCUMENT_MAX = 60
HERE, DISTRICT = "site", "district"  # how far a change reaches
_DAY = re.compile(r"20\d\d-\d\d-\d\d")


def may_set_alert(tx: Tx, viewer: Viewer, payload: Payload) -> bool:
    """Administrators, and those who judge sites for the sites that they see."""
    return may_administer(viewer) or (viewer.judges and _site(tx, viewer, payload) is not None)


def sites_reached(tx: Tx, viewer: Viewer, site: Site, reach: str, level: str) -> list[Site]:
    """The sites that a change reaches and that have another level: this one, or those of its district that the viewer
    sees; in the order of their ids, as all writers lock scopes."""
    wanted = Site.id == site.id if reach == HERE else Site.district == site.district
    seen = wanted if may_administer(viewer) else sa.and_(wanted, visible_sites(viewer))
    return list(tx.session.scalars(sa.select(Site).where(seen, Site.alert != level).order_by(Site.id)))


def raise_alert(tx: Tx, viewer: Viewer, payload: Payload, reason: str) -> int:
    """Raise it from now on. Gives at how many sites. Raises Problem 404, 422."""
    given = _check_at(tx, viewer, payload, RAISED).payload
    source = _source(given, reason)
    return sum(set_alert(tx, site_id, RAISED, source, viewer.id) for site_id in given["sites"])


def _site(tx: Tx, viewer: Viewer, payload: Payload) -> Site | None:
    try:
        site_id = str(UUID(str(payload.get("site"))))
    except ValueError:
        return None
    seen = sa.true() if may_administer(viewer) else visible_sites(viewer)
    return tx.session.scalar(sa.select(Site).where(Site.id == site_id, seen))


def _check_at(tx: Tx, viewer: Viewer, payload: Payload, level: str) -> Checked:
    site = _site(tx, viewer, payload)
    if site is None:
        raise not_found()
    reach = str(payload.get("reach", ""))
    if reach not in (HERE, DISTRICT):
        raise wrong("reach", "请选择只改这一处, 还是本区县全部。")
    document = cleaned(str(payload.get("document", "")))
    if not 0 < len(document) <= DOCUMENT_MAX:
        raise wrong("document", f"请写明依据的文号或会议, 最多 {DOCUMENT_MAX} 个字。")
    decided_on = _day(str(payload.get("decided_on", "")).strip(), local_date_of(tx.now_ms))
    sites = sites_reached(tx, viewer, site, reach, level)
    if not sites:
        raise wrong("reach", "这里的防控级别本来就是这样, 没有要改的。")
    about = site.name if reach == HERE else f"{site.name}所在区县 {len(sites)} 处"
    kept = {"site": site.id, "reach": reach, "document": document, "decided_on": decided_on}
    return Checked(about, {**kept, "about": about, "sites": [one.id for one in sites]})


def _day(text: str, today: str) -> str:
    try:
        found = date.fromisoformat(text).isoformat() if _DAY.fullmatch(text) else ""
    except ValueError:
        found = ""
    if not found or found > today:
        raise wrong("decided_on", "请填写作出决定的日期, 不晚于今天。")
    return found


def _source(given: Payload, reason: str) -> str:
    return f"{given['decided_on']} {given['document']}: {reason}"


def _check(tx: Tx, viewer: Viewer, payload: Payload) -> Checked:
    return _check_at(tx, viewer, payload, NORMAL)


def _apply(tx: Tx, proposal: Proposal, viewer: Viewer, outside: Any) -> None:
    """At the sites that were named; one whose level is down already stays."""
    for site_id in proposal.payload["sites"]:
        set_alert(tx, site_id, NORMAL, _source(proposal.payload, proposal.reason), viewer.id)


def _describe(tx: Tx, payload: Payload) -> Sequence[tuple[str, str]]:
    return (
        ("地点", str(payload["about"])),
        ("防控级别", "由提高改为常态"),
        ("依据", f"{payload['decided_on']} {payload['document']}"),
        ("效果", "批准之后开始的时段按常态要求; 已经开始的照原来的要求判定。"),
    )


EFFECT = Effect("lower_alert", "降低防控级别", _check, _apply, _describe, may_set_alert, may_set_alert)

"""A record counts no more as evidence (不采信): proposed by one who judges the site, decided by another. It is declared void
in the site's log, with the reason, and stays readable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from server.actions.approvals.effects import Checked, Effect, Payload
from server.actions.reference.name_codes import read_names
from server.actions.sync.write_server_entries import Draft, write_server_entries
from server.base.problems import Problem, not_found
from server.models.access import Viewer, visible_sites
from server.models.audit import Deed, record_deed
from server.models.device import Device
from server.models.entry import LogEntry
from server.models.proposal import Proposal
from server.models.record import Record
from server.models.site import Site
from server.models.tx import Tx
from server.models.user import User
from server.rules.flags.words import moment


class Evidence(NamedTuple):
    """A fact of a site, and who wrote it."""

    site: Site
    record: Record
    author: str


def evidence_of(tx: Tx, viewer: Viewer, site_id: str, record_id: str) -> Evidence:
    """A fact that counts, of a site that this viewer judges. Raises Problem 404."""
    query = (
        sa.select(Site, Record, User.display_name)
        .join(Record, Record.scope_id == Site.id)
        .join(LogEntry, sa.and_(LogEntry.scope_id == Record.scope_id, LogEntry.id == Record.id))
        .join(Device, Device.id == LogEntry.device_id)
        .join(User, User.id == Device.user_id)
        .where(Site.id == site_id, Record.id == record_id, visible_sites(viewer))
        .where(Record.deleted_ms.is_(None))
    )
    row = tx.session.execute(query).one_or_none() if viewer.judges else None
    kind = tx.book.kinds.get(row[1].kind) if row is not None else None
    if row is None or kind is None or kind.nature != "fact":
        raise not_found()
    return Evidence(*row)


def may_revoke(tx: Tx, viewer: Viewer, payload: Payload) -> bool:
    """Those who judge the site; nobody else sees what is at stake."""
    try:
        evidence_of(tx, viewer, str(payload.get("site", "")), str(payload.get("record", "")))
    except Problem:
        return False
    return True


def _check(tx: Tx, viewer: Viewer, payload: Payload) -> Checked:
    found = evidence_of(tx, viewer, str(payload.get("site", "")), str(payload.get("record", "")))
    if not found.record.counts:
        raise Problem("record_void", "这条记录已经作废或更正, 不再计入。")
    facts = {"site": found.site.id, "record": found.record.id}
    facts |= {"name": found.site.name, "kind": found.record.kind, "author": found.author}
    kind = read_names(tx.session).kind(found.record.kind)
    return Checked(f"{found.site.name}: {kind}, {moment(found.record.event_ms)}, {found.author}", facts)


def _apply(tx: Tx, proposal: Proposal, viewer: Viewer, outside: Any) -> None:
    given, by = _check(tx, viewer, proposal.payload), proposal.proposed_by
    site, record, kind = (given.payload[name] for name in ("site", "record", "kind"))
    draft = Draft(kind, "void", record, {}, reason=proposal.reason)
    (outcome,) = write_server_entries(tx.session, tx.seals, by, site, [draft], tx.now_ms)
    if outcome["outcome"] != "applied":
        raise Problem("record_void", "这条记录没有作废: 它已经变化, 请重新打开核对。")
    deed = Deed("evidence_revoked", viewer.id, given.subject, record, reason=proposal.reason)
    record_deed(tx.session, deed, tx.now_ms)


def _describe(tx: Tx, payload: Payload) -> Sequence[tuple[str, str]]:
    record = tx.session.get(Record, (payload["site"], payload["record"]))
    return (
        ("地点", str(payload["name"])),
        ("记录", read_names(tx.session).kind(str(payload["kind"]))),
        ("时间", moment(record.event_ms) if record is not None else ""),
        ("填写人", str(payload["author"])),
        ("效果", "这条记录作废, 不再作为完成的依据; 原文和理由都留在日志里, 各时段重新判定。"),
    )


EFFECT = Effect("revoke_evidence", "不采信记录", _check, _apply, _describe, may_revoke, may_revoke)

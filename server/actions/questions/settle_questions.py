"""Questions for users: contested values and refused entries, listed and settled, with who settled them and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.kinds import Kinds
from schemas.limits import REASON_MAX
from server.actions.devices.refresh_watermark import reporting_of
from server.actions.records.edit_register import contest_aad
from server.actions.records.feed import Feed
from server.actions.records.outbox import record_events
from server.actions.records.registers import state_aad
from server.actions.reference.load_reference import rules_in_force
from server.actions.sync.kept_evidence import forget_kept
from server.actions.sync.quarantine import quarantine_aad, settled_event
from server.actions.sync.release_held import finish
from server.actions.sync.values import Applying
from server.actions.sync.write_server_entries import Draft, write_server_entries
from server.base.problems import Problem, not_found
from server.base.seal import Seals
from server.models.access import Viewer, may_settle, visible_sites
from server.models.device import Device
from server.models.entry import LogEntry, Quarantine
from server.models.record import CaseFile, Contest, Record, Worker
from server.models.scope import lock_scope
from server.models.site import Site
from server.models.tx import Tx
from server.models.user import User
from server.rules.masking import mask_field
from server.rules.plain_text import cleaned

LIST_MAX = 100
KEEP, TAKE_OTHER = "kept", "other"
DISMISSED = "dismissed"
SETTLEMENTS = ("mended", DISMISSED)
QUESTION_STATES = ("open", "settled")


@dataclass(frozen=True, slots=True)
class Question:
    """A contested field of a record of a kind: both values (masked) with who wrote each; `kept` shows now, or did until
    it was settled by `settled_by` (empty: by an edit from a tablet)."""

    contest: Contest
    site: Site
    kind: str
    person: str
    kept: str
    other: str
    kept_by: str
    other_by: str
    settled_by: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused line: what it says (masked), what is wrong with it, and how it was settled."""

    row: Quarantine
    site: Site
    device: str
    kind: str
    body: Mapping[str, str]
    settled_by: str


def open_questions(session: Session, seals: Seals, viewer: Viewer, state: str = "open") -> list[Question]:
    """The contested values of this viewer's sites in a state (QUESTION_STATES): what waits, oldest first, or what was
    settled, newest first. Raises Problem 404 for who may not see them."""
    require_settler(viewer)
    person = sa.func.coalesce(CaseFile.worker_id, Contest.record_id)  # a case is about somebody
    newest = sa.func.coalesce(Contest.settled_ms, Contest.at_ms).desc()
    query = (
        sa.select(Contest, Site, Worker, User.display_name, Record.kind)
        .join(Site, Site.id == Contest.scope_id)
        .outerjoin(CaseFile, sa.and_(CaseFile.scope_id == Contest.scope_id, CaseFile.id == Contest.record_id))
        .outerjoin(Worker, sa.and_(Worker.scope_id == Contest.scope_id, Worker.id == person))
        .outerjoin(Record, sa.and_(Record.scope_id == Contest.scope_id, Record.id == Contest.record_id))
        .outerjoin(User, User.id == Contest.settled_by)
        .where(Contest.state == state, visible_sites(viewer))
        .order_by(Contest.at_ms if state == "open" else newest, Contest.entry_id, Contest.field)
        .limit(LIST_MAX)
    )
    rows = session.execute(query).all()
    kinds = rules_in_force(session).kinds.kinds
    authors = _authors(session, {entry for row in rows for entry in (row[0].kept_entry, row[0].other_entry)})
    found = []
    for contest, site, worker, settled_by, of_kind in rows:
        values, kind = _values(seals, contest), of_kind or "worker"
        name = _name(seals, worker) if worker is not None else ""
        kept, other = (
            mask_field(kind, contest.field, values[choice], kinds) for choice in (KEEP, TAKE_OTHER)
        )
        kept_by, other_by = (authors.get(key, "") for key in (contest.kept_entry, contest.other_entry))
        found.append(Question(contest, site, kind, name, kept, other, kept_by, other_by, settled_by or ""))
    return found


def settle_question(tx: Tx, viewer: Viewer, entry_id: str, field: str, choice: str, reason: str) -> None:
    """Choose one of two contested values, and say why. The choice is an edit in the log like any other, which settles
    the contest and reaches every tablet. Raises Problem 404 when it is absent, not this viewer's or settled already,
    422 without a reason."""
    require_settler(viewer)
    session, reason = tx.session, required_reason(reason)
    query = sa.select(Contest).join(Site, Site.id == Contest.scope_id)
    query = query.where(Contest.entry_id == entry_id, Contest.field == field, visible_sites(viewer))
    contest = session.scalar(query) if field.isprintable() else None
    if contest is None or choice not in (KEEP, TAKE_OTHER) or lock_scope(session, contest.scope_id) is None:
        raise not_found()
    session.refresh(contest)
    if contest.state != "open":
        raise not_found()
    record = session.get_one(Record, (contest.scope_id, contest.record_id), populate_existing=True)
    body = {field: _values(tx.seals, contest)[choice]}
    version = tx.book.kinds.kinds[record.kind].version
    draft = Draft(record.kind, "edit", record.id, body, record.rev, form=version)
    (outcome,) = write_server_entries(session, tx.seals, viewer.id, contest.scope_id, [draft], tx.now_ms)
    if outcome["outcome"] == "refused":
        raise Problem("not_settled", "这个值已经不合规则, 请在平板或名册里改正。")
    contest.settled_by, contest.settled_ms, contest.reason = viewer.id, tx.now_ms, reason


def refused_entries(session: Session, seals: Seals, viewer: Viewer, state: str = "open") -> list[Refused]:
    """The refused lines of this viewer's sites in a state, newest first. Raises Problem 404 for who may not see
    them."""
    require_settler(viewer)
    query = (
        sa.select(Quarantine, Site, Device.name, User.display_name)
        .join(Site, Site.id == Quarantine.scope_id)
        .outerjoin(Device, Device.id == Quarantine.device_id)
        .outerjoin(User, User.id == Quarantine.settled_by)
        .where(Quarantine.state == state, visible_sites(viewer))
        .order_by(Quarantine.at_ms.desc(), Quarantine.id)
        .limit(LIST_MAX)
    )
    found, kinds = [], rules_in_force(session).kinds.kinds
    for row, site, device, by in session.execute(query):
        kind, body = shown_line(seals.open(quarantine_aad(row.id), row.raw), kinds)
        found.append(Refused(row, site, device or "", kind, body, by or ""))
    return found


def settle_refused(tx: Tx, viewer: Viewer, refused_id: str, state: str, reason: str) -> None:
    """Say what became of a refused line: entered again (mended) or not to be entered (dismissed), and why. The line
    itself stays, and no window waits for it any more. Raises Problem 404 or 422."""
    require_settler(viewer)
    session, now_ms, book = tx.session, tx.now_ms, tx.book
    reason = required_reason(reason)
    if state not in SETTLEMENTS:
        raise Problem("invalid_input", f"结果只能是: {', '.join(SETTLEMENTS)}。")
    query = sa.select(Quarantine.scope_id).join(Site, Site.id == Quarantine.scope_id)
    scope_id = session.scalar(query.where(Quarantine.id == refused_id, visible_sites(viewer)))
    scope = lock_scope(session, scope_id) if scope_id is not None else None
    if scope is None:
        raise not_found()
    open_row = sa.update(Quarantine).where(
        Quarantine.scope_id == scope.scope_id, Quarantine.id == refused_id, Quarantine.state == "open"
    )
    settled = {"state": state, "settled_by": viewer.id, "settled_ms": now_ms, "reason": reason}
    done: Any = session.execute(open_row.values(**settled), execution_options={"synchronize_session": False})
    if done.rowcount == 0:
        raise not_found()
    row = session.get_one(Quarantine, (scope.scope_id, refused_id), populate_existing=True)
    applying = Applying(session, tx.seals, scope, Feed(session, scope, tx.seals, now_ms), now_ms)
    forget_kept(applying, row.entry_id or row.id, book)
    record_events(session, scope.scope_id, [settled_event(row)], now_ms)
    finish(applying, reporting_of(session, [scope.scope_id], book, now_ms)[scope.scope_id], book)


def required_reason(text: str) -> str:
    """The reason that a user gives, cleaned. Raises Problem 422 for none, or one that is too long."""
    reason = cleaned(text)
    if not 0 < len(reason) <= REASON_MAX:
        raise Problem("invalid_input", f"理由不能为空, 最多 {REASON_MAX} 个字符。")
    return reason


def require_settler(viewer: Viewer) -> None:
    """Raises Problem 404 for who may not settle anything."""
    if not may_settle(viewer):
        raise not_found()


def _values(seals: Seals, contest: Contest) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.json.decode(
        seals.open(contest_aad(contest.entry_id, contest.field), contest.values)
    )
    return values


def _name(seals: Seals, worker: Worker) -> str:
    return str(msgspec.json.decode(seals.open(state_aad("worker", worker.id), worker.state))["name"])


def shown_line(raw: bytes, kinds: Kinds) -> tuple[str, dict[str, str]]:
    """The kind and the fields of a line that may be anything; numbers that name a person are masked."""
    try:
        line = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return "", {}
    if not isinstance(line, dict):
        return "", {}
    body = line.get("body")
    fields = body if isinstance(body, dict) else {}
    kind = str(line.get("kind", ""))[:32]
    return kind, {
        str(name)[:40]: mask_field(kind, str(name), value, kinds)[:REASON_MAX]
        for name, value in list(fields.items())[:40]
    }


def _authors(session: Session, entry_ids: set[str]) -> dict[str, str]:
    """Who wrote these entries: the user of the device."""
    query = (
        sa.select(LogEntry.id, User.display_name)
        .join(Device, Device.id == LogEntry.device_id)
        .join(User, User.id == Device.user_id)
        .where(LogEntry.id.in_(entry_ids))
    )
    return {row[0]: row[1] for row in session.execute(query)}

"""Contacts of somebody with a case: proposed by roster and gate passes, decided by a person, whose decisions are records of
the case."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils import uuid7

from schemas.limits import REASON_MAX, REASON_MIN
from server.actions.cases.follow_confirmed import open_contact_cases
from server.actions.cases.read_courses import CaseCourse
from server.actions.duties.mode_evidence import bodies_of
from server.actions.records.count_people import people_of
from server.actions.records.registers import state_aad
from server.actions.sync.write_server_entries import Draft, write_server_entries
from server.base.problems import Problem, not_found
from server.base.seal import Seals
from server.models.access import Viewer
from server.models.device import Device
from server.models.entry import LogEntry
from server.models.record import IN_FORCE, CaseFile, Record, Worker
from server.models.tx import Tx
from server.models.user import User
from server.rules.calendar import HOUR_MS, MINUTE_MS, local_date_of
from server.rules.case_steps import CONTACT
from server.rules.contacts import Lives, Passed, Proposal, propose_contacts
from server.rules.masking import mask_name
from server.rules.rulebook import PASSES
from sync_protocol.outcomes import EFFECTIVE

VERDICTS = {"accepted": "是接触者", "rejected": "不是"}
WHY = {"dormitory": "同宿舍", "team": "同班组", "gate": "先后进出大门", "other": "其他"}


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about a contact, when and why."""

    verdict: str
    reason: str
    by: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ShownContact:
    """Somebody who may be a contact: masked. `decisions`: the latest first."""

    worker: str
    person: str
    why: tuple[str, ...]
    decisions: tuple[Decision, ...]


def contacts_of(tx: Tx, one: CaseCourse) -> list[ShownContact]:
    """Those proposed for a case, and those decided about: without a decision first."""
    scope_id = one.case.scope_id
    people = _people(tx.session, tx.seals, scope_id)
    shown_under = _shown_under(tx.session, scope_id, people)
    decided = _decisions(tx, one.case, shown_under)
    proposals = {each.worker: each for each in _proposals(tx, one.case, people, shown_under)}
    for worker, (why, _) in decided.items():
        proposals.setdefault(worker, Proposal(worker, why))
    shown = [
        ShownContact(
            worker,
            mask_name(people[worker][1]) if worker in people else "",
            each.why,
            decided.get(worker, ((), ()))[1],
        )
        for worker, each in proposals.items()
    ]
    return sorted(shown, key=lambda contact: bool(contact.decisions))


def decide_contact(tx: Tx, viewer: Viewer, one: CaseCourse, worker: str, verdict: str, reason: str) -> None:
    """Keep what this viewer decides. Raises Problem 404 for somebody who is no proposal, 422 without a reason."""
    proposal = next((each for each in contacts_of(tx, one) if each.worker == worker), None)
    if proposal is None:
        raise not_found()
    if verdict not in VERDICTS or not REASON_MIN <= len(reason.strip()) <= REASON_MAX:
        raise Problem(
            "invalid_input",
            "请选择认定, 并写明理由。",
            errors={"/reason": [f"请写 {REASON_MIN} 到 {REASON_MAX} 个字。"]},
        )
    kind = tx.book.kinds.get(CONTACT)
    if kind is None:
        raise not_found()
    body = {"case": one.case.id, "worker": worker, "why": list(proposal.why), "verdict": verdict}
    draft = Draft(CONTACT, "add", str(uuid7()), {**body, "grounds": reason.strip()}, form=kind.version)
    (outcome,) = write_server_entries(tx.session, tx.seals, viewer.id, one.case.scope_id, [draft], tx.now_ms)
    if outcome["outcome"] not in EFFECTIVE:
        raise Problem("invalid_input", "这条认定没有被接受, 请刷新页面后再试。")
    open_contact_cases(tx, one.case)


def _people(session: Session, seals: Seals, scope_id: str) -> dict[str, tuple[Lives, str]]:
    """Where everybody of the site's roster sleeps and works, and their name. Whose record was merged is under the other."""
    same = sa.and_(Record.scope_id == Worker.scope_id, Record.id == Worker.id)
    query = sa.select(Worker.id, Worker.state, Worker.company).join(Record, same)
    live = (Worker.scope_id == scope_id, Worker.merged_into.is_(None), IN_FORCE)
    found = {}
    for key, sealed, company in session.execute(query.where(*live)):
        state: dict[str, Any] = msgspec.json.decode(seals.open(state_aad("worker", key), sealed))
        lives = Lives(key, company or "", state.get("team") or "", state.get("dormitory") or "")
        found[key] = (lives, str(state["name"]))
    return found


def _shown_under(session: Session, scope_id: str, people: Collection[str]) -> dict[str, str]:
    """For each record of the roster, merged ones too, the one under which its person is shown: the first that is on it."""
    keys = people_of(session, scope_id)
    shown: dict[str, str] = {}
    for worker in sorted(people):
        shown.setdefault(keys[worker], worker)
    return {worker: shown[key] for worker, key in keys.items() if key in shown}


def _proposals(
    tx: Tx, case: CaseFile, people: Mapping[str, tuple[Lives, str]], shown_under: Mapping[str, str]
) -> list[Proposal]:
    own = shown_under.get(case.worker_id)
    if own is None:
        return []
    day = local_date_of(case.opened_ms)
    from_ms = case.opened_ms - round(tx.book.number("contact_look_back_h", day) * HOUR_MS)
    query = sa.select(Record.subject, Record.event_ms).where(
        Record.scope_id == case.scope_id,
        Record.kind == PASSES,
        Record.event_ms.between(from_ms, case.opened_ms),
        IN_FORCE,
    )
    passes = [
        Passed(shown_under[worker], at_ms)
        for worker, at_ms in tx.session.execute(query)
        if worker is not None and at_ms is not None and worker in shown_under
    ]
    near_ms = round(tx.book.number("contact_gate_min", day) * MINUTE_MS)
    lives = [one._replace(worker=shown_under[one.worker]) for one, _ in people.values()]
    mine, _ = people.get(case.worker_id) or people[own]
    return propose_contacts(mine._replace(worker=own), lives, passes, near_ms)


def _decisions(
    tx: Tx, case: CaseFile, shown_under: Mapping[str, str]
) -> dict[str, tuple[tuple[str, ...], tuple[Decision, ...]]]:
    """By worker, why they were proposed, and what was decided of them, the latest first."""
    query = (
        sa.select(Record.id, Record.event_ms, User.display_name)
        .join(LogEntry, sa.and_(LogEntry.scope_id == Record.scope_id, LogEntry.id == Record.id))
        .outerjoin(Device, Device.id == LogEntry.device_id)
        .outerjoin(User, User.id == Device.user_id)
        .where(Record.scope_id == case.scope_id, Record.kind == CONTACT, Record.subject == case.id, IN_FORCE)
    )
    rows = tx.session.execute(query.order_by(Record.event_ms.desc(), Record.id.desc())).all()
    bodies = bodies_of(tx.session, tx.seals, [(case.scope_id, row.id) for row in rows])
    found: dict[str, tuple[tuple[str, ...], tuple[Decision, ...]]] = {}
    for row in rows:
        body = bodies.get((case.scope_id, row.id), {})
        made = Decision(str(body["verdict"]), str(body["grounds"]), row.display_name or "", row.event_ms or 0)
        worker = shown_under.get(str(body["worker"]), str(body["worker"]))
        why, earlier = found.get(worker, (tuple(body["why"]), ()))
        found[worker] = (why, (*earlier, made))
    return found

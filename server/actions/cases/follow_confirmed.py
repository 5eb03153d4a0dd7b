"""What follows when a case is confirmed (确诊): each of its contacts gets a case of his own, with all its steps."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
import sqlalchemy as sa
from uuid_utils.compat import uuid7

from schemas.case import CONTACT_CAUSE
from schemas.limits import NOTE_MAX
from server.actions.cases.read_courses import CaseCourse, read_courses
from server.actions.forms.append_line import OWN_USER, make_own_user
from server.actions.records.count_people import people_of
from server.actions.records.registers import state_aad
from server.actions.sync.write_server_entries import Draft, write_server_entries
from server.base.problems import Problem
from server.models.access import Viewer
from server.models.record import CaseFile, Record
from server.models.tx import Tx
from server.rules.calendar import local_date_of
from server.rules.case_steps import contacts_to_open
from server.rules.cases import CASE_KIND
from server.rules.travel import contact_measure
from sync_protocol.outcomes import EFFECTIVE

_NOTE = "确诊个案的接触者, 由人认定"  # and what the rule in force asks


def confirm_case(tx: Tx, viewer: Viewer, one: CaseCourse, evidence: str) -> None:
    """Write that a case is confirmed, with what says so; its contacts get their cases. Raises Problem 403, 409, 422."""
    if not viewer.judges:
        raise Problem("forbidden", "只有主管科室或监察支队可以登记确诊。")
    if one.case.ended:
        raise Problem("illegal_move", "个案已经结案, 请先更正结果。")
    if not evidence.strip():
        message = "请写明依据, 如检测报告编号和医院。"
        raise Problem("invalid_input", message, errors={"/evidence": [message]})
    record = tx.session.get_one(Record, (one.case.scope_id, one.case.id))
    body = {"outcome": "confirmed", "evidence": evidence.strip()}
    draft = Draft(CASE_KIND, "edit", one.case.id, body, base=record.rev)
    (outcome,) = write_server_entries(tx.session, tx.seals, viewer.id, one.case.scope_id, [draft], tx.now_ms)
    if outcome["outcome"] not in EFFECTIVE:
        raise Problem("invalid_input", "这项登记没有被接受, 请刷新页面后再试。")
    open_contact_cases(tx, one.case)


def open_contact_cases(tx: Tx, case: CaseFile) -> int:
    """Open a case for each contact of a confirmed case who has none since. Gives how many; again, it opens none. The scope
    is locked by the caller, or by what is written here."""
    tx.session.flush()
    tx.session.refresh(case)
    (one,) = read_courses(tx, case.scope_id, [case])
    contacts = contacts_to_open(one.course)
    if not contacts:
        return 0
    people = people_of(tx.session, case.scope_id)
    known = _with_cases(tx, case, people)
    fresh = {people.get(worker, worker): worker for worker in contacts}
    note = _note(tx, one)
    drafts = [
        Draft(CASE_KIND, "add", str(uuid7()), {"worker": worker, "cause": CONTACT_CAUSE, "note": note})
        for person, worker in fresh.items()
        if person not in known
    ]
    if drafts:
        make_own_user(tx.session, tx.now_ms)
        write_server_entries(tx.session, tx.seals, OWN_USER, case.scope_id, drafts, tx.now_ms)
    return len(drafts)


def _note(tx: Tx, confirmed: CaseCourse) -> str:
    """Why a contact has a case, and what is asked of him by the rule of the day on which the other was confirmed."""
    confirmed_ms = confirmed.course.ended_ms
    day = local_date_of(tx.now_ms if confirmed_ms is None else confirmed_ms)
    rule = contact_measure(tx.book.rows.get("return_rules", ()), day)
    return _NOTE if rule is None else f"{_NOTE}; {rule['name']} ({rule['source']})"[:NOTE_MAX]


def _with_cases(tx: Tx, confirmed: CaseFile, people: dict[str, str]) -> Collection[str]:
    """The people with a case that is open, or that was opened for this reason since; and whose case this is."""
    same = sa.and_(Record.scope_id == CaseFile.scope_id, Record.id == CaseFile.id)
    query = (
        sa.select(CaseFile)
        .join(Record, same)
        .where(CaseFile.scope_id == confirmed.scope_id, Record.counts.is_(True))
    )
    found = set()
    for case in tx.session.scalars(query):
        if not case.ended or case.id == confirmed.id or _is_of_contact(tx, case, confirmed.opened_ms):
            found.add(people.get(case.worker_id, case.worker_id))
    return found


def _is_of_contact(tx: Tx, case: CaseFile, since_ms: int) -> bool:
    if case.opened_ms < since_ms:
        return False
    state: dict[str, Any] = msgspec.json.decode(tx.seals.open(state_aad(CASE_KIND, case.id), case.state))
    return bool(state["cause"] == CONTACT_CAUSE)

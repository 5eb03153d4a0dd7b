"""Ask for the erasure of one person's data (PIPL 47): who the person is, under which records, and whether anything still
needs them. The tick erases the data in small parts (server/workflows/erase.py)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from schemas.limits import REASON_MAX
from server.actions.duties.log_evidence import facts_between
from server.actions.records.registers import state_aad
from server.actions.reference.load_reference import rules_in_force
from server.base.problems import Problem
from server.base.seal import Seals, aad_of
from server.models.erasure import DOCUMENT_MAX, ErasedRecord, Erasure
from server.models.flag import Flag, FlagEvent
from server.models.record import IN_FORCE, CaseFile, Record, Worker
from server.models.scope import lock_scope
from server.models.user import User
from server.models.window import Window
from server.rules.plain_text import cleaned

FIRST_STEP = "records"


Key = tuple[str, str]  # a record's scope and id


def erasures_under_way() -> sa.Select[Erasure]:
    """Erasures that were asked for and are not done."""
    return sa.select(Erasure).where(Erasure.done_ms.is_(None))


class Person(msgspec.Struct, frozen=True):
    """Whom an erasure is about: record ids of the roster by site, cases by site, companies, and the certificate numbers
    and names of those records (the first step adds those that they had earlier)."""

    workers: dict[str, list[str]]
    cases: dict[str, list[str]]
    companies: list[str]
    numbers: list[str]
    names: list[str]

    @property
    def ids(self) -> set[str]:
        """The ids of all these records."""
        return {key for some in (*self.workers.values(), *self.cases.values()) for key in some}


@dataclass(frozen=True, slots=True)
class Asked:
    """An administrator's order: by whom, about which roster records (see `same_person`), why, and the number of its
    document (文号)."""

    by: User
    records: Sequence[Key]
    reason: str
    document: str


def request_erasure(session: Session, seals: Seals, asked: Asked, now_ms: int) -> Erasure:
    """Record the request and, from now on, accept nothing more about this person.

    Raises Problem 403 for a user who is no administrator, 404 `unknown_person`, 422 without a reason or document, and
    409 while something needs the data: `person_still_here`, `person_has_open_case`, `person_is_evidence` of an open flag,
    `erasure_under_way`.
    """
    if asked.by.role != "admin" or not asked.by.active:
        raise Problem("forbidden")
    reason, document = (_required(text, name, most) for text, name, most in _texts(asked))
    scopes = [
        lock_scope(session, scope_id) for scope_id in sorted({scope_id for scope_id, _ in asked.records})
    ]
    workers = [found for key in asked.records if (found := session.get(Worker, key)) is not None]
    if not workers:
        raise _unknown()
    cases = _cases(session, workers)
    _require_free(session, workers, cases)
    erasure_id = str(uuid7())
    rows = [(one.scope_id, one.id, "worker") for one in workers]
    rows += [(one.scope_id, one.id, "case") for one in cases]
    for scope_id, key, kind in rows:
        session.add(ErasedRecord(scope_id=scope_id, id=key, erasure_id=erasure_id, kind=kind))
    for scope in scopes:
        assert scope is not None, "a site has a scope"
        scope.erased = True
    person = _person(seals, workers, cases)
    made = Erasure(id=erasure_id, asked_by=asked.by.id, asked_ms=now_ms, reason=reason, document=document)
    made.person = seals.seal(person_aad(erasure_id), msgspec.json.encode(person))
    made.step, made.leftover, made.done = FIRST_STEP, [], {}
    session.add(made)
    session.flush()
    return made


def read_person(seals: Seals, erasure: Erasure) -> Person:
    """Whom an erasure that is under way is about. Raises SealBroken."""
    return msgspec.json.decode(seals.open(person_aad(erasure.id), erasure.person or b""), type=Person)


def person_aad(erasure_id: str) -> bytes:
    """The additional data (AAD) that the sealed person of an erasure is bound to."""
    return aad_of("erasure", erasure_id, "person")


def _texts(asked: Asked) -> tuple[tuple[str, str, int], ...]:
    return (asked.reason, "理由", REASON_MAX), (asked.document, "文号", DOCUMENT_MAX)


def _required(text: str, name: str, most: int) -> str:
    clean = cleaned(text)
    if not clean or len(clean) > most:
        raise Problem("invalid_input", f"请填写{name}, 不超过 {most} 个字。")
    return clean


def same_person(session: Session, worker_id: str) -> list[Key]:
    """Every record of the roster, at any site, that is the same person as this one: until no certificate number and no merge
    leads to another. Raises Problem 404."""
    columns = (Worker.scope_id, Worker.id, Worker.certificate_digest, Worker.merged_into)
    found: set[Key] = set()
    fresh = session.execute(sa.select(*columns).where(Worker.id == worker_id)).all()
    while fresh:
        found.update((row.scope_id, row.id) for row in fresh)
        merged = sa.or_(
            Worker.id.in_({row.merged_into for row in fresh if row.merged_into}),
            Worker.merged_into.in_({row.id for row in fresh}),
        )
        digests = {row.certificate_digest for row in fresh}
        query = sa.select(*columns).where(sa.or_(Worker.certificate_digest.in_(digests), merged))
        fresh = [row for row in session.execute(query) if (row.scope_id, row.id) not in found]
    if not found:
        raise _unknown()
    return sorted(found)


def _unknown() -> Problem:
    detail = "名册里没有这个编号, 或已经删除; 可用 gongdi person find 查找。"
    return Problem("unknown_person", detail)


def _cases(session: Session, workers: Collection[Worker]) -> list[CaseFile]:
    query = sa.select(CaseFile).where(CaseFile.worker_id.in_({worker.id for worker in workers}))
    return list(session.scalars(query.order_by(CaseFile.scope_id, CaseFile.id)))


def _require_free(session: Session, workers: Collection[Worker], cases: Collection[CaseFile]) -> None:
    """Raises Problem 409 while something needs what is known of this person."""
    keys = [worker.id for worker in workers]
    query = sa.select(ErasedRecord.id).where(ErasedRecord.id.in_(keys)).limit(1)
    if session.scalar(query) is not None:
        raise _held("erasure_under_way", "已经登记删除此人的资料, 正在进行; 进度见 gongdi person erasures。")
    named = [(one.scope_id, one.id) for one in workers] + [(one.scope_id, one.id) for one in cases]
    counting = _counting(session, named)
    if any(one.exited_on is None and (one.scope_id, one.id) in counting for one in workers):
        detail = "此人还在名册上, 没有退场。依法实行实名制管理期间不能删除, 请先登记退场。"
        raise _held("person_still_here", detail)
    if any(not case.ended and (case.scope_id, case.id) in counting for case in cases):
        raise _held("person_has_open_case", "此人有尚未结束的健康个案, 须先登记结果, 才能删除。")
    for scope_id in sorted({worker.scope_id for worker in workers}):
        mine = [worker.id for worker in workers if worker.scope_id == scope_id]
        if _is_evidence(session, scope_id, mine, {case.id for case in cases}):
            detail = "此人的记录是尚未结案的问题的证据, 须在问题销号之后才能删除。"
            raise _held("person_is_evidence", detail)


def _held(code: str, detail: str) -> Problem:
    return Problem(code, detail)


def _counting(session: Session, keys: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these records are neither void nor deleted nor another's."""
    query = sa.select(Record.scope_id, Record.id).where(Record.id.in_([key for _, key in keys]), IN_FORCE)
    return {(scope_id, key) for scope_id, key in session.execute(query)}


def _is_evidence(session: Session, scope_id: str, workers: list[str], cases: set[str]) -> bool:
    """Whether an open flag needs these people's records: its history names a case of theirs, or a window of it was met
    by a record of theirs, or had one of the kind that it asks for."""
    is_open = sa.and_(Flag.scope_id == scope_id, Flag.closed_ms.is_(None))
    events = sa.select(FlagEvent.detail).join(
        Flag, sa.and_(Flag.scope_id == FlagEvent.scope_id, Flag.id == FlagEvent.flag_id)
    )
    if cases and any(detail.get("case") in cases for detail in session.scalars(events.where(is_open))):
        return True
    for windows in _windows_of_open_flags(session, is_open):
        evidence = [window.evidence for window in windows if window.evidence is not None]
        query = sa.select(Record.id).where(
            Record.scope_id == scope_id, Record.id.in_(evidence), Record.subject.in_(workers)
        )
        if session.scalar(query.limit(1)) is not None or _fell_in(session, scope_id, windows, workers):
            return True
    return False


def _windows_of_open_flags(session: Session, is_open: sa.ColumnElement[bool]) -> Iterator[list[Window]]:
    """By flag."""
    same = sa.and_(Flag.scope_id == Window.scope_id, Flag.id == Window.flag_id)
    query = sa.select(Window).join(Flag, same).where(is_open).order_by(Window.flag_id)
    for _, windows in groupby(session.scalars(query), attrgetter("flag_id")):
        yield list(windows)


def _fell_in(session: Session, scope_id: str, windows: list[Window], workers: list[str]) -> bool:
    kinds = set(rules_in_force(session).evidence_kinds(windows[0].duty))
    first, last = min(window.opens_ms for window in windows), max(window.closes_ms for window in windows)
    return any(
        subject in workers and fact.earliest_ms < window.closes_ms and window.opens_ms <= fact.latest_ms
        for some in facts_between(session, [scope_id], kinds, first, last).values()
        for subject, fact in some
        for window in windows
    )


def _person(seals: Seals, workers: Collection[Worker], cases: Collection[CaseFile]) -> Person:
    person = Person({}, {}, [], [], [])
    for worker in workers:
        person.workers.setdefault(worker.scope_id, []).append(worker.id)
        state = msgspec.json.decode(seals.open(state_aad("worker", worker.id), worker.state))
        person.numbers.append(state["certificate_number"])
        person.names.append(state["name"])
        person.companies.extend([worker.company] if worker.company is not None else [])
    for case in cases:
        person.cases.setdefault(case.scope_id, []).append(case.id)
    return person

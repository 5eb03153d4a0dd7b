"""Erase a site's records about people's health, so many days after the duties that asked for them have ended: some lines a
transaction, and at the end a signed proof. Verdicts, figures and the roster stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.erasure.erase_copies import erase_site_forms
from server.actions.erasure.erase_lines import erase_lines, erase_registers
from server.actions.erasure.health_proof import proof_facts, sign_proof
from server.models.audit import Deed, record_deed
from server.models.entry import LogEntry
from server.models.flag import Flag
from server.models.health import HealthErasure, proofs_of
from server.models.record import IN_FORCE, CaseFile, Record
from server.models.scope import Scope, take_scopes
from server.models.site import Site
from server.models.tx import Tx
from server.rules.calendar import DAY_MS, local_date_of
from server.rules.cases import CASE
from server.rules.health import erased_from, health_kinds
from server.rules.health_proof import proof_hash
from server.rules.rulebook import Rulebook

LINES_AT_ONCE = 200


def sites_to_erase(now_ms: int, book: Rulebook) -> sa.Select[str] | None:
    """Sites whose health data is past its time and that were not looked at since a day: what a tablet brings late is erased
    too. None while there is no such kind of site."""
    today = local_date_of(now_ms)
    kinds = sorted(kind for kind, (_, first) in erased_from(book, today).items() if first <= today)
    if not kinds:
        return None
    mine = HealthErasure.scope_id == Site.id
    looked = sa.exists().where(mine, HealthErasure.looked_ms > now_ms - DAY_MS)
    return sa.select(Site.id).where(Site.kind.in_(kinds), ~looked, ~is_needed(book))


def is_needed(book: Rulebook) -> sa.ColumnElement[bool]:
    """Of sites: whether an open flag or case still needs what is known of people there."""
    health = health_kinds(book.kinds.kinds)
    duties = {rule.code for rule in book.duties if rule.evidence in health} | {CASE}
    duties |= {str(row["code"]) for row in book.rows.get("case_steps", ())}
    flag = sa.exists().where(
        Flag.scope_id == Site.id, Flag.closed_ms.is_(None), Flag.duty.in_(sorted(duties))
    )
    same = sa.and_(Record.scope_id == CaseFile.scope_id, Record.id == CaseFile.id)
    case = sa.exists().where(CaseFile.scope_id == Site.id, CaseFile.ended.is_(False), same, IN_FORCE)
    return sa.or_(flag, case)


def erase_health(tx: Tx, site_id: str) -> tuple[int, list[str]] | None:
    """One transaction of a site: how many lines were erased, and keys of the photo store to be deleted once it is
    committed. None where somebody else holds the site."""
    session, health = tx.session, health_kinds(tx.book.kinds.kinds)
    scopes = take_scopes(session, [site_id])
    if not scopes:
        return None
    (scope,) = scopes
    erase_site_forms(session, site_id, health)
    proofs = proofs_of(session, site_id)
    under_way = next((proof for proof in proofs if proof.done_ms is None), None)
    found = _next_lines(session, site_id, health)
    if under_way is None and not found and proofs:
        proofs[-1].looked_ms = tx.now_ms
        return 0, []
    proof = under_way or _begin(tx, scope, proofs[-1] if proofs else None)
    if not found:
        return 0, _finish(tx, scope, proof)
    kinds = tx.book.kinds.kinds
    registers = {row.record_id for row in found if kinds[row.kind].nature == "register"}
    gone = erase_registers(session, tx.seals, proof.id, site_id, registers, tx.now_ms) if registers else None
    erased = erase_lines(session, tx.seals, proof.id, site_id, [row.id for row in found], tx.now_ms)
    proof.classes = dict(Counter(proof.classes) + Counter(row.kind for row in found))
    proof.lines, proof.photos = proof.lines + erased.lines, proof.photos + erased.photos
    proof.records += erased.records + (gone.records if gone is not None else 0)
    proof.until_ms = max([proof.until_ms or 0, *(row.event_ms for row in found)])
    proof.leftover = [*proof.leftover, *erased.leftover]
    session.flush()
    return erased.lines, []


def forget_leftover(session: Session, site_id: str, keys: Collection[str]) -> None:
    """These have left the photo store."""
    for scope in take_scopes(session, [site_id]):
        for proof in proofs_of(session, scope.scope_id):
            proof.leftover = [key for key in proof.leftover if key not in set(keys)]


def _next_lines(session: Session, site_id: str, health: Collection[str]) -> list[Any]:
    columns = (LogEntry.id, LogEntry.kind, LogEntry.record_id, LogEntry.event_ms)
    mine = sa.and_(LogEntry.scope_id == site_id, LogEntry.kind.in_(sorted(health)), LogEntry.raw != b"")
    return list(session.execute(sa.select(*columns).where(mine).order_by(LogEntry.id).limit(LINES_AT_ONCE)))


def _begin(tx: Tx, scope: Scope, last: HealthErasure | None) -> HealthErasure:
    site = tx.session.get_one(Site, scope.scope_id)
    ended, first = erased_from(tx.book, local_date_of(tx.now_ms))[site.kind]
    days = (date.fromisoformat(first) - date.fromisoformat(ended)).days
    proof = HealthErasure(scope_id=scope.scope_id, number=1 if last is None else last.number + 1)
    proof.id, proof.ended_on, proof.days, proof.classes = str(uuid7()), ended, days, {}
    proof.lines = proof.records = proof.photos = 0
    proof.seq_before, proof.digest_before = scope.seq, scope.digest
    proof.leftover, proof.sig = [], ""
    proof.prev = "" if last is None else proof_hash(proof_facts(scope.name, last))
    tx.session.add(proof)
    return proof


def _finish(tx: Tx, scope: Scope, proof: HealthErasure) -> list[str]:
    """Sign it once the photos have left the store: before, they are given to be deleted, and `forget_leftover` follows."""
    if proof.leftover:
        return proof.leftover
    proof.seq_after, proof.digest_after = scope.seq, scope.digest
    proof.done_ms = proof.looked_ms = tx.now_ms
    sign_proof(tx.seals, scope, proof)
    if proof.lines:
        site = tx.session.get_one(Site, scope.scope_id)
        changes = {"lines": ("", proof.lines), "until": ("", proof.ended_on)}
        record_deed(tx.session, Deed("health_erased", None, site.name, site.id, changes), tx.now_ms)
    tx.session.flush()
    return []

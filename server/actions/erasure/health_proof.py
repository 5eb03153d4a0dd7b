"""What the server signs of an erasure of health data, and whether the proofs of a site hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.base.clock import to_iso
from server.base.seal import Seals
from server.models.erasure import ErasedLine, Erasure
from server.models.health import HealthErasure, proofs_of
from server.models.scope import Scope
from server.rules.health_proof import chain_faults, proof_text
from sync_protocol.signatures import sign_text

_SAID = (
    *("number", "id", "ended_on", "days", "lines", "records", "photos", "until_ms"),
    *("seq_before", "digest_before", "seq_after", "digest_after", "prev", "sig"),
)


def proof_facts(scope_name: str, proof: HealthErasure) -> dict[str, Any]:
    """A proof as it is shown and leaves the house, whole."""
    said = {name: getattr(proof, name) for name in _SAID}
    assert proof.done_ms is not None, "what is under way proves nothing"
    return {**said, "scope": scope_name, "at": to_iso(proof.done_ms), "classes": dict(proof.classes)}


def sign_proof(seals: Seals, scope: Scope, proof: HealthErasure) -> None:
    """Sign it. Everything else that it says is set."""
    proof.sig = sign_text(seals.signing_key, proof_text(proof_facts(scope.name, proof)))


def health_faults(session: Session, seals: Seals, scope: Scope) -> Iterator[tuple[str, int, str]]:
    """(what it is about, number, what is wrong): proofs of a scope that do not hold, or not for what was erased."""
    proofs = proofs_of(session, scope.scope_id)
    counted = sa.select(ErasedLine.erasure_id, sa.func.count()).where(ErasedLine.scope_id == scope.scope_id)
    lines = Counter(dict(session.execute(counted.group_by(ErasedLine.erasure_id)).all()))
    done = [proof_facts(scope.name, proof) for proof in proofs if proof.done_ms is not None]
    key = seals.signing_key.public_key().public_bytes_raw()
    for number, what in chain_faults(key, done):
        yield "health", number, what
    for facts in done:
        if lines[facts["id"]] != facts["lines"]:
            yield "health", facts["number"], "other lines were erased than the proof counts"
    known = {proof.id for proof in proofs}
    known |= set(session.scalars(sa.select(Erasure.id).where(Erasure.id.in_(lines.keys() - known))))
    if lines.keys() - known:
        yield "health", 0, "lines were erased, and no request and no proof says why"

"""Proofs that health data was erased, as they leave the house: their text, and whether a chain of them holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sync_protocol.signatures import verify_text


def proof_text(facts: Mapping[str, Any]) -> str:
    """What is signed of it."""
    classes = " ".join(f"{kind}={count}" for kind, count in sorted(facts["classes"].items()))
    return "\n".join(
        (
            "gongdi-health-erasure/1",
            f"{facts['scope']} {facts['number']} {facts['id']}",
            f"{facts['prev']}",
            f"{facts['at']} {facts['ended_on']} {facts['days']}",
            f"{classes} until {facts['until_ms']}",
            f"{facts['lines']} {facts['records']} {facts['photos']}",
            f"{facts['seq_before']} {facts['digest_before']} {facts['seq_after']} {facts['digest_after']}",
        )
    )


def proof_hash(facts: Mapping[str, Any]) -> str:
    """By which the next proof names it."""
    return hashlib.sha256(f"{proof_text(facts)}\n{facts['sig']}".encode()).hexdigest()


def chain_faults(key: bytes, proofs: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    """(number, what is wrong) of the proofs of one site, in order, as `proof_facts` gives them. Needs no database."""
    prev = ""
    for number, facts in enumerate(proofs, start=1):
        if facts["number"] != number or facts["prev"] != prev:
            yield number, "a proof of erased health data is lacking before this one"
        if not verify_text(key, proof_text(facts), facts["sig"]):
            yield number, "the proof of erased health data is not what the server signed"
        prev = proof_hash(facts)

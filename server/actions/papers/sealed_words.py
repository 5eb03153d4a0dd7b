"""What papers say and how they were served, sealed: it names people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from server.base.seal import Seals, aad_of
from server.models.paper import Paper, PaperService


def pdf_aad(paper_id: str) -> bytes:
    """The additional data (AAD) that a signed paper's sealed file is bound to."""
    return aad_of("paper_file", paper_id, "pdf")


def words_aad(paper_id: str, column: str) -> bytes:
    """The same of a paper's `draft` or `facts`."""
    return aad_of("paper", paper_id, column)


def service_aad(paper_id: str, n: int) -> bytes:
    """The same of what is said of a service."""
    return aad_of("paper_service", f"{paper_id}/{n}", "said")


def draft_of(seals: Seals, paper: Paper) -> dict[str, Any]:
    """What was typed: `fields`, `officers`, `basis`, `photos`. Raises SealBroken."""
    return _opened(seals, words_aad(paper.id, "draft"), paper.draft)


def keep_draft(seals: Seals, paper: Paper, draft: Mapping[str, Any]) -> None:
    paper.draft = _sealed(seals, words_aad(paper.id, "draft"), draft)


def facts_of(seals: Seals, paper: Paper) -> dict[str, Any]:
    """What a signed paper says, for the drawing. Raises SealBroken."""
    return _opened(seals, words_aad(paper.id, "facts"), paper.facts or b"{}")


def keep_facts(seals: Seals, paper: Paper, facts: Mapping[str, Any]) -> None:
    paper.facts = _sealed(seals, words_aad(paper.id, "facts"), facts)


def said_of(seals: Seals, service: PaperService) -> dict[str, str]:
    """Place, receiver, relation, witness, servers, refusal and note, as far as given. Raises SealBroken."""
    return _opened(seals, service_aad(service.paper_id, service.n), service.said)


def keep_said(seals: Seals, service: PaperService, said: Mapping[str, str]) -> None:
    service.said = _sealed(seals, service_aad(service.paper_id, service.n), said)


def _opened(seals: Seals, aad: bytes, value: bytes) -> dict[str, Any]:
    return msgspec.json.decode(seals.open(aad, value), type=dict[str, Any])


def _sealed(seals: Seals, aad: bytes, words: Mapping[str, Any]) -> bytes:
    return seals.seal(aad, msgspec.json.encode(words))

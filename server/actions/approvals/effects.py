"""What a kind of proposal declares: who may propose and approve it, and what happens then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.base.runtime import Runtime
from server.models.access import Viewer, may_administer
from server.models.proposal import Proposal
from server.models.tx import Tx

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """A proposal that could be applied now. `subject`: what it is about, in words; `payload`: as it is to be kept."""

    subject: str
    payload: dict[str, Any]


def administers(tx: Tx, viewer: Viewer, payload: Payload) -> bool:
    """Proposed and approved by administrators, as most things are."""
    return may_administer(viewer)


def nothing_gathered(runtime: Runtime, payload: Payload) -> Any:
    """Most effects need nothing but the database."""
    return None


@dataclass(frozen=True, slots=True)
class Effect:
    """One kind of proposal.

    `check` raises the Problem that would keep it from being applied now. `apply` does it, in the transaction that records
    the approval: what it raises leaves the proposal open. `gather` looks at what is outside the database before that
    transaction begins; `apply` gets what it gave. `describe` shows (title, text) to whoever decides.
    """

    kind: str
    title: str
    check: Callable[[Tx, Viewer, Payload], Checked]
    apply: Callable[[Tx, Proposal, Viewer, Any], None]
    describe: Callable[[Tx, Payload], Sequence[tuple[str, str]]]
    may_propose: Callable[[Tx, Viewer, Payload], bool] = administers
    may_decide: Callable[[Tx, Viewer, Payload], bool] = administers
    gather: Callable[[Runtime, Payload], Any] = nothing_gathered

"""Registers: records that several people edit, field by field. What the server holds of each kind beside the record
that is served, and how it is served."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.case import REPORTS
from server.actions.feed import encode
from server.clock import from_iso
from server.models.record import CaseFile, Worker
from server.rules.masking import mask_certificate, mask_phone
from server.seal import Seals, place

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Register:
    """One kind of register. `model`: its table; `columns`: those that follow from the full fields; `served`: a record
    as it comes down, made of the fields and of those columns; `opened`: the column for the time at which a record was
    written first, if it has one."""

    kind: str
    model: type[Any]
    columns: Callable[[Seals, State], dict[str, Any]]
    served: Callable[[State, Mapping[str, Any]], dict[str, Any]]
    opened: str | None = None

    def row(self, seals: Seals, record_id: str, state: State) -> dict[str, Any]:
        """The columns of a record's row, its full fields sealed."""
        sealed = seals.seal(state_place(self.kind, record_id), encode(state))
        return {"state": sealed, **self.columns(seals, state)}


def state_place(kind: str, record_id: str) -> bytes:
    """Where a record's full fields are sealed."""
    return place(kind, record_id, "state")


def certificate_digest(seals: Seals, state: State) -> str:
    return seals.digest("certificate", f"{state['certificate_type']}|{state['certificate_number']}")


def _worker_columns(seals: Seals, state: State) -> dict[str, Any]:
    return {
        "certificate_digest": certificate_digest(seals, state),
        "company": state["company"],
        "canteen_staff": bool(state.get("canteen_staff")),
        "entered_on": state["entered_on"],
        "exited_on": state.get("exited_on"),
    }


def _worker_served(state: State, columns: Mapping[str, Any]) -> dict[str, Any]:
    """The number masked, with a keyed digest for look-up."""
    shown = {
        name: value for name, value in state.items() if name != "certificate_number" and value is not None
    }
    shown["certificate_masked"] = mask_certificate(state["certificate_number"])
    shown["certificate_digest"] = columns["certificate_digest"]
    if state.get("phone"):
        shown["phone"] = mask_phone(state["phone"])
    return shown


def _case_columns(_: Seals, state: State) -> dict[str, Any]:
    reports = [from_iso(state[name]) for name in REPORTS if state.get(name) is not None]
    return {
        "worker_id": state["worker"],
        "reported_ms": max(reports) if len(reports) == len(REPORTS) else None,
        "ended": state.get("outcome") is not None,
        "check_ms": 0,  # whatever changed, the next tick looks at it
    }


def _case_served(state: State, _: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if value is not None}


WORKER = Register("worker", Worker, _worker_columns, _worker_served)
CASE = Register("case", CaseFile, _case_columns, _case_served, opened="opened_ms")
REGISTERS: Mapping[str, Register] = {register.kind: register for register in (WORKER, CASE)}

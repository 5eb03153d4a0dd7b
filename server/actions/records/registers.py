"""Registers: records that several people edit, field by field. What the server holds of each kind alongside the
record that is served, and how it is served."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.case import REPORTS
from schemas.kinds import AnyKind
from server.actions.records.feed import encode
from server.base.clock import from_iso
from server.base.seal import Seals, aad_of
from server.models.record import CaseFile, FormRegister, Worker
from server.rules.masking import served_fields

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
        sealed = seals.seal(state_aad(self.kind, record_id), encode(state))
        return {"state": sealed, **self.columns(seals, state)}


def state_aad(kind: str, record_id: str) -> bytes:
    """The additional data (AAD) that a record's sealed fields are bound to."""
    return aad_of(kind, record_id, "state")


def certificate_digest(seals: Seals, state: State) -> str:
    return seals.digest("certificate", f"{state['certificate_type']}|{state['certificate_number']}")


def _worker_columns(seals: Seals, state: State) -> dict[str, Any]:
    return {
        "certificate_digest": certificate_digest(seals, state),
        "company": state.get("company"),
        "canteen_staff": bool(state.get("canteen_staff")),
        "entered_on": state["entered_on"],
        "exited_on": state.get("exited_on"),
    }


def _worker_served(state: State, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers masked, with the keyed digest for look-up."""
    return served_fields("worker", state, lambda _: str(columns["certificate_digest"]))


def _case_columns(_: Seals, state: State) -> dict[str, Any]:
    reports = [from_iso(state[name]) for name in REPORTS if state.get(name) is not None]
    return {
        "worker_id": state["worker"],
        "reported_ms": max(reports) if len(reports) == len(REPORTS) else None,
        "ended": state.get("outcome") is not None,
        "check_ms": 0,  # whatever changed, the next tick looks at it
    }


def _case_served(state: State, _: Mapping[str, Any]) -> dict[str, Any]:
    return served_fields("case", state, lambda _: "")


WORKER = Register("worker", Worker, _worker_columns, _worker_served)
CASE = Register("case", CaseFile, _case_columns, _case_served, opened="opened_ms")
REGISTERS: Mapping[str, Register] = {register.kind: register for register in (WORKER, CASE)}


def register_of(kind: AnyKind) -> Register:
    """What is held of the records of a kind. Those of forms are in one table for all."""
    return REGISTERS.get(kind.name) or _form_register(kind)


def _form_register(kind: AnyKind) -> Register:
    def served(state: State, _: Mapping[str, Any]) -> dict[str, Any]:
        return served_fields(kind.name, state, lambda _: "", {kind.name: kind})

    return Register(kind.name, FormRegister, lambda *_: {"kind": kind.name}, served)

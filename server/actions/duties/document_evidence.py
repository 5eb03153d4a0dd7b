"""Documents as duties look at them: from when to when each is valid, when it came, and whether its files have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.forms.kind import FormKind
from schemas.kinds import AnyKind
from server.actions.records.registers import state_aad
from server.base.db import bulk_select
from server.base.seal import Seals
from server.models.entry import LogEntry
from server.models.media import Media
from server.models.record import FormRegister, Record, in_force_of
from server.rules.duties.conditions import field_with
from server.rules.duties.documents import Document
from server.rules.duties.matching import Fact

_LOG: Any = LogEntry.__table__
_MEDIA: Any = Media.__table__
_EVERY = "*"  # the stamp of every field that has none of its own
Written = tuple[Fact, Mapping[str, Any]]
Fits = Callable[[Fact, Mapping[str, Any]], bool]  # whether a document is one that the duty asks for


def documents_of(
    session: Session,
    seals: Seals,
    kind: AnyKind,
    facts: Mapping[str, Sequence[Fact]],
    bodies: Mapping[tuple[str, str], Mapping[str, Any]],
    fits: Fits,
) -> dict[str, list[Document]]:
    """The documents of these scopes, by scope. `facts`: those of the kind, by scope, with what is kept and not applied;
    `bodies`: what they say. Registers are read here, those that fit."""
    written: dict[str, list[Written]] = {
        scope_id: [(fact, bodies.get((scope_id, fact.id), {})) for fact in some]
        for scope_id, some in facts.items()
    }
    if kind.nature == "register":
        for scope_id, one in _registers(session, seals, kind, list(facts)):
            if fits(*one):
                written[scope_id].append(one)
    names = _file_fields(kind)
    wanted = [
        (scope_id, sha256)
        for scope_id, some in written.items()
        for _, body in some
        for sha256 in _hashes(body, names)
    ]
    rows = bulk_select(session, _MEDIA, ("scope_id", "sha256"), ("state",), wanted)
    here = {wanted[index] for index, _ in rows}
    begins, ends = (field_with(kind, role) for role in ("valid_from", "valid_to"))
    return {
        scope_id: [
            Document(
                fact,
                _text(body, begins),
                _text(body, ends),
                all((scope_id, sha256) in here for sha256 in _hashes(body, names)),
            )
            for fact, body in some
        ]
        for scope_id, some in written.items()
    }


def _registers(
    session: Session, seals: Seals, kind: AnyKind, scope_ids: Sequence[str]
) -> Iterator[tuple[str, Written]]:
    """Registers count from when what they say of their validity was written."""
    begins, ends = (field_with(kind, role) for role in ("valid_from", "valid_to"))
    query = sa.select(FormRegister).join(
        Record, sa.and_(Record.scope_id == FormRegister.scope_id, Record.id == FormRegister.id)
    )
    rows = list(session.scalars(query.where(in_force_of(kind.name, scope_ids))))
    stamps = [
        max(
            (row.stamps.get(name or "", row.stamps[_EVERY]) for name in (begins, ends)),
            key=lambda one: one[3],
        )
        for row in rows
    ]
    keys = [(row.scope_id, stamp[4]) for row, stamp in zip(rows, stamps, strict=True)]
    found = bulk_select(session, _LOG, ("scope_id", "id"), ("earliest_ms", "latest_ms"), keys)
    times = {keys[index]: (earliest_ms, latest_ms) for index, earliest_ms, latest_ms in found}
    for row, stamp, key in zip(rows, stamps, keys, strict=True):
        earliest_ms, latest_ms = times.get(key, (stamp[3], stamp[3]))
        body = msgspec.json.decode(seals.open(state_aad(kind.name, row.id), row.state))
        yield row.scope_id, (Fact(row.id, earliest_ms, latest_ms), body)


def _file_fields(kind: AnyKind) -> list[str]:
    items = kind.form.items if isinstance(kind, FormKind) else ()
    return [item.name for item in items if item.type in ("file", "image")]


def _hashes(body: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    for name in names:
        yield from body.get(name) or ()


def _text(body: Mapping[str, Any], name: str | None) -> str | None:
    value = body.get(name) if name is not None else None
    return value if isinstance(value, str) else None

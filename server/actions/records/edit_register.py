"""Write registers: the records that several people edit. Where two changed the same field, both values are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.kinds import AnyKind, Kind, validate_of
from server.actions.records.feed import Feed, Put, encode
from server.actions.records.registers import Register, register_of, state_aad
from server.base.seal import Seals, aad_of
from server.models.record import Contest
from server.models.scope import Scope
from sync_protocol.merge import Merged, Stamp, merge

_EVERY = "*"  # the stamp of every field that has none of its own
Author = tuple[str, int, int, str]  # device, n, event_ms, entry


@dataclass(frozen=True, slots=True)
class Edit:
    """Changed fields of a register. `base`: the rev that they were changed from; `rev`: the one that it has; `marks` stay
    on what is served (a voided entry stays voided)."""

    kind: AnyKind
    record_id: str
    base: int
    changes: Mapping[str, Any]
    rev: int
    marks: Mapping[str, Any]


@dataclass(slots=True)
class Edited:
    """What an edit came to."""

    outcome: str = "refused"
    rev: int | None = None
    seq: int | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)


def register_row(
    register: Register, seals: Seals, scope_id: str, author: Author, state: Mapping[str, Any], record_id: str
) -> dict[str, Any]:
    """A new record's row, for a bulk insertion."""
    key = {"scope_id": scope_id, "id": record_id, "stamps": encode({_EVERY: [1, *author]}).decode()}
    opened = {register.opened: author[2]} if register.opened is not None else {}
    return key | opened | register.row(seals, record_id, state)


def edit_register(
    session: Session, seals: Seals, feed: Feed, author: Author, edit: Edit, now_ms: int
) -> Edited:
    """Merge changed fields into a record; where somebody else changed the same field, both values are kept."""
    scope, kind, record_id = feed.scope, edit.kind.name, edit.record_id
    register = register_of(edit.kind)
    row = session.get_one(register.model, (scope.scope_id, record_id), populate_existing=True)
    state = msgspec.json.decode(seals.open(state_aad(kind, record_id), row.state))
    stamps = {name: Stamp(*values) for name, values in row.stamps.items()}
    whole = {name: stamps.get(name, stamps[_EVERY]) for name in (*edit.kind.fields, *state)}
    merged = merge(state, whole, edit.base, edit.changes, Stamp(edit.rev + 1, *author), edit.kind.merge_rules)
    clean = {name: value for name, value in merged.state.items() if value is not None}
    # Fields of a form say nothing together, and a record may have fields of another version.
    errors = validate_of(edit.kind, "add", clean).errors if isinstance(edit.kind, Kind) else {}
    if errors:
        return Edited(errors=errors)
    columns = register.row(seals, record_id, clean)
    for name, value in columns.items():
        setattr(row, name, value)
    row.stamps = _packed(merged, stamps[_EVERY])
    for contest in _contests(seals, scope, record_id, merged, author[3], now_ms):
        session.merge(contest)
    if edit.base == edit.rev:
        _settle(session, scope, record_id, edit.changes.keys(), author[3])
    session.flush()
    shown = {
        **register.served(clean, columns),
        **_contested(
            session, seals, scope, record_id, lambda changes: register.served(clean | changes, columns)
        ),
        **edit.marks,
    }
    put = Put(kind, record_id, shown, counts=not edit.marks, always=True)
    given = feed.put([put])[record_id]
    return Edited(merged.outcome, *given)


def contest_aad(entry_id: str, name: str) -> bytes:
    return aad_of("contest", f"{entry_id}|{name}", "values")


def _packed(merged: Merged, every: Stamp) -> dict[str, list[Any]]:
    own = {name: stamp for name, stamp in merged.stamps.items() if stamp != every}
    return {name: [s.rev, s.device, s.n, s.event_ms, s.entry] for name, s in {_EVERY: every, **own}.items()}


def _contests(
    seals: Seals, scope: Scope, record_id: str, merged: Merged, entry_id: str, now_ms: int
) -> Iterator[Contest]:
    """The fields that an entry contests, both values sealed."""
    for contest in merged.contested:
        values = encode({"kept": contest.kept, "other": contest.other})
        yield Contest(
            scope_id=scope.scope_id,
            entry_id=entry_id,
            field=contest.field,
            record_id=record_id,
            kept_entry=contest.kept_entry,
            other_entry=contest.other_entry,
            values=seals.seal(contest_aad(entry_id, contest.field), values),
            at_ms=now_ms,
            state="open",
        )


def _settle(session: Session, scope: Scope, record_id: str, fields: Iterable[str], entry_id: str) -> None:
    """A user who edits a contested field after seeing the latest state has chosen: the contest is settled. This follows
    from the log alone, so that a rebuild settles it too."""
    mine = sa.update(Contest).where(
        Contest.scope_id == scope.scope_id,
        Contest.record_id == record_id,
        Contest.field.in_(list(fields)),
        Contest.state == "open",
    )
    session.execute(
        mine.values(state="settled", settled_entry=entry_id), execution_options={"synchronize_session": False}
    )


def _contested(
    session: Session,
    seals: Seals,
    scope: Scope,
    record_id: str,
    served: Callable[[dict[str, Any]], Mapping[str, Any]],
) -> dict[str, Any]:
    """The contested fields of a record, and the values of each that do not show: both sides must see what was lost.
    Each goes through `served`, as the field itself does: masked, or not at all."""
    query = sa.select(Contest).where(
        Contest.scope_id == scope.scope_id, Contest.record_id == record_id, Contest.state == "open"
    )
    lost: dict[str, list[Any]] = {}
    for contest in session.scalars(query.order_by(Contest.entry_id)):
        values = lost.setdefault(contest.field, [])
        sealed = seals.open(contest_aad(contest.entry_id, contest.field), contest.values)
        for value in msgspec.json.decode(sealed).values():
            shown = None if value is None else served({contest.field: value}).get(contest.field)
            is_hidden = shown is None and value is not None
            if not is_hidden and shown != served({}).get(contest.field) and shown not in values:
                values.append(shown)
    if not lost:
        return {}
    return {
        "contested": sorted(lost),
        "contested_values": {name: values for name, values in sorted(lost.items()) if values},
    }

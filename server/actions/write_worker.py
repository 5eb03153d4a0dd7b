"""Roster entries: the register that several people edit. Full fields are sealed; what is served is masked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.kinds import KINDS, judge_body
from server.actions.feed import Feed, Put, encode
from server.models.record import Contest, Worker
from server.models.scope import Scope
from server.rules.masking import mask_certificate, mask_phone
from server.seal import Seals, place
from sync_protocol.merge import Merged, Stamp, merge

_EVERY = "*"  # the stamp of every field that has none of its own
Author = tuple[str, int, int, str]  # device, n, event_ms, entry


@dataclass(slots=True)
class Edited:
    """What an edit came to."""

    outcome: str = "refused"
    rev: int | None = None
    seq: int | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)


WORKER_COLUMNS = (
    *(
        "scope_id",
        "id",
        "stamps",
        "state",
        "certificate_digest",
        "company",
        "canteen_staff",
        "entered_on",
        "exited_on",
    ),
)


def worker_row(
    seals: Seals, scope_id: str, author: Author, state: Mapping[str, Any], record_id: str
) -> tuple[Any, ...]:
    """A new worker's row for a bulk insertion, in the order of WORKER_COLUMNS."""
    stamps = encode({_EVERY: [1, *author]}).decode()
    return (scope_id, record_id, stamps, *columns(seals, record_id, state).values())


def edit_worker(
    session: Session,
    seals: Seals,
    scope: Scope,
    feed: Feed,
    author: Author,
    record_id: str,
    base: int,
    changes: Mapping[str, Any],
    rev: int,
    now_ms: int,
    marks: Mapping[str, Any],
) -> Edited:
    """Merge changed fields into a roster entry; where somebody else changed the same field, both values are
    kept.

    `marks` stay on what is served (a voided entry stays voided).
    """
    row = session.get_one(Worker, (scope.scope_id, record_id), populate_existing=True)
    state = msgspec.json.decode(seals.open(state_place(record_id), row.state))
    stamps = {name: Stamp(*values) for name, values in row.stamps.items()}
    whole = {name: stamps.get(name, stamps[_EVERY]) for name in KINDS["worker"].fields}
    merged = merge(state, whole, base, changes, Stamp(rev + 1, *author), KINDS["worker"].merge_rules)
    clean = {name: value for name, value in merged.state.items() if value is not None}
    _, code, errors = judge_body("worker", "add", clean)
    if code is not None:
        return Edited(errors=errors)
    for name, value in columns(seals, record_id, clean).items():
        setattr(row, name, value)
    row.stamps = _packed(merged, stamps[_EVERY])
    _keep_contests(session, seals, scope, record_id, merged, author[3], now_ms)
    if base == rev:
        _settle(session, scope, record_id, changes.keys(), author[3])
    session.flush()
    shown = {**served(seals, clean, _contested(session, scope, record_id)), **marks}
    put = Put("worker", record_id, shown, counts=not marks, always=True)
    given = feed.put([put])[record_id]
    return Edited(merged.outcome, *given)


def columns(seals: Seals, record_id: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a worker's row that follow from the full fields."""
    return {
        "state": seals.seal(state_place(record_id), encode(state)),
        "certificate_digest": certificate_digest(seals, state),
        "company": state["company"],
        "canteen_staff": bool(state.get("canteen_staff")),
        "entered_on": state["entered_on"],
        "exited_on": state.get("exited_on"),
    }


def served(seals: Seals, state: Mapping[str, Any], contested: tuple[str, ...]) -> dict[str, Any]:
    """A roster entry as it comes down: the number masked, with a keyed digest for look-up."""
    shown = {
        name: value for name, value in state.items() if name != "certificate_number" and value is not None
    }
    shown["certificate_masked"] = mask_certificate(state["certificate_number"])
    shown["certificate_digest"] = certificate_digest(seals, state)
    if state.get("phone"):
        shown["phone"] = mask_phone(state["phone"])
    if contested:
        shown["contested"] = list(contested)
    return shown


def certificate_digest(seals: Seals, state: Mapping[str, Any]) -> str:
    return seals.digest("certificate", f"{state['certificate_type']}|{state['certificate_number']}")


def state_place(record_id: str) -> bytes:
    return place("worker", record_id, "state")


def contest_place(entry_id: str, name: str) -> bytes:
    return place("contest", f"{entry_id}|{name}", "values")


def _packed(merged: Merged, every: Stamp) -> dict[str, list[Any]]:
    own = {name: stamp for name, stamp in merged.stamps.items() if stamp != every}
    return {name: [s.rev, s.device, s.n, s.event_ms, s.entry] for name, s in {_EVERY: every, **own}.items()}


def _keep_contests(
    session: Session, seals: Seals, scope: Scope, record_id: str, merged: Merged, entry_id: str, now_ms: int
) -> None:
    for contest in merged.contested:
        values = encode({"kept": contest.kept, "other": contest.other})
        session.merge(
            Contest(
                scope_id=scope.scope_id,
                entry_id=entry_id,
                field=contest.field,
                record_id=record_id,
                kept_entry=contest.kept_entry,
                other_entry=contest.other_entry,
                values=seals.seal(contest_place(entry_id, contest.field), values),
                at_ms=now_ms,
                state="open",
            )
        )


def _settle(session: Session, scope: Scope, record_id: str, fields: Iterable[str], entry_id: str) -> None:
    """Whoever edits a contested field having seen the latest state has chosen: the contest is settled. It follows from
    the log alone, so that a rebuild settles it too."""
    mine = sa.update(Contest).where(
        Contest.scope_id == scope.scope_id,
        Contest.record_id == record_id,
        Contest.field.in_(list(fields)),
        Contest.state == "open",
    )
    session.execute(
        mine.values(state="settled", settled_entry=entry_id), execution_options={"synchronize_session": False}
    )


def _contested(session: Session, scope: Scope, record_id: str) -> tuple[str, ...]:
    query = sa.select(Contest.field).where(
        Contest.scope_id == scope.scope_id, Contest.record_id == record_id, Contest.state == "open"
    )
    return tuple(sorted(set(session.scalars(query))))

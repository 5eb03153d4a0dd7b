"""One scope of a push: under its lock, set-based, in a fixed number of statements for any number of plain
facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress, pairwise
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from schemas.kinds import KINDS
from server.actions.apply_entry import (
    Applying,
    Effect,
    Written,
    add_fact,
    add_register,
    apply_entry,
    existing_records,
)
from server.actions.count_lines import count_lines
from server.actions.feed import Feed
from server.actions.load_reference import rules_in_force
from server.actions.meet_windows import watermark_moved
from server.actions.promise_media import PROMISE_COLUMNS, promises_of
from server.actions.quarantine import Pushing, keep_refused, refused_outcome
from server.actions.raise_flags import raise_integrity
from server.actions.read_push import Line
from server.actions.release_held import finish, hold, release_held
from server.db import bulk_insert, bulk_select
from server.models.device import StreamHead
from server.models.entry import LogEntry
from server.models.media import MediaPromise
from server.models.scope import Scope, lock_scope
from server.models.user import Assignment
from server.models.watermark import scope_watermark
from sync_protocol import stream as streams
from sync_protocol.outcomes import BAD_ATTESTATION
from sync_protocol.watermark import complete_through

_LOG: Any = LogEntry.__table__
_LOG_COLUMNS = (
    *(
        "scope_id",
        "id",
        "device_id",
        "n",
        "kind",
        "record_id",
        "act",
        "hash",
        "raw",
        "outcome",
        "code",
        "rev",
        "seq",
    ),
    *(
        "exchange_id",
        "received_ms",
        "claimed_ms",
        "event_ms",
        "bound_ms",
        "grade",
        "not_before_ms",
        "backfilled",
    ),
)


@dataclass(frozen=True, slots=True)
class ScopeAnswer:
    """What the server holds of this device's stream now: the highest number, its hash, and the numbers
    lacking. `taken`: the hashes of the lines that went into the log."""

    n: int
    hash: str
    missing: list[int]
    taken: list[str]

    def as_json(self) -> dict[str, Any]:
        return {"n": self.n, "hash": self.hash, "missing": self.missing}


class _Logged(NamedTuple):
    """What the log has of an entry that came before."""

    hash: bytes
    outcome: str
    code: str | None
    rev: int | None
    seq: int | None


@dataclass(slots=True)
class _Taken:
    """What one scope's part of a push comes to, while it is taken in."""

    outcomes: dict[str, dict[str, Any]] = field(default_factory=dict)
    logged: list[tuple[Any, ...]] = field(default_factory=list)
    promised: list[tuple[Any, ...]] = field(default_factory=list)


def accept_scope(
    pushing: Pushing, name: str, lines: Sequence[Line], assignment: Assignment, attested: Any, good: bool
) -> tuple[dict[int, dict[str, Any]], ScopeAnswer]:
    """Take one scope's lines in. Gives outcomes by line number, and the stream as known now.

    1. Lock the scope's counter; whoever else writes here waits.
    2. What is here already answers `duplicate`, or `entry_mismatch` when its bytes differ.
    3. The chain is extended by what is new, in order of `n`; a hole or a fork blocks nothing.
    4. Plain additions go in as sets; edits, corrections and what waits go one by one, after them.
    5. Windows, watermark, log and counter are written in the same transaction.
    """
    session = pushing.session
    scope = lock_scope(session, assignment.site_id)
    assert scope is not None, "an assigned site has a scope"
    fresh, repeated = _split(pushing, scope, lines)
    head = _stream(session, scope, pushing)
    known = streams.from_json(head.head)
    fresh = _in_chain(known, fresh, repeated)
    known = streams.extend(known, _links(fresh))
    taken = _take_in(pushing, scope, fresh, assignment, forked=known.forked and not head.forked)
    _close(pushing, scope, head, known, attested, good)
    outcomes = {line.number: taken.outcomes[line.entry.id] for line in fresh if line.entry}
    outcomes.update(_answer_repeated(pushing, scope, repeated, taken))
    highest = streams.highest(known)
    taken_in = [line.hash for line in fresh]
    return outcomes, ScopeAnswer(highest[0], highest[1], streams.missing(known), taken_in)


@dataclass(slots=True)
class _Repeated:
    """Lines whose id is here already, from before or from earlier in the same push; and lines that no
    chain can take."""

    stored: list[tuple[Line, _Logged]] = field(default_factory=list)
    within: list[tuple[Line, Line]] = field(default_factory=list)
    outside: list[Line] = field(default_factory=list)


def _split(pushing: Pushing, scope: Scope, lines: Sequence[Line]) -> tuple[list[Line], _Repeated]:
    ids = [line.entry.id for line in lines if line.entry and not pushing.is_own]
    keys = [(scope.scope_id, key) for key in ids]
    found = bulk_select(pushing.session, _LOG, ("scope_id", "id"), _Logged._fields, keys)
    known = {ids[place]: _Logged(*values) for place, *values in found}
    fresh: dict[str, Line] = {}
    repeated = _Repeated()
    for line in lines:
        assert line.entry is not None
        if line.entry.id in known:
            repeated.stored.append((line, known[line.entry.id]))
        elif line.entry.id in fresh:
            repeated.within.append((line, fresh[line.entry.id]))
        else:
            fresh[line.entry.id] = line
    return sorted(fresh.values(), key=lambda line: (line.entry.n if line.entry else 0, line.hash)), repeated


def _in_chain(known: streams.Stream, fresh: list[Line], repeated: _Repeated) -> list[Line]:
    """Without the lines that would open one hole too many: those are refused and kept, and can come again."""
    numbers = [line.entry.n for line in fresh if line.entry]
    runs = 1 + sum(n != before + 1 for before, n in pairwise(numbers))
    if len(known.islands) + runs <= streams.MAX_ISLANDS:
        return fresh
    outside = {link.hash for link in streams.beyond_limit(known, _links(fresh))}
    repeated.outside = [line for line in fresh if line.hash in outside]
    return [line for line in fresh if line.hash not in outside] if outside else fresh


def _links(lines: Sequence[Line]) -> list[streams.Link]:
    return [
        streams.Link(line.entry.n, line.entry.prev, line.hash) for line in lines if line.entry is not None
    ]


def _take_in(
    pushing: Pushing, scope: Scope, fresh: list[Line], assignment: Assignment, forked: bool
) -> _Taken:
    """Apply what is new: plain additions first, as sets, then the rest in the order in which it was
    written."""
    session, taken = pushing.session, _Taken()
    applying = Applying(
        session, pushing.seals, scope, Feed(session, scope, pushing.seals, pushing.now_ms), pushing.now_ms
    )
    writtens = list(_written(pushing, fresh))
    registers = {name for name, kind in KINDS.items() if kind.nature == "register"}
    plain = [_is_plain(written.line) for written in writtens]
    named = [w.entry.record for w in compress(writtens, plain) if w.entry.kind in registers]
    existing = existing_records(applying, named) if not pushing.is_own else set[str]()
    later = []
    open_to_all = pushing.device.state == "active" and assignment.ended_ms is None
    for written, is_plain in zip(writtens, plain, strict=True):
        effect = None if open_to_all and written.line.code is None else _gate(pushing, written, assignment)
        if effect is None and not is_plain:
            later.append(written)
            continue
        if effect is None and written.entry.kind not in registers:
            effect = add_fact(applying, written)
        _note(pushing, scope, written, effect or add_register(applying, written, existing), taken)
    applying.write()
    for written in later:
        _note(pushing, scope, written, apply_entry(applying, written), taken)
    bulk_insert(session, _LOG, _LOG_COLUMNS, taken.logged)
    count_lines(session, pushing.seals, scope, [line.hash for line in fresh])
    bulk_insert(session, MediaPromise.__table__, PROMISE_COLUMNS, taken.promised)  # type: ignore[arg-type]
    if scope.held and applying.done:
        release_held(applying)
    if forked and rules_in_force(session).rows["escalation"]:
        book = rules_in_force(session)
        raise_integrity(
            session, applying.seals, applying.feed, scope, pushing.device.id, pushing.now_ms, book
        )
    finish(applying)
    return taken


def _written(pushing: Pushing, lines: Sequence[Line]) -> Iterator[Written]:
    at, times = None, None
    for line in lines:
        entry = line.entry
        assert entry is not None
        if times is None or entry.at is not at:  # the lines of a roster share one
            at, times = entry.at, pushing.dates.of(entry)
        yield Written(line, entry, times, pushing.device_id, pushing.user_id)


def _is_plain(line: Line) -> bool:
    entry = line.entry
    is_addition = entry is not None and line.code is None and entry.act == "add" and not entry.needs
    return is_addition and entry is not None and not KINDS[entry.kind].own


def _gate(pushing: Pushing, written: Written, assignment: Assignment) -> Effect | None:
    """What stands between an entry and its effect, before anything is looked up: None lets it pass."""
    line, device = written.line, pushing.device
    if line.code is not None:
        return Effect("refused", code=line.code, errors=line.errors)
    if device.state != "active":
        if device.revoked_ms is not None and written.times.event_ms < device.revoked_ms:
            return Effect("held", code="device_revoked")
        return Effect("refused", code="device_revoked")
    if assignment.ended_ms is not None and written.times.event_ms >= assignment.ended_ms:
        return Effect("refused", code="scope_not_assigned")
    return None


def _note(pushing: Pushing, scope: Scope, written: Written, effect: Effect, taken: _Taken) -> None:
    """Write down an entry and its outcome; keep it where people see it when it was refused or waits."""
    entry, line, times = written.entry, written.line, written.times
    taken.outcomes[entry.id] = effect.as_json(entry.id)
    if effect.outcome == "refused":
        line.code, line.errors = effect.code, effect.errors
        keep_refused(pushing, scope.scope_id, line)
    elif effect.outcome == "held":
        hold(pushing.session, scope, entry.id, effect, pushing.now_ms)
    row = (scope.scope_id, entry.id, written.device_id, entry.n, entry.kind, entry.record, entry.act)
    outcome = (effect.outcome, effect.code, effect.rev, effect.seq, pushing.exchange_id, pushing.now_ms)
    when = (
        times.claimed_ms,
        times.event_ms,
        times.bound_ms,
        times.grade,
        times.not_before_ms,
        times.backfilled,
    )
    taken.logged.append((*row, bytes.fromhex(line.hash), line.stored, *outcome, *when))
    if entry.media and effect.outcome != "refused":
        taken.promised += promises_of(scope.scope_id, entry)


def _answer_repeated(
    pushing: Pushing, scope: Scope, repeated: _Repeated, taken: _Taken
) -> dict[int, dict[str, Any]]:
    outcomes: dict[int, dict[str, Any]] = {}
    for line, row in repeated.stored:
        first = Effect(row.outcome, row.rev, row.seq, row.code)
        assert line.entry is not None
        outcomes[line.number] = _duplicate(pushing, scope, line, row.hash.hex(), first.as_json(line.entry.id))
    for line, other in repeated.within:
        assert other.entry is not None
        outcomes[line.number] = _duplicate(pushing, scope, line, other.hash, taken.outcomes[other.entry.id])
    for line in repeated.outside:
        line.code = "too_many_holes"
        keep_refused(pushing, scope.scope_id, line)
        outcomes[line.number] = refused_outcome(line)
    return outcomes


def _duplicate(
    pushing: Pushing, scope: Scope, line: Line, first_hash: str, first: dict[str, Any]
) -> dict[str, Any]:
    """The same bytes again are `duplicate`; other bytes under the same id change nothing and are kept
    aside."""
    assert line.entry is not None
    if line.hash != first_hash:
        line.code, line.errors = "entry_mismatch", {"/id": ["这个编号已经用于另一条内容不同的记录。"]}
        keep_refused(pushing, scope.scope_id, line)
        return refused_outcome(line)
    named: dict[str, Any] = {name: first[name] for name in ("rev", "seq", "code") if name in first}
    return {"id": line.entry.id, "outcome": "duplicate", "first": first["outcome"], **named}


def _stream(session: Session, scope: Scope, pushing: Pushing) -> StreamHead:
    key = (scope.scope_id, pushing.device.id)
    head = session.get(StreamHead, key, populate_existing=True)
    if head is None:
        head = StreamHead(
            scope_id=key[0], device_id=key[1], head=streams.to_json(streams.Stream()), forked=False
        )
        head.heard_ms = pushing.now_ms
        session.add(head)
    return head


def _close(
    pushing: Pushing, scope: Scope, head: StreamHead, known: streams.Stream, attested: Any, good: bool
) -> None:
    """Write down how far the stream is known, and move the scope's watermark when the device declared it
    complete."""
    packed = streams.to_json(known)
    if head.head != packed:
        head.head = packed
    head.forked = known.forked
    head.heard_ms = pushing.now_ms
    if attested is None:
        pushing.session.flush()
        return
    n, hash = streams.highest(known)
    head.mark = None if good and (attested.n != n or attested.hash == hash) else BAD_ATTESTATION
    head.unsent = attested.unsent
    if not good or (attested.n, attested.hash) != (
        n,
        hash,
    ):  # also honest: a hole refilled, a batch that is on its way
        pushing.session.flush()
        return
    head.attested = {"n": attested.n, "hash": attested.hash, "sig": attested.sig}
    head.complete_ms = complete_through(known, attested.unsent, pushing.now_ms, head.complete_ms)
    pushing.session.flush()
    before = scope.watermark_ms
    scope.watermark_ms = scope_watermark(pushing.session, scope.scope_id)
    if scope.watermark_ms != before:
        watermark_moved(pushing.session, scope, before, scope.watermark_ms, pushing.now_ms)

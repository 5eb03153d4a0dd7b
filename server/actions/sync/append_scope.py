"""One scope of a push: under its lock, set-based, in a fixed number of statements for any number of plain
facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress, pairwise
from typing import Any, NamedTuple

from server.actions.devices.report_devices import note_doubts
from server.actions.flags.raise_flags import raise_integrity
from server.actions.records.feed import Feed
from server.actions.sync.add_facts import add_facts
from server.actions.sync.apply_entry import add_register, apply_entry, existing_records
from server.actions.sync.close_stream import close_stream, extended, place_unreadable
from server.actions.sync.count_lines import count_lines
from server.actions.sync.erased_people import about_erased
from server.actions.sync.gate import Gate
from server.actions.sync.kept_evidence import keep_evidence
from server.actions.sync.log_lines import NewLine, store_lines
from server.actions.sync.open_exchange import OpenScope
from server.actions.sync.place_facts import unknown_place
from server.actions.sync.promise_media import PROMISE_COLUMNS, promises_of
from server.actions.sync.quarantine import keep_refused, refused_outcome
from server.actions.sync.read_push import Line, form_of
from server.actions.sync.release_held import finish, hold, release_held
from server.actions.sync.retime_records import retime_records
from server.actions.sync.settle_times import settle_times
from server.actions.sync.values import Applying, Arrived, Effect, Pushing, ScopeAnswer, Written
from server.base.db import bulk_insert, bulk_select
from server.models.device import StreamHead
from server.models.entry import LogEntry
from server.models.media import MediaPromise
from server.models.scope import Scope
from server.models.site import Site
from server.models.tx import Tx
from server.models.user import Assignment
from server.rules.calendar import local_date_of
from server.rules.duties.backfill import Observed, observed
from sync_protocol import stream as streams
from sync_protocol.intervals import Interval

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
    *("earliest_ms", "latest_ms", "floor_ms", "doubt", "observed_ms", "boot_number", "up_ms", "form"),
)


_ID, _RAW = _LOG_COLUMNS.index("id"), _LOG_COLUMNS.index("raw")


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
    logged: list[list[Any]] = field(default_factory=list)  # rows, and the line of each
    lines: list[Line] = field(default_factory=list)
    promised: list[tuple[Any, ...]] = field(default_factory=list)
    refused: list[Line] = field(default_factory=list)
    kept: list[Written] = field(default_factory=list)  # without effect: they may be what a window asks for
    held: list[tuple[str, Effect]] = field(default_factory=list)


def append_scope(
    pushing: Pushing, opened: OpenScope, arrived: Arrived
) -> tuple[dict[int, dict[str, Any]], ScopeAnswer]:
    """Take one scope's lines in. Gives outcomes by line number, and the stream as known now.

    1. The scope is locked; whoever else writes here waits.
    2. What is here already answers `duplicate`, or `entry_mismatch` when its bytes differ.
    3. The new entries are dated among their neighbours in the chain, which may date those as well.
    4. The chain is extended by what is new, in order of `n`; a hole or a fork blocks nothing.
    5. Plain additions go in as sets; edits, corrections and what waits go one by one, after them.
    6. Windows and log are written in the same transaction; counter and stream too, by `opened.save`.
    """
    session, scope, head = pushing.session, opened.scope, opened.head
    attested = arrived.attested
    fresh, repeated = _split(pushing, scope, arrived.lines)
    known = streams.from_json(head.head)
    fresh = _in_chain(known, fresh, repeated)
    settled = settle_times(session, head, known, pushing.dates, attested, fresh)
    feed = Feed(session, scope, pushing.seals, pushing.now_ms)
    applying = Applying(session, pushing.seals, scope, feed, pushing.now_ms)
    grown, is_new_fork = extended(known, _links(fresh))
    grown, placed = place_unreadable(pushing, applying, head, grown, attested)
    taken = _take_in(pushing, applying, fresh, _Arrival(arrived.assignment, head.gone_ms, settled.fresh))
    retime_records(applying, settled.changed)
    doubted = [one.event_ms for one in settled.fresh.values() if one.doubt]
    note_doubts(session, pushing.device, doubted, pushing.now_ms, pushing.book)
    if is_new_fork:
        _raise_fork(pushing, applying, head)
    reporting = close_stream(pushing, opened, grown, arrived)
    finish(applying, reporting, pushing.book)
    outcomes = {line.number: taken.outcomes[line.entry.id] for line in fresh if line.entry}
    outcomes.update(_answer_repeated(pushing, scope, repeated, taken))
    highest = streams.highest(grown)
    taken_in = [*placed, *(line.hash for line in fresh)]
    return outcomes, ScopeAnswer(highest[0], highest[1], streams.missing(grown), taken_in)


def _raise_fork(pushing: Pushing, applying: Applying, head: StreamHead) -> None:
    """A fork is shown once until a user has closed it."""
    if pushing.book.rows["escalation"] and not (head.forked and head.fork_closed_ms is None):
        tx = Tx(pushing.session, applying.seals, pushing.now_ms, pushing.book)
        raise_integrity(tx, applying.feed, pushing.device.id)
    head.fork_closed_ms = None


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
    known = {ids[index]: _Logged(*values) for index, *values in found}
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


class _Arrival(NamedTuple):
    """What a scope's lines come with: the assignment under which they do, when their device pulled `gone`, the interval of
    each line by its hash."""

    assignment: Assignment
    gone_ms: int | None
    times: Mapping[str, Interval]


def _take_in(pushing: Pushing, applying: Applying, fresh: list[Line], arrival: _Arrival) -> _Taken:
    """Apply what is new: plain additions first, as sets, then the rest in the order in which it was
    written."""
    session, taken = pushing.session, _Taken()
    writtens = list(_written(pushing, applying.scope, fresh, arrival))
    plain = [_is_plain(written.line) and _is_place_known(applying, written.line) for written in writtens]
    named = [w.entry.record for w in compress(writtens, plain) if w.line.kind.nature == "register"]
    existing = existing_records(applying, named) if not pushing.is_own else set[str]()
    later = []
    ended = arrival.assignment.ended_ms is not None
    gate = Gate(
        pushing.book.device_classes(local_date_of(pushing.now_ms)).get(pushing.device.device_class),
        pushing.stopped_ms,
        arrival.gone_ms if ended else None,
        about_erased(session, applying.scope, fresh),
    )
    facts: list[Written] = []  # since the last entry that was none
    for written, is_plain in zip(writtens, plain, strict=True):
        effect = None if gate.is_open and written.line.code is None else gate.stops(written)
        if effect is None and not is_plain:
            later.append(written)
        elif effect is None and written.line.kind.nature == "fact":
            facts.append(written)
        else:
            _add_facts(pushing, applying, facts, taken)
            _note(pushing, applying, written, effect or add_register(applying, written, existing), taken)
    _add_facts(pushing, applying, facts, taken)
    applying.write()
    for written in later:
        _note(pushing, applying, written, apply_entry(applying, written), taken)
    keep_refused(pushing, applying.scope.scope_id, taken.refused)
    keep_evidence(applying, taken.kept)
    hold(applying, taken.held)
    _keep_lines(pushing, applying.scope.scope_id, taken)
    bulk_insert(session, _LOG, _LOG_COLUMNS, taken.logged)
    count_lines(session, pushing.seals, applying.scope, [line.hash for line in fresh])
    bulk_insert(session, MediaPromise.__table__, PROMISE_COLUMNS, taken.promised)  # type: ignore[arg-type]
    if applying.scope.held and applying.done:
        release_held(applying, pushing.book)
    return taken


def _written(pushing: Pushing, scope: Scope, lines: Sequence[Line], arrival: _Arrival) -> Iterator[Written]:
    device_id, user_id, intervals = pushing.device_id, pushing.user_id, arrival.times
    for line in lines:
        entry = line.entry
        assert entry is not None
        times = intervals[line.hash]
        said_ms = entry.at.observed_ms
        later = None if said_ms is None else _observed(pushing, scope, arrival, times, said_ms)
        yield Written(line, entry, times, device_id, user_id, later)


def _observed(pushing: Pushing, scope: Scope, arrival: _Arrival, times: Interval, said_ms: int) -> Observed:
    site = pushing.session.get_one(Site, scope.scope_id)
    max_h = pushing.book.backfill_max_h(local_date_of(times.latest_ms))
    began_ms = max(site.made_ms, arrival.assignment.since_ms)
    return observed(said_ms, times.earliest_ms, times.latest_ms, max_h, began_ms)


def _add_facts(pushing: Pushing, applying: Applying, facts: list[Written], taken: _Taken) -> None:
    """Apply these facts, and empty the list."""
    scope_id, outcomes, logged = applying.scope.scope_id, taken.outcomes, taken.logged
    for seq, written in enumerate(facts, start=add_facts(applying, facts)):
        entry = written.entry
        outcomes[entry.id] = {"id": entry.id, "outcome": "applied", "rev": 1, "seq": seq}
        logged.append(_log_row(pushing, scope_id, written, ("applied", None, 1, seq)))
        taken.lines.append(written.line)
        if entry.media:
            taken.promised += promises_of(scope_id, entry)
    facts.clear()


def _is_plain(line: Line) -> bool:
    entry = line.entry
    is_addition = entry is not None and line.code is None and entry.act == "add" and not entry.needs
    return is_addition and entry is not None and not line.kind.own


def _is_place_known(applying: Applying, line: Line) -> bool:
    return line.place.id is None or not unknown_place(applying.places, line)


def _note(pushing: Pushing, applying: Applying, written: Written, effect: Effect, taken: _Taken) -> None:
    """Record an entry and its outcome; keep it where people see it when it was refused or is held."""
    entry, line, scope = written.entry, written.line, applying.scope
    taken.outcomes[entry.id] = effect.as_json(entry.id)
    if effect.outcome == "refused":
        line.code, line.errors = effect.code, effect.errors
        taken.refused.append(line)
        taken.kept.append(written)
    elif effect.outcome == "held":
        taken.held.append((entry.id, effect))
        taken.kept.append(written)
    outcome = (effect.outcome, effect.code, effect.rev, effect.seq)
    taken.logged.append(_log_row(pushing, scope.scope_id, written, outcome))
    taken.lines.append(line)
    if entry.media and effect.outcome != "refused":
        taken.promised += promises_of(scope.scope_id, entry)


def _keep_lines(pushing: Pushing, scope_id: str, taken: _Taken) -> None:
    """Let each row say what its line is, or where. A refused line may hold anything: it stays by itself, sealed."""
    stored = store_lines(
        pushing.session,
        pushing.seals,
        scope_id,
        [
            NewLine(row[_ID], line.raw, line.code is not None or line.kind.sealed, line.code is None)
            for row, line in zip(taken.logged, taken.lines, strict=True)
        ],
    )
    for row, raw in zip(taken.logged, stored, strict=True):
        row[_RAW] = raw


def _log_row(pushing: Pushing, scope_id: str, written: Written, outcome: tuple[Any, ...]) -> list[Any]:
    """An entry's row in the log, as _LOG_COLUMNS, its line aside. `outcome`: with its code, rev and seq."""
    line, entry, times, device_id, _, observed = written
    at = entry.at
    return [
        scope_id,
        entry.id,
        device_id,
        entry.n,
        entry.kind,
        entry.record,
        entry.act,
        bytes.fromhex(line.hash),
        b"",
        *outcome,
        pushing.exchange_id,
        pushing.now_ms,
        at.wall_ms,
        times.event_ms,
        times.bound_ms,
        times.grade,
        times.not_before_ms or None,
        observed is not None and observed.counts,
        times.earliest_ms,
        times.latest_ms,
        times.floor_ms or None,
        times.doubt,
        observed.at_ms if observed is not None else None,
        pushing.dates.boot_number(entry),
        at.up_ms,
        form_of(line),
    ]


def _answer_repeated(
    pushing: Pushing, scope: Scope, repeated: _Repeated, taken: _Taken
) -> dict[int, dict[str, Any]]:
    """The same bytes again are `duplicate`; other bytes under the same id change nothing and are kept aside."""
    outcomes: dict[int, dict[str, Any]] = {}
    refused = list(repeated.outside)
    for line in repeated.outside:
        line.code = "too_many_holes"
    seen = [(line, row.hash.hex(), _first(line, row)) for line, row in repeated.stored]
    for line, other in repeated.within:
        assert other.entry is not None
        seen.append((line, other.hash, taken.outcomes[other.entry.id]))
    for line, hash, first in seen:
        if line.hash == hash:
            named: dict[str, Any] = {name: first[name] for name in ("rev", "seq", "code") if name in first}
            again = {"id": first["id"], "outcome": "duplicate", "first": first["outcome"], **named}
            outcomes[line.number] = again
        else:
            line.code, line.errors = "entry_mismatch", {"/id": ["这个编号已经用于另一条内容不同的记录。"]}
            refused.append(line)
    keep_refused(pushing, scope.scope_id, refused)
    outcomes.update((line.number, refused_outcome(line)) for line in refused)
    return outcomes


def _first(line: Line, row: _Logged) -> dict[str, Any]:
    """The outcome that an entry of the log has."""
    assert line.entry is not None
    return Effect(row.outcome, row.rev, row.seq, row.code).as_json(line.entry.id)

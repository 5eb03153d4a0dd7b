"""Current state is a view of the log: replay the log somewhere else and compare, or put right what
differs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.kinds import SERVER_KINDS
from server.actions.duties.follow_coverage import Day, made_again, stored_days
from server.actions.erasure.erasure_seal import erased_lines, erased_state, is_signed, state_tally
from server.actions.records.feed import Feed, Put, signed
from server.actions.records.registers import REGISTERS, state_aad
from server.actions.records.segments import read_bodies, read_body
from server.actions.reference.load_reference import rules_in_force
from server.actions.sync.apply_entry import apply_entry
from server.actions.sync.log_lines import logged_lines
from server.actions.sync.promise_media import PROMISE_COLUMNS, promises_of
from server.actions.sync.read_push import prev_of
from server.actions.sync.release_held import written_again
from server.actions.sync.values import Applying, Written
from server.base.db import Base, bulk_insert
from server.base.problems import Problem
from server.base.seal import Seals, is_sealed
from server.models.coverage import forget_days
from server.models.device import Device, StreamHead
from server.models.entry import ANY_KIND, LogEntry, scope_log
from server.models.erasure import ErasedRecord, ErasureSeal, erasures_under_way
from server.models.media import MediaPromise
from server.models.place import place_values
from server.models.record import FormRegister, Record
from server.models.scope import Scope, lock_scope
from sync_protocol import stream as streams
from sync_protocol.digest import record_digest
from sync_protocol.outcomes import EFFECTIVE, HELD

_KIND_OF: dict[type[Any], str] = {register.model: kind for kind, register in REGISTERS.items()}
_MODELS: tuple[type[Any], ...] = (*_KIND_OF, FormRegister)
_JUDGED_BY = (
    "event_ms",
    "earliest_ms",
    "latest_ms",
    "observed_ms",
    "subject",
    "maybe_places",
    "slot",
    "backfilled",
    "amends",
    "timed_by",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between the database and its log. `what`: record, register, promise, stream,
    count, digest, seq, coverage, erased."""

    scope: str
    what: str
    id: str
    stored: str
    rebuilt: str


def check_scope(session: Session, seals: Seals, scope_id: str) -> Iterator[Difference]:
    """What differs between a scope's stored state and its log replayed into an empty database. What was erased is
    compared with the state that was signed for it."""
    scope = session.get_one(Scope, scope_id)
    gone = gone_of(session, scope_id)
    with _scratch() as scratch:
        passed_over = replay(session, scratch, seals, scope_id, gone)
        yield from _compare(
            scope, "record", _records(session, seals, scope_id, gone), _records(scratch, seals, scope_id)
        )
        yield from _compare(
            scope,
            "register",
            _registers(session, seals, scope_id, gone),
            _registers(scratch, seals, scope_id),
        )
        promised = _promises(session, scope_id, passed_over)
        yield from _compare(scope, "promise", promised, _promises(scratch, scope_id))
    yield from _compare(scope, "stream", _heads(session, scope_id), _heads_of_log(session, seals, scope_id))
    yield from _check_counters(session, scope)
    yield from _check_coverage(session, scope)
    yield from _check_erased(session, seals, scope)


@dataclass(frozen=True, slots=True)
class Gone:
    """The records of a scope that are erased. `under_way`: some of their lines may still be here."""

    ids: frozenset[str] = frozenset()
    under_way: bool = False

    def passes_over(self, written: Written) -> bool:
        """Whether the entry is about one of them and waits to be erased."""
        entry = written.entry
        return self.under_way and not self.ids.isdisjoint({entry.record, entry.amends, written.line.subject})

    def leaves_out(self, row: Record) -> bool:
        """Whether a stored record is one that the log need not explain."""
        is_buried = row.id in self.ids and (self.under_way or row.deleted_ms is not None)
        return is_buried or (self.under_way and row.subject in self.ids)


NOBODY = Gone()


def gone_of(session: Session, scope_id: str) -> Gone:
    """What was erased in a scope, and what is being erased right now."""
    query = sa.select(ErasedRecord.id).where(ErasedRecord.scope_id == scope_id)
    return Gone(frozenset(session.scalars(query)), erasures_under_way(session, scope_id))


def repair_scope(session: Session, seals: Seals, scope_id: str, now_ms: int) -> int:
    """Set records, workers, streams and counters to what the log says; tablets get what changed. Gives how many
    differed. Raises Problem 409 while somebody's data is being erased."""
    differing = list(check_scope(session, seals, scope_id))
    scope = lock_scope(session, scope_id)
    assert scope is not None
    gone = gone_of(session, scope_id)
    if gone.under_way:
        raise Problem("erasure_under_way")
    with _scratch() as scratch:
        replay(session, scratch, seals, scope_id, gone)
        feed = Feed(session, scope, seals, now_ms)
        for model in _MODELS:
            for row in scratch.scalars(sa.select(model)):
                session.merge(model(**_columns(row)))
        session.execute(sa.delete(MediaPromise).where(MediaPromise.scope_id == scope_id))
        session.add_all(MediaPromise(**_columns(row)) for row in scratch.scalars(sa.select(MediaPromise)))
        wrong = {difference.id for difference in differing if difference.what == "record"}
        records = [row for row in scratch.scalars(sa.select(Record)) if row.id in wrong]
        # The feed changes what is served; what duties are judged by is from the log alone.
        for row in records:
            mine = sa.update(Record).where(Record.scope_id == scope_id, Record.id == row.id)
            session.execute(mine.values({name: getattr(row, name) for name in _JUDGED_BY}))
        feed.put([_put(scratch, seals, row) for row in records])
        here = set(scratch.scalars(sa.select(Record.id)))
        feed.delete([key for key in wrong if key not in here])
        feed.flush()
    for device_id, head in _heads_of_log(session, seals, scope_id).items():
        stored = session.get_one(StreamHead, (scope_id, device_id))
        stored.head = msgspec.json.decode(head)
        stored.forked = bool(stored.head["forked"])
    scope.live, scope.digest, scope.seq = _counted(session, scope)
    session.flush()
    forget_days(session, scope_id, {one.id for one in _check_coverage(session, scope)})  # by what is here now
    return len(differing)


def replay(session: Session, scratch: Session, seals: Seals, scope_id: str, gone: Gone) -> set[str]:
    """Apply what took effect, in the same order, to an empty scope of another database. Erased lines are skipped. Gives
    the entries that were passed over."""
    passed_over: set[str] = set()
    fresh = Scope(scope_id=scope_id, kind="site", seq=0, live=0, digest=0, epoch="", floor_seq=0, held=0)
    scratch.add(fresh)
    scratch.flush()
    users = dict(session.execute(sa.select(Device.id, Device.user_id)).all())
    kinds = rules_in_force(session).kinds
    applying = Applying(scratch, seals, fresh, Feed(scratch, fresh, seals, 0), 0)
    applying.known_places = place_values(session, scope_id)
    in_log = (LogEntry.scope_id == scope_id, LogEntry.outcome.in_((*EFFECTIVE, HELD)))
    query = sa.select(LogEntry).where(*in_log).order_by(LogEntry.seq)
    for row, raw in _with_lines(session, seals, session.scalars(query.execution_options(yield_per=500))):
        written = written_again(raw, row, users[row.device_id], kinds) if raw else None
        if written is None or gone.passes_over(written):
            passed_over.add(row.id)
            continue
        promised = promises_of(scope_id, written.entry)
        bulk_insert(scratch, MediaPromise.__table__, PROMISE_COLUMNS, promised)  # type: ignore[arg-type]
        if row.outcome != HELD:
            apply_entry(applying, written, forced=True)
        applying.touches.clear()
    applying.feed.flush()
    return passed_over


def _with_lines(
    session: Session, seals: Seals, rows: sa.ScalarResult[LogEntry]
) -> Iterator[tuple[LogEntry, bytes]]:
    for some in rows.partitions():
        yield from zip(some, logged_lines(session, seals, some), strict=True)


class _Scratch:
    """An empty database in memory that goes away again."""

    def __enter__(self) -> Session:
        self._engine = sa.create_engine("sqlite://")
        with self._engine.connect() as connection:
            _sqlite_of(connection).deserialize(_empty_database())
        self._session = Session(self._engine, expire_on_commit=False)
        return self._session

    def __exit__(self, *_: object) -> None:
        self._session.close()
        self._engine.dispose()


def _scratch() -> _Scratch:
    return _Scratch()


@cache
def _empty_database() -> bytes:
    """All tables, empty. Made once: their statements take longer than to replay a site of some days."""
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with engine.connect() as connection:
        made: bytes = _sqlite_of(connection).serialize()
    engine.dispose()
    return made


def _sqlite_of(connection: sa.Connection) -> Any:
    return connection.connection.driver_connection


def _compare(
    scope: Scope, what: str, stored: dict[str, str], rebuilt: dict[str, str]
) -> Iterator[Difference]:
    for key in sorted(stored.keys() | rebuilt.keys()):
        if stored.get(key) != rebuilt.get(key):
            yield Difference(scope.name, what, key, stored.get(key, "-"), rebuilt.get(key, "-"))


def _records(session: Session, seals: Seals, scope_id: str, gone: Gone = NOBODY) -> dict[str, str]:
    """Each record that devices wrote, as text to compare: never printed, it holds what people wrote."""
    query = sa.select(Record).where(Record.scope_id == scope_id, Record.kind.not_in(SERVER_KINDS))
    found = {}
    for some in session.scalars(query.order_by(Record.seq).execution_options(yield_per=1000)).partitions():
        rows = [row for row in some if not gone.leaves_out(row)]
        live = [row for row in rows if row.deleted_ms is None]
        bodies = {
            row.id: msgspec.json.decode(body)
            for row, body in zip(live, read_bodies(session, seals, scope_id, live), strict=True)
        }
        for row in rows:
            times = (row.event_ms, row.earliest_ms, row.latest_ms, row.observed_ms)
            found[row.id] = repr(
                (
                    row.kind,
                    times,
                    row.subject,
                    row.maybe_places,
                    row.slot,
                    bool(row.counts),
                    _sorted(bodies.get(row.id)),
                )
            )
    return found


def _registers(session: Session, seals: Seals, scope_id: str, gone: Gone = NOBODY) -> dict[str, str]:
    """What is held of each register alongside its record, opened, as text to compare: never printed."""
    found = {}
    for model in _MODELS:
        for row in session.scalars(sa.select(model).where(model.scope_id == scope_id)):
            if gone.under_way and row.id in gone.ids:
                continue
            kind = row.kind if isinstance(row, FormRegister) else _KIND_OF[model]
            state = _sorted(msgspec.json.decode(seals.open(state_aad(kind, row.id), row.state)))
            own = {
                name: value
                for name, value in _columns(row).items()
                if name not in ("state", "stamps", "check_ms")
            }
            found[row.id] = repr((state, sorted(own.items())))
    return found


def _promises(session: Session, scope_id: str, without: Collection[str] = ()) -> dict[str, str]:
    rows = session.scalars(sa.select(MediaPromise).where(MediaPromise.scope_id == scope_id))
    return {f"{row.entry_id} {row.sha256}": str(row.bytes) for row in rows if row.entry_id not in without}


def _heads(session: Session, scope_id: str) -> dict[str, str]:
    rows = session.scalars(sa.select(StreamHead).where(StreamHead.scope_id == scope_id))
    return {row.device_id: _text(row.head) for row in rows if row.head["n"] or row.head["islands"]}


def _heads_of_log(session: Session, seals: Seals, scope_id: str) -> dict[str, str]:
    """The streams as the log has them, delivered again as they came: of two lines at one number the first has the place.
    `prev` is in the line itself, so the chain is read from the lines' own words."""
    came: dict[str, tuple[int, str]] = {}
    chains: dict[str, dict[int, list[streams.Link]]] = {}
    unread: dict[str, set[int]] = {}
    stored = {
        row.device_id: row
        for row in session.scalars(sa.select(StreamHead).where(StreamHead.scope_id == scope_id))
    }
    erased = erased_lines(session, scope_id)
    for row, raw in _with_lines(session, seals, scope_log(session, scope_id)):
        chain = chains.setdefault(row.device_id, {})
        if row.kind == ANY_KIND:  # it could not be read, and its index in the chain is known by its hash
            unread.setdefault(row.device_id, set()).add(row.n)
        gone = erased.get(row.id)
        prev = gone.prev if gone is not None else prev_of(raw)
        chain.setdefault(row.n, []).append(streams.Link(row.n, prev, row.hash.hex()))
        came[row.hash.hex()] = (row.received_ms, row.exchange_id)
    heads = {}
    for device_id, chain in chains.items():
        for n in sorted(unread.get(device_id, ())):
            before = chain[n - 1][0].hash if n - 1 in chain else ""
            chain[n] = [link._replace(prev=before) for link in chain[n]]
        links = [link for some in chain.values() for link in some]
        grown = streams.Stream()
        for _, together in groupby(
            sorted(links, key=lambda link: came[link.hash]), lambda link: came[link.hash]
        ):
            grown = streams.extend(grown, together)
        head = streams.to_json(grown)
        head["forked"] = head["forked"] or bool(
            stored[device_id].forked
        )  # which of two came first, the log can't say
        heads[device_id] = _text(head)
    return heads


def _check_counters(session: Session, scope: Scope) -> Iterator[Difference]:
    live, digest, seq = _counted(session, scope)
    for what, stored, rebuilt in (
        ("count", scope.live, live),
        ("digest", scope.digest, digest),
        ("seq", scope.seq, seq),
    ):
        if stored != rebuilt:
            yield Difference(scope.name, what, "", str(stored), str(rebuilt))


def _check_coverage(session: Session, scope: Scope) -> Iterator[Difference]:
    """Each kept day is what its records say. `id` is its local date."""
    for stored in stored_days(session, scope.scope_id):
        again = made_again(session, scope.scope_id, stored)
        if (stored.tallies, stored.people) != (again.tallies, again.people):
            yield Difference(scope.name, "coverage", stored.local_date, *map(_counts, (stored, again)))


def _counts(day: Day) -> str:
    return f"{len(day.people)} workers, {[sorted(tally.items()) for tally in day.tallies]}"


def _check_erased(session: Session, seals: Seals, scope: Scope) -> Iterator[Difference]:
    """The state that the erased lines left is the one that was signed, and none of their records is back."""
    kept = session.get(ErasureSeal, scope.scope_id)
    state = erased_state(session, seals, scope.scope_id)
    is_as_signed = (
        is_signed(seals, scope, kept) and state == state_tally(kept) if kept is not None else not state.events
    )
    if not is_as_signed:
        stored = kept.state_digest if kept is not None else "-"
        yield Difference(scope.name, "erased", "", stored, f"{state.sum:032x}")
    same = sa.and_(Record.scope_id == ErasedRecord.scope_id, Record.id == ErasedRecord.id)
    buried = (ErasedRecord.scope_id == scope.scope_id, ErasedRecord.rev.is_not(None))
    query = sa.select(Record.id).join(ErasedRecord, same).where(*buried, Record.deleted_ms.is_(None))
    for key in session.scalars(query):
        yield Difference(scope.name, "erased", key, "here", "-")


def _counted(session: Session, scope: Scope) -> tuple[int, int, int]:
    """Live records, digest, and the counter, which never goes back."""
    live = total = 0
    highest = scope.seq
    query = sa.select(Record.kind, Record.id, Record.rev, Record.seq, Record.deleted_ms)
    for kind, key, rev, seq, deleted_ms in session.execute(query.where(Record.scope_id == scope.scope_id)):
        highest = max(highest, seq)
        if deleted_ms is None:
            live += 1
            total += record_digest(kind, key, rev)
    return live, signed(total), highest


def _put(session: Session, seals: Seals, row: Record) -> Put:
    body = read_body(session, seals, row)
    put = Put(row.kind, row.id, body, row.event_ms, row.subject, row.slot, row.counts)
    put.earliest_ms, put.latest_ms, put.observed_ms = row.earliest_ms, row.latest_ms, row.observed_ms
    put.amends, put.timed_by, put.sealed = row.amends, row.timed_by, not row.body or is_sealed(row.body)
    put.maybe_places = row.maybe_places
    return put


def _columns(row: Base) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__mapper__.columns}


def _sorted(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _text(head: dict[str, Any]) -> str:
    return _sorted(head)

"""What this tablet wrote: numbered, chained, kept until the server has signed for it, and a while longer.

A row is `waiting` (no outcome yet, or `retry`) or `settled`. Its line never changes. Settled lines stay
for `KEPT_MS` after a receipt covers them, so that a hole can be refilled and a server restored from a
backup made whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync_protocol.client.answers import Outcome, PushAnswer, StreamAnswer
from sync_protocol.client.reports import TabletError
from sync_protocol.client.store import Store
from sync_protocol.entry import SCHEMAS, At, Entry, Refusal, read_entry, write_entry
from sync_protocol.outcomes import FINAL

SCHEMA = SCHEMAS[-1]  # of every line that is written now
KEPT_MS = 7 * 24 * 3600 * 1000
# Refused without a place in the chain: sending it again changes nothing.
_NEVER_AGAIN = ("unreadable", "line_too_long")


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it has a place in its stream."""

    id: str
    scope: str
    act: str
    kind: str
    record: str
    at: At
    body: Mapping[str, Any]
    base: int | None = None
    amends: str | None = None
    reason: str | None = None
    needs: tuple[str, ...] = ()
    media: tuple[Mapping[str, Any], ...] = ()
    form: int | None = None

    def placed(self, n: int, prev: str) -> Entry:
        """The entry as number `n` of its stream, after the line with the hash `prev`."""
        return Entry(
            self.id, self.scope, n, prev, self.kind, self.record, self.act, self.at, self.body, self.base,
            self.amends, self.reason, self.needs, self.media, self.form,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """A waiting line on its way up."""

    seq: int
    scope: str
    n: int
    id: str
    hash: str
    line: bytes
    schema: str


@dataclass(frozen=True, slots=True)
class StreamClaim:
    """What a push says about one scope: the last `n` sent up to and with it, its hash, and how many stay
    behind. `gone`: it was made after the scope's `gone` had been pulled."""

    n: int
    hash: str
    unsent: int
    gone: bool = False


def append(store: Store, draft: Draft) -> str:
    """Gives the draft the next place in its stream and keeps its line, in one transaction. Returns the
    entry's id.

    The overlay that `list` shows is this same row. Raises TabletError `scope_gone`, also while a scope that
    is gone waits for its last push, and the code with which any server would refuse the line (`unreadable`,
    `line_too_long`, `bad_act`): it must not take a number.
    """
    with store.transaction() as sql:
        sql.execute("INSERT INTO scope (scope) VALUES (?) ON CONFLICT DO NOTHING", (draft.scope,))
        head = sql.execute("SELECT * FROM scope WHERE scope = ?", (draft.scope,)).fetchone()
        if not head["active"] or head["gone"]:
            raise TabletError("scope_gone")
        n = head["n"] + 1
        line, digest = _line(draft, n, head["hash"])
        sql.execute(
            "INSERT INTO outbox (scope, n, id, kind, record, act, line, hash, schema)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (draft.scope, n, draft.id, draft.kind, draft.record, draft.act, line, digest, SCHEMA),
        )
        sql.execute("UPDATE scope SET n = ?, hash = ? WHERE scope = ?", (n, digest, draft.scope))
    return draft.id


def _line(draft: Draft, n: int, prev: str) -> tuple[bytes, str]:
    """The draft's line and its hash, as the strict reader of every server takes it. Raises TabletError."""
    try:
        line = write_entry(draft.placed(n, prev))
        return line, read_entry(line).hash
    except Refusal as refusal:
        message = "; ".join(
            f"{pointer} {' '.join(texts)}".strip() for pointer, texts in refusal.errors.items()
        )
        raise TabletError(refusal.code, message) from refusal
    except (ValueError, TypeError, RecursionError) as error:
        raise TabletError("unreadable") from error


def unsettled_maker(store: Store, scope: str, record: str) -> str | None:
    """The entry that makes this record, while the server has not applied it: whatever builds on it must
    name it."""
    row = store.sql.execute(
        "SELECT id FROM outbox WHERE record = ? AND scope = ? AND act IN ('add', 'amend')"
        " AND (state = 'waiting' OR outcome = 'held') ORDER BY seq LIMIT 1",
        (record, scope),
    ).fetchone()
    return None if row is None else str(row["id"])


def next_batch(store: Store, skip: Collection[int], max_entries: int, max_bytes: int) -> list[Held]:
    """The oldest waiting lines that are not in `skip`, of one schema and within both limits; at least one if
    there is any."""
    batch: list[Held] = []
    used_bytes = 0
    query = "SELECT seq, scope, n, id, hash, line, schema FROM outbox WHERE state = 'waiting' ORDER BY seq"
    for row in store.sql.execute(query):
        if row["seq"] in skip:
            continue
        used_bytes += len(row["line"]) + 1
        full = used_bytes > max_bytes or len(batch) >= max_entries
        if batch and (full or row["schema"] != batch[0].schema):
            break
        batch.append(Held(*row))
    return batch


def claims(store: Store, batch: Sequence[Held]) -> dict[str, StreamClaim]:
    """What to attest of every scope that this tablet holds, empty streams included, and one that is gone until
    it is purged: silence about a scope would look like a tablet that was not heard from. `unsent` counts what
    is held beyond the batch at this very moment: claiming too few would let the server call a duty missed
    whose record is here."""
    tops = {held.scope: (held.n, held.hash) for held in sorted(batch, key=lambda held: held.n)}
    claimed: dict[str, StreamClaim] = {}
    with store.snapshot() as sql:
        waiting = waiting_by_scope(store)
        going = _still_waiting(store, batch)
        for row in sql.execute("SELECT scope, acked_n, acked_hash, active, gone FROM scope ORDER BY scope"):
            scope = row["scope"]
            if row["active"] or waiting.get(scope):
                n, digest = max((row["acked_n"], row["acked_hash"]), tops.get(scope, (0, "")))
                unsent = waiting.get(scope, 0) - going.get(scope, 0)
                claimed[scope] = StreamClaim(n, digest, unsent, bool(row["gone"]))
    return claimed


def _still_waiting(store: Store, batch: Sequence[Held]) -> dict[str, int]:
    """How many of the batch are waiting: another process may have settled some since they were read."""
    marks = ",".join("?" * len(batch))
    rows = store.sql.execute(
        f"SELECT scope, count(*) AS going FROM outbox WHERE state = 'waiting' AND seq IN ({marks})"
        " GROUP BY scope",
        [held.seq for held in batch],
    )
    return {row["scope"]: row["going"] for row in rows}


def waiting_by_scope(store: Store) -> dict[str, int]:
    rows = store.sql.execute(
        "SELECT scope, count(*) AS waiting FROM outbox WHERE state = 'waiting' GROUP BY scope"
    )
    return {row["scope"]: row["waiting"] for row in rows}


def note_left(store: Store, claims: Mapping[str, StreamClaim], answer: PushAnswer) -> None:
    """The server knows now that nothing is unsent in scopes that were gone when this was declared; to be
    called inside a transaction, after `settle`. One that is not in the answer failed there, and is declared
    again."""
    store.sql.executemany(
        "UPDATE scope SET gone = 2 WHERE scope = ? AND gone = 1",
        [
            (name,)
            for name, claim in claims.items()
            if claim.gone and claim.unsent == 0 and name in answer.streams
        ],
    )


def settle(
    store: Store, batch: Sequence[Held], answer: PushAnswer, tried: Collection[int], now_ms: int
) -> dict[str, int]:
    """Applies an answer whose receipt was verified; to be called inside a transaction. Returns outcomes
    counted.

    1 outcomes clear their entries, except `retry` and words that nobody knows; 2 holes and what a restored
    server lost go back to waiting, unless they were tried in this push already; 3 lines that are not needed
    again are deleted.
    """
    counted = _settle_outcomes(store, batch, answer.outcomes, now_ms)
    for scope, stream in answer.streams.items():
        _settle_stream(store, scope, stream, tried)
    store.sql.execute(
        "DELETE FROM outbox WHERE state = 'settled' AND outcome <> 'refused' AND shown = 0 AND settled_ms < ?"
        " AND n <= (SELECT receipt_n FROM scope WHERE scope.scope = outbox.scope)",
        (now_ms - KEPT_MS,),
    )
    return counted


def _settle_outcomes(
    store: Store, batch: Sequence[Held], outcomes: Iterable[Outcome], now_ms: int
) -> dict[str, int]:
    by_id = {held.id: held for held in batch}
    counted: dict[str, int] = {}
    done: list[tuple[Any, ...]] = []
    heads: dict[str, Held] = {}
    for outcome in outcomes:
        held = by_id.pop(outcome.id, None) if outcome.id else _by_line(batch, outcome.line)
        if held is None:
            continue  # an answer about something that was not asked
        counted[outcome.outcome] = counted.get(outcome.outcome, 0) + 1
        if outcome.outcome not in FINAL:
            continue
        shown = int(outcome.outcome != "refused")
        done.append((shown, outcome.outcome, outcome.code, outcome.errors, outcome.rev, now_ms, held.seq))
        if held.scope not in heads or heads[held.scope].n < held.n:
            heads[held.scope] = held
    store.sql.executemany(
        "UPDATE outbox SET state = 'settled', shown = ?, outcome = ?, code = ?, errors = ?, rev = ?,"
        " settled_ms = ? WHERE seq = ?",
        done,
    )
    store.sql.executemany(
        "UPDATE scope SET acked_n = ?, acked_hash = ? WHERE scope = ? AND acked_n < ?",
        [(held.n, held.hash, scope, held.n) for scope, held in heads.items()],
    )
    return counted


def _by_line(batch: Sequence[Held], line: int | None) -> Held | None:
    return batch[line - 1] if line is not None and 1 <= line <= len(batch) else None


def _settle_stream(store: Store, scope: str, stream: StreamAnswer, tried: Collection[int]) -> None:
    """Compares the server's end of the stream with ours and puts back what it lacks, as far as we still
    hold it."""
    row = store.sql.execute("SELECT n, acked_n FROM scope WHERE scope = ?", (scope,)).fetchone()
    if row is None:
        return
    covered = min([stream.n, *(n - 1 for n in stream.missing)])
    store.sql.execute(
        "UPDATE scope SET receipt_n = ?, trouble = ? WHERE scope = ?",
        (covered, _trouble(store, scope, row["n"], stream), scope),
    )
    first_lost = min([stream.n + 1, *stream.missing])
    if first_lost > row["acked_n"]:
        return
    kept = store.sql.execute(
        "SELECT seq, n FROM outbox WHERE scope = ? AND n >= ? AND state = 'settled' AND code NOT IN (?, ?)"
        " AND length(line) > 0",
        (scope, first_lost, *_NEVER_AGAIN),
    ).fetchall()
    holes = set(stream.missing)
    again = [(held["seq"],) for held in kept if held["n"] > stream.n or held["n"] in holes]
    store.sql.executemany(
        "UPDATE outbox SET state = 'waiting', shown = 1 WHERE seq = ?",
        [one for one in again if one[0] not in tried],
    )


def _trouble(store: Store, scope: str, n: int, stream: StreamAnswer) -> str | None:
    """What only a person can repair: this file was restored from a copy, or the two chains are not the
    same."""
    if stream.n > n:
        return "server_ahead"
    row = store.sql.execute("SELECT hash FROM outbox WHERE scope = ? AND n = ?", (scope, stream.n)).fetchone()
    if row is not None and row["hash"] != stream.hash:
        return "chain_differs"
    return None

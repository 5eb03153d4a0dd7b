"""What the server sent down, and the view that the user gets: pulled records with this tablet's own work
over them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sync_protocol.client.reports import Item
from sync_protocol.client.store import Store
from sync_protocol.digest import record_digest, to_hex
from sync_protocol.reference import in_force

RESET_PAUSE_MS = 3600 * 1000  # a digest that differs even after a reset must not download the site for ever
HELD_MS = 7 * 24 * 3600 * 1000  # the server applies a held entry after 5 days: by then a pull has brought it
_MASK = 2**64 - 1
_IN_MAX = 500

Key = tuple[str, str]  # (id, kind)


@dataclass(frozen=True, slots=True)
class Change:
    """A put (`line` is the server's line) or a del (`line` is None) of one record."""

    rev: int
    line: bytes | None


@dataclass(slots=True)
class Segment:
    """What came for one scope since its last checkpoint: the latest change of each record."""

    reset: bool = False
    changes: dict[Key, Change] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`count` and `digest` are there when the scope has caught up."""

    scope: str
    cursor: str
    count: int | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """`kept` is False when another process moved the cursor meanwhile, and nothing was stored."""

    kept: bool
    matched: bool = True
    reset_wanted: bool = False


def cursors(store: Store) -> dict[str, str]:
    """The cursor of each scope that was pulled and not purged."""
    rows = store.sql.execute("SELECT scope, cursor FROM scope WHERE active = 1 ORDER BY scope")
    return {row["scope"]: row["cursor"] for row in rows}


def settled_overlays(store: Store) -> dict[str, list[int]]:
    """By scope, the acknowledged entries that still lie over the records: a pull begun now brings what they
    did. Not those of a scope that is gone, of which nothing comes any more."""
    found: dict[str, list[int]] = {}
    for row in store.sql.execute(
        "SELECT scope, seq FROM outbox WHERE shown = 1 AND state = 'settled' AND outcome <> 'held'"
        " AND scope NOT IN (SELECT scope FROM scope WHERE gone > 0)"
    ):
        found.setdefault(row["scope"], []).append(row["seq"])
    return found


def commit(
    store: Store,
    segment: Segment,
    checkpoint: Checkpoint,
    expected: str,
    overlays: Collection[int],
    now_ms: int,
) -> Stored:
    """Stores a segment and its checkpoint in one transaction, if the scope's cursor is still `expected`.

    1 a reset makes what is there stale, without hiding it; 2 changes are laid down, count and digest
    follow them; 3 own entries that the changes contain stop overlaying; 4 when caught up, stale rows go,
    and count and digest are compared: a difference empties the cursor, which asks for a reset, at most
    once in RESET_PAUSE_MS. The outbox's lines are never touched.
    """
    with store.transaction() as sql:
        sql.execute("INSERT INTO scope (scope) VALUES (?) ON CONFLICT DO NOTHING", (checkpoint.scope,))
        row = sql.execute("SELECT * FROM scope WHERE scope = ?", (checkpoint.scope,)).fetchone()
        if row["cursor"] != expected:
            return Stored(kept=False)
        live, total = row["live"], int(row["digest"], 16)
        if segment.reset:
            sql.execute("UPDATE record SET stale = 1 WHERE scope = ?", (checkpoint.scope,))
            live, total = 0, 0
        live, total = _lay_down(sql, checkpoint.scope, segment.changes, live, total)
        _land_by_rev(sql, checkpoint.scope, segment.changes)
        _clear_refused(sql, checkpoint.scope, segment.changes)
        stored = Stored(kept=True)
        if checkpoint.count is not None:
            sql.execute("DELETE FROM record WHERE scope = ? AND stale = 1", (checkpoint.scope,))
            _land_caught_up(sql, checkpoint.scope, overlays, now_ms)
            stored = _judge(row, checkpoint, live, total, now_ms)
            _note_judgement(sql, checkpoint.scope, stored, now_ms)
        sql.execute(
            "UPDATE scope SET cursor = ?, live = ?, digest = ?, active = 1, gone = 0 WHERE scope = ?",
            ("" if stored.reset_wanted else checkpoint.cursor, live, to_hex(total), checkpoint.scope),
        )
    return stored


def _lay_down(
    sql: sqlite3.Connection, scope: str, changes: Mapping[Key, Change], live: int, total: int
) -> tuple[int, int]:
    """Writes the changes and returns the count and the digest sum after them."""
    for (record, kind), rev in _revs(sql, scope, [record for record, _ in changes]).items():
        if (record, kind) in changes:
            live, total = live - 1, total - record_digest(kind, record, rev)
    puts = [
        (scope, record, kind, change.rev, change.line)
        for (record, kind), change in changes.items()
        if change.line
    ]
    dels = [(scope, record, kind) for (record, kind), change in changes.items() if change.line is None]
    for _, record, kind, rev, _line in puts:
        live, total = live + 1, total + record_digest(kind, record, rev)
    sql.executemany(
        "INSERT INTO record (scope, id, kind, rev, line) VALUES (?, ?, ?, ?, ?) ON CONFLICT (scope, id, kind)"
        " DO UPDATE SET rev = excluded.rev, line = excluded.line, stale = 0",
        puts,
    )
    sql.executemany("DELETE FROM record WHERE scope = ? AND id = ? AND kind = ?", dels)
    return live, total & _MASK


def _revs(sql: sqlite3.Connection, scope: str, records: list[str]) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for start in range(0, len(records), _IN_MAX):
        some = records[start : start + _IN_MAX]
        marks = ",".join("?" * len(some))
        query = f"SELECT id, kind, rev FROM record WHERE scope = ? AND stale = 0 AND id IN ({marks})"
        found.update({(row["id"], row["kind"]): row["rev"] for row in sql.execute(query, (scope, *some))})
    return found


def _land_by_rev(sql: sqlite3.Connection, scope: str, changes: Mapping[Key, Change]) -> None:
    """Own entries whose effect the pulled record already contains lie over it no longer."""
    over = sql.execute(
        "SELECT seq, record, kind, rev, outcome FROM outbox"
        " WHERE scope = ? AND shown = 1 AND state = 'settled'",
        (scope,),
    ).fetchall()
    landed = []
    for row in over:
        change = changes.get((row["record"], row["kind"]))
        if change is not None and (
            row["outcome"] == "held" or (row["rev"] is not None and row["rev"] <= change.rev)
        ):
            landed.append((row["seq"],))
    sql.executemany("UPDATE outbox SET shown = 0 WHERE seq = ?", landed)


def _clear_refused(sql: sqlite3.Connection, scope: str, changes: Mapping[Key, Change]) -> None:
    """A put whose id is an entry that was refused here: it was validated again since, and took effect."""
    puts = [(scope, record) for (record, _), change in changes.items() if change.line is not None]
    sql.executemany(
        "UPDATE outbox SET outcome = 'applied', code = '', errors = '{}'"
        " WHERE scope = ? AND id = ? AND state = 'settled' AND outcome = 'refused'"
        " AND code <> 'entry_mismatch'",  # then the put is what another line said under this id
        puts,
    )


def _land_caught_up(sql: sqlite3.Connection, scope: str, overlays: Collection[int], now_ms: int) -> None:
    """A pull that has caught up holds everything that was acknowledged before it began."""
    sql.executemany(
        "UPDATE outbox SET shown = 0 WHERE seq = ? AND scope = ? AND state = 'settled'",
        [(seq, scope) for seq in overlays],
    )
    sql.execute(
        "UPDATE outbox SET shown = 0 WHERE scope = ? AND state = 'settled' AND outcome = 'held'"
        " AND settled_ms < ?",
        (scope, now_ms - HELD_MS),
    )


def _judge(row: sqlite3.Row, checkpoint: Checkpoint, live: int, total: int, now_ms: int) -> Stored:
    matched = live == checkpoint.count and to_hex(total) == checkpoint.digest
    asked_ms = row["reset_asked_ms"]
    pausing = asked_ms is not None and abs(now_ms - asked_ms) < RESET_PAUSE_MS
    return Stored(kept=True, matched=matched, reset_wanted=not matched and not pausing)


def _note_judgement(sql: sqlite3.Connection, scope: str, stored: Stored, now_ms: int) -> None:
    sql.execute(
        "UPDATE scope SET caught_up_ms = ?, mismatched = ? WHERE scope = ?",
        (now_ms, int(not stored.matched), scope),
    )
    if stored.reset_wanted:
        sql.execute("UPDATE scope SET reset_asked_ms = ? WHERE scope = ?", (now_ms, scope))


def note_gone(store: Store, gone: Collection[str]) -> bool:
    """From now on nothing is written in these scopes. Returns whether all of them can be purged."""
    with store.transaction() as sql:
        sql.executemany(
            "UPDATE scope SET gone = 1 WHERE scope = ? AND active = 1 AND gone = 0",
            [(scope,) for scope in gone],
        )
        return all(_is_left(sql, scope) for scope in gone)


def _is_left(sql: sqlite3.Connection, scope: str) -> bool:
    """Whether the server was notified, since `gone` was pulled, that nothing is unsent, and nothing is."""
    row = sql.execute("SELECT active, gone FROM scope WHERE scope = ?", (scope,)).fetchone()
    if row is None or not row["active"]:
        return True
    waiting = "SELECT 1 FROM outbox WHERE scope = ? AND state = 'waiting' LIMIT 1"
    return row["gone"] == 2 and sql.execute(waiting, (scope,)).fetchone() is None


def purge(store: Store, scope: str) -> bool:
    """Forgets a scope that was taken away: its records, and what was written there and is settled. Returns
    False, and keeps everything, while entries wait, or the server does not know yet that none do. The stream's
    number and hash stay: if the scope comes back, the chain continues.
    """
    with store.transaction() as sql:
        if not _is_left(sql, scope):
            return False
        sql.execute("DELETE FROM record WHERE scope = ?", (scope,))
        sql.execute("DELETE FROM outbox WHERE scope = ? AND outcome <> 'refused'", (scope,))
        sql.execute("UPDATE outbox SET line = '', errors = '{}' WHERE scope = ?", (scope,))
        sql.execute(
            "UPDATE scope SET active = 0, gone = 0, cursor = '', live = 0, digest = '0000000000000000',"
            " mismatched = 0, reset_asked_ms = NULL WHERE scope = ?",
            (scope,),
        )
    store.erase_traces()
    return True


def wipe(store: Store) -> None:
    """Forgets everything but what still waits to be sent and who this tablet was: it has been revoked."""
    with store.transaction() as sql:
        sql.execute("UPDATE identity SET state = 'revoked'")
        sql.execute("DELETE FROM record")
        sql.execute("DELETE FROM outbox WHERE state = 'settled' AND outcome <> 'refused'")
        sql.execute("UPDATE outbox SET line = '', errors = '{}' WHERE state = 'settled'")
        sql.execute(
            "UPDATE scope SET active = 0, gone = 0, cursor = '', live = 0, digest = '0000000000000000'"
        )
    store.erase_traces()


def known_record(store: Store, scope: str, record: str) -> tuple[str, int] | None:
    """(kind, rev last pulled) of a record, or of one that this tablet made itself: then rev 1, which an
    add gives."""
    row = store.sql.execute(
        "SELECT kind, rev FROM record WHERE scope = ? AND id = ? ORDER BY rev DESC LIMIT 1", (scope, record)
    ).fetchone()
    if row is None:
        row = store.sql.execute(
            "SELECT kind, 1 AS rev FROM outbox WHERE record = ? AND scope = ? AND shown = 1"
            " AND act IN ('add', 'amend')",
            (record, scope),
        ).fetchone()
    return None if row is None else (row["kind"], row["rev"])


def form_in_force(store: Store, kind: str, today: str) -> int | None:
    """The version of a form that is offered on a local date, as far as was pulled; the latest one where none is; None for a
    kind that is no form."""
    rows = store.sql.execute(
        "SELECT line FROM record WHERE scope = 'ref' AND kind = 'form'"
        " AND json_extract(line, '$.body.code') = ?",
        (kind,),
    )
    forms = [json.loads(row["line"])["body"] for row in rows]
    offered = [
        form for form in forms if form["from"] <= today and (form.get("to") is None or today < form["to"])
    ]
    return max((form["version"] for form in offered or forms), default=None)


def reference_in_force(store: Store, kind: str, code: str, today: str) -> Mapping[str, Any] | None:
    """The version of a code of reference data that holds on a local date, as far as was pulled: a rule, a slot, a unit."""
    rows = store.sql.execute("SELECT line FROM record WHERE scope = 'ref' AND kind = ?", (kind,))
    return in_force((json.loads(row["line"])["body"] for row in rows), code, today)


def listed(store: Store, kind: str, scope: str | None = None) -> list[Item]:
    """The records of a kind, by scope and id, as they are with this tablet's own work."""
    items: dict[tuple[str, str], Item] = {}
    with store.snapshot() as sql:
        for row in sql.execute(
            "SELECT scope, id, rev, line FROM record WHERE kind = ? AND (? IS NULL OR scope = ?)",
            (kind, scope, scope),
        ):
            body = json.loads(row["line"]).get("body") or {}
            items[row["scope"], row["id"]] = Item(row["scope"], kind, row["id"], row["rev"], body)
        for row in sql.execute(
            "SELECT scope, record, act, line, state, outcome FROM outbox WHERE kind = ? AND shown = 1"
            " AND (? IS NULL OR scope = ?) ORDER BY seq",
            (kind, scope, scope),
        ):
            _overlay(items, row, kind)
    return [items[key] for key in sorted(items)]


def _overlay(items: dict[tuple[str, str], Item], row: sqlite3.Row, kind: str) -> None:
    key = (row["scope"], row["record"])
    entry: dict[str, Any] = json.loads(row["line"])
    state = "unsent" if row["state"] == "waiting" else "held" if row["outcome"] == "held" else "sent"
    there = items.get(key)
    if row["act"] in ("edit", "void"):
        changes = entry["body"] if row["act"] == "edit" else {"voided": True}
        if there is not None:
            items[key] = replace(there, body={**there.body, **changes}, state=state)
    elif there is None:
        amends = entry.get("amends")
        amended = items.get((row["scope"], amends)) if amends else None
        observed = entry["at"].get("observed") or (amended and amended.body.get("observed"))
        extras = {"amends": amends, "observed": observed}
        body = {**entry["body"], **{name: value for name, value in extras.items() if value}}
        items[key] = Item(row["scope"], kind, row["record"], 0, body, state)
        if amended is not None:
            items[row["scope"], amended.id] = replace(
                amended, body={**amended.body, "amended_by": row["record"]}
            )

"""The tablet's one SQLite file: who it is, what it wrote, what it pulled, and how far both are settled.

Every step of the client is one transaction here, so a kill between any two steps leaves a state from which
the next exchange continues. WAL with `synchronous=FULL`: what was reported as saved survives a power
cut. `secure_delete`, because a wiped site must not be readable in the free pages.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FILE_NAME = "tablet.sqlite3"
LAYOUT = 2
_BUSY_S = 30.0

_TABLES = """
CREATE TABLE identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    state TEXT NOT NULL CHECK (state IN ('enrolling', 'enrolled', 'revoked')),
    private_key BLOB NOT NULL,            -- 32 raw bytes, Ed25519; made here, never leaves this file
    url TEXT NOT NULL,
    name TEXT NOT NULL,
    device TEXT, token TEXT, user TEXT, server_key TEXT
);
CREATE TABLE note (                        -- single values: beacon, server_offset_ms, failures, ...
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE scope (
    scope TEXT PRIMARY KEY,
    n INTEGER NOT NULL DEFAULT 0,          -- the last entry written here: kept for good, or the chain forks
    hash TEXT NOT NULL DEFAULT '',
    acked_n INTEGER NOT NULL DEFAULT 0,    -- the highest entry with an outcome
    acked_hash TEXT NOT NULL DEFAULT '',
    receipt INTEGER REFERENCES receipt (id),
    receipt_n INTEGER NOT NULL DEFAULT 0,  -- the last receipt covers 1..receipt_n without a hole
    trouble TEXT,                          -- of the stream: server_ahead, chain_differs
    active INTEGER NOT NULL DEFAULT 1,     -- 0 after it was purged
    gone INTEGER NOT NULL DEFAULT 0,       -- 1: `gone` was pulled; 2: and since then nothing is unsent, as the server knows
    cursor TEXT NOT NULL DEFAULT '',
    live INTEGER NOT NULL DEFAULT 0,       -- records that are not stale, and the sum of their digests
    digest TEXT NOT NULL DEFAULT '0000000000000000',
    caught_up_ms INTEGER,
    mismatched INTEGER NOT NULL DEFAULT 0, -- 1: count or digest differed when last caught up
    reset_asked_ms INTEGER
) WITHOUT ROWID;
CREATE TABLE record (                      -- as pulled; `line` is the server's line, read when somebody looks
    scope TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
    rev INTEGER NOT NULL,
    stale INTEGER NOT NULL DEFAULT 0,      -- from before a reset that has not arrived whole yet: still shown
    line BLOB NOT NULL,
    PRIMARY KEY (scope, id, kind)
) WITHOUT ROWID;
CREATE INDEX record_by_kind ON record (kind, scope);
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of writing
    scope TEXT NOT NULL, n INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL, record TEXT NOT NULL, act TEXT NOT NULL,
    line BLOB NOT NULL, hash TEXT NOT NULL,
    schema TEXT NOT NULL DEFAULT '2026.1', -- the version after which the line was written
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'settled')),
    shown INTEGER NOT NULL DEFAULT 1,      -- 1: `list` lays it over what was pulled
    outcome TEXT, code TEXT, errors TEXT, rev INTEGER, settled_ms INTEGER,
    UNIQUE (scope, n)
);
CREATE INDEX outbox_waiting ON outbox (seq) WHERE state = 'waiting';       -- push: the next batch
CREATE INDEX outbox_unsent ON outbox (scope) WHERE state = 'waiting';      -- push: how many are unsent
CREATE INDEX outbox_shown ON outbox (kind, seq) WHERE shown = 1;           -- list: the overlay
CREATE INDEX outbox_record ON outbox (record);                        -- edit: what is known of a record
CREATE TABLE receipt (                     -- the server's signature over `text`: what it had, and when
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL, sig TEXT NOT NULL, text TEXT NOT NULL
);
"""
_UPGRADES = {  # from each older layout to the next
    1: """
ALTER TABLE scope ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN schema TEXT NOT NULL DEFAULT '2026.1';
"""
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this tablet is. `device`, `token`, `user` and `server_key` are empty until it is enrolled."""

    state: str
    private_key: bytes
    url: str
    name: str
    device: str
    token: str
    user: str
    server_key: str


class Store:
    """The open file. One object a thread; any number of processes may hold the same file."""

    def __init__(self, home: Path) -> None:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = home / FILE_NAME
        os.close(
            os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        )  # it holds a private key: nobody else's to read
        self.sql = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
        self.sql.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            self.sql.execute(f"PRAGMA {pragma}")
        self._prepare()

    def _prepare(self) -> None:
        with self.transaction():
            (layout,) = self.sql.execute("PRAGMA user_version").fetchone()
            if layout == LAYOUT:
                return
            if layout > LAYOUT:
                raise sqlite3.DatabaseError(f"this file has layout {layout}, this program knows {LAYOUT}")
            steps = [_TABLES] if layout == 0 else [_UPGRADES[older] for older in range(layout, LAYOUT)]
            for statement in _statements("".join(steps)):
                self.sql.execute(statement)
            self.sql.execute(f"PRAGMA user_version={LAYOUT}")

    def close(self) -> None:
        self.sql.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, alone among writers. Inside another one it joins that one: the outermost
        commits."""
        if self.sql.in_transaction:
            yield self.sql
            return
        self.sql.execute("BEGIN IMMEDIATE")
        try:
            yield self.sql
            self.sql.commit()  # inside: a commit that fails (a full disk) leaves the transaction open
        except BaseException:
            self.sql.rollback()
            raise

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Several reads of one moment, whatever other processes write meanwhile."""
        if self.sql.in_transaction:
            yield self.sql
            return
        self.sql.execute("BEGIN")
        try:
            yield self.sql
        finally:
            self.sql.rollback()

    def identity(self) -> Identity | None:
        row = self.sql.execute("SELECT * FROM identity").fetchone()
        if row is None:
            return None
        named = {name: row[name] or "" for name in ("device", "token", "user", "server_key")}
        return Identity(row["state"], row["private_key"], row["url"], row["name"], **named)

    def note(self, name: str) -> str | None:
        row = self.sql.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row["value"])

    def int_note(self, name: str, default: int = 0) -> int:
        value = self.note(name)
        return default if value is None else int(value)

    def set_note(self, name: str, value: str | int) -> None:
        self.sql.execute(
            "INSERT INTO note (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, str(value)),
        )

    def erase_traces(self) -> None:
        """After a purge: moves the write-ahead log into the file and cuts it, so that it holds no purged
        row."""
        self.sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _statements(script: str) -> Iterator[str]:
    """The single statements of a script (executescript would commit the open transaction)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""

"""The reference tablet: writes without a network, and brings itself and the server up to date when there is
one.

    tablet = Tablet(Path("var/tablet"))
    tablet.enrol("https://sync.example", code="ABCD-EFGH", name="平板 7", platform="linux")
    tablet.sync()
    entry = tablet.add("site:0197…", "temperature_check", {"worker": "…", "celsius": 36.5, …})
    tablet.list("temperature_check")      # with the unsent one
    tablet.sync()

"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync_protocol.client import outbox, pull, push, records
from sync_protocol.client.backoff import delay_s
from sync_protocol.client.clock import SystemTabletClock, TabletClock, wall_text
from sync_protocol.client.exchange import Exchange
from sync_protocol.client.ids import uuid7
from sync_protocol.client.outbox import Draft
from sync_protocol.client.people import may_be
from sync_protocol.client.reports import (
    ExchangeFailed,
    Item,
    PullReport,
    PushReport,
    RefusedEntry,
    ScopeStatus,
    Status,
    SyncReport,
    TabletError,
)
from sync_protocol.client.store import Store
from sync_protocol.client.transport import HttpTransport, Transport
from sync_protocol.entry import FORMLESS, At
from sync_protocol.signatures import public_text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Tablet:
    """One tablet, kept in one file under `home`. Open the same home again, after a crash too, and it continues.

    `rng` makes ids, nonces and jitter; keys never come from it. Programs leave clock, transport and rng
    alone.
    """

    def __init__(
        self,
        home: Path,
        clock: TabletClock | None = None,
        transport: Transport | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._store = Store(home)
        self._clock = clock or SystemTabletClock()
        self._rng = rng or random.SystemRandom()
        self._exchange = Exchange(self._store, self._clock, transport or HttpTransport(), self._rng)

    def close(self) -> None:
        self._store.close()

    def __enter__(self) -> Tablet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---- who we are

    def enrol(self, url: str, code: str, name: str, platform: str) -> str:
        """Makes a key and trades the code for a token. Returns the device id; a home is enrolled once.

        The key is kept before the request goes out, so that a lost answer can be asked for again with the
        same key. Raises TabletError: `already_enrolled`, or why the server or the network refused.
        """
        key = self._own_key(url.rstrip("/"), name)
        asked = {"code": code, "public_key": public_text(key), "name": name, "platform": platform}
        try:
            answer = self._exchange.post_unsigned(f"{url.rstrip('/')}/sync/v1/enrol", asked)
        except ExchangeFailed as failure:
            raise TabletError(failure.trouble.code, failure.trouble.detail) from failure
        given = [answer.get(field) for field in ("device", "token", "user", "server_key")]
        if not all(isinstance(value, str) and value for value in given):
            raise TabletError("bad_answer")
        with self._store.transaction() as sql:
            sql.execute(
                "UPDATE identity SET state = 'enrolled', device = ?, token = ?, user = ?, server_key = ?",
                given,
            )
            self._exchange.note_time(answer.get("server_time"))
            if isinstance(answer.get("beacon"), str):
                self._store.set_note("beacon", answer["beacon"])
        return str(answer["device"])

    def _own_key(self, url: str, name: str) -> bytes:
        with self._store.transaction() as sql:
            identity = self._store.identity()
            if identity is not None and identity.state != "enrolling":
                raise TabletError("already_enrolled")
            key = identity.private_key if identity else Ed25519PrivateKey.generate().private_bytes_raw()
            sql.execute(
                "INSERT INTO identity (one, state, private_key, url, name) VALUES (1, 'enrolling', ?, ?, ?)"
                " ON CONFLICT (one) DO UPDATE SET url = excluded.url, name = excluded.name",
                (key, url, name),
            )
        return key

    # ---- writing, without a network

    @contextmanager
    def together(self) -> Iterator[None]:
        """Everything written inside becomes durable at once, or nothing of it: one disk sync for many."""
        with self._store.transaction():
            yield

    def add(
        self,
        scope: str,
        kind: str,
        body: Mapping[str, Any],
        needs: Sequence[str] = (),
        media: Sequence[Mapping[str, Any]] = (),
        observed_ms: int | None = None,
    ) -> str:
        """Writes a fact or a new register. Returns the entry's id, which is the record's too.

        `observed_ms` (补录): when the work was done, for what was first written on paper. Raises TabletError
        `observed_ahead` for a time that is still to come, as far as this tablet knows.
        """
        draft = self._addition(scope, kind, body, observed_ms)
        return self._append(replace(draft, needs=tuple(needs), media=tuple(media)))

    def add_as(
        self, record: str, scope: str, kind: str, body: Mapping[str, Any], observed_ms: int | None = None
    ) -> str:
        """As `add`, for a record whose id was chosen before. Returns the entry's id."""
        return self._append(replace(self._addition(scope, kind, body, observed_ms), record=record))

    def _addition(self, scope: str, kind: str, body: Mapping[str, Any], observed_ms: int | None) -> Draft:
        if observed_ms is not None and observed_ms > self._exchange.now_ms():
            raise TabletError("observed_ahead")
        entry = self._new_id()
        return Draft(entry, scope, "add", kind, entry, self._at(observed_ms), body)

    def edit(self, scope: str, record: str, changes: Mapping[str, Any]) -> str:
        """Changes fields of a register, from the version that was last pulled. Raises TabletError
        `unknown_record`."""
        kind, rev, needs = self._known(scope, record)
        return self._append(
            Draft(self._new_id(), scope, "edit", kind, record, self._at(), changes, base=rev, needs=needs)
        )

    def amend(self, scope: str, fact: str, body: Mapping[str, Any]) -> str:
        """Writes a fact that corrects another, and counts at that one's time; both stay readable. Raises TabletError
        `unknown_record`."""
        kind, _, needs = self._known(scope, fact)
        entry = self._new_id()
        return self._append(
            Draft(entry, scope, "amend", kind, entry, self._at(), body, amends=fact, needs=needs)
        )

    def void(self, scope: str, record: str, reason: str) -> str:
        """Declares a record void, and why. Raises TabletError `unknown_record`."""
        kind, _, needs = self._known(scope, record)
        return self._append(
            Draft(self._new_id(), scope, "void", kind, record, self._at(), {}, reason=reason, needs=needs)
        )

    def _append(self, draft: Draft) -> str:
        if self._is_revoked():
            raise TabletError("device_revoked")
        return outbox.append(self._store, replace(draft, form=self._form_of(draft)))

    def _form_of(self, draft: Draft) -> int | None:
        """The version of the form by which an entry is written. The kinds that were none in 2026.1 name only later ones."""
        if draft.act == "void":
            return None
        today = (_EPOCH + timedelta(milliseconds=self._exchange.now_ms(), hours=8)).date().isoformat()
        version = records.form_in_force(self._store, draft.kind, today)
        return None if version == 1 and draft.kind in FORMLESS else version

    def _known(self, scope: str, record: str) -> tuple[str, int, tuple[str, ...]]:
        """Kind, base, and the unsettled entry that makes the record: it must be applied first, holes or
        not."""
        known = records.known_record(self._store, scope, record)
        if known is None:
            raise TabletError("unknown_record")
        maker = outbox.unsettled_maker(self._store, scope, record)
        return known[0], known[1], () if maker is None else (maker,)

    def _new_id(self) -> str:
        return uuid7(self._clock.wall_ms(), self._rng)

    def _at(self, observed_ms: int | None = None) -> At:
        """This moment as the tablet claims it; the beacon, read before, proves that it is not before the last
        exchange."""
        beacon = self._store.note("beacon")
        wall_ms = self._clock.wall_ms()
        boot, up_ms = self._clock.boot, self._clock.up_ms()
        observed = None if observed_ms is None else wall_text(observed_ms)
        return At(wall_ms, wall_text(wall_ms), boot, up_ms, beacon, observed, observed_ms)

    # ---- exchanging

    def push(self) -> PushReport:
        """Sends what waits, or a heartbeat. Network failures are in the report."""
        report = push.push(self._exchange)
        if _says_revoked(report):
            records.wipe(self._store)
        return report

    def pull(self, max_bytes: int = pull.MAX_BYTES) -> PullReport:
        """Brings down what changed, in answers of `max_bytes` (a slow network cuts small ones less often).
        A device that was revoked pushes what it holds, then forgets what it pulled."""
        report = pull.pull(self._exchange, self.push, max_bytes)
        if _says_revoked(report):
            self.push()
            records.wipe(self._store)
        return report

    def sync(self) -> SyncReport:
        """Pulls, then pushes, whatever became of the pull, then pulls what came of it; and how long to wait before
        the next try. The pull comes first for its beacon: it is the proof that the push is not older."""
        pulled = None if self._is_revoked() else pull.pull(self._exchange, self.push)
        pushed = self.push()
        if pulled is not None and records.settled_overlays(self._store) and not self._is_revoked():
            pulled = pull.pull(self._exchange, self.push, before=pulled)
        if _says_revoked(pulled):
            records.wipe(self._store)
        troubles = [
            half.problem for half in (pushed, pulled) if half is not None and half.problem is not None
        ]
        failures = self._store.int_note("failures") + 1 if troubles else 0
        with self._store.transaction():
            self._store.set_note("failures", failures)
        named_s = [trouble.retry_after_s for trouble in troubles if trouble.retry_after_s is not None]
        return SyncReport(pushed, pulled, delay_s(failures, self._rng, max(named_s, default=None)))

    def _is_revoked(self) -> bool:
        return self._exchange.identity().state == "revoked"

    # ---- looking

    def list(self, kind: str, scope: str | None = None) -> Sequence[Item]:
        """The records of a kind, as pulled, with this tablet's own work that was not pulled back yet over
        them."""
        return records.listed(self._store, kind, scope)

    def in_force(self, kind: str, code: str, local_date: str) -> Mapping[str, Any] | None:
        """The version of a code of reference data that holds on a local date; None without one. `kind`: rule, duty, slot,
        place_kind, site_kind, unit."""
        return records.reference_in_force(self._store, kind, code, local_date)

    def same_person(self, scope: str, body: Mapping[str, Any]) -> Sequence[Item]:
        """The workers of a scope who may be the one that `body` says: to be asked about before a person is registered
        once more."""
        return [item for item in self.list("worker", scope) if may_be(body, item.body)]

    def refused(self) -> Sequence[RefusedEntry]:
        """What the server refused, oldest first, with its code and the messages for each place in the
        body."""
        rows = self._store.sql.execute(
            "SELECT * FROM outbox WHERE state = 'settled' AND outcome = 'refused' ORDER BY seq"
        )
        return [
            RefusedEntry(
                row["id"], row["scope"], row["n"], row["kind"], row["record"], row["act"], row["code"],
                json.loads(row["errors"]), json.loads(row["line"])["body"] if row["line"] else None,
            )
            for row in rows
        ]  # fmt: skip

    def scopes(self) -> Sequence[str]:
        """The scopes that are assigned, as far as the tablet knows."""
        return sorted(records.cursors(self._store))

    def status(self) -> Status:
        """One moment's view of identity, outbox and scopes."""
        store = self._store
        with store.snapshot() as sql:
            identity = store.identity()
            (held,) = sql.execute(
                "SELECT count(*) FROM outbox WHERE outcome = 'held' AND shown = 1"
            ).fetchone()
            refused = "SELECT count(*) FROM outbox WHERE state = 'settled' AND outcome = 'refused'"
            offset = store.note("server_offset_ms")
            return Status(
                state=identity.state if identity else "new",
                device=identity.device if identity else "",
                user=identity.user if identity else "",
                url=identity.url if identity else "",
                name=identity.name if identity else "",
                unsent=sum(outbox.waiting_by_scope(store).values()),
                held=held,
                refused=sql.execute(refused).fetchone()[0],
                beacon=store.note("beacon"),
                server_offset_ms=None if offset is None else int(offset),
                pushed_ms=_optional_int(store.note("pushed_ms")),
                pulled_ms=_optional_int(store.note("pulled_ms")),
                failures=store.int_note("failures"),
                scopes=tuple(self._scope_statuses()),
            )

    def _scope_statuses(self) -> Sequence[ScopeStatus]:
        waiting = outbox.waiting_by_scope(self._store)
        rows = self._store.sql.execute(
            "SELECT scope.*, receipt.at AS receipt_at FROM scope"
            " LEFT JOIN receipt ON receipt.id = scope.receipt ORDER BY scope"
        )
        return [
            ScopeStatus(
                scope=row["scope"],
                n=row["n"],
                hash=row["hash"],
                unsent=waiting.get(row["scope"], 0),
                records=row["live"],
                active=bool(row["active"]),
                receipt_at=row["receipt_at"],
                trouble=row["trouble"] or ("digest_mismatch" if row["mismatched"] else None),
            )
            for row in rows
        ]


def _says_revoked(report: PushReport | PullReport | None) -> bool:
    return report is not None and report.problem is not None and report.problem.code == "device_revoked"


def _optional_int(value: str | None) -> int | None:
    return None if value is None else int(value)

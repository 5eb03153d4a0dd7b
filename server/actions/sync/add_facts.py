"""New facts: what a push is made of. Each is a record of its own, and nothing has to be looked up for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from server.actions.duties.touches import Touch
from server.actions.records.segments import put_line
from server.actions.sync.place_facts import About, about
from server.actions.sync.read_push import Line
from server.actions.sync.values import Applying, Counting, Effect, Written
from server.base.clock import to_iso
from server.models.record import Record
from server.rules.duties.matching import Fact
from sync_protocol.digest import record_digest
from sync_protocol.intervals import UNKNOWN_MS, Interval


def add_facts(applying: Applying, writtens: Sequence[Written]) -> int:
    """New facts, together, in their order. Gives the number that the first one takes."""
    feed, scope, touches = applying.feed, applying.scope, applying.touches
    scope_id, name, first = scope.scope_id, scope.name, feed.next_seq
    rows: list[tuple[Any, ...]] = []
    lines: list[bytes] = []
    total = 0
    for seq, written in enumerate(writtens, start=first):
        entry, line, when = written.entry, written.line, counting_of(written)
        key, kind, slot = entry.id, entry.kind, line.slot
        event_ms, earliest_ms, latest_ms, observed_ms, _ = when
        subject, maybe = line.subject, None
        if line.is_about_place:
            found = about_of(applying, line, when)
            subject, maybe = found.subject, found.maybe_places
        judged = (event_ms, subject, maybe, slot, True, observed_ms is not None)
        rows.append(
            (scope_id, key, kind, 1, seq, b"", *judged, earliest_ms, latest_ms, observed_ms, None, None)
        )
        body = fact_body(written)
        lines.append(put_line(name, kind, key, seq, body))
        total += record_digest(kind, key, 1)
        touches.append(came(kind, key, subject, slot, when, body))
    applying.done.update(row[1] for row in rows)
    feed.add_facts(rows, lines, total)
    return first


def add_fact(applying: Applying, written: Written) -> Effect:
    """One of them."""
    return Effect("applied", 1, add_facts(applying, [written]))


def counting_of(written: Written) -> Counting:
    """When an entry counts by itself."""
    times, observed = written.times, written.observed
    if observed is None:
        return Counting(times.event_ms, times.earliest_ms, times.latest_ms, None)
    if not observed.counts:
        return Counting(observed.at_ms, None, None, observed.at_ms)
    return Counting(observed.at_ms, times.earliest_ms, times.latest_ms, observed.at_ms)


def about_of(applying: Applying, line: Line, when: Counting) -> About:
    """What a fact is about that counts then."""
    if not line.is_about_place:
        return About(line.subject)
    first_ms = last_ms = when.event_ms
    if when.observed_ms is None and when.earliest_ms is not None and when.latest_ms is not None:
        first_ms, last_ms = when.earliest_ms, when.latest_ms
    return about(applying.places, line, first_ms, last_ms)


def came(kind: str, key: str, subject: str | None, slot: str | None, when: Counting, body: bytes) -> Touch:
    """The stretch of time in which a new fact may decide windows, and what it says."""
    fact = None
    if when.earliest_ms is not None and when.latest_ms is not None:
        fact = Fact(key, when.earliest_ms, when.latest_ms, when.observed_ms, slot=slot)
    return touch(kind, subject, when, came=fact, body=body)


def touch(
    kind: str,
    subject: str | None,
    when: Counting | Record,
    went: bool = False,
    came: Fact | None = None,
    body: bytes | None = None,
) -> Touch:
    """The stretch of time in which a fact may decide windows. `came`: it is new, and this is all about it; `body`: what it
    says."""
    earliest_ms, latest_ms, observed_ms = when.earliest_ms, when.latest_ms, when.observed_ms
    if observed_ms is None and earliest_ms is not None and latest_ms is not None:
        lo, hi = (earliest_ms, latest_ms) if earliest_ms <= latest_ms else (latest_ms, earliest_ms)
        return Touch(kind, subject, lo, hi, went, came, body)
    known = [at_ms for at_ms in (earliest_ms, latest_ms, observed_ms) if at_ms is not None]
    at_ms = when.event_ms or 0
    first, last = min(known, default=at_ms), max(known, default=at_ms)
    return Touch(kind, subject, first, last, went, came, body)


def fact_body(written: Written, extra: bytes = b"", when: Mapping[str, Any] | None = None) -> bytes:
    """A fact's body as it is served: the device's own text, then what the server knows of time and author."""
    at = _time_text(written.times) if when is None else msgspec.json.encode(when)
    late = b""
    if written.observed is not None:
        late = f',"backfilled":true,"observed":"{to_iso(written.observed.at_ms)}"'.encode()
    known = f',"by":"{written.user_id}","device":"{written.device_id}"'
    return b"".join((written.line.served[:-1], b',"at":', at, known.encode(), late, extra, b"}"))


def served_time(times: Interval) -> dict[str, Any]:
    """`at` of a fact as it is served: the estimate ± its bound with its grade, and the interval."""
    shown: dict[str, Any] = msgspec.json.decode(_time_text(times))
    return shown


def _time_text(times: Interval) -> bytes:
    """The same as JSON text, which every fact of every push gets."""
    earliest = "" if times.earliest_ms == UNKNOWN_MS else f',"earliest":"{to_iso(times.earliest_ms)}"'
    doubt = ',"doubt":true' if times.doubt else ""
    text = (
        f'{{"time":"{to_iso(times.event_ms)}","bound_ms":{times.bound_ms},"grade":"{times.grade}"{earliest}'
        f',"latest":"{to_iso(times.latest_ms)}"{doubt}}}'
    )
    return text.encode()

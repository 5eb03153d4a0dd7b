"""What the records received so far say about windows that ask for one record each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.entry import ANY_KIND, KeptEvidence
from server.models.place import places_of
from server.models.record import WIDE, WIDE_MS, Record
from server.models.window import AnyWindow
from server.rules.duties.matching import Candidate, Fact, Matched, match_facts
from server.rules.duties.windows import WHOLE_SITE, rule_of
from server.rules.rulebook import Rulebook

Facts = dict[tuple[str, str], list[tuple[str | None, Fact]]]  # by scope and kind, with the place of each


def log_evidence(
    session: Session, windows: Sequence[AnyWindow], alerts: Mapping[str, str], book: Rulebook
) -> dict[str, Matched]:
    """What speaks for each of these windows, by window id. `alerts`: the alert level of each site. A record of a place
    counts for every duty that asks for its kind there; a duty of the whole site takes those of any place. One that may be of
    another place proves nothing, and accuses nobody.

    Three statements for any number of windows and sites; one more for windows of kinds of places.
    """
    if not windows:
        return {}
    kinds = {rule.code: rule.evidence for rule in book.duties if rule.judging == "log"}
    with_slots = {rule.code for rule in book.duties for slot in rule.slots if slot.admits}
    first = min(window.opens_ms for window in windows)
    last = max(_end_ms(window) for window in windows)
    scope_ids = sorted({window.scope_id for window in windows})
    facts = facts_between(session, scope_ids, {kinds[window.duty] for window in windows}, first, last)
    groups: dict[tuple[str, str, _Where], list[AnyWindow]] = {}
    for window in windows:
        where = _Where(window.place, window.place_id)
        groups.setdefault((window.scope_id, window.duty, where), []).append(window)
    of_kinds = _of_kinds(session, [(scope_id, where) for scope_id, _, where in groups])
    found: dict[str, Matched] = {}
    for (scope_id, duty, where), some in groups.items():
        ids = of_kinds.get((scope_id, where.kind), frozenset())
        asked = [
            one
            for subject, fact in facts.get((scope_id, kinds[duty]), [])
            if (one := _at(where, ids, subject, fact)) is not None
        ]
        if not asked:
            found.update((window.id, Matched()) for window in some)
            continue
        admits = [_admits(window, alerts, book) if duty in with_slots else () for window in some]
        candidates = [
            Candidate(window.opens_ms, window.due_ms, window.deadline_ms, window.closes_ms, slots)
            for window, slots in zip(some, admits, strict=True)
        ]
        for window, matched in zip(some, match_facts(asked, candidates), strict=True):
            found[window.id] = matched
    return found


class _Where(NamedTuple):
    """Where a window is: at one place, at all places of a kind, or at the whole site."""

    kind: str
    place_id: str | None


def _at(where: _Where, ids: Collection[str], subject: str | None, fact: Fact) -> Fact | None:
    """A fact as the windows there see it; None where it is about another place. `ids`: of the places of the kind."""
    if where.kind == WHOLE_SITE or (fact.kept and subject is None):
        return fact
    if where.place_id is None:
        return fact if subject == where.kind or subject in ids else None
    if subject == where.place_id:
        return fact
    may_be = where.place_id in fact.maybe if fact.maybe else subject == where.kind
    return fact._replace(astray=True) if may_be else None


def _of_kinds(
    session: Session, wheres: Sequence[tuple[str, _Where]]
) -> dict[tuple[str, str], frozenset[str]]:
    """By site and kind, the ids of the places of those kinds that windows ask for as a whole."""
    asked = {(scope_id, kind) for scope_id, (kind, place_id) in wheres if kind and place_id is None}
    if not asked:
        return {}
    places = places_of(session, sorted({scope_id for scope_id, _ in asked}))
    return {
        (scope_id, kind): frozenset(place.id for place in places[scope_id] if place.kind == kind)
        for scope_id, kind in asked
    }


def facts_between(
    session: Session,
    scope_ids: Sequence[str],
    kinds: set[str],
    from_ms: int,
    to_ms: int,
    subjects: Collection[str] | None = None,
) -> Facts:
    """The facts of these kinds that may have been written, or are said to have been done, between two instants; those that
    are kept and not applied among them. `subjects`: only facts about these; None: about anything."""
    columns = (Record.scope_id, Record.kind, Record.subject, Record.maybe_places, Record.id)
    times = (Record.earliest_ms, Record.latest_ms, Record.observed_ms)
    counting = sa.select(*columns, *times, sa.false(), Record.slot).where(
        Record.scope_id.in_(scope_ids),
        Record.kind.in_(kinds),
        Record.counts.is_(True),
        Record.deleted_ms.is_(None),
    )
    half = WIDE_MS // 2 + 1
    near = counting.where(
        Record.event_ms.between(from_ms - half, to_ms + half), Record.earliest_ms.is_not(None)
    )
    wide = counting.where(
        sa.text(WIDE),  # as the partial index has it
        Record.earliest_ms <= to_ms,
        Record.latest_ms >= from_ms,
    )
    kept = sa.select(
        *(KeptEvidence.scope_id, KeptEvidence.kind, KeptEvidence.subject, KeptEvidence.maybe_places),
        KeptEvidence.entry_id,
        *(KeptEvidence.earliest_ms, KeptEvidence.latest_ms),
        *(sa.null(), sa.true(), KeptEvidence.slot),
    ).where(
        KeptEvidence.scope_id.in_(scope_ids),
        KeptEvidence.kind.in_({*kinds, ANY_KIND}),
        KeptEvidence.latest_ms >= from_ms,
        KeptEvidence.earliest_ms <= to_ms,
    )
    if subjects is not None:
        near, wide = (query.where(Record.subject.in_(subjects)) for query in (near, wide))
        kept = kept.where(KeptEvidence.subject.in_(subjects))
    found: Facts = {}
    seen: set[tuple[str, str]] = set()
    for row in chain(*(session.execute(query) for query in (near, wide, kept))):
        scope_id, kind, subject, maybe, key, earliest_ms, latest_ms, observed_ms, is_kept, slot = row
        if (scope_id, key) not in seen:
            seen.add((scope_id, key))
            several = tuple(maybe.split()) if maybe else ()
            fact = Fact(key, earliest_ms, latest_ms, observed_ms, bool(is_kept), slot, several)
            for one in kinds if kind == ANY_KIND else (kind,):
                found.setdefault((scope_id, one), []).append((subject, fact))
    return found


def _admits(window: AnyWindow, alerts: Mapping[str, str], book: Rulebook) -> tuple[str, ...]:
    rule = rule_of(book.duties, window.duty, alerts[window.scope_id], window.local_date, window.slot)
    return next((one.admits for one in rule.slots if one.code == window.slot), ()) if rule is not None else ()


def _end_ms(window: AnyWindow) -> int:
    return max(window.closes_ms, window.deadline_ms)

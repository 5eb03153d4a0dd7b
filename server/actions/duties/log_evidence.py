"""What the records received so far say about windows that ask for one record each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.base.statements import Among, Prepared
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

    One statement for any number of windows and sites; one more for windows of kinds of places.
    """
    if not windows:
        return {}
    kinds = {rule.code: rule.evidence for rule in book.duties if rule.judging == "log"}
    with_slots = {rule.code for rule in book.duties for slot in rule.slots if slot.admits}
    first = min(window.opens_ms for window in windows)
    last = max(_end_ms(window) for window in windows)
    scope_ids = sorted({window.scope_id for window in windows})
    facts = facts_between(session, scope_ids, {kinds[window.duty] for window in windows}, first, last)
    groups: dict[tuple[str, str, Where], list[AnyWindow]] = {}
    for window in windows:
        where = Where(window.place, window.place_id)
        groups.setdefault((window.scope_id, window.duty, where), []).append(window)
    of_kinds = ids_of_kinds(session, [(scope_id, where) for scope_id, _, where in groups])
    found: dict[str, Matched] = {}
    for (scope_id, duty, where), some in groups.items():
        ids = of_kinds.get((scope_id, where.kind), frozenset())
        asked = [
            one
            for subject, fact in facts.get((scope_id, kinds[duty]), [])
            if (one := at_where(where, ids, subject, fact)) is not None
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


class Where(NamedTuple):
    """Where a window is: at one place, at all places of a kind, or at the whole site."""

    kind: str
    place_id: str | None


def at_where(where: Where, ids: Collection[str], subject: str | None, fact: Fact) -> Fact | None:
    """A fact as the windows there see it; None where it is about another place. `ids`: of the places of the kind."""
    if where.kind == WHOLE_SITE or (fact.kept and subject is None):
        return fact
    if where.place_id is None:
        return fact if subject == where.kind or subject in ids else None
    if subject == where.place_id:
        return fact
    may_be = where.place_id in fact.maybe if fact.maybe else subject == where.kind
    return fact._replace(astray=True) if may_be else None


def ids_of_kinds(
    session: Session, wheres: Sequence[tuple[str, Where]]
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
    given: dict[str, Any] = {"scopes": list(scope_ids), "kinds": sorted(kinds)}
    given |= {"kept_kinds": sorted({*kinds, ANY_KIND}), "from_ms": from_ms, "to_ms": to_ms}
    given |= {"near_from_ms": from_ms - _HALF_MS, "near_to_ms": to_ms + _HALF_MS}
    if session.autoflush:  # as any other query does
        session.flush()
    query, only = _FACTS, None
    if subjects is not None and len(subjects) > _SUBJECTS_MAX:
        only = frozenset(subjects)
    elif subjects is not None:
        query, given["subjects"] = _FACTS_ABOUT, sorted(subjects)
    found: Facts = {}
    seen: set[tuple[str, str]] = set()
    for row in query.all(session, **given):
        scope_id, kind, subject, maybe, key, earliest_ms, latest_ms, observed_ms, is_kept, slot = row
        if (scope_id, key) not in seen and (only is None or subject in only):
            seen.add((scope_id, key))
            several = tuple(maybe.split()) if maybe else ()
            fact = Fact(key, earliest_ms, latest_ms, observed_ms, bool(is_kept), slot, several)
            for one in kinds if kind == ANY_KIND else (kind,):
                found.setdefault((scope_id, one), []).append((subject, fact))
    return found


_SUBJECTS_MAX = 5_000  # named in a statement; of more, everybody's rows are read
_HALF_MS = WIDE_MS // 2 + 1
_RECORD: Any = Record.__table__.c
_KEPT: Any = KeptEvidence.__table__.c


def _facts(about: bool) -> sa.CompoundSelect[*tuple[Any, ...]]:
    """The rows of `facts_between`, of these subjects only or of any. What is narrow is found by its event's time, what is
    wide by the partial index for that."""
    from_ms, to_ms = (sa.bindparam(name, type_=sa.BigInteger()) for name in ("from_ms", "to_ms"))
    columns = (_RECORD.scope_id, _RECORD.kind, _RECORD.subject, _RECORD.maybe_places, _RECORD.id)
    times = (_RECORD.earliest_ms, _RECORD.latest_ms, _RECORD.observed_ms)
    counting = sa.select(*columns, *times, sa.false(), _RECORD.slot).where(
        Among(_RECORD.scope_id, "scopes"),
        Among(_RECORD.kind, "kinds"),
        _RECORD.counts.is_(True),
        _RECORD.deleted_ms.is_(None),
    )
    near_ms = (sa.bindparam(name, type_=sa.BigInteger()) for name in ("near_from_ms", "near_to_ms"))
    near = counting.where(_RECORD.event_ms.between(*near_ms), _RECORD.earliest_ms.is_not(None))
    wide = counting.where(
        sa.text(WIDE),  # as the partial index has it
        _RECORD.earliest_ms <= to_ms,
        _RECORD.latest_ms >= from_ms,
    )
    kept = sa.select(
        *(_KEPT.scope_id, _KEPT.kind, _KEPT.subject, _KEPT.maybe_places, _KEPT.entry_id),
        *(_KEPT.earliest_ms, _KEPT.latest_ms),
        *(sa.null(), sa.true(), _KEPT.slot),
    ).where(
        Among(_KEPT.scope_id, "scopes"),
        Among(_KEPT.kind, "kept_kinds"),
        _KEPT.latest_ms >= from_ms,
        _KEPT.earliest_ms <= to_ms,
    )
    if about:
        near, wide = (query.where(Among(_RECORD.subject, "subjects")) for query in (near, wide))
        kept = kept.where(Among(_KEPT.subject, "subjects"))
    return sa.union_all(near, wide, kept)


_FACTS = Prepared(lambda _: _facts(about=False))
_FACTS_ABOUT = Prepared(lambda _: _facts(about=True))


def _admits(window: AnyWindow, alerts: Mapping[str, str], book: Rulebook) -> tuple[str, ...]:
    rule = rule_of(book.duties, window.duty, alerts[window.scope_id], window.local_date, window.slot)
    return next((one.admits for one in rule.slots if one.code == window.slot), ()) if rule is not None else ()


def _end_ms(window: AnyWindow) -> int:
    return max(window.closes_ms, window.deadline_ms)

"""What the records received so far say about windows that are not of slots (server/rules/duties/modes.py)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from schemas.expressions.moments import micros_of
from server.actions.duties.document_evidence import documents_of
from server.actions.duties.log_evidence import Facts, Where, at_where, facts_between, ids_of_kinds
from server.actions.duties.roster_commits import roster_commits
from server.actions.duties.same_people import same_people
from server.actions.duties.written_by import roles_of
from server.actions.records.segments import Kept, read_bodies
from server.base.db import bulk_select
from server.base.seal import Seals
from server.models.place import places_of
from server.models.record import Record, cases_of
from server.models.site import suspensions_of
from server.models.window import AnyWindow
from server.rules.calendar import DAY_MS, HOUR_MS, local_date_of
from server.rules.cameras import CAMERA_FIELD
from server.rules.cases import CASE_KIND
from server.rules.duties.conditions import Condition, Finding, Surrounding, field_with, labels_of
from server.rules.duties.documents import match_document
from server.rules.duties.judge import NOT_SATISFIED, reason_code
from server.rules.duties.matching import Candidate, Fact, Matched, match_facts
from server.rules.duties.modes import CAMERA, PARENT, ROSTER, SAME_WORKER
from server.rules.duties.states import Statement, match_state
from server.rules.duties.stock import LOOKS_BACK_DAYS, MEAN_DAYS, Movement, StockAsked, match_stock
from server.rules.duties.telemetry import Stretch, weigh_stretches
from server.rules.duties.windows import DutyRule
from server.rules.rulebook import Rulebook

_RECORD: Any = Record.__table__
Bodies = dict[tuple[str, str], Mapping[str, Any]]  # by scope and id


@dataclass(frozen=True, slots=True)
class _Looking:
    """What the windows of one version of a duty are looked at with."""

    session: Session
    seals: Seals
    book: Rulebook
    rule: DutyRule

    def condition(self, text: str) -> Condition | None:
        return self.book.condition(self.rule.evidence, text)

    def fits(self, fact: Fact, body: Mapping[str, Any]) -> bool:
        """Whether a fact is one that the duty counts."""
        text = self.rule.mode.when
        condition = self.condition(text) if text else None
        if condition is None:
            return not text
        return bool(condition.find(body, self.around(fact, {})).holds)

    def around(self, fact: Fact, place: Mapping[str, float | None]) -> Surrounding:
        """What a condition on a fact may ask for: its date, and the numbers of that date."""
        today = local_date_of(
            (fact.earliest_ms + fact.latest_ms) // 2 if fact.observed_ms is None else fact.observed_ms
        )
        return Surrounding(today, lambda code: self.book.kinds.number(code, today), place)


def mode_evidence(
    session: Session, seals: Seals, windows: Sequence[AnyWindow], book: Rulebook
) -> dict[str, Matched]:
    """What speaks for each of these windows, by window id; those that a duty of slots asks for are left out. A few
    statements for each version of a duty, however many windows and sites."""
    groups: dict[tuple[str, str], tuple[DutyRule, list[AnyWindow]]] = {}
    for window in windows:
        rule = book.mode_rule(window.duty, window.local_date)
        if rule is not None:
            groups.setdefault((rule.code, rule.valid_from), (rule, []))[1].append(window)
    found: dict[str, Matched] = {}
    for rule, some in groups.values():
        found |= _JUDGINGS[rule.judging](_Looking(session, seals, book, rule), some)
    return found


def bodies_of(session: Session, seals: Seals, keys: Sequence[tuple[str, str]]) -> Bodies:
    """The bodies of records, by scope and id; of a deleted one nothing. Two statements a scope at most."""
    of_scope: dict[str, list[Kept]] = defaultdict(list)
    columns = ("seq", "body", "deleted_ms")
    for index, seq, body, deleted_ms in bulk_select(session, _RECORD, ("scope_id", "id"), columns, keys):
        if deleted_ms is None:
            scope_id, key = keys[index]
            of_scope[scope_id].append(Kept(key, seq, bytes(body)))
    found: Bodies = {}
    for scope_id, kept in of_scope.items():
        opened = read_bodies(session, seals, scope_id, kept)
        named = zip(kept, opened, strict=True)
        found.update(((scope_id, one.id), msgspec.json.decode(body)) for one, body in named)
    return found


def _facts_of(
    looking: _Looking, windows: Sequence[AnyWindow], from_ms: int, subjects: Collection[str] | None = None
) -> tuple[Facts, Bodies]:
    """The facts that these windows may count, and what they say where the duty asks for that."""
    rule, last_ms = looking.rule, max(max(window.closes_ms, window.deadline_ms) for window in windows)
    scopes = sorted({window.scope_id for window in windows})
    facts = facts_between(looking.session, scopes, {rule.evidence}, from_ms, last_ms, subjects)
    if not (rule.mode.when or rule.mode.holds or rule.judging == "telemetry"):
        return facts, {}
    return facts, bodies_of(looking.session, looking.seals, _keys(facts))


def _keys(facts: Facts) -> list[tuple[str, str]]:
    """What names the records of these facts; what is kept and not applied has none."""
    return [(scope, fact.id) for (scope, _), some in facts.items() for _, fact in some if not fact.kept]


def _counting(
    looking: _Looking, facts: Facts, bodies: Bodies, scope_id: str
) -> Iterator[tuple[str | None, Fact]]:
    """The facts of a scope that fit the duty's `when` and `writer`. What is kept and not applied may fit."""
    own = facts.get((scope_id, looking.rule.evidence), ())
    writer = looking.rule.mode.writer
    ids = [fact.id for _, fact in own if not fact.kept]
    roles = roles_of(looking.session, scope_id, ids) if writer else {}
    for subject, fact in own:
        is_theirs = fact.kept or not writer or roles.get(fact.id) == writer
        if is_theirs and (fact.kept or looking.fits(fact, bodies.get((scope_id, fact.id), {}))):
            yield subject, fact


def _at_places(
    looking: _Looking, windows: Sequence[AnyWindow], facts: Facts, bodies: Bodies
) -> Iterator[tuple[str, Where, list[AnyWindow], list[Fact]]]:
    """The windows of each place together, with the facts as they see them."""
    groups: dict[tuple[str, Where], list[AnyWindow]] = {}
    for window in windows:
        groups.setdefault((window.scope_id, Where(window.place, window.place_id)), []).append(window)
    of_kinds = ids_of_kinds(looking.session, list(groups))
    counting = {scope: list(_counting(looking, facts, bodies, scope)) for scope, _ in groups}
    for (scope_id, where), some in groups.items():
        ids = of_kinds.get((scope_id, where.kind), frozenset())
        seen = (at_where(where, ids, subject, fact) for subject, fact in counting[scope_id])
        yield scope_id, where, some, [fact for fact in seen if fact is not None]


def _of_periods(looking: _Looking, windows: Sequence[AnyWindow]) -> dict[str, Matched]:
    """One record each, as logs."""
    facts, bodies = _facts_of(looking, windows, min(window.opens_ms for window in windows))
    committed = {}
    if looking.rule.mode.also == ROSTER:
        scopes, last_ms = {window.scope_id for window in windows}, max(one.closes_ms for one in windows)
        committed = roster_commits(looking.session, scopes, min(one.opens_ms for one in windows), last_ms)
    found = {}
    for scope_id, _, some, asked in _at_places(looking, windows, facts, bodies):
        asked += committed.get(scope_id, ())
        for slot in {window.slot for window in some}:  # what is asked because of an alert is asked besides
            own = [window for window in some if window.slot == slot]
            for window, matched in zip(own, match_facts(asked, list(map(_candidate, own))), strict=True):
                found[window.id] = matched
    return found


def _of_states(looking: _Looking, windows: Sequence[AnyWindow]) -> dict[str, Matched]:
    if looking.rule.mode.reckons:
        return _of_stock(looking, windows)
    facts, bodies = _facts_of(looking, windows, min(floor_ms(looking.rule, window) for window in windows))
    scopes = sorted({window.scope_id for window in windows})
    sizes = {
        place.id: place.sizes() for some in places_of(looking.session, scopes).values() for place in some
    }
    holds = looking.condition(looking.rule.mode.holds)
    found = {}
    for scope_id, where, some, asked in _at_places(looking, windows, facts, bodies):
        place = sizes.get(where.place_id or "", {})
        statements = []
        for fact in asked:
            body = bodies.get((scope_id, fact.id))
            known = holds is not None and body is not None and not fact.kept
            finding = holds.find(body, looking.around(fact, place)) if known else Finding(None)  # type: ignore[union-attr, arg-type]
            statements.append(Statement(fact, finding))
        for window in some:
            counts = _candidate(window)._replace(opens_ms=floor_ms(looking.rule, window))
            was_wrong = window.state == "missed" and reason_code(window.reason) == NOT_SATISFIED
            found[window.id] = match_state(statements, counts, window.evidence if was_wrong else None)
    return found


def _of_stock(looking: _Looking, windows: Sequence[AnyWindow]) -> dict[str, Matched]:
    """What a site's book of supplies says, all its lines of the time before each deadline together."""
    rule, kind = looking.rule, looking.book.kinds.kinds[looking.rule.evidence]
    back_ms = LOOKS_BACK_DAYS * DAY_MS
    facts = facts_between(
        looking.session,
        sorted({window.scope_id for window in windows}),
        {rule.evidence},
        min(window.deadline_ms for window in windows) - back_ms,
        max(window.deadline_ms for window in windows),
    )
    bodies = bodies_of(looking.session, looking.seals, _keys(facts))
    pauses = suspensions_of(looking.session, sorted({window.scope_id for window in windows}))
    amount, names = field_with(kind, "amount") or "", labels_of(kind, kind.subject_field or "")
    found = {}
    for window in windows:
        asked = StockAsked(
            rule.mode.items,
            looking.book.number(rule.mode.need, window.local_date),
            round(looking.book.number(MEAN_DAYS, window.local_date)),
            [(one.from_ms, one.to_ms) for one in pauses[window.scope_id]],
            names,
        )
        lines = [
            Movement(item or "", fact.slot or "", _number(bodies, (window.scope_id, fact.id), amount), fact)
            for item, fact in _counting(looking, facts, bodies, window.scope_id)
            if fact.latest_ms >= window.deadline_ms - back_ms
        ]
        counts = _candidate(window)._replace(opens_ms=floor_ms(rule, window))
        found[window.id] = match_stock(lines, counts, asked)
    return found


def _number(bodies: Bodies, key: tuple[str, str], name: str) -> float | None:
    value = bodies.get(key, {}).get(name)
    return float(value) if isinstance(value, int | float) else None


def floor_ms(rule: DutyRule, window: AnyWindow) -> int:
    """From when on a record counts for a window of a state."""
    days = rule.mode.valid_days
    return window.opens_ms if days is None else min(window.opens_ms, window.deadline_ms - days * DAY_MS)


def _of_documents(looking: _Looking, windows: Sequence[AnyWindow]) -> dict[str, Matched]:
    scopes = sorted({window.scope_id for window in windows})
    last_ms = max(window.deadline_ms for window in windows)
    facts = facts_between(looking.session, scopes, {looking.rule.evidence}, 0, last_ms)
    bodies = bodies_of(looking.session, looking.seals, _keys(facts))
    counted = {scope: [fact for _, fact in _counting(looking, facts, bodies, scope)] for scope in scopes}
    kind = looking.book.kinds.kinds[looking.rule.evidence]
    documents = documents_of(looking.session, looking.seals, kind, counted, bodies, looking.fits)
    return {
        window.id: match_document(documents[window.scope_id], window.due_ms, window.deadline_ms)
        for window in windows
    }


def _of_events(looking: _Looking, windows: Sequence[AnyWindow]) -> dict[str, Matched]:
    """One record about the same, for each record that asks for one: each window by itself, because one record may answer
    several."""
    rule, trigger = looking.rule, looking.rule.mode.trigger
    assert trigger is not None
    keys = [(window.scope_id, window.trigger_id or "") for window in windows]
    rows = bulk_select(looking.session, _RECORD, ("scope_id", "id"), ("subject",), keys)
    about = {keys[index]: subject for index, subject in rows}
    if trigger.relation == PARENT:
        about = {key: key[1] for key in keys}
    wanted = {subject for subject in about.values() if subject}
    same = same_people(looking.session, wanted) if trigger.relation == SAME_WORKER else {}
    subjects = wanted.union(*same.values()) if same else wanted
    from_ms = min(window.opens_ms for window in windows)
    if rule.evidence == CASE_KIND:
        facts = _cases(looking.session, windows)
        bodies = bodies_of(looking.session, looking.seals, _keys(facts))
    else:
        facts, bodies = _facts_of(looking, windows, from_ms, subjects)
    counting = {
        scope: list(_counting(looking, facts, bodies, scope))
        for scope in {window.scope_id for window in windows}
    }
    found = {}
    for window in windows:
        subject = about.get((window.scope_id, window.trigger_id or ""))
        accepted = same.get(subject or "", {subject})
        asked = [
            fact
            for one, fact in counting[window.scope_id]
            if (one in accepted or (fact.kept and one is None)) and fact.id != window.trigger_id
        ]
        (found[window.id],) = match_facts(asked, [_candidate(window)])
    return found


def _cases(session: Session, windows: Sequence[AnyWindow]) -> Facts:
    """The cases of these sites, each with its worker. One that was open already answers what comes after it."""
    facts: Facts = {}
    for case in cases_of(session, sorted({window.scope_id for window in windows})):
        for window in windows:
            is_here = window.scope_id == case.scope_id
            if is_here and (case.opened_ms >= window.opens_ms or not case.ended):
                at_ms = max(case.opened_ms, window.opens_ms)
                some = facts.setdefault((case.scope_id, CASE_KIND), [])
                some.append((case.worker_id, Fact(case.id, at_ms, at_ms)))
    return facts


def _of_telemetry(looking: _Looking, windows: Sequence[AnyWindow]) -> dict[str, Matched]:
    kind = looking.book.kinds.kinds[looking.rule.evidence]
    roles = [field_with(kind, role) or "" for role in ("started", "ended", "amount")]
    mode = looking.rule.mode
    away = {window.local_date: _away_ms(looking, window.local_date) for window in windows}
    back_ms = max(one or 0 for one in away.values())
    if back_ms:
        back_ms += HOUR_MS  # a line is of the hour before it
    facts, bodies = _facts_of(looking, windows, min(window.opens_ms for window in windows) - back_ms)
    found = {}
    for scope_id, _, some, asked in _at_places(looking, windows, facts, bodies):
        reported: dict[str, list[Stretch]] = {}
        for fact in asked:
            body = bodies.get((scope_id, fact.id), {})
            stretch = _stretch(body, roles) if fact.proves else None
            if stretch is not None:
                thing = str(body.get(CAMERA_FIELD)) if mode.per == CAMERA else ""
                reported.setdefault(thing, []).append(stretch)
        for window in some:
            own = reported.get(window.slot if mode.per == CAMERA else "", ())
            limits = (mode.share, away[window.local_date])
            found[window.id] = Matched(weigh_stretches(own, window.opens_ms, window.due_ms, *limits))
    return found


def _away_ms(looking: _Looking, local_date: str) -> int | None:
    """For how long it may be offline without a break; None: no matter how long."""
    code = looking.rule.mode.away
    return round(looking.book.number(code, local_date) * HOUR_MS) if code else None


def _stretch(body: Mapping[str, Any], roles: Sequence[str]) -> Stretch | None:
    """What one report says: from when to when, and for how many minutes of it the thing was online."""
    started, ended, amount = (body.get(name) for name in roles)
    if not isinstance(started, str) or not isinstance(ended, str) or not isinstance(amount, int | float):
        return None
    begins, ends = micros_of(started), micros_of(ended)
    if begins is None or ends is None:
        return None
    return Stretch(begins // 1000 - _EPOCH_MS, ends // 1000 - _EPOCH_MS, round(amount * 60_000))


def _candidate(window: AnyWindow) -> Candidate:
    return Candidate(window.opens_ms, window.due_ms, window.deadline_ms, window.closes_ms)


_EPOCH_MS = (micros_of("1970-01-01T00:00:00Z") or 0) // 1000
_JUDGINGS: Mapping[str, Callable[[_Looking, Sequence[AnyWindow]], dict[str, Matched]]] = {
    "period": _of_periods,
    "state": _of_states,
    "document": _of_documents,
    "event": _of_events,
    "telemetry": _of_telemetry,
}

"""Windows that records ask for: made when such a record comes, withdrawn when it is void, judged by what answers it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.duties.decide_window import decide_window
from server.actions.duties.log_evidence import facts_between
from server.actions.duties.mode_evidence import bodies_of, mode_evidence
from server.actions.duties.touches import Touch
from server.actions.records.feed import Feed
from server.base.db import bulk_select
from server.models.place import place_values
from server.models.record import Record
from server.models.site import Site
from server.models.window import Window, make_window, reaching, set_decision
from server.rules.duties.event_filter import date_of
from server.rules.duties.events import event_date, plan_event
from server.rules.duties.judge import TRIGGER_GONE
from server.rules.duties.matching import Fact
from server.rules.duties.modes import SAME_PLACE
from server.rules.duties.reporting import Reporting
from server.rules.duties.transition import ask_again, withdraw
from server.rules.duties.windows import WHOLE_SITE, DutyRule, PlannedWindow
from server.rules.rulebook import Rulebook

_RECORD: Any = Record.__table__


class _Said(NamedTuple):
    """A fact that counts, what it is about and what it says."""

    kind: str
    subject: str | None
    fact: Fact
    body: Mapping[str, Any]


@dataclass(slots=True)
class _Following:
    """What the changes to one scope are followed with."""

    session: Session
    feed: Feed
    book: Rulebook
    rules: list[DutyRule]

    def fits(self, kind: str, text: str, said: _Said) -> bool:
        """Whether a fact is of this kind and fits a condition on it."""
        if said.kind != kind:
            return False
        condition = self.book.condition(kind, text) if text else None
        if condition is None:
            return not text
        return condition.holds(said.body, self.book.event_filter.around(date_of(said.fact)))

    def asks(self, rule: DutyRule, said: _Said) -> bool:
        trigger = rule.mode.trigger
        return trigger is not None and self.fits(trigger.kind, trigger.when, said)


def follow_events(
    session: Session, feed: Feed, touches: Sequence[Touch], reporting: Reporting, now_ms: int, book: Rulebook
) -> list[Window]:
    """Make, withdraw and judge the windows of events that these changes are about; those that changed. A push whose facts
    neither ask for anything nor answer it costs no statement."""
    following = _Following(
        session, feed, book, [one for one in book.mode_rules() if one.mode.trigger is not None]
    )
    wanted = book.event_filter
    some = [touch for touch in touches if touch.kind in wanted.kinds]
    about = [
        _read(touch)
        for touch in some
        if touch.came and touch.body and wanted.is_met(touch.kind, touch.came, touch.body)
    ]
    others = [touch for touch in some if touch.came is None or not touch.body]
    if not about and not others:
        return []
    said = [*about, *_looked_up(following, others)]
    stored = _stored(following, said, others)
    new, changed = _asked(following, said, stored, now_ms)
    changed |= _withdrawn(following, stored, others, now_ms)
    windows = [*new, *(one for one in stored.values() if one.state not in ("void", "excused"))]
    found = mode_evidence(session, feed.seals, windows, book)
    for window in windows:
        if window.id in found and decide_window(window, now_ms, reporting, found[window.id], book, touches):
            changed.add(window.id)
    session.add_all(new)
    return [*new, *(one for key, one in stored.items() if key in changed)]


def _trigger_kinds(following: _Following) -> set[str]:
    return {rule.mode.trigger.kind for rule in following.rules if rule.mode.trigger is not None}


def _read(touch: Touch) -> _Said:
    assert touch.came is not None and touch.body is not None
    return _Said(touch.kind, touch.subject, touch.came, msgspec.json.decode(touch.body))


def _looked_up(following: _Following, touches: Sequence[Touch]) -> Iterator[_Said]:
    """The facts that count and may ask for something, where something went, came back or moved."""
    asked = [touch for touch in touches if touch.kind in _trigger_kinds(following)]
    if not asked:
        return
    session, scope_id = following.session, following.feed.scope.scope_id
    first, last = min(touch.from_ms for touch in asked), max(touch.to_ms for touch in asked)
    subjects = {touch.subject for touch in asked}
    about = None if None in subjects else {subject for subject in subjects if subject is not None}
    facts = facts_between(session, [scope_id], {touch.kind for touch in asked}, first, last, about)
    keys = [(scope_id, fact.id) for some in facts.values() for _, fact in some if not fact.kept]
    bodies = bodies_of(session, following.feed.seals, keys)
    for (_, kind), some in facts.items():
        for subject, fact in some:
            if not fact.kept:
                yield _Said(kind, subject, fact, bodies.get((scope_id, fact.id), {}))


def _stored(following: _Following, said: Sequence[_Said], others: Sequence[Touch]) -> dict[str, Window]:
    """The windows of events that these facts asked for, or that reach into their time. One statement."""
    times = [(one.fact.earliest_ms, one.fact.latest_ms) for one in said]
    times += [(touch.from_ms, touch.to_ms) for touch in others]
    observed = [one.fact.observed_ms for one in said if one.fact.observed_ms is not None]
    first = min((*(one[0] for one in times), *observed))
    last = max((*(one[1] for one in times), *observed))
    ids = [one.fact.id for one in said]
    query = sa.select(Window).where(
        Window.scope_id == following.feed.scope.scope_id,
        Window.duty.in_({rule.code for rule in following.rules}),
        sa.or_(Window.trigger_id.in_(ids), sa.and_(Window.trigger_id.is_not(None), reaching(first, last))),
    )
    return {window.id: window for window in following.session.scalars(query)}


def _asked(
    following: _Following, said: Sequence[_Said], stored: Mapping[str, Window], now_ms: int
) -> tuple[list[Window], set[str]]:
    """The windows that facts ask for and that are not there yet, and the ids of those that are and changed."""
    site = following.session.get_one(Site, following.feed.scope.scope_id)
    new: dict[str, Window] = {}
    changed = set()
    for planned in _planned(following, site, said):
        made = make_window(site.id, planned)
        window = stored.get(made.id)
        if window is None:
            new[made.id] = made
        elif window.state == "void" and window.reason == TRIGGER_GONE:
            set_decision(window, ask_again(window, now_ms))
            changed.add(window.id)
        if window is not None and window.state in ("open", "silent", "review") and _retime(window, made):
            changed.add(window.id)
    return list(new.values()), changed


def _planned(following: _Following, site: Site, said: Sequence[_Said]) -> Iterator[PlannedWindow]:
    for code in sorted({rule.code for rule in following.rules}):
        for one in said:
            rule = following.book.mode_rule(code, event_date(one.fact))
            if rule is None or site.kind not in rule.site_kinds or site.stage not in rule.stages:
                continue
            if following.asks(rule, one):
                yield plan_event(rule, one.fact, *_where(following, rule, one, site))


def _where(following: _Following, rule: DutyRule, said: _Said, site: Site) -> tuple[str, str]:
    """The kind and id of the place that a window is about."""
    if rule.mode.trigger is None or rule.mode.trigger.relation != SAME_PLACE:
        return WHOLE_SITE, ""
    places = {place.id: place.kind for place in place_values(following.session, site.id)}
    subject = said.subject or WHOLE_SITE
    return (places[subject], subject) if subject in places else (subject, "")


def _retime(window: Window, made: Window) -> bool:
    """The time of the record that asks is known better now."""
    times = (made.opens_ms, made.due_ms, made.closes_ms)
    if times == (window.opens_ms, window.due_ms, window.closes_ms):
        return False
    window.opens_ms, window.due_ms, window.closes_ms = times
    if window.state == "open":
        window.check_ms = window.deadline_ms
    return True


def _withdrawn(
    following: _Following, stored: Mapping[str, Window], others: Sequence[Touch], now_ms: int
) -> set[str]:
    """Ids of the windows whose record was voided or corrected: nothing is asked any more."""
    if not any(touch.kind in _trigger_kinds(following) for touch in others):
        return set()
    windows = [window for window in stored.values() if window.state not in ("void", "excused")]
    keys = [(window.scope_id, window.trigger_id or "") for window in windows]
    rows = bulk_select(following.session, _RECORD, ("scope_id", "id"), ("counts", "deleted_ms"), keys)
    counting = {index for index, counts, deleted_ms in rows if counts and deleted_ms is None}
    gone = [window for index, window in enumerate(windows) if index not in counting]
    for window in gone:
        set_decision(window, withdraw(window, now_ms))
    return {window.id for window in gone}

"""Judge what is due: set-based, scope by scope, any number of schedulers at once."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.devices.refresh_watermark import reporting_of
from server.actions.duties.follow_coverage import kept_evidence
from server.actions.duties.log_evidence import log_evidence
from server.actions.duties.mode_evidence import mode_evidence
from server.actions.flags.raise_flags import Judged, follow_windows, gather_windows
from server.actions.notices.enqueue import enqueue_for_site
from server.actions.records.feed import publish_all
from server.actions.records.window_record import window_put
from server.base.db import raise_if_lost, savepoint
from server.models.scope import take_scopes
from server.models.site import SITES, Site
from server.models.tx import Tx
from server.models.window import RULES, DueWindow, Window, due_windows, save_decisions, set_decision
from server.rules.duties.judge import (
    EXPIRING,
    FULFILLED,
    NOT_SATISFIED,
    NOTHING,
    Evidence,
    Reported,
    reason_code,
    reason_text,
)
from server.rules.duties.matching import Matched
from server.rules.duties.transition import decide, reported_of, silence_ms
from server.rules.rulebook import Rulebook

PUT_OFF_MS = 10 * 60 * 1000  # before a scope that could not be judged is tried again
_SHOWN = {state: how for how, state in FULFILLED.items()}
_OPEN = ("open", "silent", "review")  # what nothing has met yet

_log = logging.getLogger("gongdi.judge")


def windows_to_judge(now_ms: Any) -> sa.Select[str]:
    """The scope of each window whose time to be looked at has come."""
    return sa.select(Window.scope_id).where(Window.check_ms <= now_ms)


_FIRST_DUE = (
    windows_to_judge(sa.bindparam("now_ms"))
    .order_by(Window.check_ms)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


def judge_due(tx: Tx, limit: int = 2000) -> dict[str, int]:
    """Judge up to `limit` windows whose time to be looked at has come. Gives how many were judged, how
    many turned met, missed, silent …, and how many scopes `failed`. When nothing is due, that is one look-up
    in a partial index."""
    scope_ids = sorted(set(tx.session.scalars(_FIRST_DUE, {"now_ms": tx.now_ms, "limit": limit})))
    return judge_scopes(tx, scope_ids) if scope_ids else {}


def judge_scopes(tx: Tx, scope_ids: Sequence[str]) -> dict[str, int]:
    """Judge what is due in these scopes, all together. Those that another process has locked are left to it. If
    that fails, scope by scope: one that fails again is put off, logged and counted, and does not stop the
    rest."""
    session, now_ms = tx.session, tx.now_ms
    scopes = {scope.scope_id: scope for scope in take_scopes(session, scope_ids)}
    due = due_windows(session, list(scopes), now_ms)
    sites = _sites(session, list(due))
    judged = [Judged(scopes[key], sites[key], windows) for key, windows in due.items()]
    try:
        with savepoint(session):
            return dict(_judge_all(tx, judged))
    except Exception as error:  # whatever is wrong with one scope must not stop the others
        raise_if_lost(error)
        _log.warning("windows were not judged together", exc_info=True)
    did: Counter[str] = Counter()
    for scope_id in due:
        try:
            with savepoint(session):
                windows = due_windows(session, [scope_id], now_ms)[scope_id]
                one = Judged(scopes[scope_id], sites[scope_id], windows)
                did.update(_judge_all(tx, [one]))
        except Exception as error:
            raise_if_lost(error)
            _log.exception("windows were not judged", extra={"fields": {"scope": scope_id}})
            _put_off(session, scope_id, now_ms)
            did["failed"] += 1
    return dict(did)


def _judge_all(tx: Tx, judged: Sequence[Judged]) -> Counter[str]:
    """All that is due in locked scopes: states, flags and feeds in one transaction."""
    session, now_ms, book = tx.session, tx.now_ms, tx.book
    did: Counter[str] = Counter()
    flagged_after_ms = silence_ms(book, now_ms)
    changed: dict[str, list[DueWindow]] = {}
    logs = _matched(tx, judged)
    reports = reporting_of(session, [one.scope.scope_id for one in judged], book, now_ms)
    for one in judged:
        did.update(judged=len(one.windows), scopes=1)
        weighed = _weighed(session, one, now_ms, book)
        for window in one.windows:
            was, found = window.state, logs.get(window.id) or Matched(weighed.get(window.id, _shown(window)))
            kinds = book.evidence_kinds(window.duty)
            reported = reported_of(reports[one.scope.scope_id], kinds, window, now_ms)
            if _judge(window, found, reported, flagged_after_ms):
                changed.setdefault(one.site.id, []).append(window)
            if window.state != was:
                did[window.state] += 1
        _remind(tx, one)
    with session.no_autoflush:  # a window's state and its flag are written in one statement
        gathered = gather_windows(tx, judged)
    session.flush()
    save_decisions(session, [window for one in judged for window in one.windows])
    flags = follow_windows(tx, gathered)
    with session.no_autoflush:  # the scopes' counters are written in one statement
        puts = [
            (one.scope, [*map(window_put, changed.get(one.site.id, [])), *flags.get(one.site.id, [])])
            for one in judged
        ]
        publish_all(session, tx.seals, now_ms, puts)
    session.flush()
    return did


def _matched(tx: Tx, judged: Sequence[Judged]) -> dict[str, Matched]:
    """What records say of the windows that nothing has met yet. For the others it is in their state."""
    session, book = tx.session, tx.book
    logs = {rule.code for rule in book.duties if rule.judging == "log"}
    windows = [
        window for one in judged for window in one.windows if window.duty in logs and window.state in _OPEN
    ]
    found = log_evidence(session, windows, {one.site.id: one.site.alert for one in judged}, book)
    modes = {rule.code for rule in book.mode_rules()}
    asked = [
        window for one in judged for window in one.windows if window.duty in modes and window.state in _OPEN
    ]
    return found | mode_evidence(session, tx.seals, asked, book)


def _weighed(session: Session, one: Judged, now_ms: int, book: Rulebook) -> dict[str, Evidence]:
    coverage = {rule.code for rule in book.duties if rule.judging == "coverage"}
    weighed = [window for window in one.windows if window.duty in coverage]
    return kept_evidence(session, one.site, weighed, now_ms, book) if weighed else {}


def _judge(window: DueWindow, found: Matched, reported: Reported, flagged_after_ms: int) -> bool:
    """Whether anything that people see of the window changed. A verdict by earlier rules stays."""
    if window.rules < RULES and window.state not in ("open", "silent"):
        window.check_ms = None
        return False
    changed = set_decision(window, decide(window, found.evidence, reported, flagged_after_ms))
    if found.fact is not None:
        window.evidence, window.evidence_ms = found.fact.id, found.at_ms
    window.judged_ms, window.judged_watermark_ms = reported.now_ms, reported.watermark_ms
    window.rules = RULES
    return changed


def _remind(tx: Tx, one: Judged) -> None:
    """Notify a site's people of documents that end soon, once for each."""
    for window in one.windows:
        if window.state == "met" and reason_code(window.reason) == EXPIRING:
            about = f"{window.duty}:{one.site.id}:{reason_text(window.reason)[-13:-3]}"
            enqueue_for_site(tx, one.site, "expiring", about, reason_text(window.reason))


def _shown(window: DueWindow) -> Evidence:
    """What a record has shown is in the window's own state."""
    if window.state == "missed" and reason_code(window.reason) == NOT_SATISFIED:
        return Evidence("violated", window.need, window.have, why=window.reason)
    fulfilled = _SHOWN.get(window.state)
    return Evidence(fulfilled, why=window.reason) if fulfilled is not None else NOTHING


def _sites(session: Session, scope_ids: Sequence[str]) -> dict[str, Site]:
    return {site.id: site for site in session.scalars(SITES, {"site_ids": scope_ids})}


def _put_off(session: Session, scope_id: str, now_ms: int) -> None:
    late = sa.update(Window).where(Window.scope_id == scope_id, Window.check_ms <= now_ms)
    session.execute(late.values(check_ms=now_ms + PUT_OFF_MS))

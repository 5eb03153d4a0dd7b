"""Judge what is due: set-based, scope by scope, any number of schedulers at once."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.feed import Feed
from server.actions.raise_flags import raise_flags, silence_ms
from server.actions.weigh_coverage import coverage_evidence
from server.actions.window_record import window_put
from server.models.scope import Scope, take_scopes
from server.models.site import Site
from server.models.window import Window
from server.rules.judge import NOTHING, Evidence, judge
from server.rules.rulebook import Rulebook
from server.seal import Seals

PUT_OFF_MS = 10 * 60 * 1000  # before a scope that could not be judged is tried again
_FULFILLED = {"met": "timely", "done_late": "late", "backfilled": "backfilled"}

_log = logging.getLogger("gongdi.judge")


def judge_due(
    session: Session, seals: Seals, now_ms: int, book: Rulebook, limit: int = 2000
) -> dict[str, int]:
    """Judge up to `limit` windows whose time to be looked at has come. Gives how many were judged, how
    many turned met, missed, silent …, and how many scopes `failed`. Nothing due costs one look into a
    partial index."""
    due = sa.select(Window.scope_id).where(Window.check_ms <= now_ms).order_by(Window.check_ms).limit(limit)
    scope_ids = sorted(set(session.scalars(due)))
    return judge_scopes(session, seals, now_ms, book, scope_ids) if scope_ids else {}


def judge_scopes(
    session: Session, seals: Seals, now_ms: int, book: Rulebook, scope_ids: Sequence[str]
) -> dict[str, int]:
    """Judge what is due in these scopes. Those that somebody else holds are left to them; one that fails
    is put off, logged and counted, and does not stop the rest."""
    did: Counter[str] = Counter()
    scopes = take_scopes(session, scope_ids)
    due = _due(session, [scope.scope_id for scope in scopes], now_ms)
    sites = _sites(session, list(due))
    for scope in scopes:
        windows = due.get(scope.scope_id, [])
        if not windows:
            continue
        try:
            with session.begin_nested():
                did.update(_judge_scope(session, seals, scope, sites[scope.scope_id], windows, now_ms, book))
        except Exception:  # whatever is wrong with one scope must not stop the others
            _log.exception("windows were not judged", extra={"fields": {"scope": scope.scope_id}})
            _put_off(session, scope.scope_id, now_ms)
            did["failed"] += 1
    return dict(did)


def _judge_scope(
    session: Session,
    seals: Seals,
    scope: Scope,
    site: Site,
    windows: list[Window],
    now_ms: int,
    book: Rulebook,
) -> Counter[str]:
    """All that is due in one locked scope: states, flags and the feed in one transaction."""
    did: Counter[str] = Counter(judged=len(windows), scopes=1)
    coverage = {rule.code for rule in book.duties if rule.judging == "coverage"}
    weighed = [window for window in windows if window.duty in coverage]
    evidence = coverage_evidence(session, scope.scope_id, site.alert, weighed, book)
    patience_ms = silence_ms(book, now_ms)
    changed = []
    for window in windows:
        was = window.state
        if _judge(
            window, evidence.get(window.id) or _logged(window), now_ms, scope.watermark_ms, patience_ms
        ):
            changed.append(window)
        if window.state != was:
            did[window.state] += 1
    session.flush()
    feed = Feed(session, scope, seals, now_ms)
    feed.put([window_put(window) for window in changed])
    raise_flags(session, feed, scope, site, windows, now_ms, book)
    feed.flush()
    return did


def _judge(
    window: Window, evidence: Evidence, now_ms: int, watermark_ms: int | None, patience_ms: int
) -> bool:
    """Whether anything that people see of the window changed."""
    before = (window.state, window.reason, window.need, window.have)
    deadline_ms = window.deadline_ms
    verdict = judge(window.state, window.reason, now_ms, deadline_ms, watermark_ms, evidence)
    window.state, window.reason, window.check_ms = verdict.state, verdict.reason, verdict.next_check_ms
    if verdict.state == "silent" and now_ms < deadline_ms + patience_ms:
        window.check_ms = deadline_ms + patience_ms  # a tablet that is merely late raises no flag
    window.need, window.have = evidence.need, evidence.have
    window.judged_ms, window.judged_watermark_ms = now_ms, watermark_ms
    return (window.state, window.reason, window.need, window.have) != before


def _logged(window: Window) -> Evidence:
    """What a record of a place has shown is in the window's own state."""
    fulfilled = _FULFILLED.get(window.state)
    return Evidence(fulfilled) if fulfilled is not None else NOTHING


def _due(session: Session, scope_ids: Sequence[str], now_ms: int) -> dict[str, list[Window]]:
    query = sa.select(Window).where(Window.scope_id.in_(scope_ids), Window.check_ms <= now_ms)
    found: dict[str, list[Window]] = {}
    rows = session.scalars(query.order_by(Window.due_ms), execution_options={"populate_existing": True})
    for window in rows:
        found.setdefault(window.scope_id, []).append(window)
    return found


def _sites(session: Session, scope_ids: Sequence[str]) -> dict[str, Site]:
    return {site.id: site for site in session.scalars(sa.select(Site).where(Site.id.in_(scope_ids)))}


def _put_off(session: Session, scope_id: str, now_ms: int) -> None:
    late = sa.update(Window).where(Window.scope_id == scope_id, Window.check_ms <= now_ms)
    session.execute(late.values(check_ms=now_ms + PUT_OFF_MS))

"""Judge one window by new evidence, in the transaction that brings it."""

from __future__ import annotations

from collections.abc import Iterable

from server.actions.duties.touches import Touch
from server.models.window import FROZEN, RULES, Window, set_decision
from server.rules.duties.judge import FULFILLED
from server.rules.duties.matching import Matched
from server.rules.duties.reporting import Reporting
from server.rules.duties.transition import decide_at_push, reported_of, silence_ms
from server.rules.rulebook import Rulebook

_DONE = tuple(FULFILLED.values())


def decide_window(
    window: Window,
    now_ms: int,
    reporting: Reporting,
    found: Matched,
    book: Rulebook,
    touches: Iterable[Touch],
) -> bool:
    """Judge a window by new evidence; whether anything about it changed. What the scheduler was to look at stays due
    unless something did. What was done by earlier rules stays done, unless what proved it went; what rested on records
    that were erased stays as it was judged."""
    if window.rules == FROZEN:
        return False
    if window.rules < RULES and window.state in _DONE and not any(touch.went for touch in touches):
        return False
    evidence, kinds = found.evidence, book.evidence_kinds(window.duty)
    reported = reported_of(reporting, kinds, window, now_ms)
    decided = decide_at_push(window, evidence, reported, silence_ms(book, now_ms))
    fact = (found.fact.id if found.fact is not None else None, found.at_ms)
    same_fact = evidence.is_coverage or (window.evidence, window.evidence_ms) == fact
    stays = (decided.state, decided.reason, decided.need, decided.have)
    if stays == (window.state, window.reason, window.need, window.have) and same_fact:
        return False
    set_decision(window, decided)
    if not evidence.is_coverage:
        window.evidence, window.evidence_ms = fact
    window.judged_ms, window.judged_watermark_ms, window.rules = now_ms, reported.watermark_ms, RULES
    return True

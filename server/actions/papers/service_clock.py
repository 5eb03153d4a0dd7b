"""What papers do to the clocks of their flag. An order takes effect when it is served (河南省行政执法条例 第三十条): from
its signing until then the clock of the rectification waits, and whoever signed it is asked to serve it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from server.actions.flags.events import clock_of
from server.models.flag import Flag, FlagStep, of_flag
from server.models.paper import Paper
from server.models.tx import Tx
from server.rules.flags.escalation import ORDERED, SIGNED, policy_from, steps
from server.rules.flags.moves import CONTRACTOR
from server.rules.papers.uses import USES

_RECTIFY = "rectify"
Clocks = dict[str, Any]  # `clocks` and `ends` of an event's detail


def at_signing(tx: Tx, flag: Flag, paper: Paper, unit: str) -> Clocks:
    """It is to be served by `unit`; what it orders waits, unless another paper about the same order was served already."""
    if not USES[paper.kind].served or flag.closed_ms is not None:
        return {}
    begun = steps(policy_from(flag.policy), tx.now_ms, flag.severity, tx.book.holidays, unit, SIGNED)
    found: Clocks = {"clocks": {one.code: clock_of(one.unit, one.due_ms) for one in begun}}
    if _orders(flag, paper) and _is_running(tx, flag) and not _is_ordered_by_another(tx, paper):
        found["ends"] = [_RECTIFY]
    return {name: value for name, value in found.items() if value}


def at_service(tx: Tx, flag: Flag, paper: Paper, effective_ms: int) -> Clocks:
    """The rectification runs by the printed deadline. Where that was over before the service, nothing began: another paper
    has to be served, which is asked for still."""
    if _orders(flag, paper) and paper.due_ms is not None:
        if paper.due_ms <= effective_ms:
            return {}
        return {**_served(tx, flag, paper), "clocks": {_RECTIFY: clock_of(CONTRACTOR, paper.due_ms)}}
    return _served(tx, flag, paper)


def at_voiding(tx: Tx, flag: Flag, paper: Paper) -> Clocks:
    """Nothing has to be served; the order stands without a paper, as before, and gives its time again."""
    found = _served(tx, flag, paper)
    if not found or not _orders(flag, paper) or _is_running(tx, flag):
        return found
    begun = steps(policy_from(flag.policy), tx.now_ms, flag.severity, tx.book.holidays, starts=ORDERED)
    before = tx.session.get_one(FlagStep, (flag.scope_id, flag.id, _RECTIFY)).due_ms
    clocks = {one.code: clock_of(one.unit, max(one.due_ms, before)) for one in begun if one.code == _RECTIFY}
    return {**found, "clocks": clocks}


def _served(tx: Tx, flag: Flag, paper: Paper) -> Clocks:
    """Nobody is asked to serve any more, unless another paper of the flag is not served yet."""
    asked = [one.code for one in policy_from(flag.policy).steps if one.starts == SIGNED]
    others = _others(paper).where(
        Paper.served_ms.is_(None), Paper.kind.in_([kind for kind, use in USES.items() if use.served])
    )
    return {} if tx.session.scalar(others.limit(1)) is not None else {"ends": asked}


def _orders(flag: Flag, paper: Paper) -> bool:
    """Whether the rectification that the flag waits for is what this paper gives a term for."""
    asks = policy_from(flag.policy).step(_RECTIFY) is not None
    return asks and flag.state == "rectifying" and paper.due_ms is not None


def _is_running(tx: Tx, flag: Flag) -> bool:
    running = sa.select(FlagStep.step).where(
        of_flag(FlagStep, flag), FlagStep.step == _RECTIFY, FlagStep.done_ms.is_(None)
    )
    return tx.session.scalar(running) is not None


def _is_ordered_by_another(tx: Tx, paper: Paper) -> bool:
    """Whether a paper about the same move was served in time: its term runs on."""
    served = _others(paper).where(Paper.about_n == paper.about_n, Paper.due_ms > Paper.served_ms)
    return tx.session.scalar(served.limit(1)) is not None


def _others(paper: Paper) -> sa.Select[str]:
    """The other signed papers of the flag."""
    same = (Paper.scope_id == paper.scope_id, Paper.flag_id == paper.flag_id, Paper.id != paper.id)
    return sa.select(Paper.id).where(*same, Paper.state == "signed")

"""What one flag's page shows in addition to the flag's file: which moves come first, what is asked of the contractor, and
words that could not be taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.actions.flags.list_flags import FlagFile
from server.actions.papers.read_papers import papers_of, writable_kinds
from server.models.access import Viewer
from server.models.flag import Flag
from server.models.paper import STATES
from server.models.site import Site
from server.models.tx import Tx
from server.rules.calendar import local_date_of
from server.rules.duties.sources import term
from server.rules.flags.escalation import Policy, policy_from
from server.rules.flags.moves import ANSWER, CONTRACTOR, Move
from server.rules.papers.uses import USES

# What a step of the policy waits for. Codes that a policy adds are waited for by no move in particular.
EXPECTED: Mapping[str, Sequence[str]] = {
    "acknowledge": ("acknowledge", "order_rectification"),
    "order": ("order_rectification",),
    "brigade": ("order_rectification", "order_stop_work"),
    "rectify": ("submit_rectification",),
    "recheck": ("pass_recheck", "fail_recheck"),
    "answer": ("accept_defence", "accept_defence_partly", "reject_defence"),
    "decide": ("order_rectification", "order_stop_work"),
    "resume": ("consent_resume",),
    "close": ("close",),
}
_DEMANDS = ("order_rectification", "fail_recheck", "order_stop_work")
_DEMANDING = ("rectifying", "submitted", "stop_work")


@dataclass(frozen=True, slots=True)
class Demand:
    """What was asked last by which move, and until when (None: no deadline runs)."""

    action: str
    note: str
    at_ms: int
    due_ms: int | None


@dataclass(frozen=True, slots=True)
class ShownMove:
    """A move with how long the policy gives for what it starts."""

    move: Move
    term: str


def moves_of(file: FlagFile, viewer: Viewer) -> tuple[list[ShownMove], list[ShownMove]]:
    """The moves that the flag waits for from this viewer, and the others that are allowed."""
    policy = policy_from(file.flag.policy)
    shown = {
        move.action: ShownMove(move, term(policy, move.starts, file.flag.severity)) for move in file.moves
    }
    own = CONTRACTOR if viewer.role == CONTRACTOR else viewer.unit
    waiting = [step for step in file.steps if step.asks and step.done_ms is None and step.unit == own]
    wanted = [action for step in waiting for action in EXPECTED.get(step.step, ())]
    first = [shown.pop(action) for action in dict.fromkeys(wanted) if action in shown]
    return first, list(shown.values())


def demand_of(file: FlagFile) -> Demand | None:
    """What the contractor was asked for last, while it is asked."""
    if file.flag.state not in _DEMANDING:
        return None
    orders = [event for event in file.events if event["action"] in _DEMANDS]
    if not orders:
        return None
    due = [step.due_ms for step in file.steps if step.step == "rectify" and step.done_ms is None]
    last: Mapping[str, Any] = orders[-1]
    return Demand(last["action"], last["detail"].get("note", ""), last["at_ms"], due[0] if due else None)


def answer_source(policy: Policy) -> str:
    """Where the time for the answer to a statement of defence comes from."""
    step = policy.step(ANSWER)
    return step.source if step is not None else ""


def papers_on_page(tx: Tx, viewer: Viewer, flag: Flag, site: Site) -> dict[str, Any]:
    """The flag's papers that the viewer may see, and the kinds that the user may draft now."""
    kinds = writable_kinds(tx, viewer, flag, site, local_date_of(tx.now_ms))
    shown = {"papers": papers_of(tx.session, viewer, flag), "paper_kinds": kinds, "uses": USES}
    titles = {row["code"]: row["name"] for row in tx.book.rows["paper_kinds"]}
    return {**shown, "paper_titles": titles, "paper_states": STATES}

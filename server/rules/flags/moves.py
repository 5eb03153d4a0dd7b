"""The flag's workflow: one table of moves, from which the code, the API's description and the help page come
(DOMAIN: Windows and flags; Who).

A move leads from a state to a state, belongs to parties, may need words, ends clocks and starts one. Guards that
no table can hold: whoever rectified never verifies, and a company never closes its own flags.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from schemas.flag import FLAG_STATES
from server.rules.papers.uses import EVENTS as PAPER_EVENTS
from server.rules.papers.uses import SERVED

ENDED = ("closed", "withdrawn")
LIVE = tuple(state for state in FLAG_STATES if state not in ENDED)

# Parties: what somebody is to one flag.
CONTRACTOR, SECTION, BRIGADE, INSPECTOR = "contractor", "section", "brigade", "inspector"
_REVIEWERS = frozenset((SECTION, BRIGADE))
_RECHECKERS = _REVIEWERS | {INSPECTOR}  # an inspector of a unit that reviews (see refusal), on the site
_OPENING = ("notify_site", "section", "section_page", "acknowledge")
_UNTIL_ORDER = (*_OPENING, "order", "brigade", "decide")
STEP, REMIND = (
    "step_",
    "remind_",
)  # before a step's code, the scheduler's event that it fell due, or is overdue still
RECHECK_KEPT = "recheck_kept"  # a recheck from a tablet that moved nothing, and why
EVERY = "*"  # in `stops`: every clock that runs; of a live flag all but ANSWER
ANSWER = "answer"  # the step that runs from a statement of defence (陈述申辩) until somebody answers it


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table.

    `routes`: from state to state. `by`: the parties that may. `note`: words are needed. `due`: a deadline may be given.
    `stops`: steps of the policy that end with it; `starts`: what begins for the policy's steps (PolicyStep.starts).
    `notifies`: the parties that get a notice. `to_brigade`: the flag is the brigade's afterwards, and only the brigade
    moves it. `addresses`: it is addressed to one company at the site. `verifies`: never by whoever rectified.
    `remark`: it changes nothing, so that it needs no look at the newest state, and overtakes nobody's decision.
    `internal`: contractors never see it. `documents`: PDFs may come with the photos. `of_party`: it is the company's word;
    of several, only the one that the flag is addressed to says it, and whoever has the flag receives it. `answers`: it
    answers a statement of defence; `after_hearing`: it is not made before that is answered (行政处罚法 45).
    """

    action: str
    name: str
    routes: Mapping[str, str]
    by: frozenset[str] = _REVIEWERS
    note: bool = True
    due: bool = False
    media: bool = False
    stops: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    notifies: tuple[str, ...] = ()
    to_brigade: bool = False
    addresses: bool = False
    verifies: bool = False
    remark: bool = False
    internal: bool = False
    documents: bool = False
    of_party: bool = False
    answers: bool = False
    after_hearing: bool = False


def _stay(*states: str) -> dict[str, str]:
    return {state: state for state in states}


def _to(state: str, *before: str) -> dict[str, str]:
    return dict.fromkeys(before, state)


TABLE: tuple[Move, ...] = (
    Move(
        "acknowledge",
        "确认",
        _to("acknowledged", "open"),
        note=False,
        stops=_OPENING,
        starts=("acknowledged",),
    ),
    Move(
        "order_rectification",
        "责令限期整改",
        _to("rectifying", "open", "acknowledged", "rectifying", "transferred"),
        due=True,
        stops=_UNTIL_ORDER,
        starts=("ordered",),
        notifies=(CONTRACTOR,),
        addresses=True,
        after_hearing=True,
    ),
    Move(
        "state_mended",
        "说明已整改",
        _stay("open", "acknowledged", "transferred"),  # after an order it is a reply
        by=frozenset((CONTRACTOR,)),
        media=True,
        notifies=(SECTION, BRIGADE),
        of_party=True,
    ),
    Move(
        "submit_rectification",
        "整改回复",
        {"rectifying": "submitted", "stop_work": "stop_work"},
        by=frozenset((CONTRACTOR, SECTION)),  # a section records the reply that comes on paper
        media=True,
        stops=("rectify",),
        starts=("submitted",),
        notifies=(SECTION, BRIGADE),
        of_party=True,
    ),
    Move(
        "pass_recheck",
        "复查通过",
        _to("verified", "submitted"),
        by=_RECHECKERS,
        media=True,
        stops=("recheck", "brigade"),
        starts=("verified",),
        notifies=(CONTRACTOR,),
        verifies=True,
    ),
    Move(
        "fail_recheck",
        "复查不通过",
        _to("rectifying", "submitted"),
        due=True,
        by=_RECHECKERS,
        media=True,
        stops=("recheck",),
        starts=("ordered",),
        notifies=(CONTRACTOR,),
        verifies=True,
        after_hearing=True,
    ),
    Move(
        "state_defence",
        "陈述申辩",
        _stay("open", "acknowledged", "rectifying", "submitted", "transferred", "stop_work"),
        by=frozenset((CONTRACTOR, SECTION, BRIGADE)),  # they record what is said by mouth or on paper
        media=True,
        documents=True,
        starts=("stated",),
        notifies=(SECTION, BRIGADE),
        of_party=True,
    ),
    *(
        Move(action, name, _stay(*LIVE), stops=(ANSWER,), notifies=(CONTRACTOR,), answers=True)
        for action, name in (
            ("accept_defence", "采纳陈述申辩"),
            ("accept_defence_partly", "部分采纳陈述申辩"),
            ("reject_defence", "不采纳陈述申辩"),
        )
    ),
    Move(
        "transfer",
        "移送监察支队",
        _to("transferred", "open", "acknowledged", "rectifying", "submitted"),
        by=frozenset((SECTION,)),
        stops=(EVERY,),
        starts=("transferred",),
        notifies=(BRIGADE, CONTRACTOR),
        to_brigade=True,
        after_hearing=True,
    ),
    Move(
        "order_stop_work",
        "责令停工",
        _to("stop_work", "open", "acknowledged", "rectifying", "submitted", "transferred"),
        by=frozenset((BRIGADE,)),
        stops=(EVERY,),
        starts=("stopped",),
        notifies=(CONTRACTOR, SECTION),
        to_brigade=True,
        addresses=True,
    ),
    Move(
        "consent_resume",
        "同意复工",
        _to("verified", "stop_work"),
        by=frozenset((BRIGADE,)),
        stops=(EVERY,),
        starts=("verified",),
        notifies=(CONTRACTOR, SECTION),
        verifies=True,
    ),
    Move(
        "close",
        "销号",
        _to("closed", "verified"),
        note=False,
        stops=(EVERY,),
        notifies=(CONTRACTOR,),
        after_hearing=True,
    ),
    Move(
        "excuse",
        "豁免时段",
        _to("withdrawn", "open", "acknowledged", "rectifying", "transferred"),
        stops=(EVERY,),
        notifies=(CONTRACTOR,),
    ),
    Move(
        "withdraw",
        "撤回",
        _to("withdrawn", "open", "acknowledged", "rectifying", "submitted", "transferred"),
        stops=(EVERY,),
        notifies=(CONTRACTOR,),
        verifies=True,  # it ends what was ordered as a passed recheck does
    ),
    Move(
        "reopen",
        "重新打开",
        _to("acknowledged", "verified", "closed", "withdrawn"),
        stops=("close", *_OPENING),  # of what begins again, those who reopen it have seen the first steps
        starts=("opened", "acknowledged"),
        notifies=(CONTRACTOR, SECTION),
    ),
    Move("assign", "指定承办人", _stay(*LIVE), note=False),
    Move(
        "comment",
        "备注",
        _stay(*FLAG_STATES),
        by=frozenset((CONTRACTOR, SECTION, BRIGADE, INSPECTOR)),
        media=True,
        remark=True,
    ),
    Move(
        "note",
        "内部备注",
        _stay(*FLAG_STATES),
        by=frozenset((SECTION, BRIGADE, INSPECTOR)),
        media=True,
        remark=True,
        internal=True,
    ),
)
MOVES: Mapping[str, Move] = {move.action: move for move in TABLE}
TAKES_OVER = tuple(move.action for move in TABLE if move.to_brigade)
PARTY_NAMES = {CONTRACTOR: "施工单位", SECTION: "主管科室", BRIGADE: "监察支队", INSPECTOR: "检查员"}


def describe() -> str:
    """The table in words, for the API's description."""
    return "; ".join(
        f"{move.action} {move.name} ({'、'.join(name for party, name in PARTY_NAMES.items() if party in move.by)})"
        for move in TABLE
    )


_ANYBODYS = (  # also of a flag that is the brigade's
    "comment",
    "note",
    "submit_rectification",
    "state_defence",
)


def overtakes(action: str, escalating: Collection[str]) -> bool:
    """Whether what somebody decided before this event may no longer hold after it. Remarks and reminders change nothing, and
    of the steps that fall due only those that pass the flag on do (`escalating`: their codes)."""
    if action.startswith(STEP):
        return action.removeprefix(STEP) in escalating
    return not (
        action.startswith(REMIND)
        or action in (*PAPER_EVENTS, RECHECK_KEPT)
        or (action in MOVES and MOVES[action].remark)
    )


def is_bureaus_own(action: str, unit: str, escalating: Collection[str]) -> bool:
    """Whether an event is none of the contractors' business: an internal note, a paper before it is served, or a reminder to
    a unit of the bureau. `unit`: of the step that the event is about. They do see that a flag was passed on."""
    if action in MOVES:
        return MOVES[action].internal
    if action in PAPER_EVENTS:
        return action != SERVED
    if action == RECHECK_KEPT:
        return True
    about_step = action.startswith((STEP, REMIND))
    return about_step and unit != CONTRACTOR and action.removeprefix(STEP) not in escalating


def started(move: Move, state: str) -> tuple[str, ...]:
    """What begins with a move that led to `state`. A reply under 停工 asks for no recheck: 停工复核 runs on."""
    return () if move.action == "submit_rectification" and state != "submitted" else move.starts


@dataclass(frozen=True, slots=True)
class Asked:
    """A move that somebody wants to make of a flag: what the rules have to know. `rectifiers`: ids of those who
    replied to an order; `other_open`: another flag of this site and duty is open; `taken_over`: the flag was
    transferred or work was stopped, so that it is the brigade's for good; `addressed`: what was ordered was not
    addressed to another company than the actor's; `defended`: a statement of defence waits for its answer; `reviews`: the
    actor belongs to a unit that reviews sites."""

    action: str
    actor: str
    party: str | None
    state: str
    note: str = ""
    rectifiers: Collection[str] = field(default=())
    other_open: bool = False
    taken_over: bool = False
    addressed: bool = True
    defended: bool = False
    reviews: bool = True


def refusal(asked: Asked) -> str | None:
    """Why a move cannot be made, as a code; None when it can. `role_not_allowed`: not this party's; `illegal_move`:
    not from this state; `no_defence`: there is nothing to answer; `defence_unanswered`: that comes first; `same_person`:
    whoever rectified never verifies; `another_open`: it cannot be reopened while another one is open; `note_required`."""
    move = MOVES[asked.action]
    if asked.party not in move.by:
        return "role_not_allowed"
    if asked.state not in move.routes:
        return "illegal_move"
    if asked.party in (SECTION, INSPECTOR) and asked.taken_over and asked.action not in _ANYBODYS:
        return "role_not_allowed"
    if asked.party == INSPECTOR and move.verifies and not asked.reviews:
        return "role_not_allowed"
    if asked.party == CONTRACTOR and move.of_party and not asked.addressed:
        return "role_not_allowed"
    if move.answers and not asked.defended:
        return "no_defence"
    if move.after_hearing and asked.defended:
        return "defence_unanswered"
    if move.verifies and asked.actor in asked.rectifiers:
        return "same_person"
    if asked.state in ENDED and move.routes[asked.state] not in ENDED and asked.other_open:
        return "another_open"
    return "note_required" if move.note and not asked.note.strip() else None


def allowed(asked: Asked) -> list[Move]:
    """What this person may do with the flag now, in the order of the table; words still to be given."""
    return [move for move in TABLE if refusal(replace(asked, action=move.action, note="…")) is None]


def party(role: str, unit: str | None, flag_owner: str, reviews: Mapping[str, bool]) -> str | None:
    """What somebody who sees a flag is to it. `flag_owner`: the unit that receives the site's flags. An official of
    a company (市政工程处有限公司) and an administrator are nothing to it."""
    if role in (CONTRACTOR, INSPECTOR):
        return role
    if unit is None or not reviews.get(unit, False):
        return None
    if role == BRIGADE:
        return BRIGADE
    return SECTION if role == SECTION and unit == flag_owner else None

"""A user moves a flag: acknowledge, order rectification, reply, recheck, transfer, close …, one event a move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.devices.refresh_watermark import close_forks
from server.actions.flags.escalate import trigger
from server.actions.flags.events import (
    INTEGRITY,
    SCHEDULER,
    NewEvent,
    append_event,
    clock_of,
    flag_puts,
    flag_state_of,
)
from server.actions.flags.owner import owner_of
from server.actions.media.get_media import documents_of
from server.actions.notices.enqueue import Units, enqueue_move
from server.actions.records.feed import Feed, Put
from server.actions.records.window_record import window_put
from server.base.clock import to_iso
from server.base.problems import Problem, not_found
from server.models.access import Viewer, visible_flags
from server.models.flag import Flag, FlagEvent, of_flag, open_defence
from server.models.media import lacking_photos
from server.models.scope import lock_scope
from server.models.site import GENERAL_CONTRACTOR, Site, SiteCompany
from server.models.tx import Tx
from server.models.user import User, user_named
from server.models.window import Window, set_decision
from server.rules.calendar import DAY_MS
from server.rules.duties.transition import approve
from server.rules.flags.escalation import REFUSED, Policy, policy_from, steps
from server.rules.flags.history import Happened, apply
from server.rules.flags.moves import (
    ANSWER,
    ENDED,
    INSPECTOR,
    MOVES,
    TAKES_OVER,
    Asked,
    Move,
    allowed,
    overtakes,
    party,
    refusal,
    started,
)
from server.rules.plain_text import cleaned
from server.rules.rulebook import Rulebook

_EXCUSABLE = ("missed", "silent", "review")
_ORDERS = ("order_rectification", "fail_recheck")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a user asks for. `rev`: the number of the flag's last event that was seen; None only for a remark.
    `due_ms`: until when; None: by the policy. `media`: SHA-256 of photos. `assignee`: a log-in name; empty: oneself.
    `company`: to which of the site's an order is addressed; empty: as before, else the general contractor.
    `repeat_ms`: this person's last event of the flag, if it says the same and is younger, is this move already.
    `record`: of a recheck that was written on a tablet its record, which promises the photos: they may come later."""

    action: str
    rev: int | None
    note: str = ""
    due_ms: int | None = None
    media: tuple[str, ...] = ()
    assignee: str = ""
    company: str = ""
    repeat_ms: int = 0
    record: str = ""


def move_flag(tx: Tx, viewer: Viewer, flag_id: str, wanted: Wanted) -> Flag:
    """Make one move, under the lock of its scope, and publish it to the tablets. One that was just made is not made again
    (`repeat_ms`). Raises Problem 404 when the flag is absent or not this viewer's, and as `make_move`."""
    session, now_ms = tx.session, tx.now_ms
    scope_id = session.scalar(sa.select(Flag.scope_id).where(Flag.id == flag_id, visible_flags(viewer)))
    scope = lock_scope(session, scope_id) if scope_id is not None else None
    if scope is None:
        raise not_found()
    wanted = replace(wanted, note=cleaned(wanted.note))
    flag = session.get_one(Flag, (scope.scope_id, flag_id), populate_existing=True)
    if _is_made(session, flag, viewer, wanted, now_ms):
        return flag
    puts = make_move(tx, viewer, flag, wanted)
    feed = Feed(session, scope, tx.seals, now_ms)
    feed.put(puts)
    feed.flush()
    return flag


def make_move(tx: Tx, viewer: Viewer, flag: Flag, wanted: Wanted) -> list[Put]:
    """Make one move of a flag that this viewer sees. The caller holds the lock of its scope, and publishes what this gives.

    1. The flag as it is now; a move that was decided on an older one is refused.
    2. The table says whether this person may make it from here.
    3. Clocks that it ends are done, those that it starts are rows of the due scan.
    4. State, event and notices are written together.

    Raises Problem 403 `role_not_allowed`, 409 `stale_rev`, `illegal_move`, `same_person`, `another_open`, `no_defence` or
    `defence_unanswered` (with `state`, `rev` and what is `allowed`), 422 for what the move needs and was not given; nothing
    is written then.
    """
    session, now_ms, book = tx.session, tx.now_ms, tx.book
    site, move = session.get_one(Site, flag.scope_id), MOVES[wanted.action]
    asked = asked_of(session, viewer, flag, site, book, wanted)
    _check(session, asked, wanted, flag, now_ms)
    if not wanted.record and lacking_photos(session, flag.scope_id, wanted.media):
        raise _invalid("/media", "照片还没有上传, 请先上传。")
    if not move.documents and documents_of(session, flag.scope_id, wanted.media):
        raise _invalid("/media", "这一步只附照片, 不附 PDF。")
    detail = _detail(session, wanted, viewer, move, flag)
    policy, section = policy_from(flag.policy), owner_of(flag, site, book)
    then = flag_state_of(flag)
    apply(then, policy, Happened(flag.rev + 1, now_ms, wanted.action, detail))
    in_charge = _in_charge(session, flag, then.unit)
    starts = started(move, then.state)
    begun = [
        step
        for start in starts
        for step in steps(policy, now_ms, flag.severity, book.holidays, in_charge, start)
        if step.code not in move.stops and not (step.code == ANSWER and asked.defended)
    ]
    # A deadline that was given holds instead of the policy's.
    clocks = {step.code: clock_of(step.unit, wanted.due_ms or step.due_ms) for step in begun}
    answer = open_defence(session, flag) if move.to_brigade else None
    if answer is not None:  # the brigade answers what was said to the section, by the same time
        clocks[ANSWER] = clock_of(policy.brigade, answer.due_ms)
    detail |= {"clocks": clocks} if clocks else {}
    puts: list[Put] = []
    if wanted.action == "excuse":
        puts = _excuse(session, flag, viewer, now_ms)
        detail["excused"] = len(puts)
    append_event(tx, flag, NewEvent(viewer.id, wanted.action, detail), policy)
    if flag.duty == INTEGRITY and flag.state == "closed":
        close_forks(session, flag.scope_id, now_ms)
    enqueue_move(tx, flag, site, move, Units(section, policy.brigade, in_charge), viewer.id)
    if wanted.action == "fail_recheck" and _failed(session, flag) >= policy.failed_rechecks:
        trigger(tx, flag, policy, REFUSED)
    session.flush()
    return [*puts, *flag_puts(session, [flag])[flag.scope_id]]


def _is_made(session: Session, flag: Flag, viewer: Viewer, wanted: Wanted, now_ms: int) -> bool:
    """Whether the user's last move of this flag is this same move: the user went back in the browser and sent the form
    again."""
    if not wanted.repeat_ms:
        return False
    events = sa.select(FlagEvent).where(of_flag(FlagEvent, flag), FlagEvent.actor != SCHEDULER)
    last = session.scalar(events.order_by(FlagEvent.n.desc()).limit(1))
    if last is None or (last.actor, last.action) != (viewer.id, wanted.action):
        return False
    if last.at_ms <= now_ms - wanted.repeat_ms:
        return False
    detail = _detail(session, wanted, viewer, MOVES[wanted.action], flag)
    return all(
        last.detail.get(name) == detail.get(name) for name in ("note", "media", "due", "assignee", "company")
    )


def asked_of(
    session: Session, viewer: Viewer, flag: Flag, site: Site, book: Rulebook, wanted: Wanted | None = None
) -> Asked:
    """What the rules have to know about this viewer and this flag."""
    query = sa.select(FlagEvent.action, FlagEvent.actor).where(
        of_flag(FlagEvent, flag),
        FlagEvent.action.in_((*TAKES_OVER, "submit_rectification")),
    )
    events = session.execute(query).all()
    other = sa.select(Flag.id).where(
        Flag.scope_id == flag.scope_id, Flag.duty == flag.duty, Flag.closed_ms.is_(None), Flag.id != flag.id
    )
    return Asked(
        action=wanted.action if wanted is not None else "comment",
        actor=viewer.id,
        party=party(viewer.role, viewer.unit, owner_of(flag, site, book), book.reviews()),
        state=flag.state,
        note=wanted.note if wanted is not None else "",
        rectifiers=frozenset(row.actor for row in events if row.action == "submit_rectification"),
        other_open=flag.state in ENDED and session.scalar(other.limit(1)) is not None,
        taken_over=any(row.action in TAKES_OVER for row in events),
        addressed=flag.company is None or flag.company == viewer.company,
        defended=open_defence(session, flag) is not None,
        reviews=viewer.unit is not None and book.reviews().get(viewer.unit, False),
    )


def _check(session: Session, asked: Asked, wanted: Wanted, flag: Flag, now_ms: int) -> None:
    move, policy = MOVES[wanted.action], policy_from(flag.policy)
    here: dict[str, Any] = {"state": flag.state, "rev": flag.rev}
    here["allowed"] = [move.action for move in allowed(asked)]
    if wanted.rev is None and not move.remark:
        raise _invalid("/rev", "请写明所看到的版本。")
    if wanted.rev is not None and not move.remark and _overtaken(session, flag, policy, wanted.rev):
        raise Problem("stale_rev", **here)
    code = refusal(asked)
    if code == "note_required":
        raise _invalid("/note", "请填写说明。")
    if code is not None:
        raise Problem(code, **here)
    days_max = policy.due_days_max
    if wanted.due_ms is not None and not (move.due and now_ms < wanted.due_ms <= now_ms + days_max * DAY_MS):
        raise _invalid("/due", f"期限应在现在之后、{days_max} 天之内。" if move.due else "这一步不设期限。")
    if wanted.media and not move.media:
        raise _invalid("/media", "这一步不附照片。")
    if wanted.assignee and wanted.action != "assign":
        raise _invalid("/assignee", "只有指定承办人时填写。")
    if wanted.company and not move.addresses:
        raise _invalid("/company", "这一步不指定施工单位。")


def _overtaken(session: Session, flag: Flag, policy: Policy, rev: int) -> bool:
    """Whether something happened after event number `rev` that a decision ought to know of."""
    since = sa.select(FlagEvent.action).where(of_flag(FlagEvent, flag), FlagEvent.n > rev)
    actions = session.scalars(since)
    return rev > flag.rev or any(overtakes(action, policy.escalating) for action in actions)


def _in_charge(session: Session, flag: Flag, unit: str) -> str:
    """The unit that receives a reply and rechecks: whichever ordered last, also when the flag was passed on by itself
    since; `unit`, the flag's own, before there is an order, and after somebody transferred it or stopped work. An inspector
    who rechecks on the site takes the flag over for nobody."""
    inspectors = sa.select(sa.cast(User.id, sa.String(36))).where(User.role == INSPECTOR)
    decisions = sa.select(FlagEvent).where(
        of_flag(FlagEvent, flag),
        FlagEvent.action.in_((*_ORDERS, *TAKES_OVER)),
        FlagEvent.actor.not_in(inspectors),
    )
    last = session.scalar(decisions.order_by(FlagEvent.n.desc()).limit(1))
    orderer = session.get(User, last.actor) if last is not None and last.action in _ORDERS else None
    return (orderer.unit if orderer is not None else None) or unit


def _invalid(pointer: str, message: str) -> Problem:
    return Problem("invalid_input", "请按提示修改。", errors={pointer: [message]})


def _detail(session: Session, wanted: Wanted, viewer: Viewer, move: Move, flag: Flag) -> dict[str, Any]:
    """What the event keeps of the move; empty things are left out."""
    detail: dict[str, Any] = {"note": wanted.note, "media": list(wanted.media)}
    detail["due"] = to_iso(wanted.due_ms) if wanted.due_ms is not None else ""
    detail["record"] = wanted.record
    if wanted.action == "assign":
        detail["assignee"] = _assignee(session, wanted.assignee, viewer).id
    if move.addresses:
        detail["company"] = _addressee(session, wanted.company, flag)
    return {name: value for name, value in detail.items() if value}


def _assignee(session: Session, name: str, viewer: Viewer) -> User:
    """Somebody of the viewer's own unit. Raises Problem 422."""
    user = user_named(session, name or viewer.name) if name.isprintable() else None
    if user is None or not user.active or user.unit != viewer.unit:
        raise _invalid("/assignee", "没有这个人, 或者不在您的科室。")
    return user


def _addressee(session: Session, company: str, flag: Flag) -> str | None:
    """The company that an order is addressed to; None: whichever works there. Raises Problem 422."""
    here = sa.select(SiteCompany.company).where(SiteCompany.site_id == flag.scope_id)
    if company:
        if session.scalar(here.where(SiteCompany.company == company)) is None:
            raise _invalid("/company", "这个施工单位不在这个地点。")
        return company
    general = here.where(SiteCompany.role == GENERAL_CONTRACTOR).order_by(SiteCompany.company)
    return flag.company or session.scalar(general.limit(1))


def _failed(session: Session, flag: Flag) -> int:
    """How many rechecks failed."""
    query = sa.select(sa.func.count()).where(
        of_flag(FlagEvent, flag),
        FlagEvent.action == "fail_recheck",
    )
    return session.scalar(query) or 0


def _excuse(session: Session, flag: Flag, viewer: Viewer, now_ms: int) -> list[Put]:
    """The flag's windows that are wrong are excused, with who approved; gives their records."""
    query = sa.select(Window).where(
        Window.scope_id == flag.scope_id, Window.flag_id == flag.id, Window.state.in_(_EXCUSABLE)
    )
    windows = list(session.scalars(query))
    for window in windows:
        set_decision(window, approve(window, viewer.display_name))
        window.judged_ms = now_ms
    return [window_put(window) for window in windows]

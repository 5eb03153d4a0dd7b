"""A user drafts a paper of a flag, signs it, or voids it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from schemas.limits import FLAG_MEDIA_MAX, PAPER_ITEMS_MAX, PAPER_OFFICERS_MAX, PAPER_TEXT_MAX, REASON_MAX
from server.actions.flags.events import NewEvent, append_event, flag_puts
from server.actions.papers.first_words import Beginning, first_draft
from server.actions.papers.paper_content import Content, paper_content
from server.actions.papers.read_papers import (
    PaperFile,
    bases_for,
    company_of,
    faulty,
    kind_row,
    known_fact,
    may_write,
    paper_of,
    papers_of,
    writable_kinds,
)
from server.actions.papers.sealed_words import draft_of, facts_of, keep_draft, keep_facts
from server.actions.papers.service_clock import at_signing, at_voiding
from server.actions.records.feed import Feed
from server.actions.reference.name_codes import read_names
from server.base.problems import Problem, not_found
from server.models.access import Viewer, visible_flags
from server.models.flag import Flag, FlagEvent, FlagStep, of_flag, open_defence
from server.models.media import lacking_photos
from server.models.paper import Paper, take_number
from server.models.scope import Scope, lock_scope
from server.models.site import Site
from server.models.tx import Tx
from server.models.user import User
from server.rules.calendar import local_date_of
from server.rules.from_rows import Row, holds
from server.rules.papers.fields import FIELDS
from server.rules.papers.template import fields_of_lines
from server.rules.papers.terms import is_office_time, office_hours
from server.rules.papers.uses import EXPECTS_POWER, SIGNED, USES, VOIDED
from server.rules.plain_text import cleaned

_ENTRUSTED = ("brigade", "station")
_AFTER_HEARING = (
    "order",
    "case_handover",
    "transfer_letter",
)  # they burden the party; a danger waits for nobody
_CHECKS_RECTIFIER = ("recheck_record", "resume_notice")


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed into a draft. Moments are milliseconds as text."""

    fields: Mapping[str, str]
    officers: Sequence[str] = ()
    basis: str = ""
    photos: Sequence[str] = ()


def start_paper(tx: Tx, viewer: Viewer, flag_id: str, kind: str) -> Paper:
    """A new draft, filled in as far as the flag says it. Raises Problem 404, 403 `role_not_allowed`, 409
    `paper_not_yet` where the flag has not come to it."""
    flag, site, _ = _locked_flag(tx, viewer, flag_id)
    date = local_date_of(tx.now_ms)
    row = kind_row(tx.book, kind, date)
    if not may_write(tx, viewer, flag, site, row):
        raise Problem("role_not_allowed", "这种文书不由您拟。")
    if kind not in [one["code"] for one in writable_kinds(tx, viewer, flag, site, date)]:
        raise Problem("paper_not_yet", "问题办理到这一步之后才有这种文书。")
    use, before = USES[kind], papers_of(tx.session, viewer, flag)
    parent = next(
        (one for one in reversed(before) if one.kind in use.follows and one.state == "signed"), None
    )
    event = _event_of(tx.session, flag, use.after)
    if row["power"] in EXPECTS_POWER and not bases_for(tx.book, flag.duty, EXPECTS_POWER[row["power"]], date):
        raise Problem("paper_not_yet", "这项职责没有这种文书可用的依据; 没有责令依据的, 请用整改建议书。")
    names = read_names(tx.session, site.id)
    paper = Paper(id=str(uuid7()), scope_id=flag.scope_id, flag_id=flag.id, kind=kind, state="draft")
    begun = first_draft(tx, viewer, Beginning(flag, site, row, names, before, parent, event))
    keep_draft(tx.seals, paper, begun)
    paper.title, paper.number, paper.void_reason = "", "", ""
    paper.company, _ = company_of(tx.session, flag)
    paper.parent_id = parent.id if parent is not None else None
    paper.about_n = event.n if event is not None else None
    paper.made_ms, paper.made_by = tx.now_ms, viewer.id
    tx.session.add(paper)
    tx.session.flush()
    return paper


def edit_paper(tx: Tx, viewer: Viewer, paper_id: str, typed: Typed) -> None:
    """Keep what was typed; it may still lack something. Raises Problem 404, 403, 409 `paper_signed`, 422."""
    file, _ = _draft(tx, viewer, paper_id)
    row = kind_row(tx.book, file.paper.kind, local_date_of(tx.now_ms))
    asked = [name for name in fields_of_lines(row["lines"]) if FIELDS[name].asks]
    fields = {name: _cleaned(name, str(typed.fields.get(name, ""))) for name in asked}
    photos = list(dict.fromkeys(typed.photos))[:FLAG_MEDIA_MAX]
    if lacking_photos(tx.session, file.paper.scope_id, photos):
        raise faulty({"/photos": ["照片还没有上传, 请先上传。"]})
    before = draft_of(tx.seals, file.paper).get("fields", {})
    kept = {"fields": {**before, **fields}, "basis": typed.basis, "photos": photos}
    keep_draft(tx.seals, file.paper, {**kept, "officers": list(typed.officers)[:PAPER_OFFICERS_MAX]})


def content_of(tx: Tx, file: PaperFile) -> Content:
    """What a draft would say, with what it lacks; of a signed paper what it said then."""
    paper = file.paper
    if paper.state != "draft":
        return Content(facts_of(tx.seals, paper))
    parent = tx.session.get(Paper, paper.parent_id) if paper.parent_id else None
    content = paper_content(tx, paper, file.site, parent)
    content.lacks |= _lacks(tx, file, parent)
    return content


def sign_paper(tx: Tx, viewer: Viewer, paper_id: str) -> Paper:
    """Give a draft its number and keep what it says, for good. Raises Problem 404, 403, 409 `paper_signed`, 422 with all
    that it lacks."""
    file, scope = _draft(tx, viewer, paper_id)
    paper, flag = file.paper, file.flag
    lacks = content_of(tx, file).lacks
    if lacks:
        errors = {f"/{name}": [what] for name, what in lacks.items()}
        raise faulty(errors, "还不能签发: " + " ".join(lacks.values()))
    row = kind_row(tx.book, paper.kind, local_date_of(tx.now_ms))
    if row.get("numbering"):
        paper.series, paper.year = row["numbering"], int(local_date_of(tx.now_ms)[:4])
        paper.n = take_number(tx.session, paper.series, paper.year)
    parent = tx.session.get(Paper, paper.parent_id) if paper.parent_id else None
    facts = paper_content(tx, paper, file.site, parent).facts
    keep_facts(tx.seals, paper, {**facts, "draft": False})
    paper.title, paper.number = str(facts["title"]), str(facts["number"])
    paper.state, paper.signed_ms, paper.signed_by = "signed", tx.now_ms, viewer.id
    due = _due_typed(draft_of(tx.seals, paper), row)
    paper.due_ms = int(due) if due else None
    waits = at_signing(tx, flag, paper, viewer.unit or flag.unit)
    note_on_flag(tx, scope, flag, viewer, SIGNED, {**_named(paper), **waits})
    return paper


def void_paper(tx: Tx, viewer: Viewer, paper_id: str, reason: str) -> None:
    """Void a signed paper before it is served: its number stays and is listed; or throw a draft away. Raises Problem 404,
    403, 409 `paper_served`, 422 without a reason."""
    file, scope = _own(tx, viewer, paper_id)
    paper, why = file.paper, cleaned(reason)[:REASON_MAX]
    if paper.state == "draft":
        tx.session.delete(paper)
        return
    if paper.state == "void":
        return
    if file.services:
        raise Problem("paper_served", "已经送达的文书不能作废, 请另作文书更正。")
    if not why:
        raise faulty({"/reason": ["请写明作废的原因。"]})
    paper.state, paper.voided_ms, paper.void_reason = "void", tx.now_ms, why
    tx.session.flush()
    detail = {**_named(paper), "note": why, **at_voiding(tx, file.flag, paper)}
    note_on_flag(tx, scope, file.flag, viewer, VOIDED, detail)


def note_on_flag(
    tx: Tx, scope: Scope, flag: Flag, viewer: Viewer, action: str, detail: Mapping[str, Any]
) -> None:
    """Add what happened to a paper to its flag's history; `clocks` in it start again, and those of `ends` end. The caller
    holds the lock of the scope."""
    about = [*detail.get("clocks", ()), *detail.get("ends", ())]
    steps = list(
        tx.session.scalars(sa.select(FlagStep).where(of_flag(FlagStep, flag), FlagStep.step.in_(about)))
    )
    append_event(tx, flag, NewEvent(viewer.id, action, detail), steps=steps)
    tx.session.flush()
    feed = Feed(tx.session, scope, tx.seals, tx.now_ms)
    feed.put(flag_puts(tx.session, [flag])[flag.scope_id])
    feed.flush()


def _named(paper: Paper) -> dict[str, Any]:
    named = {"paper": paper.id, "title": paper.title, "number": paper.number}
    return {name: value for name, value in named.items() if value}


def _lacks(tx: Tx, file: PaperFile, parent: Paper | None) -> dict[str, str]:
    """What the words alone do not show: a party, a proof, a basis that fits, an office hour, the paper before."""
    paper, flag, lacks = file.paper, file.flag, dict[str, str]()
    use, date = USES[paper.kind], local_date_of(tx.now_ms)
    row = kind_row(tx.book, paper.kind, date)
    if paper.company is None and use.to_party:
        lacks["party"] = "这个地点还没有登记施工单位, 请先登记。"
    if use.follows and parent is None:
        lacks["parent"] = "还没有签发它所依据的文书。"
    if use.proved and not _is_recorded(tx.session, paper):
        lacks["evidence"] = "问题标记只是线索: 请先作现场检查笔录并签发。"
    if row["officers"] and _is_entrusted(tx, paper, date) and not known_fact(tx.book, "entrustment", date):
        lacks["entrustment"] = "文书设置里还没有填写委托书: 支队、站的人员以本机关名义执法要有书面委托。"
    if paper.kind in _AFTER_HEARING and open_defence(tx.session, flag) is not None:
        lacks["defence"] = "施工单位的陈述申辩还没有答复: 请先在标记的页面写明是否采纳和理由。"
    powers, draft = EXPECTS_POWER.get(row["power"], ()), draft_of(tx.seals, paper)
    bases = [one["code"] for one in bases_for(tx.book, flag.duty, powers, date)]
    if powers and draft.get("basis") not in bases:
        lacks["basis"] = "请选择这种文书可用的依据。"
    due = _due_typed(draft, row)
    hours = office_hours(known_fact(tx.book, "office_hours", date))
    if due and int(due) <= tx.now_ms:
        lacks["due"] = "整改期限应在现在之后。"
    elif due and not is_office_time(tx.book.holidays, hours, int(due)):
        lacks["due"] = "整改期限应落在工作日的办公时间内。"
    if paper.kind in _CHECKS_RECTIFIER and _has_rectifier(tx, paper, flag):
        lacks["officers"] = "整改回复的人不能复查, 请换一名执法人员。"
    return lacks


def _due_typed(draft: Mapping[str, Any], row: Row) -> str:
    """The deadline that a paper prints, where its template asks for one."""
    return str(draft["fields"].get("due", "")) if "due" in row["required"] else ""


def _is_entrusted(tx: Tx, paper: Paper, date: str) -> bool:
    """Whether an officer of the paper is of a unit that acts for the bureau only where it was entrusted."""
    acting = {
        row["code"] for row in tx.book.rows["units"] if row.get("kind") in _ENTRUSTED and holds(row, date)
    }
    chosen = set(draft_of(tx.seals, paper).get("officers", ()))
    return any(row["code"] in chosen and row["unit"] in acting for row in tx.book.rows["officers"])


def _is_recorded(session: Session, paper: Paper) -> bool:
    query = sa.select(Paper.id).where(
        Paper.scope_id == paper.scope_id,
        Paper.flag_id == paper.flag_id,
        Paper.kind == "inspection_record",
        Paper.state == "signed",
    )
    return session.scalar(query.limit(1)) is not None


def _has_rectifier(tx: Tx, paper: Paper, flag: Flag) -> bool:
    replies = sa.select(FlagEvent.actor).where(
        of_flag(FlagEvent, flag), FlagEvent.action == "submit_rectification"
    )
    actors = list(tx.session.scalars(replies))
    names = set(tx.session.scalars(sa.select(User.name).where(User.id.in_(actors))))
    chosen = set(draft_of(tx.seals, paper).get("officers", ()))
    return any(row["code"] in chosen and row.get("user") in names for row in tx.book.rows["officers"])


def _cleaned(name: str, text: str) -> str:
    lines = [cleaned(line) for line in text[:PAPER_TEXT_MAX].splitlines()]
    if FIELDS[name].asks == "items":
        return "\n".join([line for line in lines if line][:PAPER_ITEMS_MAX])
    return " ".join(line for line in lines if line)


def _event_of(session: Session, flag: Flag, actions: Sequence[str]) -> FlagEvent | None:
    if not actions:
        return None
    query = sa.select(FlagEvent).where(of_flag(FlagEvent, flag), FlagEvent.action.in_(actions))
    return session.scalar(query.order_by(FlagEvent.n.desc()).limit(1))


def _draft(tx: Tx, viewer: Viewer, paper_id: str) -> tuple[PaperFile, Scope]:
    file, scope = _own(tx, viewer, paper_id)
    if file.paper.state != "draft":
        raise Problem("paper_signed", "已经签发, 不能再改; 送达之前可以作废后重新拟。")
    return file, scope


def _own(tx: Tx, viewer: Viewer, paper_id: str) -> tuple[PaperFile, Scope]:
    """A paper that the viewer may write, under the lock of its scope."""
    scope = lock_scope(tx.session, paper_of(tx.session, viewer, paper_id).paper.scope_id)
    tx.session.expire_all()
    file = paper_of(tx.session, viewer, paper_id)
    row = kind_row(tx.book, file.paper.kind, local_date_of(tx.now_ms))
    if scope is None or not may_write(tx, viewer, file.flag, file.site, row):
        raise Problem("role_not_allowed", "这份文书不由您办理。")
    return file, scope


def _locked_flag(tx: Tx, viewer: Viewer, flag_id: str) -> tuple[Flag, Site, Scope]:
    scope_id = tx.session.scalar(sa.select(Flag.scope_id).where(Flag.id == flag_id, visible_flags(viewer)))
    scope = lock_scope(tx.session, scope_id) if scope_id is not None else None
    if scope is None:
        raise not_found()
    flag = tx.session.get_one(Flag, (scope.scope_id, flag_id), populate_existing=True)
    return flag, tx.session.get_one(Site, scope.scope_id), scope

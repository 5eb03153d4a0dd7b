"""Requests of people about their own data: taken, reminded of, answered. What is asked for is done where it always is: a
person's page shows and prints what is kept, a roster corrects it, `gongdi person erase` erases it; the answer says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.notices.enqueue import enqueue_for_admins
from server.actions.reference.check_codes import wrong
from server.base.problems import Problem, not_found
from server.base.seal import Seals, aad_of
from server.models.access import Viewer, visible_sites
from server.models.audit import Deed, record_deed
from server.models.person_request import PersonRequest
from server.models.site import Site
from server.models.tx import Tx
from server.models.user import ADMIN, User
from server.rules.person_requests import KINDS, OUTCOMES, due_ms_of, warn_ms_of
from server.rules.plain_text import cleaned

NAME_MAX = 64
CONTACT_MAX = 100
TEXT_MAX = 1000
SHOWN_MAX = 200


class Said(msgspec.Struct, frozen=True):
    """Who asks, how they are reached, and what they ask for, in their words."""

    name: str
    contact: str
    text: str


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """A request as it is read; `answer` is "" while it is open."""

    row: PersonRequest
    said: Said
    answer: str
    site: Site | None
    received_by: str
    answered_by: str | None


def take_request(tx: Tx, viewer: Viewer, kind: str, said: Said, site: Site | None) -> PersonRequest:
    """Note a request that came to the office. Raises Problem 422 for a field, 404 for a site that is not this viewer's."""
    if kind not in KINDS:
        raise wrong("kind", f"请求只能是: {'、'.join(KINDS.values())}。")
    clean = Said(
        _text(said.name, "name", "姓名", NAME_MAX),
        _text(said.contact, "contact", "联系方式", CONTACT_MAX),
        _text(said.text, "text", "请求的内容", TEXT_MAX),
    )
    if site is not None and not _sees(tx.session, viewer, site.id):
        raise not_found()
    row = PersonRequest(id=str(uuid7()), kind=kind, site_id=site.id if site is not None else None)
    row.said = tx.seals.seal(request_aad(row.id, "said"), msgspec.json.encode(clean))
    row.received_by, row.received_ms = viewer.id, tx.now_ms
    row.due_ms, row.next_ms = due_ms_of(tx.book, tx.now_ms), warn_ms_of(tx.book, tx.now_ms)
    tx.session.add(row)
    record_deed(tx.session, Deed("request_taken", viewer.id, KINDS[kind], row.id), tx.now_ms)
    return row


def answer_request(tx: Tx, viewer: Viewer, request_id: str, outcome: str, answer: str) -> None:
    """Close a request with what was answered. Raises Problem 404, 409 when it is answered, 422."""
    one = sa.select(PersonRequest).where(PersonRequest.id == request_id, _visible(viewer))
    row = tx.session.scalar(one.with_for_update())
    if row is None:
        raise not_found()
    if row.answered_ms is not None:
        raise Problem("request_answered")
    if outcome not in OUTCOMES:
        raise wrong("outcome", f"结果只能是: {'、'.join(OUTCOMES.values())}。")
    clean = _text(answer, "answer", "答复", TEXT_MAX)
    row.outcome, row.answered_by, row.answered_ms, row.next_ms = outcome, viewer.id, tx.now_ms, None
    row.answer = tx.seals.seal(request_aad(row.id, "answer"), clean.encode())
    record_deed(tx.session, Deed("request_answered", viewer.id, KINDS[row.kind], row.id), tx.now_ms)


def list_requests(session: Session, seals: Seals, viewer: Viewer) -> list[ShownRequest]:
    """The newest ones that this viewer may see, open ones first, by when they are due."""
    rows = session.scalars(
        sa.select(PersonRequest)
        .where(_visible(viewer))
        .order_by(
            PersonRequest.answered_ms.is_not(None),
            sa.case((PersonRequest.answered_ms.is_(None), PersonRequest.due_ms)),
            PersonRequest.answered_ms.desc(),
            PersonRequest.id,
        )
        .limit(SHOWN_MAX)
    ).all()
    return _shown(session, seals, rows)


def count_open(session: Session, viewer: Viewer) -> int:
    """How many wait for an answer."""
    query = sa.select(sa.func.count()).select_from(PersonRequest)
    return session.scalar(query.where(PersonRequest.answered_ms.is_(None), _visible(viewer))) or 0


def requests_to_remind(now_ms: int) -> sa.Select[PersonRequest]:
    """Those of which somebody is to be reminded by now."""
    return sa.select(PersonRequest).where(PersonRequest.next_ms.is_not(None), PersonRequest.next_ms <= now_ms)


def remind_of_requests(tx: Tx, limit: int) -> int:
    """Remind whoever took a request, and the administrators: before its last day, and once when that is over."""
    chosen = requests_to_remind(tx.now_ms).order_by(PersonRequest.next_ms).limit(limit)
    rows = tx.session.scalars(chosen.with_for_update(skip_locked=True)).all()
    for row in rows:
        late = tx.now_ms >= row.due_ms
        what = "person_request_late" if late else "person_request_due"
        enqueue_for_admins(tx.session, what, row.id, tx.now_ms, KINDS[row.kind], row.received_by)
        row.next_ms = None if late else row.due_ms
    return len(rows)


def request_aad(request_id: str, column: str) -> bytes:
    """The additional data (AAD) that a sealed column of a request is bound to."""
    return aad_of("person_request", request_id, column)


def _text(text: str, name: str, title: str, most: int) -> str:
    clean = cleaned(text)
    if not clean or len(clean) > most:
        raise wrong(name, f"请填写{title}, 不超过 {most} 个字。")
    return clean


def _visible(viewer: Viewer) -> sa.ColumnElement[bool]:
    """An administrator sees all; an official those of their sites, of no site, and those that they took."""
    if viewer.role == ADMIN:
        return sa.true()
    if not viewer.judges:
        return sa.false()
    sites = sa.select(Site.id).where(visible_sites(viewer))
    return sa.or_(
        PersonRequest.site_id.is_(None),
        PersonRequest.received_by == viewer.id,
        PersonRequest.site_id.in_(sites),
    )


def _sees(session: Session, viewer: Viewer, site_id: str) -> bool:
    return session.scalar(sa.select(Site.id).where(Site.id == site_id, visible_sites(viewer))) is not None


def _shown(session: Session, seals: Seals, rows: Sequence[PersonRequest]) -> list[ShownRequest]:
    of_sites = sa.select(Site).where(Site.id.in_([row.site_id for row in rows]))
    sites = {site.id: site for site in session.scalars(of_sites)}
    ids = [user_id for row in rows for user_id in (row.received_by, row.answered_by)]
    of_people = sa.select(User.id, User.display_name).where(User.id.in_(ids))
    people = dict(session.execute(of_people).all())
    shown = []
    for row in rows:
        said = msgspec.json.decode(seals.open(request_aad(row.id, "said"), row.said), type=Said)
        answer = seals.open(request_aad(row.id, "answer"), row.answer).decode() if row.answer else ""
        site = sites.get(row.site_id or "")
        shown.append(
            ShownRequest(row, said, answer, site, people[row.received_by], people.get(row.answered_by or ""))
        )
    return shown

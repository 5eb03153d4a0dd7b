"""Notices leave in digests: gathered per channel, claimed by one sender at a time, settled when they have gone."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.notices.edit_channels import address_aad
from server.actions.notices.outgoing import Outgoing
from server.actions.reference.name_codes import read_names
from server.base.clock import to_iso
from server.base.seal import SealBroken, Seals
from server.base.statements import constant
from server.models.flag import Flag
from server.models.notice import Channel, Digest, Notice
from server.models.site import Site
from server.models.user import User
from server.models.window import places_lacking
from server.rules.calendar import local_date_of
from server.rules.delivery import backoff_ms
from server.rules.rulebook import Rulebook

LEASE_MS = 5 * 60 * 1000  # how long a sender that died keeps others away
LINES_MAX = 30


def is_any_due(session: Session, now_ms: int) -> bool:
    """Whether there is anything to gather or to send."""
    notices, digests = sa.exists().where(_may_leave(now_ms)), sa.exists().where(_is_due(now_ms))
    return bool(session.scalar(sa.select(sa.or_(notices, digests))))


def _may_leave(now_ms: int) -> sa.ColumnElement[bool]:
    return sa.and_(Notice.due_ms <= now_ms, Notice.digest_id.is_(None), Notice.channel_id.is_not(None))


def _is_due(now_ms: int) -> sa.ColumnElement[bool]:
    return sa.and_(Digest.state == constant("pending"), Digest.next_ms <= now_ms)


def gather(session: Session, now_ms: int, limit: int = 200) -> int:
    """Put what may leave now into one digest per channel. Gives how many digests were made."""
    due = _may_leave(now_ms)
    waiting = sa.select(Notice.channel_id).where(due).distinct().limit(limit)
    query = sa.select(Channel).where(Channel.id.in_(waiting)).order_by(Channel.id)
    made = 0
    for channel in session.scalars(query.with_for_update(skip_locked=True)).all():
        key = str(uuid7())
        mine = sa.update(Notice).where(due, Notice.channel_id == channel.id).values(digest_id=key)
        count = session.execute(mine.returning(Notice.id), execution_options={"synchronize_session": False})
        if number := len(count.all()):
            digest = Digest(id=key, channel_id=channel.id, notices=number, state="pending", tries=0)
            digest.made_ms, digest.next_ms = now_ms, now_ms
            session.add(digest)
            made += 1
    session.flush()
    return made


def claim(session: Session, seals: Seals, now_ms: int, address_of: str) -> Outgoing | None:
    """The next digest that is due, counted as tried and kept from others for a while; None when nothing is.
    `address_of`: the console's address, for a link."""
    query = sa.select(Digest).where(_is_due(now_ms))
    query = query.order_by(Digest.next_ms).limit(1).with_for_update(skip_locked=True)
    digest = session.scalar(query)
    if digest is None:
        return None
    digest.tries += 1
    digest.next_ms = now_ms + LEASE_MS
    channel = session.get_one(Channel, digest.channel_id)
    lines, severe = _lines(session, digest.id)
    if digest.notices > len(lines):
        lines.append(f"…… 另有 {digest.notices - len(lines)} 条")
    if address_of:
        lines.append(f"{address_of}/console/notices")
    title = f"现场检查: {digest.notices} 条通知" + (" (有严重事项)" if severe else "")
    content = (title, tuple(lines), digest.notices, severe, now_ms)
    return Outgoing(digest.id, channel.kind, _address(seals, channel), *content)


def _address(seals: Seals, channel: Channel) -> str | None:
    try:
        return seals.open(address_aad(channel.id), channel.address).decode()
    except (SealBroken, UnicodeDecodeError):
        return None


def settle(session: Session, key: str, sent: bool, now_ms: int, book: Rulebook) -> str:
    """Record how a try went; gives the digest's state (`gone`: its channel was taken away meanwhile). What cannot
    be delivered after many tries goes by another channel of the same person, and the administrators learn of it."""
    digest = session.get(Digest, key, with_for_update=True)
    if digest is None:
        return "gone"
    if digest.state != "pending":
        return digest.state
    channel = session.get_one(Channel, digest.channel_id)
    if sent:
        digest.state, digest.sent_ms, channel.failed_ms = "sent", now_ms, None
        return digest.state
    today = local_date_of(now_ms)
    channel.failed_ms = channel.failed_ms or now_ms
    first_s, most_s = book.number("notice_retry_first_s", today), book.number("notice_retry_most_s", today)
    digest.next_ms = now_ms + backoff_ms(digest.tries, round(first_s * 1000), round(most_s * 1000))
    if digest.tries >= book.number("notice_tries", today):
        digest.state = "failed"
        _go_around(session, digest, channel, now_ms)
    return digest.state


def _go_around(session: Session, digest: Digest, broken: Channel, now_ms: int) -> None:
    """Queue the notices of a failed digest again: by the person's next channel that works, and one to each
    administrator."""
    others = sa.select(Channel).where(Channel.user_id == broken.user_id, Channel.failed_ms.is_(None))
    other = session.scalar(others.order_by(Channel.made_ms, Channel.id).limit(1))
    notices = list(session.scalars(sa.select(Notice).where(Notice.digest_id == digest.id)))
    known = set(
        session.scalars(sa.select(Notice.key).where(Notice.key.in_([_key(n, other) for n in notices])))
    )
    for notice in notices:
        if other is not None and _key(notice, other) not in known:
            session.add(_again(notice, _key(notice, other), notice.user_id, other.id, now_ms))
    admins = sa.select(User.id).where(User.role == "admin", User.active)
    for user_id in session.scalars(admins):
        notice_of_failure = _again(notices[0], f"{digest.id}:{user_id}", user_id, None, now_ms)
        notice_of_failure.what = "channel_failed"
        session.add(notice_of_failure)


def _key(notice: Notice, channel: Channel | None) -> str:
    """A notice's key with another channel instead of its own."""
    return f"{notice.key.rpartition(':')[0]}:{channel.id if channel is not None else ''}"


def _again(notice: Notice, key: str, user_id: str, channel_id: str | None, now_ms: int) -> Notice:
    return Notice(
        id=str(uuid7()),
        key=key,
        user_id=user_id,
        channel_id=channel_id,
        scope_id=notice.scope_id,
        flag_id=notice.flag_id,
        what=notice.what,
        detail=notice.detail,
        severe=notice.severe,
        made_ms=now_ms,
        due_ms=now_ms,
    )


def _lines(session: Session, digest_id: str) -> tuple[list[str], bool]:
    """What a digest says, the severe first: sites, duties, places and what happened; nobody's name, nobody's health."""
    query = sa.select(Notice, Flag, Site).outerjoin(Site, Site.id == Notice.scope_id)
    query = query.outerjoin(Flag, sa.and_(Flag.scope_id == Notice.scope_id, Flag.id == Notice.flag_id))
    query = query.where(Notice.digest_id == digest_id)
    query = query.order_by(Notice.severe.desc(), Notice.made_ms, Notice.id).limit(LINES_MAX)
    rows = session.execute(query).all()
    flags = [(flag.scope_id, flag.id) for _, flag, _ in rows if flag is not None]
    names = read_names(session, *{scope_id for scope_id, _ in flags})
    lacking = places_lacking(session, flags)
    lines, severe = [], False
    for notice, flag, site in rows:
        severe = severe or notice.severe
        line = to_iso(notice.made_ms)[5:16].replace("T", " ")
        if flag is not None:
            places = names.places(lacking[flag.id])
            line += f" {site.name} · {names.of('duties', flag.duty)}{f' ({places})' if places else ''}"
        lines.append(f"{line}: {names.event(notice.what)}")
    return lines, severe

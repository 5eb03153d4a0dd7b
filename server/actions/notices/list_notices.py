"""A person's notices in the console: one line for each thing that they are about, newest first; what was read stays read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from server.models.access import Viewer, visible_flags
from server.models.flag import Flag
from server.models.notice import Notice
from server.models.paging import After, Page, cut, read_cursor
from server.models.site import Site


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """One thing: its newest notice; how many there are of it, and of those that are unread how many of which event."""

    notice: Notice
    flag: Flag | None  # None: about no flag
    site: Site | None
    count: int = 1
    unread: Counter[str] = field(default_factory=Counter)


def count_unread(session: Session, viewer: Viewer, most: int = 100) -> int:
    """Of how many things this person has unread notices; counted up to `most`."""
    thing = sa.func.coalesce(Notice.flag_id, Notice.id)
    unread = sa.select(thing).where(*_own(viewer), Notice.read_ms.is_(None)).distinct().limit(most)
    return session.scalar(sa.select(sa.func.count()).select_from(unread.subquery())) or 0


def page_of_notices(
    session: Session, viewer: Viewer, cursor: str | None, limit: int, unread: bool = False
) -> Page[ShownNotice]:
    """What this user has notices about: no flag, and flags that they may still see; with `unread` what has some that are
    unread. Raises Problem 422 for a bad cursor."""
    after, later = read_cursor(cursor), aliased(Notice)
    same = sa.and_(later.user_id == Notice.user_id, later.flag_id == Notice.flag_id)
    has_later = sa.exists().where(same, later.channel_id.is_(None), later.id > Notice.id)
    query = (
        sa.select(Notice, Flag, Site)
        .outerjoin(Flag, sa.and_(Flag.scope_id == Notice.scope_id, Flag.id == Notice.flag_id))
        .outerjoin(Site, Site.id == Notice.scope_id)
        .where(*_own(viewer), sa.or_(Notice.flag_id.is_(None), visible_flags(viewer)), ~has_later)
        .order_by(Notice.made_ms.desc(), Notice.id.desc())
        .limit(limit + 1)
    )
    if unread:
        own = sa.and_(Notice.flag_id.is_(None), Notice.read_ms.is_(None))
        query = query.where(
            sa.or_(own, sa.exists().where(same, later.channel_id.is_(None), later.read_ms.is_(None)))
        )
    if after is not None:
        last_id = sa.bindparam(None, after.id, type_=Notice.id.type)
        query = query.where(sa.tuple_(Notice.made_ms, Notice.id) < sa.tuple_(after.ms, last_id))
    page = cut(session.execute(query).all(), limit, lambda row: After(row[0].made_ms, row[0].id))
    counts = _counted(session, viewer, [row[0].flag_id for row in page.items if row[0].flag_id is not None])
    return Page([_shown(*row, counts) for row in page.items], page.next)


def read_notices(session: Session, viewer: Viewer, now_ms: int, notice_id: str | None = None) -> None:
    """This person has read what was there until now; with `notice_id` only what is about the same thing."""
    unread = sa.update(Notice).where(*_own(viewer), Notice.read_ms.is_(None), Notice.made_ms <= now_ms)
    if notice_id is not None:
        one = session.scalar(sa.select(Notice).where(*_own(viewer), Notice.id == notice_id))
        if one is None:
            return
        about = Notice.id == one.id if one.flag_id is None else Notice.flag_id == one.flag_id
        unread = unread.where(about)
    _mark(session, unread, now_ms)


def has_unread(session: Session, viewer: Viewer, flag_id: str) -> bool:
    """Whether this person has unread notices about a flag."""
    query = sa.select(Notice.id).where(*_own(viewer), Notice.read_ms.is_(None), Notice.flag_id == flag_id)
    return session.scalar(query.limit(1)) is not None


def read_about(session: Session, viewer: Viewer, flag_id: str, now_ms: int) -> None:
    """This person has seen the flag, and so has read what the notices about it said."""
    unread = sa.update(Notice).where(*_own(viewer), Notice.read_ms.is_(None), Notice.flag_id == flag_id)
    _mark(session, unread, now_ms)


def _mark(session: Session, unread: sa.Update, now_ms: int) -> None:
    session.execute(unread.values(read_ms=now_ms), execution_options={"synchronize_session": False})


def _counted(
    session: Session, viewer: Viewer, flag_ids: Sequence[str]
) -> dict[str, tuple[int, Counter[str]]]:
    """By flag: how many notices there are, and how many unread ones of which event."""
    new = sa.func.count().filter(Notice.read_ms.is_(None))
    query = (
        sa.select(Notice.flag_id, Notice.what, sa.func.count(), new)
        .where(*_own(viewer), Notice.flag_id.in_(flag_ids))
        .group_by(Notice.flag_id, Notice.what)
    )
    counts: dict[str, int] = defaultdict(int)
    unread: dict[str, Counter[str]] = defaultdict(Counter)
    for flag_id, what, count, fresh in session.execute(query):
        counts[str(flag_id)] += count
        if fresh:
            unread[str(flag_id)][what] = fresh
    return {flag_id: (count, unread[flag_id]) for flag_id, count in counts.items()}


def _shown(
    notice: Notice, flag: Flag | None, site: Site | None, counts: dict[str, tuple[int, Counter[str]]]
) -> ShownNotice:
    own: Counter[str] = Counter() if notice.read_ms is not None else Counter([notice.what])
    return ShownNotice(notice, flag, site, *counts.get(notice.flag_id or "", (1, own)))


def _own(viewer: Viewer) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return Notice.user_id == viewer.id, Notice.channel_id.is_(None)

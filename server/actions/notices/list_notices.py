"""A person's notices in the console: newest first, and how many are unread."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.access import Viewer, visible_flags
from server.models.flag import Flag
from server.models.notice import Notice
from server.models.paging import After, Page, cut, read_cursor
from server.models.site import Site


@dataclass(frozen=True, slots=True)
class ShownNotice:
    notice: Notice
    flag: Flag | None  # None: about no flag
    site: Site | None


def count_unread(session: Session, viewer: Viewer, most: int = 100) -> int:
    """How many notices this person has not read; counted up to `most`."""
    unread = sa.select(Notice.id).where(*_own(viewer), Notice.read_ms.is_(None)).limit(most)
    return session.scalar(sa.select(sa.func.count()).select_from(unread.subquery())) or 0


def page_of_notices(session: Session, viewer: Viewer, cursor: str | None, limit: int) -> Page[ShownNotice]:
    """This user's notices: about no flag, and about flags that they may still see. Raises Problem 422 for a bad cursor."""
    after = read_cursor(cursor)
    query = (
        sa.select(Notice, Flag, Site)
        .outerjoin(Flag, sa.and_(Flag.scope_id == Notice.scope_id, Flag.id == Notice.flag_id))
        .outerjoin(Site, Site.id == Notice.scope_id)
        .where(*_own(viewer), sa.or_(Notice.flag_id.is_(None), visible_flags(viewer)))
        .order_by(Notice.made_ms.desc(), Notice.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        last_id = sa.bindparam(None, after.id, type_=Notice.id.type)
        query = query.where(sa.tuple_(Notice.made_ms, Notice.id) < sa.tuple_(after.ms, last_id))
    page = cut(session.execute(query).all(), limit, lambda row: After(row[0].made_ms, row[0].id))
    return Page([ShownNotice(*row) for row in page.items], page.next)


def read_notices(session: Session, viewer: Viewer, now_ms: int) -> None:
    """This person has read what was there until now."""
    unread = sa.update(Notice).where(*_own(viewer), Notice.read_ms.is_(None), Notice.made_ms <= now_ms)
    session.execute(unread.values(read_ms=now_ms), execution_options={"synchronize_session": False})


def _own(viewer: Viewer) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return Notice.user_id == viewer.id, Notice.channel_id.is_(None)

"""A user's own filters of lists, by names of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.reference.check_codes import wrong
from server.base.problems import not_found
from server.models.access import Viewer
from server.models.office import FILTER_NAME_MAX, SavedFilter
from server.models.tx import Tx
from server.rules.plain_text import cleaned

KEPT_MAX = 20  # of one user and page


def saved_filters(session: Session, viewer: Viewer, page: str) -> Sequence[SavedFilter]:
    """This user's filters of a page, the oldest first."""
    return session.scalars(_of(viewer, page).order_by(SavedFilter.made_ms, SavedFilter.id)).all()


def save_filter(tx: Tx, viewer: Viewer, page: str, name: str, asked: Mapping[str, str]) -> None:
    """Keep it under this name, in place of one that has the name already. Raises Problem 422."""
    called = cleaned(name).replace("\n", " ")
    if not 0 < len(called) <= FILTER_NAME_MAX:
        raise wrong("name", f"名称为 1 到 {FILTER_NAME_MAX} 个字。")
    kept = {one.name: one for one in tx.session.scalars(_of(viewer, page))}
    if called not in kept and len(kept) >= KEPT_MAX:
        raise wrong("name", f"最多存 {KEPT_MAX} 个常用筛选, 请先删去不用的。")
    row = kept.get(called) or SavedFilter(id=str(uuid7()), user_id=viewer.id, page=page, name=called)
    row.asked, row.made_ms = dict(asked), tx.now_ms
    tx.session.add(row)


def forget_filter(tx: Tx, viewer: Viewer, filter_id: str) -> None:
    """Raises Problem 404 for one that is not this user's."""
    row = tx.session.get(SavedFilter, filter_id)
    if row is None or row.user_id != viewer.id:
        raise not_found()
    tx.session.delete(row)


def _of(viewer: Viewer, page: str) -> sa.Select[SavedFilter]:
    return sa.select(SavedFilter).where(SavedFilter.user_id == viewer.id, SavedFilter.page == page)

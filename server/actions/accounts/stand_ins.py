"""Who stands in for whom (代理) while somebody of the bureau is away, and what that lets a viewer see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased
from uuid_utils.compat import uuid7

from schemas.limits import REASON_MAX
from server.actions.reference.check_codes import wrong
from server.base.problems import not_found
from server.models.access import Viewer, districts_of, may_administer
from server.models.audit import Deed, record_deed
from server.models.filters import is_day
from server.models.office import StandIn, absent_on
from server.models.tx import Tx
from server.models.user import OFFICIALS, User
from server.rules.calendar import add_days, local_date_of
from server.rules.plain_text import cleaned

DAYS_MAX = 92
_SHOWN_DAYS = 30  # so long one that is over stays listed


@dataclass(frozen=True, slots=True)
class Asked:
    """`user_id`: who will be away; `deputy`: the log-in name of whoever stands in."""

    user_id: str
    deputy: str
    first_day: str
    last_day: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShownStandIn:
    row: StandIn
    user: str
    deputy: str
    may_end: bool


def standing_in(session: Session, viewer: Viewer, now_ms: int) -> Viewer:
    """The viewer with the districts of colleagues who are away today. Nobody who looks after all of them sees more by it."""
    if viewer.role not in OFFICIALS:
        return viewer
    absent = session.scalars(absent_on(viewer.id, local_date_of(now_ms))).all()
    alike = [user for user in absent if (user.role, user.unit) == (viewer.role, viewer.unit)]
    if not alike:
        return viewer
    districts = dict.fromkeys(viewer.districts)
    for user in alike if viewer.districts else ():
        own = districts_of(user)
        districts = {} if not own or not districts else districts | dict.fromkeys(own)
    return replace(viewer, stands_for=tuple(user.id for user in alike), districts=tuple(districts))


def colleagues_of(session: Session, user: User) -> Sequence[User]:
    """Who may stand in for this user: active people of the same unit and role."""
    alike = sa.and_(User.unit == user.unit, User.role == user.role, User.active, User.id != user.id)
    return session.scalars(sa.select(User).where(alike).order_by(User.display_name, User.id)).all()


def officials(session: Session) -> Sequence[User]:
    """Everybody who may be stood in for."""
    query = sa.select(User).where(User.role.in_(OFFICIALS), User.active, User.unit.is_not(None))
    return session.scalars(query.order_by(User.display_name, User.id)).all()


def set_stand_in(tx: Tx, viewer: Viewer, asked: Asked) -> StandIn:
    """A colleague stands in from one day to another. One says so oneself, or an administrator does. Raises Problem 404 for
    somebody else's absence, 422 for what cannot be, or where somebody stands in already."""
    session, today = tx.session, local_date_of(tx.now_ms)
    user = session.get(User, asked.user_id)
    own = user is not None and user.id == viewer.id
    if user is None or user.role not in OFFICIALS or not (own or may_administer(viewer)):
        raise not_found()
    deputy = next((one for one in colleagues_of(session, user) if one.name == asked.deputy), None)
    if deputy is None:
        raise wrong("deputy", "请选择同一科室、同一角色的在用人员。")
    if not (is_day(asked.first_day) and is_day(asked.last_day)):
        raise wrong("first_day", "请选择起止日期。")
    longest = add_days(asked.first_day, DAYS_MAX)
    if not today <= asked.last_day <= longest or asked.first_day > asked.last_day:
        raise wrong("last_day", f"截止日期应在今天和开始日期之后, 最长 {DAYS_MAX} 天。")
    overlaps = sa.and_(
        StandIn.user_id == user.id,
        StandIn.ended_ms.is_(None),
        StandIn.first_day <= asked.last_day,
        StandIn.last_day >= asked.first_day,
    )
    if session.scalar(sa.select(StandIn.id).where(overlaps).limit(1)) is not None:
        raise wrong("first_day", "这段时间已有人代理, 请先结束那一条。")
    row = StandIn(id=str(uuid7()), user_id=user.id, deputy_id=deputy.id, made_by=viewer.id, made_ms=tx.now_ms)
    row.first_day, row.last_day = asked.first_day, asked.last_day
    row.reason = cleaned(asked.reason)[:REASON_MAX]
    session.add(row)
    _record(
        tx,
        "stand_in_set",
        viewer,
        user,
        (None, f"{deputy.display_name}, {row.first_day} 至 {row.last_day}"),
        row,
    )
    return row


def end_stand_in(tx: Tx, viewer: Viewer, row_id: str) -> None:
    """Call it off now. Raises Problem 404."""
    row = tx.session.get(StandIn, row_id)
    if row is None or row.ended_ms is not None or not (row.user_id == viewer.id or may_administer(viewer)):
        raise not_found()
    row.ended_ms = tx.now_ms
    user, deputy = (tx.session.get_one(User, one) for one in (row.user_id, row.deputy_id))
    _record(tx, "stand_in_ended", viewer, user, (deputy.display_name, None), row)


def stand_ins_seen(session: Session, viewer: Viewer, now_ms: int) -> list[ShownStandIn]:
    """Those that hold, will hold, or held lately, the latest first: of the viewer's unit, for an administrator all."""
    user, deputy = aliased(User), aliased(User)
    since = add_days(local_date_of(now_ms), -_SHOWN_DAYS)
    query = (
        sa.select(StandIn, user.display_name, deputy.display_name)
        .join(user, user.id == StandIn.user_id)
        .join(deputy, deputy.id == StandIn.deputy_id)
        .where(StandIn.last_day >= since, sa.true() if may_administer(viewer) else user.unit == viewer.unit)
        .order_by(StandIn.first_day.desc(), StandIn.id)
    )
    return [
        ShownStandIn(
            row,
            name,
            other,
            row.ended_ms is None
            and row.last_day >= local_date_of(now_ms)
            and (row.user_id == viewer.id or may_administer(viewer)),
        )
        for row, name, other in session.execute(query)
    ]


def _record(
    tx: Tx, what: str, viewer: Viewer, user: User, deputy: tuple[str | None, str | None], row: StandIn
) -> None:
    deed = Deed(what, viewer.id, user.display_name, user.id, {"deputy": deputy}, row.reason)
    record_deed(tx.session, deed, tx.now_ms)

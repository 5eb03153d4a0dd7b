"""Users as an administrator looks for them."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.base.problems import not_found
from server.models.device import OWN_CLASS, Device
from server.models.paging import Slice
from server.models.user import ADMIN, AT_SITES, NO_PEOPLE, OFFICIALS, ROLES, User
from server.rules.plain_text import cleaned

TEXT_MAX = 64


def users_found(session: Session, asked: Mapping[str, str], part: Slice) -> tuple[list[User], int]:
    """Those of a `role`, a `state` (active, disabled) or with a `text` in their names or company, by role and name; and how
    many there are."""
    query = sa.select(User).where(User.role.not_in(NO_PEOPLE))
    if asked.get("role") in ROLES:
        query = query.where(User.role == asked["role"])
    if asked.get("state"):
        query = query.where(User.active.is_(asked["state"] == "active"))
    text = cleaned(asked.get("text", ""))[:TEXT_MAX]
    if text:
        columns = (User.name, User.display_name, User.company)
        query = query.where(sa.or_(*(column.contains(text, autoescape=True) for column in columns)))
    total = session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(User.role, User.name).offset(part.start).limit(part.limit)
    return list(session.scalars(ordered)), total


def one_user(session: Session, user_id: str) -> User:
    """Raises Problem 404."""
    user = session.get(User, user_id)
    if user is None:
        raise not_found()
    return user


def users_to_assign(session: Session) -> list[User]:
    """Who may be given sites: inspectors first, then supervisors and officials, by name."""
    roles = (*AT_SITES, *OFFICIALS)
    query = sa.select(User).where(User.active, User.role.in_(roles))
    found = session.scalars(query.order_by(User.display_name, User.id))
    return sorted(found, key=lambda user: (*AT_SITES, user.role).index(user.role))


def inspectors_to_enrol(session: Session) -> list[tuple[User, list[str]]]:
    """Every inspector who may get a code, each with the names of the devices that work, by name."""
    users = session.scalars(sa.select(User).where(User.active, User.role == "inspector")).all()
    working = sa.select(Device.user_id, Device.name).where(
        Device.state == "active", Device.device_class != OWN_CLASS
    )
    devices: dict[str, list[str]] = {user.id: [] for user in users}
    for user_id, name in session.execute(working.order_by(Device.enrolled_ms)):
        if user_id in devices:
            devices[user_id].append(name)
    return [(user, devices[user.id]) for user in sorted(users, key=lambda user: (user.display_name, user.id))]


def count_admins(session: Session) -> int:
    """How many administrators can log in."""
    query = sa.select(sa.func.count()).select_from(User).where(User.active, User.role == ADMIN)
    return session.scalar(query) or 0

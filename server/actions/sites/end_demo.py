"""From the demo city to real work on the same data: nobody can log in to the demo any more, and nothing of it counts."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.accounts.manage_users import set_active
from server.models.site import Site
from server.models.user import Assignment, User

DEMO_NAMES = "demo-"  # what every log-in name of the demo city begins with


def end_demo(session: Session, now_ms: int) -> tuple[int, int]:
    """Disable the people of the demo city, and turn the sites of its inspectors into finished practice sites. The log keeps
    what they wrote. Gives how many people and sites that were."""
    people = list(session.scalars(sa.select(User).where(User.name.startswith(DEMO_NAMES), User.active)))
    for user in people:
        set_active(session, user, active=False, now_ms=now_ms)
    theirs = (
        sa.select(Assignment.site_id)
        .join(User, User.id == Assignment.user_id)
        .where(User.name.startswith(DEMO_NAMES))
    )
    others = (
        sa.select(Assignment.site_id)
        .join(User, User.id == Assignment.user_id)
        .where(User.name.not_like(f"{DEMO_NAMES}%"), Assignment.ended_ms.is_(None))
    )
    wanted = sa.select(Site).where(Site.id.in_(theirs), Site.id.not_in(others), Site.practice.is_(False))
    sites = list(session.scalars(wanted))
    for site in sites:
        site.practice, site.stage, site.planned_stamp = True, "completed", ""
    session.flush()
    return len(people), len(sites)

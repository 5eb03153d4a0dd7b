"""请假和代理: who stands in for whom, from when to when."""

from __future__ import annotations

from uuid import UUID

from flask import g, request, url_for

from schemas.limits import REASON_MAX
from server.actions.accounts.stand_ins import (
    DAYS_MAX,
    Asked,
    colleagues_of,
    end_stand_in,
    officials,
    set_stand_in,
    stand_ins_seen,
)
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.base.problems import Problem
from server.console.pages import JUDGES, blueprint, render, require_role
from server.console.submit import Answer, submit
from server.models.access import may_administer
from server.models.user import ADMIN, User
from server.rules.calendar import local_date_of
from server.web.responses import now_ms

_NAME_MAX = 64  # of a log-in name


@blueprint.get("/stand-ins")
def list_stand_ins() -> str:
    """Those of one's unit, and a form to arrange one."""
    return _page(None)


@blueprint.post("/stand-ins")
def put_stand_in() -> Answer:
    """Arrange that a colleague stands in; for somebody else, where an administrator does it."""
    require_role(ADMIN, *JUDGES)
    form = request.form
    user = form.get("user", "")[:36] if may_administer(g.viewer) else g.viewer.id
    texts = [form.get(name, "") for name in ("first_day", "last_day", "reason")]
    asked = Asked(user, form.get("deputy", "")[:_NAME_MAX], *texts)
    return submit(lambda tx: set_stand_in(tx, g.viewer, asked), url_for("console.list_stand_ins"), _page)


@blueprint.post("/stand-ins/<uuid:row_id>/end")
def drop_stand_in(row_id: UUID) -> Answer:
    """Call it off."""
    require_role(ADMIN, *JUDGES)
    here = url_for("console.list_stand_ins")
    return submit(lambda tx: end_stand_in(tx, g.viewer, str(row_id)), here, _page)


def _page(problem: Problem | None) -> str:
    require_role(ADMIN, *JUDGES)
    with read() as session:
        rows = stand_ins_seen(session, g.viewer, now_ms())
        people = officials(session) if may_administer(g.viewer) else []
        deputies = people or colleagues_of(session, session.get_one(User, g.viewer.id))
        names = read_names(session)
    limits = {"days_max": DAYS_MAX, "reason_max": REASON_MAX, "today": local_date_of(now_ms())}
    shown = {"rows": rows, "people": people, "deputies": deputies, "is_admin": may_administer(g.viewer)}
    return render("stand_ins.html", names, problem=problem, **shown, **limits)

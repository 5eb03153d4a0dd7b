"""健康数据: until when it is kept, and the proofs of what was erased."""

from __future__ import annotations

from flask import g

from server.actions.erasure.list_health import show_health
from server.actions.reference.load_reference import rules_in_force
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.console.pages import JUDGES, blueprint, render, require_role
from server.models.user import ADMIN
from server.rules.calendar import local_date_of
from server.web.responses import now_ms, runtime


@blueprint.get("/health-data")
def show_health_data() -> str:
    """What is kept where and until when; what was erased, how much, until when, and that the server signed it."""
    require_role(ADMIN, *JUDGES)
    with read() as session:
        book = rules_in_force(session)
        shown = show_health(session, runtime().seals, g.viewer, book, local_date_of(now_ms()))
        names = read_names(session)
    titles = {name: book.kinds.kinds[name].title for name in book.kinds.kinds}
    return render("health_data.html", names, shown=shown, titles=titles, today=local_date_of(now_ms()))

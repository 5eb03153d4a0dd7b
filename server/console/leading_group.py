"""领导小组: all tasks of a plan on one page, for those who lead them."""

from __future__ import annotations

from flask import g, request

from server.actions.plans.show_progress import show_progress
from server.actions.reference.load_reference import rules_in_force
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.console.pages import JUDGES, blueprint, render, require_role
from server.models.user import ADMIN
from server.web.responses import now_ms

MOVED = {"opened": "新开", "other": "办理", "answered": "整改回复", "closed": "销号或撤回"}


@blueprint.get("/leading-group")
def show_leading_group() -> str:
    """What is worst, whose move it is, since when, what is silent, and what moved since yesterday."""
    require_role(ADMIN, *JUDGES)
    with read() as session:
        book = rules_in_force(session)
        shown = show_progress(session, g.viewer, book, request.args.get("plan"), now_ms())
        names = read_names(session)
    return render("leading_group.html", names, shown=shown, moved=MOVED, at_ms=now_ms())

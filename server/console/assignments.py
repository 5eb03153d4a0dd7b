"""Which sites a user has: assigned, taken back, handed over to somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import g, request, url_for

from server.actions.accounts.list_users import one_user, users_to_assign
from server.actions.reference.check_codes import wrong
from server.actions.reference.name_codes import read_names
from server.actions.sites.assign_site import (
    assign_site,
    assigned_to,
    find_site,
    hand_over,
    unassign_site,
)
from server.base.db import read
from server.base.problems import Problem
from server.console.pages import blueprint, render, require_role
from server.console.submit import Answer, submit
from server.models.site import all_sites
from server.models.tx import Tx
from server.models.user import ADMIN, User
from server.rules.plain_text import cleaned


@blueprint.get("/admin/assignments")
def list_assignments() -> str:
    """The users who may have sites, and the sites of one of them."""
    return _page(request.args.get("user", ""), None)


@blueprint.post("/admin/assignments")
def move_assignments() -> Answer:
    """Assign a site, take some back, or hand some over."""
    require_role(ADMIN)
    user_id = _id(request.form.get("user", ""))
    here = url_for("console.list_assignments", user=user_id)
    return submit(_move, here, lambda problem: _page(user_id, problem))


def _move(tx: Tx) -> None:
    session, seals, by = tx.session, tx.seals, g.viewer.id
    user = _user(tx, "user")
    if request.form.get("action") == "assign":
        site = find_site(session, cleaned(request.form.get("site", "")))
        assign_site(session, seals, user, site, tx.now_ms, by)
        return
    sites = [find_site(session, site_id) for site_id in _ids(request.form.getlist("sites"))]
    if not sites:
        raise wrong("sites", "请先勾选地点。")
    if request.form.get("action") == "hand_over":
        hand_over(tx, user, _user(tx, "successor"), sites, by)
        return
    for site in sorted(sites, key=lambda one: one.id):
        unassign_site(session, seals, user, site, tx.now_ms, by)


def _user(tx: Tx, name: str) -> User:
    user_id = _id(request.form.get(name, ""))
    if not user_id:
        raise wrong(name, "请选择用户。")
    return one_user(tx.session, user_id)


def _ids(texts: Sequence[str]) -> list[str]:
    """Those of the texts that can be ids."""
    return list(dict.fromkeys(filter(None, map(_id, texts))))


def _id(text: str) -> str:
    """The id that a text is; empty for one that is none."""
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def _page(user_id: str, problem: Problem | None) -> str:
    require_role(ADMIN)
    with read() as session:
        people = users_to_assign(session)
        user = one_user(session, _id(user_id)) if _id(user_id) else None
        held = assigned_to(session, user.id) if user is not None else []
        sites = all_sites(session) if user is not None else []
        names = read_names(session)
    values = {"people": people, "user": user, "held": held, "sites": sites}
    return render("assignments.html", names, problem=problem, **values)

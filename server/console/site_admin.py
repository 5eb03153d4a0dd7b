"""Sites as an administrator keeps them: registered, edited, with their companies and inspectors."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

from flask import g, request, url_for

from schemas.limits import ADDRESS_MAX, SITE_NAME_MAX
from server.actions.accounts.list_users import one_user, users_to_assign
from server.actions.reference.check_codes import wrong
from server.actions.reference.name_codes import read_names
from server.actions.sites import edit_site as editing
from server.actions.sites.assign_site import assign_site, assigned_at, unassign_site
from server.actions.sites.companies import NAME_MAX, name_company
from server.actions.sites.edit_site import SiteChange, site_to_edit
from server.actions.sites.list_sites import one_site, sites_found
from server.actions.sites.register_site import NewSite, unit_of
from server.actions.sites.register_site import register_site as register
from server.base.db import read
from server.base.problems import Problem
from server.console.pages import ROWS, blueprint, render, require_role, start_asked
from server.console.submit import Answer, submit
from server.models.paging import Slice
from server.models.site import (
    COMPANY_ROLES,
    GENERAL_CONTRACTOR,
    STAGES,
    all_companies,
    sites_named,
)
from server.models.tx import Tx
from server.models.user import ADMIN
from server.rules.plain_text import cleaned

_DEGREES = re.compile(r"-?\d{1,3}(\.\d{1,8})?")
_LIMITS = {"name_max": SITE_NAME_MAX, "address_max": ADDRESS_MAX, "company_max": NAME_MAX}
_CHOICES = {"stages": STAGES, "company_roles": COMPANY_ROLES}
Act = Callable[[Tx], object]


@blueprint.get("/admin/sites")
def list_sites_to_edit() -> str:
    """The sites that somebody looks for, and a form for a new one."""
    return _list_page(None)


@blueprint.post("/admin/sites")
def register_site() -> Answer:
    """A new site. Its places are added on its page."""
    require_role(ADMIN)
    return submit(_register, url_for("console.list_sites_to_edit", text=_text("name")), _list_page)


@blueprint.get("/admin/sites/<uuid:site_id>")
def show_site_to_edit(site_id: UUID) -> str:
    """One site with all that can be changed."""
    return _site_page(str(site_id), None)


@blueprint.post("/admin/sites/<uuid:site_id>")
def edit_site(site_id: UUID) -> Answer:
    """Change what the site is."""
    return _on_site(site_id, lambda tx: editing.edit_site(tx, str(site_id), _change(), g.viewer.id))


@blueprint.post("/admin/sites/<uuid:site_id>/companies")
def put_company(site_id: UUID) -> Answer:
    """A company works here, in a role."""
    company = _text("code"), _text("name")
    role = request.form.get("role", "")
    return _on_site(site_id, lambda tx: editing.put_company(tx, str(site_id), company, role, g.viewer.id))


@blueprint.post("/admin/sites/<uuid:site_id>/companies/remove")
def remove_company(site_id: UUID) -> Answer:
    """A company works here no more."""
    code = request.form.get("code", "")
    return _on_site(site_id, lambda tx: editing.remove_company(tx, str(site_id), code, g.viewer.id))


@blueprint.post("/admin/sites/<uuid:site_id>/inspectors")
def assign_inspector(site_id: UUID) -> Answer:
    """The site is this user's, too."""
    return _on_site(site_id, lambda tx: _assign(tx, str(site_id), assigned=True))


@blueprint.post("/admin/sites/<uuid:site_id>/inspectors/remove")
def unassign_inspector(site_id: UUID) -> Answer:
    """The site is no longer this user's."""
    return _on_site(site_id, lambda tx: _assign(tx, str(site_id), assigned=False))


def _on_site(site_id: UUID, act: Act) -> Answer:
    require_role(ADMIN)
    here = url_for("console.show_site_to_edit", site_id=site_id)
    return submit(act, here, lambda problem: _site_page(str(site_id), problem))


def _assign(tx: Tx, site_id: str, *, assigned: bool) -> None:
    site = site_to_edit(tx, site_id)
    try:
        user = one_user(tx.session, str(UUID(request.form.get("user", ""))))
    except ValueError:
        raise wrong("user", "请选择用户。") from None
    act = assign_site if assigned else unassign_site
    act(tx.session, tx.seals, user, site, tx.now_ms, g.viewer.id)


def _register(tx: Tx) -> None:
    change, kind = _change(), request.form.get("kind", "")
    companies = []
    if _text("code"):
        known = name_company(tx, _text("code"), _text("company_name"), g.viewer.id)
        companies = [(known.code, known.name, GENERAL_CONTRACTOR)]
    new = NewSite(
        name=change.name,
        kind=kind,
        district=change.district,
        unit=change.unit or unit_of(tx.session, kind, tx.now_ms),
        stage=change.stage,
        inhabited=change.inhabited,
        places=[],
        address=change.address,
        position=change.position,
        companies=companies,
        practice=request.form.get("practice") == "1",
    )
    register(tx.session, tx.seals, tx.now_ms, new, g.viewer.id)


def _change() -> SiteChange:
    """What the form says of a site. Raises Problem 422 for a position that is none."""
    latitude, longitude = _text("latitude"), _text("longitude")
    position = None
    if latitude or longitude:
        if not (_DEGREES.fullmatch(latitude) and _DEGREES.fullmatch(longitude)):
            raise wrong("position", "经纬度要一起填, 写成 35.303 和 113.927 的样子。")
        position = (float(latitude), float(longitude))
    given = {name: request.form.get(name, "") for name in ("district", "unit", "stage")}
    inhabited = request.form.get("inhabited") == "1"
    return SiteChange(
        name=_text("name"), address=_text("address") or None, position=position, inhabited=inhabited, **given
    )


def _text(name: str) -> str:
    return cleaned(request.form.get(name, ""))


def _list_page(problem: Problem | None) -> str:
    require_role(ADMIN)
    asked = {name: request.args.get(name, "") for name in ("text", "district", "stage")}
    start = start_asked(request.args)
    with read() as session:
        found, total = sites_found(session, g.viewer, asked, Slice(start, ROWS))
        inspectors = assigned_at(session, [row.site.id for row in found])
        companies = all_companies(session)
        names = read_names(session)
    listed = {"found": found, "total": total, "start": start, "rows": ROWS, "asked": asked}
    people = {"inspectors": inspectors, "companies": companies}
    return render("admin_sites.html", names, problem=problem, **listed, **people, **_CHOICES, **_LIMITS)


def _site_page(site_id: str, problem: Problem | None) -> str:
    require_role(ADMIN)
    with read() as session:
        shown = one_site(session, g.viewer, site_id)
        inspectors = assigned_at(session, [site_id])[site_id]
        assignable = users_to_assign(session)
        companies = all_companies(session)
        others = [one for one in sites_named(session, shown.site.name) if one.id != site_id]
        names = read_names(session)
    people = {"inspectors": inspectors, "assignable": assignable, "companies": companies, "others": others}
    return render("admin_site.html", names, problem=problem, shown=shown, **people, **_CHOICES, **_LIMITS)

"""Change what a site is: its name, where it is, its stage, who supervises it, and which companies work there."""

from __future__ import annotations

from dataclasses import dataclass

from server.actions.reference.check_codes import wrong
from server.actions.sites.companies import name_company
from server.actions.sites.register_site import check_site, publish_site
from server.base.problems import not_found
from server.models.audit import Deed, record_deed
from server.models.scope import lock_scope
from server.models.site import COMPANY_ROLES, Site, SiteCompany
from server.models.tx import Tx

_FIELDS = ("name", "district", "unit", "stage", "inhabited", "address", "latitude_deg", "longitude_deg")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteChange:
    """What of a site is to be otherwise. Its kind and its being for practice stay: its past is judged by them. Its
    alert level has a verb of its own (set_alert.py)."""

    name: str
    district: str
    unit: str
    stage: str
    inhabited: bool
    address: str | None = None
    position: tuple[float, float] | None = None


def site_to_edit(tx: Tx, site_id: str) -> Site:
    """The site with its scope locked, as its planning expects. Raises Problem 404."""
    if lock_scope(tx.session, site_id) is None:
        raise not_found()
    site = tx.session.get(Site, site_id, populate_existing=True)
    if site is None:
        raise not_found()
    return site


def edit_site(tx: Tx, site_id: str, change: SiteChange, by: str | None) -> None:
    """The windows that are to come are planned again at the next tick; those that opened stay. Raises Problem 404, 422."""
    site = site_to_edit(tx, site_id)
    check_site(tx.session, tx.now_ms, change)
    before = {name: getattr(site, name) for name in _FIELDS}
    site.name, site.district, site.unit, site.stage = change.name, change.district, change.unit, change.stage
    site.inhabited, site.address = change.inhabited, change.address
    site.latitude_deg, site.longitude_deg = change.position or (None, None)
    site.planned_stamp = ""
    publish_site(tx.session, tx.seals, tx.now_ms, site)
    changes = {name: (old, getattr(site, name)) for name, old in before.items()}
    record_deed(tx.session, Deed("site_edited", by, site.name, site.id, changes), tx.now_ms)


def put_company(tx: Tx, site_id: str, company: tuple[str, str], role: str, by: str | None) -> None:
    """A company works at the site in this role. `company`: code and name; a known one keeps its name where none is given.
    Raises Problem 404, 422."""
    site = site_to_edit(tx, site_id)
    if role not in COMPANY_ROLES:
        raise wrong("role", f"角色只能是: {'、'.join(COMPANY_ROLES.values())}。")
    known = name_company(tx, *company, by)
    row = tx.session.get(SiteCompany, (site.id, known.code))
    before = row.role if row is not None else None
    tx.session.merge(SiteCompany(site_id=site.id, company=known.code, role=role))
    _company_changed(tx, site, known.code, (before, role), by)


def remove_company(tx: Tx, site_id: str, code: str, by: str | None) -> None:
    """A company works at the site no more: its users see the site no more. The people on its roster stay, until somebody
    registers that they left. Raises Problem 404."""
    site = site_to_edit(tx, site_id)
    row = tx.session.get(SiteCompany, (site.id, code)) if code.isalnum() else None
    if row is None:
        raise not_found()
    tx.session.delete(row)
    _company_changed(tx, site, code, (row.role, None), by)


def _company_changed(
    tx: Tx, site: Site, code: str, roles: tuple[str | None, str | None], by: str | None
) -> None:
    publish_site(tx.session, tx.seals, tx.now_ms, site)
    deed = Deed("company_at_site", by, f"{site.name} · {code}", site.id, {"role": roles})
    record_deed(tx.session, deed, tx.now_ms)

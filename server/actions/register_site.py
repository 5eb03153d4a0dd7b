"""Take a site under inspection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.feed import publish
from server.actions.site_record import site_put
from server.models.scope import lock_scope, make_scope
from server.models.site import Company, Site, SiteCompany
from server.seal import Seals


def register_site(
    session: Session,
    seals: Seals,
    now_ms: int,
    *,
    site_id: str | None = None,
    name: str,
    kind: str,
    district: str,
    unit: str,
    stage: str,
    inhabited: bool,
    places: Sequence[Mapping[str, str]],
    address: str | None = None,
    position: tuple[float, float] | None = None,
    alert: str = "normal",
    companies: Sequence[tuple[str, str, str]] = (),
) -> Site:
    """A new site with its scope, its record in it, and its companies (code, name, role as in SiteCompany). `position`:
    latitude and longitude in degrees (WGS 84).

    The next tick makes its windows; none that opened before now. A company that is known already gets the
    name given here.
    """
    site = Site(
        id=site_id or str(uuid7()),
        name=name,
        kind=kind,
        district=district,
        address=address,
        latitude_deg=position[0] if position is not None else None,
        longitude_deg=position[1] if position is not None else None,
        unit=unit,
        stage=stage,
        alert=alert,
        inhabited=inhabited,
        places=[dict(place) for place in places],
        made_ms=now_ms,
        planned_until="",
        planned_stamp="",
    )
    session.add(site)
    session.flush()
    for code, company_name, role in companies:
        session.merge(Company(code=code, name=company_name))
        session.merge(SiteCompany(site_id=site.id, company=code, role=role))
    session.flush()
    make_scope(session, "site", site.id)
    scope = lock_scope(session, site.id)
    assert scope is not None, "made above"
    publish(session, scope, seals, now_ms, [site_put(session, site, [], now_ms)])
    return site

"""Take a site under inspection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from schemas.certificates import PROBLEMS, company_problem
from schemas.kinds import KINDS
from server.actions.records.feed import encode, publish
from server.actions.records.site_record import site_put
from server.actions.reference.check_codes import check_codes, wrong
from server.actions.reference.load_reference import rules_in_force
from server.base.seal import Seals
from server.models.scope import lock_scope, make_scope
from server.models.site import Company, Site, SiteCompany
from server.rules.calendar import local_date_of
from server.rules.from_rows import in_force


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
    practice: bool = False,
) -> Site:
    """A new site with its scope, its record in it, and its companies (code, name, role as in SiteCompany). `position`:
    latitude and longitude in degrees (WGS 84). `practice`: for practising; nothing of it counts anywhere.

    The next tick makes its windows; none that opened before now. A company that is known already gets the
    name given here. Raises Problem 422 for a code that reference data does not know, and for a record that
    tablets would not accept (schemas/site.py).
    """
    check_codes(session, now_ms, "site_kinds", [kind], "kind")
    check_codes(session, now_ms, "districts", [district], "district")
    check_codes(session, now_ms, "units", [unit], "unit")
    check_codes(session, now_ms, "place_kinds", [place["kind"] for place in places], "places")
    for code, _, _ in companies:
        if company_problem(code) is not None:
            raise wrong("companies", PROBLEMS["company_check_character"])
    if position is not None and not (abs(position[0]) <= 90 and abs(position[1]) <= 180):
        raise wrong("position", "纬度应在 -90 到 90 之间, 经度应在 -180 到 180 之间。")
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
        practice=practice,
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
    put = site_put(session, site, [], now_ms)
    errors = KINDS["site"].whole.validate(msgspec.json.decode(encode(put.body)))
    if errors:
        raise wrong(*next((str(name), "; ".join(map(str, messages))) for name, messages in errors.items()))
    publish(session, scope, seals, now_ms, [put])
    return site


def unit_of(session: Session, kind: str, now_ms: int) -> str:
    """The unit that receives the flags of a new site of this kind. Raises Problem 422 for a kind that is not known."""
    row = in_force(rules_in_force(session).rows["site_kinds"], kind, local_date_of(now_ms))
    if row is None:
        raise wrong("kind", f"没有工地类型 {kind}。")
    return str(row["unit"])

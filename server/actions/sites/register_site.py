"""Register a site for inspection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from schemas.certificates import PROBLEMS, company_problem
from schemas.kinds import KINDS
from schemas.limits import ADDRESS_MAX, SITE_NAME_MAX
from server.actions.records.feed import encode, publish
from server.actions.records.site_record import around_sites, site_put
from server.actions.reference.check_codes import check_codes, wrong
from server.actions.reference.load_reference import rules_in_force
from server.base.seal import Seals
from server.models.audit import Deed, record_deed
from server.models.place import first_places
from server.models.scope import lock_scope, make_scope
from server.models.site import STAGES, Company, Site, SiteCompany
from server.rules.calendar import local_date_of
from server.rules.from_rows import in_force
from server.rules.plain_text import cleaned


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSite:
    """A site to be registered. `companies`: (code, name, role as in SiteCompany); `position`: latitude and longitude in
    degrees (WGS 84); `places`: kind and name of each; `practice`: for practising, nothing of it counts anywhere; `site_id`,
    and `id` of a place: given where it must not change, as in the demo city."""

    name: str
    kind: str
    district: str
    unit: str
    stage: str
    inhabited: bool
    places: Sequence[Mapping[str, str]]
    site_id: str | None = None
    address: str | None = None
    position: tuple[float, float] | None = None
    alert: str = "normal"
    companies: Sequence[tuple[str, str, str]] = ()
    practice: bool = False


def register_site(session: Session, seals: Seals, now_ms: int, new: NewSite, by: str | None = None) -> Site:
    """A new site with its scope, its record in it, and its companies. `by`: whoever registers it at a page.

    The next tick makes its windows; none that opened before now. A company that is known already gets the
    name given here. Raises Problem 422 for a code that reference data does not know, and for a record that
    tablets would not accept (schemas/site.py).
    """
    check_codes(session, now_ms, "site_kinds", [new.kind], "kind")
    check_site(session, now_ms, new)
    check_codes(session, now_ms, "place_kinds", [place["kind"] for place in new.places], "places")
    for code, _, _ in new.companies:
        if company_problem(code) is not None:
            raise wrong("companies", PROBLEMS["company_check_character"])
    site = Site(
        id=new.site_id or str(uuid7()),
        name=new.name,
        kind=new.kind,
        district=new.district,
        address=new.address,
        latitude_deg=new.position[0] if new.position is not None else None,
        longitude_deg=new.position[1] if new.position is not None else None,
        unit=new.unit,
        stage=new.stage,
        alert=new.alert,
        inhabited=new.inhabited,
        practice=new.practice,
        made_ms=now_ms,
        planned_until="",
        planned_stamp="",
    )
    session.add(site)
    session.flush()
    session.add_all(first_places(site.id, new.places, now_ms))
    for code, company_name, role in new.companies:
        session.merge(Company(code=code, name=company_name))
        session.merge(SiteCompany(site_id=site.id, company=code, role=role))
    session.flush()
    make_scope(session, "site", site.id)
    publish_site(session, seals, now_ms, site)
    record_deed(session, Deed("site_added", by, site.name, site.id), now_ms)
    return site


class Described(Protocol):
    """What a new site and a changed one have in common."""

    @property
    def name(self) -> str: ...
    @property
    def address(self) -> str | None: ...
    @property
    def district(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def stage(self) -> str: ...
    @property
    def position(self) -> tuple[float, float] | None: ...


def check_site(session: Session, now_ms: int, given: Described) -> None:
    """Raises Problem 422 for words that no column has room for, a district or unit that reference data does not know, a
    stage that there is not, or a position nowhere."""
    for field, text, most in (("name", given.name, SITE_NAME_MAX), ("address", given.address, ADDRESS_MAX)):
        if text is not None and (not text or len(text) > most or cleaned(text) != text):
            raise wrong(field, f"请填写, 最多 {most} 个字, 不能有控制字符。")
    check_codes(session, now_ms, "districts", [given.district], "district")
    check_codes(session, now_ms, "units", [given.unit], "unit")
    if given.stage not in STAGES:
        raise wrong("stage", f"阶段只能是: {'、'.join(STAGES.values())}。")
    if given.position is not None and not (abs(given.position[0]) <= 90 and abs(given.position[1]) <= 180):
        raise wrong("position", "纬度应在 -90 到 90 之间, 经度应在 -180 到 180 之间。")


def publish_site(session: Session, seals: Seals, now_ms: int, site: Site) -> None:
    """The site's record as it is now, for its tablets. The caller has locked the scope. Raises Problem 422 for a record that
    tablets would not accept (schemas/site.py)."""
    session.flush()
    scope = lock_scope(session, site.id)
    assert scope is not None, "every site has a scope"
    put = site_put(site, around_sites(session, [site.id])[site.id], now_ms)
    errors = KINDS["site"].whole.validate(msgspec.json.decode(encode(put.body)))
    if errors:
        raise wrong(*next((str(name), "; ".join(map(str, messages))) for name, messages in errors.items()))
    publish(session, scope, seals, now_ms, [put])


def unit_of(session: Session, kind: str, now_ms: int) -> str:
    """The unit that receives the flags of a new site of this kind. Raises Problem 422 for a kind that is not known."""
    row = in_force(rules_in_force(session).rows["site_kinds"], kind, local_date_of(now_ms))
    if row is None:
        raise wrong("kind", f"没有地点类型 {kind}。")
    return str(row["unit"])

"""A site as tablets get it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.limits import PLACES_MAX
from server.actions.records.feed import Put
from server.base.clock import to_iso
from server.models.place import Place, places_of
from server.models.site import GENERAL_CONTRACTOR, Site, SiteCompany, Suspension


def site_put(session: Session, site: Site, suspensions: Sequence[Suspension], now_ms: int) -> Put:
    """The served record of a site (schemas/site.py), with the suspension that lasts now or comes next. Places that are
    closed come apart: a client that knows nothing of closing offers all that it reads in `places`."""
    places = places_of(session, [site.id])[site.id]
    contractor = sa.select(SiteCompany.company).where(
        SiteCompany.site_id == site.id, SiteCompany.role == GENERAL_CONTRACTOR
    )
    body: dict[str, Any] = {
        "name": site.name,
        "district": site.district,
        "kind": site.kind,
        "company": session.scalar(contractor.order_by(SiteCompany.company).limit(1)),
        "address": site.address,
        "unit": site.unit,
        "stage": site.stage,
        "alert": site.alert,
        "inhabited": site.inhabited,
        "places": [_place(one) for one in places if not one.is_closed(now_ms)],
        "closed_places": [_place(one) for one in places if one.is_closed(now_ms)][-PLACES_MAX:] or None,
        "suspended": _lasting(suspensions, now_ms),
    }
    return Put("site", site.id, {name: value for name, value in body.items() if value is not None})


def _place(place: Place) -> dict[str, Any]:
    body: dict[str, Any] = {"id": place.id, "kind": place.kind, "name": place.name}
    body |= {"from": to_iso(place.from_ms)} if place.from_ms else {}
    body |= {"to": to_iso(place.to_ms)} if place.to_ms is not None else {}
    earlier = [
        {"name": name, "until": to_iso(int(until_ms))} for (name, _), (_, until_ms) in pairwise(place.names)
    ]
    return {**body, "earlier": earlier} if earlier else body


def _lasting(suspensions: Sequence[Suspension], now_ms: int) -> dict[str, str] | None:
    for row in suspensions:
        if row.to_ms is None or row.to_ms > now_ms:
            until = {} if row.to_ms is None else {"until": to_iso(row.to_ms)}
            approval = {"reason": row.reason, "approved_by": row.approved_by}
            return {"since": to_iso(row.from_ms), **until, **approval}
    return None

"""A site as tablets get it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from schemas.limits import PLACES_MAX
from server.actions.records.feed import Put
from server.base.clock import to_iso
from server.models.place import Place, places_of
from server.models.site import Site, Suspension, contractors_of, suspensions_of


class Around(NamedTuple):
    """What the record of a site says besides the site's own row."""

    suspensions: Sequence[Suspension]
    places: Sequence[Place]
    contractor: str | None


def around_sites(session: Session, site_ids: Sequence[str]) -> dict[str, Around]:
    """What is around each of these sites. One statement for each of its parts."""
    suspensions, places = suspensions_of(session, site_ids), places_of(session, site_ids)
    contractors = contractors_of(session, site_ids)
    return {one: Around(suspensions[one], places[one], contractors.get(one)) for one in site_ids}


def site_put(site: Site, around: Around, now_ms: int) -> Put:
    """The served record of a site (schemas/site.py), with the suspension that lasts now or comes next. Places that are
    closed come apart: a client that knows nothing of closing offers all that it reads in `places`."""
    places = around.places
    body: dict[str, Any] = {
        "name": site.name,
        "district": site.district,
        "kind": site.kind,
        "company": around.contractor,
        "address": site.address,
        "unit": site.unit,
        "stage": site.stage,
        "alert": site.alert,
        "inhabited": site.inhabited,
        "places": [_place(one) for one in places if not one.is_closed(now_ms)],
        "closed_places": [_place(one) for one in places if one.is_closed(now_ms)][-PLACES_MAX:] or None,
        "suspended": _lasting(around.suspensions, now_ms),
        "latitude_deg": site.latitude_deg,
        "longitude_deg": site.longitude_deg,
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

"""A site as tablets get it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.records.feed import Put
from server.base.clock import to_iso
from server.models.site import GENERAL_CONTRACTOR, Site, SiteCompany, Suspension


def site_put(session: Session, site: Site, suspensions: Sequence[Suspension], now_ms: int) -> Put:
    """The served record of a site (schemas/site.py), with the suspension that lasts now or comes next."""
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
        "places": [{"kind": place["kind"], "name": place["name"]} for place in site.places],
        "suspended": _lasting(suspensions, now_ms),
    }
    return Put("site", site.id, {name: value for name, value in body.items() if value is not None})


def _lasting(suspensions: Sequence[Suspension], now_ms: int) -> dict[str, str] | None:
    for row in suspensions:
        if row.to_ms is None or row.to_ms > now_ms:
            until = {} if row.to_ms is None else {"until": to_iso(row.to_ms)}
            approval = {"reason": row.reason, "approved_by": row.approved_by}
            return {"since": to_iso(row.from_ms), **until, **approval}
    return None

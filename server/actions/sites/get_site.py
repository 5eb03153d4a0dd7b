"""One site's file: what those who judge it look at before they go there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.cases.list_cases import ShownCase, open_cases
from server.actions.devices.list_devices import SiteDevice, devices_of
from server.actions.records.count_people import count_people
from server.actions.reference.load_reference import rules_in_force
from server.actions.signals.list_signals import signals_of
from server.actions.sites.head_count import HeadCount, head_count
from server.actions.sites.list_inspections import ShownRound, rounds_of
from server.actions.sites.list_sites import ShownSite, one_site
from server.actions.sites.list_supplies import Stock, stocks_of
from server.actions.sites.overview import DAYS, DayCount, days_of
from server.base.seal import Seals
from server.models.access import Viewer, sees_cases, sees_evidence, visible_flags
from server.models.flag import Flag
from server.models.site import Site
from server.models.window import Window, reaching
from server.rules.calendar import add_days, local_date_of, midnight_ms

_GRID_MAX = 3000


@dataclass(frozen=True, slots=True)
class SiteFile:
    """One site: its windows of the last days and what each day came to, live flags, signals, people on the roster, people
    there today, cases (None: not for this viewer), rounds of inspection, supplies, devices."""

    shown: ShownSite
    windows: Sequence[Window]
    days: list[DayCount]
    flags: Sequence[Flag]
    signals: list[tuple[str, str, str]]
    people: int
    heads: HeadCount
    cases: list[ShownCase] | None
    rounds: list[ShownRound]
    stocks: list[Stock]
    devices: list[SiteDevice]


def site_file(session: Session, seals: Seals, viewer: Viewer, site_id: str, now_ms: int) -> SiteFile:
    """One site's file. Raises Problem 404 when it is absent or not this viewer's."""
    shown = one_site(session, viewer, site_id)
    from_day = add_days(local_date_of(now_ms), 1 - DAYS)
    windows = sa.select(Window).where(
        Window.scope_id == site_id, reaching(midnight_ms(from_day), now_ms), Window.state != "void"
    )
    flags = sa.select(Flag).where(Flag.scope_id == site_id, Flag.closed_ms.is_(None), visible_flags(viewer))
    return SiteFile(
        shown=shown,
        windows=list(session.scalars(windows.order_by(Window.opens_ms.desc()).limit(_GRID_MAX))),
        days=days_of(session, sa.select(Site.id).where(Site.id == site_id), now_ms),
        flags=list(session.scalars(flags.order_by(Flag.opened_ms.desc()))),
        signals=signals_of(session, viewer, site_id, from_day),
        people=count_people(session, site_id),
        heads=head_count(session, seals, rules_in_force(session), site_id, now_ms),
        cases=open_cases(session, seals, site_id) if sees_cases(viewer) else None,
        rounds=rounds_of(session, seals, site_id) if sees_evidence(viewer) else [],
        stocks=stocks_of(session, seals, site_id),
        devices=devices_of(session, site_id),
    )

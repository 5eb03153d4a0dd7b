"""What the rules need to know of a site, read from its row."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from server.models.site import Site, suspensions_of
from server.models.site import Suspension as SuspensionRow
from server.rules.duties.windows import SiteProfile, Suspension
from server.rules.rulebook import Rulebook


def profile_of(session: Session, site: Site, book: Rulebook, local_date: str) -> SiteProfile:
    """The site's profile, its rest days by the rule of this local date."""
    return profiles_of(session, [site], book, local_date)[site.id]


def profiles_of(
    session: Session, sites: Sequence[Site], book: Rulebook, local_date: str
) -> dict[str, SiteProfile]:
    """The profiles of many sites by id, with one statement."""
    suspensions = suspensions_of(session, [site.id for site in sites])
    return {site.id: make_profile(site, suspensions[site.id], book, local_date) for site in sites}


def make_profile(
    site: Site, suspensions: Sequence[SuspensionRow], book: Rulebook, local_date: str
) -> SiteProfile:
    """The profile, of rows read already."""
    return SiteProfile(
        site_id=site.id,
        kind=site.kind,
        stage=site.stage,
        inhabited=site.inhabited,
        places=tuple(sorted({str(place["kind"]) for place in site.places})),
        alert=site.alert,
        suspensions=tuple(
            Suspension(row.from_ms, row.to_ms, row.approved_by, row.reason) for row in suspensions
        ),
        rests=book.rests(site.kind, local_date),
    )

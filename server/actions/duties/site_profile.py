"""What the rules need to know of a site, read from its row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from server.models.site import Site
from server.models.site import Suspension as SuspensionRow
from server.rules.duties.windows import SiteProfile, Suspension
from server.rules.rulebook import Rulebook


def make_profile(
    site: Site,
    place_kinds: Iterable[str],
    suspensions: Sequence[SuspensionRow],
    book: Rulebook,
    local_date: str,
) -> SiteProfile:
    """The profile, of rows read already. `place_kinds`: of the site's places."""
    return SiteProfile(
        site_id=site.id,
        kind=site.kind,
        stage=site.stage,
        inhabited=site.inhabited,
        places=tuple(sorted(set(place_kinds))),
        alert=site.alert,
        suspensions=tuple(
            Suspension(row.from_ms, row.to_ms, row.approved_by, row.reason) for row in suspensions
        ),
        rests=book.rests(site.kind, local_date),
    )

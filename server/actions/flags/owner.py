"""Which unit a site's flags of a duty belong to."""

from __future__ import annotations

from server.models.flag import Flag
from server.models.site import Site
from server.rules.calendar import local_date_of
from server.rules.flags.escalation import owner, policy_from
from server.rules.rulebook import Rulebook


def unit_of(book: Rulebook, site: Site, duty: str, local_date: str) -> str:
    """The unit that the rows in force on a local date name for it, whether it reviews or not."""
    return book.routed(site.kind, site.district, duty, local_date, site.unit)


def owner_of(flag: Flag, site: Site, book: Rulebook) -> str:
    """The section that receives a flag, by the rows of the day on which it opened."""
    named = unit_of(book, site, flag.duty, local_date_of(flag.opened_ms))
    return owner(policy_from(flag.policy), named, book.reviews())

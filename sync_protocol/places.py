"""Which place of a site an entry means that names none by its id (SPEC: Places).

Later changes never alter what an earlier entry meant: a place counts from when it was there, a name from when it was
given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Place(NamedTuple):
    """A place of a site. `names`: all that it has had, each with the instant from which on, the present one last; the first
    one is as old as the place. `to_ms`: when it was closed; None: it is in use."""

    id: str
    kind: str
    names: tuple[tuple[str, int], ...]
    from_ms: int = 0
    to_ms: int | None = None

    @property
    def name(self) -> str:
        return self.names[-1][0]

    def had(self, name: str, at_ms: int) -> bool:
        """Whether it had this name by then."""
        first, *later = self.names
        return name == first[0] or any(name == one and since_ms <= at_ms for one, since_ms in later)


def places_meant(
    places: Sequence[Place], kind: str, name: str | None, earliest_ms: int, latest_ms: int
) -> tuple[str, ...]:
    """The ids of the places that an entry may be about which was written within [earliest, latest] and says only a kind and
    perhaps a name: one, several where nobody can say which, none where the site has none of the kind.

    1. Those of the kind that were there by then.
    2. Of these, those that have or ever had the name; if none had, all.
    3. Of these, those that were not closed before; if all were, all.
    """
    here = [one for one in places if one.kind == kind]
    then = [one for one in here if one.from_ms <= latest_ms] or here
    named = [one for one in then if name and one.had(name, latest_ms)] or then
    in_use = [one for one in named if one.to_ms is None or earliest_ms <= one.to_ms] or named
    return tuple(one.id for one in in_use)

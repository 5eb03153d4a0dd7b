"""Which place a fact is about: the one whose id it says, else what its kind and name meant when it was written
(sync_protocol/places.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from schemas.book import FormBook
from server.actions.sync.read_push import NOWHERE, Line, PlaceSaid
from server.models.record import Record
from sync_protocol.places import Place, places_meant


class About(NamedTuple):
    """What a fact is about, as records have it: the id of a place or a worker. Where nobody can say which place it is, its
    kind, and the ids of those that it may be (none: the site has no place of the kind)."""

    subject: str | None
    maybe: tuple[str, ...] = ()

    @property
    def maybe_places(self) -> str | None:
        return " ".join(self.maybe) or None


def unknown_place(places: Sequence[Place], line: Line) -> list[str]:
    """The place that a line names and that its site does not have."""
    named = line.place.id
    return [] if named is None or any(place.id == named for place in places) else [named]


def about(places: Sequence[Place], line: Line, earliest_ms: int, latest_ms: int) -> About:
    """What a line is about that was written, or says that it was done, between two instants."""
    if not line.is_about_place:
        return About(line.subject)
    return about_place(places, line.place, earliest_ms, latest_ms)


def about_place(places: Sequence[Place], said: PlaceSaid, earliest_ms: int, latest_ms: int) -> About:
    """The same of what a body says. An id that nobody knows may be any place of the kind."""
    if said.id is not None and any(place.id == said.id for place in places):
        return About(said.id)
    if said.kind is None:
        return About(None, () if said.id is None else tuple(place.id for place in places))
    name = said.name if said.id is None else None
    meant = places_meant(places, said.kind, name, earliest_ms, latest_ms)
    if len(meant) == 1 and said.id is None:
        return About(meant[0])
    return About(said.kind, meant)


def said_of_place(kinds: FormBook, kind: str, body: Mapping[str, Any]) -> PlaceSaid | None:
    """What the body of a record says of the place that it is about; None where its kind is about no place. Versions of a
    form may call the same thing by other names."""
    wheres = [version.place_fields for version in kinds.versions(kind)]
    fields = [where for where in wheres if where is not None and where.is_subject]
    if not fields:
        return None
    said = (
        next((body[name] for name in names if name and body.get(name)), None)
        for names in zip(*fields, strict=True)
    )
    return PlaceSaid(*list(said)[: len(NOWHERE)])


def corrected_about(target: Record, found: About) -> About:
    """What a correction is about. Where it says no more than a kind that fits its target, it is about the same place."""
    return _of(target) if target.subject in found.maybe or found == _of(target) else found


def is_same_place(target: Record, found: About) -> bool:
    """Whether a correction stays with what its target is about; saying which of several places it was is no other place."""
    was = _of(target)
    return found == was or (found.subject is not None and found.subject in was.maybe)


def _of(record: Record) -> About:
    return About(record.subject, tuple((record.maybe_places or "").split()))

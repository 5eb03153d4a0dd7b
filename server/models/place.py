"""Places of sites: a dormitory, a canteen. Each has an id and a window of its own; its names are kept for good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column
from uuid_utils.compat import uuid7

from server.base.db import Base, Id, Json
from sync_protocol import places


class Place(Base):
    """A place, from when to when it is in use (open-ended while `to_ms` is None). `number`: its position among the site's
    places; `names`: all that it has had, each with the instant since which, the present one last."""

    __tablename__ = "place"

    site_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("site.id"), primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    number: Mapped[int] = mapped_column(sa.Integer)
    kind: Mapped[str] = mapped_column(sa.String(24))
    names: Mapped[list[list[str | int]]] = mapped_column(Json)
    from_ms: Mapped[int] = mapped_column(sa.BigInteger)
    to_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    m2: Mapped[float | None] = mapped_column(sa.Float)  # of the floor; what duties may ask for
    capacity: Mapped[int | None] = mapped_column(sa.Integer)  # persons

    @property
    def name(self) -> str:
        return str(self.names[-1][0])

    def is_closed(self, at_ms: int) -> bool:
        return self.to_ms is not None and self.to_ms <= at_ms

    def sizes(self) -> dict[str, float | None]:
        """What expressions may ask of the place, by the names that they use."""
        return {"place.m2": self.m2, "place.capacity": self.capacity}

    def value(self) -> places.Place:
        """The place as the protocol knows it."""
        names = tuple((str(name), int(since_ms)) for name, since_ms in self.names)
        return places.Place(self.id, self.kind, names, self.from_ms, self.to_ms)


def first_places(site_id: str, given: Iterable[Mapping[str, str]], from_ms: int) -> list[Place]:
    """The places that a site begins with, not yet added: {"kind", "name"} and, where it must not change, {"id"}."""
    return [
        new_place(site_id, number, one["kind"], one["name"], from_ms, one.get("id"))
        for number, one in enumerate(given, 1)
    ]


def new_place(
    site_id: str, number: int, kind: str, name: str, from_ms: int, place_id: str | None = None
) -> Place:
    """A place in use, not yet added."""
    made = Place(site_id=site_id, id=place_id or str(uuid7()), number=number, kind=kind, from_ms=from_ms)
    made.names, made.to_ms = [[name, from_ms]], None
    return made


_OF_SITES = (
    sa.select(Place)
    .where(Place.site_id.in_(sa.bindparam("site_ids", expanding=True)))
    .order_by(Place.site_id, Place.number)
)


def places_of(session: Session, site_ids: Sequence[str]) -> dict[str, list[Place]]:
    """The places of each of these sites, closed ones included, in their order. One statement."""
    found: dict[str, list[Place]] = {site_id: [] for site_id in site_ids}
    for row in session.scalars(_OF_SITES, {"site_ids": site_ids}):
        found[row.site_id].append(row)
    return found


def place_values(session: Session, site_id: str) -> list[places.Place]:
    """The places of one site as plain values."""
    return [row.value() for row in places_of(session, [site_id])[site_id]]

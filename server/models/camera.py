"""Cameras of sites, and the platforms that report on them (在线监控)."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.base.db import Base, Id

PLATFORM_CLASS = "platform"  # of the device as which a platform's reports are written
_IN_USE = sa.text("to_ms IS NULL")


class Platform(Base):
    """A platform that knows of cameras. It is a device of ours, with a key and a chain for each site; its id is that
    device's. `address`: what is asked, of one that is polled, or the broker, by MQTT. `secret`: what proves us to it, or it
    to us; `key`: with which the server signs what it writes for it. `next_ms`: when it is asked next, or, by MQTT, until
    when one scheduler alone hears it (None: neither). `heard_ms`: when it reported last. `flag_site`, `flag_id`: the one
    flag for its silence."""

    __tablename__ = "platform"
    __table_args__ = (
        sa.Index(  # the scheduler: who is to be asked
            "ix_platform_next",
            "next_ms",
            postgresql_where=sa.text("next_ms IS NOT NULL"),
            sqlite_where=sa.text("next_ms IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Id, sa.ForeignKey("device.id"), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    adapter: Mapped[str] = mapped_column(sa.String(64))
    address: Mapped[str] = mapped_column(sa.String(300))
    secret: Mapped[bytes | None] = mapped_column(sa.LargeBinary)  # sealed
    key: Mapped[bytes] = mapped_column(sa.LargeBinary)  # sealed
    from_ms: Mapped[int] = mapped_column(sa.BigInteger)
    to_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    next_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    heard_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    problem: Mapped[str] = mapped_column(
        sa.String(100), default=""
    )  # why the last try failed; no secret in it
    flag_site: Mapped[str | None] = mapped_column(Id)
    flag_id: Mapped[str | None] = mapped_column(Id)

    @property
    def reported_ms(self) -> int:
        """Since when nothing is known: its last report, else when it was entered."""
        return self.from_ms if self.heard_ms is None else self.heard_ms


class Camera(Base):
    """A camera of a site, by its 20 digits of GB/T 28181, in use until `to_ms`. What its platform says: `state` (online,
    offline; empty: never seen) since `since_ms`, last at `heard_ms`; the log has it up to `written_ms`."""

    __tablename__ = "camera"
    __table_args__ = (
        sa.Index("ix_camera_site", "site_id"),  # a site's page; planning
        sa.Index("ix_camera_platform", "platform_id"),  # a report: the cameras that it may name
        sa.Index(  # one camera is at one site
            "ux_camera_code", "code", unique=True, postgresql_where=_IN_USE, sqlite_where=_IN_USE
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(20))
    name: Mapped[str] = mapped_column(sa.String(100))
    site_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("site.id"))
    place_id: Mapped[str | None] = mapped_column(Id)
    platform_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("platform.id"))
    from_ms: Mapped[int] = mapped_column(sa.BigInteger)
    to_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(sa.String(8), default="")
    since_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    heard_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    written_ms: Mapped[int | None] = mapped_column(sa.BigInteger)


_OF_SITES = (
    sa.select(Camera)
    .where(Camera.site_id.in_(sa.bindparam("site_ids", expanding=True)))
    .order_by(Camera.site_id, Camera.code, Camera.from_ms)
)


def cameras_of(session: Session, site_ids: Sequence[str]) -> dict[str, list[Camera]]:
    """The cameras of each of these sites, closed ones included, by their codes. One statement."""
    found: dict[str, list[Camera]] = {site_id: [] for site_id in site_ids}
    for row in session.scalars(_OF_SITES, {"site_ids": site_ids}):
        found[row.site_id].append(row)
    return found


def cameras_of_platform(session: Session, platform_id: str, site_id: str | None = None) -> list[Camera]:
    """The cameras in use that a platform reports on, of all sites or of one, by site and code; as they are now."""
    query = sa.select(Camera).where(Camera.platform_id == platform_id, Camera.to_ms.is_(None))
    if site_id is not None:
        query = query.where(Camera.site_id == site_id)
    ordered = query.order_by(Camera.site_id, Camera.code)
    return list(session.scalars(ordered, execution_options={"populate_existing": True}))

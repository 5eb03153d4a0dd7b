"""Facts of which nobody can say at which of several places they were: listed, and settled by a user who knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from server.actions.questions.settle_questions import LIST_MAX, require_settler, required_reason
from server.actions.sync.log_lines import logged_line, logged_lines
from server.actions.sync.write_server_entries import Draft, write_server_entries
from server.base.problems import Problem, not_found
from server.models.access import Viewer, visible_sites
from server.models.device import Device
from server.models.entry import LogEntry
from server.models.place import places_of
from server.models.record import IN_FORCE, Record
from server.models.scope import lock_scope
from server.models.site import Site
from server.models.tx import Tx
from server.models.user import User


@dataclass(frozen=True, slots=True)
class PlaceQuestion:
    """A fact that may be about each of these `places` (id, name); `name`: what it calls its place, "" for nothing."""

    entry: LogEntry
    site: Site
    author: str
    device: str
    place_kind: str
    name: str
    places: list[tuple[str, str]]


def unsettled_places(tx: Tx, viewer: Viewer) -> list[PlaceQuestion]:
    """The facts of this viewer's sites that may be about several places, oldest first. Raises Problem 404 for who may not
    see them."""
    require_settler(viewer)
    query = (
        sa.select(Record, LogEntry, Site, User.display_name, Device.name)
        .join(LogEntry, sa.and_(LogEntry.scope_id == Record.scope_id, LogEntry.id == Record.id))
        .join(Site, Site.id == Record.scope_id)
        .outerjoin(Device, Device.id == LogEntry.device_id)
        .outerjoin(User, User.id == Device.user_id)
        .where(Record.maybe_places.is_not(None), IN_FORCE, visible_sites(viewer))
        .order_by(Record.event_ms, Record.id)
        .limit(LIST_MAX)
    )
    rows = tx.session.execute(query).all()
    places = places_of(tx.session, sorted({record.scope_id for record, *_ in rows}))
    found = []
    lines = logged_lines(tx.session, tx.seals, [row[1] for row in rows])
    for (record, entry, site, author, device), line in zip(rows, lines, strict=True):
        names = {place.id: place.name for place in places[site.id]}
        maybe = [(key, names.get(key, key)) for key in (record.maybe_places or "").split()]
        name = str(msgspec.json.decode(line)["body"].get("place_name") or "")
        found.append(
            PlaceQuestion(entry, site, author or "", device or "", record.subject or "", name, maybe)
        )
    return found


def settle_place(tx: Tx, viewer: Viewer, entry_id: str, place_id: str, reason: str) -> None:
    """Say at which of the places it was, and why. That is a correction in the log like any other; it counts when the work
    was done. Raises Problem 404 when the fact is absent, not this viewer's or settled already, 422 without a reason."""
    require_settler(viewer)
    session, reason = tx.session, required_reason(reason)
    query = sa.select(Record).join(Site, Site.id == Record.scope_id)
    record = session.scalar(query.where(Record.id == entry_id, IN_FORCE, visible_sites(viewer)))
    if record is None or lock_scope(session, record.scope_id) is None:
        raise not_found()
    session.refresh(record)
    if not record.counts or place_id not in (record.maybe_places or "").split():
        raise not_found()
    entry = session.get_one(LogEntry, (record.scope_id, record.id))
    written: dict[str, Any] = msgspec.json.decode(logged_line(session, tx.seals, entry))
    body = {**written["body"], "place_id": place_id}
    draft = Draft(record.kind, "amend", record.id, body, reason=reason, form=written.get("form"))
    (outcome,) = write_server_entries(session, tx.seals, viewer.id, record.scope_id, [draft], tx.now_ms)
    if outcome["outcome"] != "applied":
        raise Problem("not_settled", "这条记录已经不能更正, 请由检查员在平板上重新录入。")

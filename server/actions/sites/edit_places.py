"""Add, rename and close the places of a site. What they were called and when they were there is kept for good; the audit
says who changed it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.fields import TEXT_PATTERN
from schemas.limits import PLACE_NAME_MAX, PLACES_MAX
from server.actions.duties.plan_windows import plan_again
from server.actions.records.feed import publish
from server.actions.records.site_record import around_sites, site_put
from server.actions.reference.check_codes import check_codes, wrong
from server.base.clock import to_iso
from server.base.problems import not_found
from server.models.audit import AuditEvent, Deed, record_deed
from server.models.place import Place, new_place, places_of
from server.models.scope import Scope, lock_scope
from server.models.site import Site
from server.models.tx import Tx
from server.models.user import User

_CHANGES_MAX = 100  # on the page; the audit has all
_M2_MAX, _CAPACITY_MAX = 1_000_000, 1_000_000
_IS_NAME = re.compile(TEXT_PATTERN).fullmatch


@dataclass(frozen=True, slots=True)
class Editing:
    """One site's places, and the user who edits them (None: a command on the server)."""

    tx: Tx
    site_id: str
    by: str | None = None


def add_place(editing: Editing, kind: str, name: str) -> Place:
    """A new place, asked from the next window on that opens. Raises Problem 422 for a kind that is not known, and for a
    name that is blank, too long, or another place's of that kind."""
    (made,) = add_places(editing, [(kind, name)])
    return made


def add_places(editing: Editing, wanted: Sequence[tuple[str, str]]) -> list[Place]:
    """New places of these kinds and names, planned for once. Raises as `add_place`."""
    tx, made = editing.tx, []
    check_codes(tx.session, tx.now_ms, "place_kinds", [kind for kind, _ in wanted], "kind")
    scope, places = _locked(editing)
    for kind, given in wanted:
        name = _checked(places, kind, given, None, tx.now_ms)
        if sum(not place.is_closed(tx.now_ms) for place in places) >= PLACES_MAX:
            raise wrong("name", f"一个地点最多 {PLACES_MAX} 处在用的场所。")
        place = new_place(editing.site_id, len(places) + 1, kind, name, tx.now_ms)
        tx.session.add(place)
        _record(editing, "place_added", name, {"name": (None, name)})
        places.append(place)
        made.append(place)
    plan_again(tx, scope)
    return made


def rename_place(editing: Editing, place_id: str, name: str) -> Place:
    """Give a place another name; the earlier ones still mean it. Raises as `add_place`, and Problem 404."""
    tx = editing.tx
    scope, places = _locked(editing)
    place = _open_place(editing, places, place_id)
    name = _checked(places, place.kind, name, place, tx.now_ms)
    if name == place.name:
        return place
    before, place.names = place.name, [*place.names, [name, tx.now_ms]]
    _record(editing, "place_renamed", name, {"name": (before, name)})
    site = tx.session.get_one(Site, editing.site_id)
    around = around_sites(tx.session, [site.id])[site.id]
    publish(tx.session, scope, tx.seals, tx.now_ms, [site_put(site, around, tx.now_ms)])
    return place


def measure_place(editing: Editing, place_id: str, m2: float | None, capacity: int | None) -> Place:
    """Say how large a place is (m² of floor) and how many persons it is for, which duties may ask for; None: not known.
    What is decided already stays. Raises Problem 404, and 422 for a size that cannot be."""
    _, places = _locked(editing)
    place = _open_place(editing, places, place_id)
    if m2 is not None and not 0 < m2 <= _M2_MAX:
        raise wrong("m2", f"面积应大于 0, 不超过 {_M2_MAX} m²。")
    if capacity is not None and not 0 < capacity <= _CAPACITY_MAX:
        raise wrong("capacity", f"容量应为 1 到 {_CAPACITY_MAX} 人。")
    before = (place.m2, place.capacity)
    if before != (m2, capacity):
        place.m2, place.capacity = m2, capacity
        was, now = ([_said(one) for one in some] for some in (before, (m2, capacity)))
        _record(editing, "place_measured", place.name, {"m2": (was[0], now[0]), "capacity": (was[1], now[1])})
    return place


def _said(size: float | None) -> str:
    return "" if size is None else f"{size:g}"


def close_place(editing: Editing, place_id: str, to_ms: int | None = None) -> Place:
    """The place is in use until `to_ms` (now): windows that are not over by then are excused. What lies ahead may be moved
    as long as it has not come. Raises Problem 404, and 422 for a time that has passed."""
    tx = editing.tx
    scope, places = _locked(editing)
    place = _open_place(editing, places, place_id)
    end_ms = tx.now_ms if to_ms is None else to_ms
    if end_ms < tx.now_ms:
        raise wrong("to", "停用时刻不能早于现在: 已经过去的时段按当时的场所认定。")
    before, place.to_ms = place.to_ms, end_ms
    ends = {"to": (None if before is None else to_iso(before), to_iso(end_ms))}
    _record(editing, "place_closed", place.name, ends)
    plan_again(tx, scope)
    return place


@dataclass(frozen=True, slots=True)
class ShownPlaces:
    """The places of a site as its page shows them, and what was changed of them by whom, the latest first."""

    in_use: list[Place]
    closed: list[Place]
    changes: list[tuple[AuditEvent, str]]


def site_places(session: Session, site_id: str, now_ms: int) -> ShownPlaces:
    """What the page of a site's places shows."""
    places = places_of(session, [site_id])[site_id]
    changes = (
        sa.select(AuditEvent, User.display_name)
        .outerjoin(User, User.id == AuditEvent.user_id)
        .where(AuditEvent.subject_id == site_id, AuditEvent.what.like("place_%"))
        .order_by(AuditEvent.at_ms.desc(), AuditEvent.id.desc())
        .limit(_CHANGES_MAX)
    )
    return ShownPlaces(
        [place for place in places if not place.is_closed(now_ms)],
        [place for place in places if place.is_closed(now_ms)],
        [(event, name or "") for event, name in session.execute(changes)],
    )


def _locked(editing: Editing) -> tuple[Scope, list[Place]]:
    """The scope's row is always locked first: whoever plans the site's windows or takes its records in waits for it."""
    scope = lock_scope(editing.tx.session, editing.site_id)
    if scope is None:
        raise not_found()
    return scope, places_of(editing.tx.session, [editing.site_id])[editing.site_id]


def _open_place(editing: Editing, places: Sequence[Place], place_id: str) -> Place:
    found = next((place for place in places if place.id == place_id), None)
    if found is None:
        raise not_found()
    if found.is_closed(editing.tx.now_ms):
        raise wrong("place", f"“{found.name}”已经停用。")
    return found


def _checked(places: Sequence[Place], kind: str, name: str, own: Place | None, now_ms: int) -> str:
    """The name, if no other place of the kind in use has it or ever had it: an older tablet could not tell them apart."""
    name = name.strip()
    if len(name) > PLACE_NAME_MAX or _IS_NAME(name) is None:
        raise wrong("name", f"名称不能为空, 最多 {PLACE_NAME_MAX} 个字。")
    for place in places:
        if place is own or place.kind != kind or place.is_closed(now_ms):
            continue
        if any(name == one for one, _ in place.names):
            used = "已是另一处同类场所的名称" if name == place.name else f"曾是“{place.name}”的名称"
            raise wrong("name", f"“{name}”{used}, 请换一个。")
    return name


def _record(editing: Editing, what: str, name: str, changes: Mapping[str, tuple[str | None, str]]) -> None:
    site = editing.tx.session.get_one(Site, editing.site_id)
    deed = Deed(what, editing.by, f"{site.name} · {name}", site.id, changes)
    record_deed(editing.tx.session, deed, editing.tx.now_ms)
    editing.tx.session.flush()

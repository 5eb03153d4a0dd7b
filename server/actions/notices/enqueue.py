"""Write notices into the outbox, in the transaction of what they report: one per event, user and channel."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.models.access import districts_of
from server.models.flag import Flag
from server.models.notice import Channel, Notice
from server.models.office import deputies_on
from server.models.site import Site, SiteCompany
from server.models.tx import Tx
from server.models.user import User
from server.rules.calendar import local_date_of
from server.rules.delivery import leaves_ms
from server.rules.flags.moves import BRIGADE, CONTRACTOR, SECTION, Move

_DETAIL_MAX = 200  # characters


@dataclass(frozen=True, slots=True)
class People:
    """Who may be notified: officials by unit, contractors by site, the channels of each, and who stands in for whom."""

    officials: Mapping[str, Sequence[User]]
    contractors: Mapping[str, Sequence[User]]
    channels: Mapping[str, Sequence[Channel]]
    deputies: Mapping[str, Sequence[User]]

    def with_deputies(self, users: Iterable[User]) -> list[User]:
        """These, and whoever stands in for one of them; each once."""
        found: dict[str, User] = {}
        for user in users:
            found |= {one.id: one for one in (user, *self.deputies.get(user.id, ()))}
        return list(found.values())


class Units(NamedTuple):
    """The units that a site's flag concerns: the section that receives it, the brigade that it escalates to, and whichever
    of them a reply waits for."""

    section: str
    brigade: str
    in_charge: str


class NewNotice(NamedTuple):
    """What is to be reported of a flag. `delay_ms`: how long one that is not severe waits, to be sent together with
    others."""

    flag: Flag
    what: str
    severe: bool
    delay_ms: int = 0


_OFFICIALS = sa.select(User).where(User.role.in_((SECTION, BRIGADE)), User.active)
_CONTRACTORS = (
    sa.select(SiteCompany.site_id, User)
    .join(User, User.company == SiteCompany.company)
    .where(
        SiteCompany.site_id.in_(sa.bindparam("site_ids", expanding=True)),
        User.role == CONTRACTOR,
        User.active,
    )
)
_CHANNELS = sa.select(Channel).order_by(Channel.made_ms, Channel.id)


def read_people(session: Session, site_ids: Iterable[str], now_ms: int) -> People:
    """The people of these sites, in four statements."""
    officials: dict[str, list[User]] = {}
    for user in session.scalars(_OFFICIALS):
        officials.setdefault(user.unit or "", []).append(user)
    contractors: dict[str, list[User]] = {}
    for site_id, user in session.execute(_CONTRACTORS, {"site_ids": list(site_ids)}):
        contractors.setdefault(site_id, []).append(user)
    channels: dict[str, list[Channel]] = {}
    for channel in session.scalars(_CHANNELS):
        channels.setdefault(channel.user_id, []).append(channel)
    deputies: dict[str, list[User]] = {}
    for user_id, deputy in session.execute(deputies_on(local_date_of(now_ms))):
        deputies.setdefault(user_id, []).append(deputy)
    return People(officials, contractors, channels, deputies)


def receivers(people: People, site: Site, party: str, company: str | None) -> list[User]:
    """The users of a party to a site: its contractors, of one company if the flag is addressed to it, or the officials
    of a unit in whose districts it lies. Nobody is notified of a practice site."""
    if site.practice:
        return []
    if party == CONTRACTOR:
        known = people.contractors.get(site.id, ())
        return [user for user in known if company is None or user.company == company]
    found = []
    for user in people.officials.get(party, ()):
        districts = districts_of(user)
        if not districts or site.district in districts:
            found.append(user)
    return people.with_deputies(found)


def named_officials(people: People, site: Site, names: Collection[str]) -> list[User]:
    """The officials of these names, of whatever unit. Nobody is notified of a practice site."""
    if site.practice:
        return []
    everybody = (user for users in people.officials.values() for user in users)
    return people.with_deputies(user for user in everybody if user.display_name in names)


def enqueue_move(tx: Tx, flag: Flag, site: Site, move: Move, units: Units, actor_id: str) -> None:
    """Notify the parties that a move concerns, but not the user who made it. The caller has appended the event."""
    if not move.notifies:
        return
    people = read_people(tx.session, [site.id], tx.now_ms)
    parties = {SECTION: units.section, BRIGADE: units.brigade, CONTRACTOR: CONTRACTOR}
    if flag.state == "submitted" or (move.of_party and flag.state != "stop_work"):
        parties[SECTION] = parties[BRIGADE] = units.in_charge
    notified = {
        user.id: user
        for party in move.notifies
        for user in receivers(people, site, parties[party], flag.company)
    }
    notified.pop(actor_id, None)
    severe = flag.severity == "severe" or flag.state == "stop_work"
    enqueue_notices(tx, people, notified.values(), NewNotice(flag, move.action, severe))


def enqueue_for_admins(
    session: Session, what: str, about: str, now_ms: int, detail: str = "", also: str = ""
) -> None:
    """Notify the administrators, and the user `also`, by each of their channels, of something that is about no flag. `about`
    names the occasion, so that it is reported once; `detail` says which one, in the console."""
    channels = sa.select(User.id, Channel.id).outerjoin(Channel, Channel.user_id == User.id)
    who = sa.or_(User.role == "admin", User.id == also) if also else User.role == "admin"
    ways: dict[str, set[str | None]] = {}
    for user_id, channel_id in session.execute(channels.where(who, User.active)):
        ways.setdefault(user_id, {None}).add(channel_id)
    keys = {f"{what}:{about}:{way or user}": (user, way) for user, some in ways.items() for way in some}
    known = set(session.scalars(sa.select(Notice.key).where(Notice.key.in_(keys))))
    fields = {"what": what, "detail": detail, "severe": True, "made_ms": now_ms, "due_ms": now_ms}
    for key in keys.keys() - known:
        user, way = keys[key]
        session.add(Notice(id=str(uuid7()), key=key, user_id=user, channel_id=way, **fields))


def enqueue_for_site(tx: Tx, site: Site, what: str, about: str, detail: str, to_company: bool = True) -> None:
    """Notify a site's contractors (unless not `to_company`) and the section that receives it of something that is about no
    flag. `about` names the occasion, so that it is reported once; `detail` says more, in the console."""
    people = read_people(tx.session, [site.id], tx.now_ms)
    parties = (CONTRACTOR, site.unit) if to_company else (site.unit,)
    users = [user for party in parties for user in receivers(people, site, party, None)]
    ways = {
        f"{what}:{about}:{channel.id if channel is not None else user.id}": (user, channel)
        for user in users
        for channel in (None, *people.channels.get(user.id, ()))
    }
    known = set(tx.session.scalars(sa.select(Notice.key).where(Notice.key.in_(ways))))
    for key in ways.keys() - known:
        user, channel = ways[key]
        due_ms = tx.now_ms
        if channel is not None:
            due_ms = leaves_ms(due_ms, channel.quiet_from, channel.quiet_to, False)
        named = {"key": key, "user_id": user.id, "channel_id": channel.id if channel is not None else None}
        fields = {"what": what, "detail": detail[:_DETAIL_MAX], "severe": False}
        tx.session.add(
            Notice(id=str(uuid7()), scope_id=site.id, **named, **fields, made_ms=tx.now_ms, due_ms=due_ms)
        )


def enqueue_notices(tx: Tx, people: People, users: Iterable[User], new: NewNotice) -> None:
    """One notice per user in the console, and one per channel of theirs."""
    flag, severe, now_ms = new.flag, new.severe, tx.now_ms
    for user in users:
        for channel in (None, *people.channels.get(user.id, ())):
            due_ms = now_ms if severe else now_ms + new.delay_ms
            if channel is not None:
                due_ms = leaves_ms(due_ms, channel.quiet_from, channel.quiet_to, severe)
            tx.session.add(
                Notice(
                    id=str(uuid7()),
                    key=f"{flag.id}:{flag.rev}:{channel.id if channel is not None else user.id}",
                    user_id=user.id,
                    channel_id=channel.id if channel is not None else None,
                    scope_id=flag.scope_id,
                    flag_id=flag.id,
                    what=new.what,
                    severe=severe,
                    made_ms=now_ms,
                    due_ms=due_ms,
                )
            )

"""Addresses of programs to which events are sent: entered, closed, claimed for a delivery, and how far each has come."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.events.read_events import events_after, newest_numbers
from server.actions.records.outbox import EVENT_TYPES
from server.actions.reference.check_codes import wrong
from server.base.problems import not_found
from server.base.seal import aad_of
from server.base.webhook_signature import SECRET_PREFIX
from server.models.access import viewer_of, visible_sites
from server.models.audit import Deed, record_deed
from server.models.event import EventSink, SiteEvent
from server.models.service import ServiceAccount
from server.models.tx import Tx
from server.models.user import User
from server.rules.calendar import HOUR_MS, MINUTE_MS
from server.rules.delivery import backoff_ms

ADDRESS_MAX = 300
SINKS_MAX = 5  # of one account
AT_ONCE = 100  # events of one delivery, which are then on record
_LEASE_MS = 10 * MINUTE_MS  # longer than a delivery takes: then somebody else may try
_FIRST_MS, _MOST_MS = MINUTE_MS, HOUR_MS
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be sent to one address next, in this order."""

    sink_id: str
    address: str
    secret: str
    events: Sequence[SiteEvent]


def add_sink(
    tx: Tx, account: ServiceAccount, address: str, types: Collection[str] = (), by: str | None = None
) -> tuple[EventSink, str]:
    """The new address and its secret, shown this once. It gets what happens from now on. Raises Problem 422."""
    parts = urlsplit(address.strip())
    is_sound = parts.scheme in ("http", "https") and parts.hostname and len(address) <= ADDRESS_MAX
    if not is_sound or parts.fragment or not address.isprintable():
        raise wrong("address", f"地址应写成 https://主机/路径, 最多 {ADDRESS_MAX} 个字符。")
    unknown = set(types) - set(EVENT_TYPES)
    if unknown:
        raise wrong("types", f"事件类型应为: {', '.join(EVENT_TYPES)}。")
    mine = sa.select(sa.func.count()).select_from(EventSink)
    open_ones = mine.where(EventSink.account_id == account.id, EventSink.next_ms.is_not(None))
    if (tx.session.scalar(open_ones) or 0) >= SINKS_MAX:
        raise wrong("address", f"一个账号最多 {SINKS_MAX} 个接收地址。")
    secret = f"{SECRET_PREFIX}{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"
    sink = EventSink(id=str(uuid7()), account_id=account.id, host=(parts.hostname or "")[:255], tries=0)
    sink.address = tx.seals.seal(sink_aad(sink.id, "address"), address.strip().encode())
    sink.secret = tx.seals.seal(sink_aad(sink.id, "secret"), secret.encode())
    viewer = viewer_of(tx.session, tx.session.get_one(User, account.id))
    sink.types, sink.positions = sorted(types), newest_numbers(tx.session, visible_sites(viewer))
    sink.made_ms = sink.next_ms = tx.now_ms
    tx.session.add(sink)
    record_deed(tx.session, Deed("sink_added", by, f"{account.name} · {sink.host}", account.id), tx.now_ms)
    tx.session.flush()
    return sink, secret


def close_sink(tx: Tx, sink_id: str, by: str | None = None) -> EventSink:
    """Nothing is sent there any more. Raises Problem 404."""
    sink = tx.session.get(EventSink, sink_id, with_for_update=True)
    if sink is None or sink.next_ms is None:
        raise not_found()
    sink.next_ms = None
    account = tx.session.get_one(ServiceAccount, sink.account_id)
    record_deed(tx.session, Deed("sink_closed", by, f"{account.name} · {sink.host}", account.id), tx.now_ms)
    return sink


def list_sinks(session: Session) -> dict[str, list[EventSink]]:
    """The open ones by account; addresses and secrets stay sealed."""
    query = sa.select(EventSink).where(EventSink.next_ms.is_not(None)).order_by(EventSink.made_ms)
    found: dict[str, list[EventSink]] = {}
    for sink in session.scalars(query):
        found.setdefault(sink.account_id, []).append(sink)
    return found


def due_sinks(session: Session, now_ms: int) -> list[str]:
    """Those that may be tried by now. One look-up in a partial index."""
    query = sa.select(EventSink.id).where(EventSink.next_ms <= now_ms)
    return list(session.scalars(query.order_by(EventSink.next_ms, EventSink.id)))


def claim_delivery(tx: Tx, sink_id: str) -> Delivery | None:
    """The next events for an address, which nobody else sends meanwhile; None where there are none, or somebody else does.
    Whoever dies in between is followed by another, which sends the same events again, with the same ids."""
    session, now_ms = tx.session, tx.now_ms
    query = sa.select(EventSink).where(EventSink.id == sink_id, EventSink.next_ms <= now_ms)
    sink = session.scalar(query.with_for_update(skip_locked=True))
    if sink is None:
        return None
    user = session.get_one(User, sink.account_id)
    if not user.active:
        sink.next_ms = None
        return None
    newest = newest_numbers(session, visible_sites(viewer_of(session, user)))
    behind = {
        site: sink.positions.get(site, 0)
        for site, number in newest.items()
        if sink.positions.get(site, 0) < number
    }
    events = events_after(session, behind, sink.types, AT_ONCE)
    if not events:
        sink.positions = {**sink.positions, **newest}  # of other types only
        return None
    sink.next_ms = now_ms + _LEASE_MS
    address = tx.seals.open(sink_aad(sink.id, "address"), sink.address).decode()
    secret = tx.seals.open(sink_aad(sink.id, "secret"), sink.secret).decode()
    session.flush()
    return Delivery(sink.id, address, secret, events)


def settle_delivery(tx: Tx, delivery: Delivery, sent: int) -> None:
    """Record how many of them arrived; one that did not is tried again, later and later, and those after it wait."""
    sink = tx.session.get(EventSink, delivery.sink_id, with_for_update=True)
    if sink is None or sink.next_ms is None:
        return
    positions = dict(sink.positions)
    for event in delivery.events[:sent]:
        positions[event.scope_id] = event.number
    sink.positions = positions
    if sent:
        sink.sent_ms = tx.now_ms
    if sent == len(delivery.events):
        sink.tries, sink.failed_ms, sink.next_ms = 0, None, tx.now_ms
        return
    sink.tries += 1
    sink.failed_ms = sink.failed_ms or tx.now_ms
    sink.next_ms = tx.now_ms + backoff_ms(sink.tries, _FIRST_MS, _MOST_MS)


def sink_aad(sink_id: str, name: str) -> bytes:
    """The additional data (AAD) that an address or a secret is bound to."""
    return aad_of("event_sink", sink_id, name)

"""Begin a push: lock its device and its scopes, and look up in one statement what the push needs to know of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import manager_of_class

from server.base.db import is_postgresql, is_transaction_open, raise_if_lost
from server.base.statements import Among, Prepared, Row, Together, Writes
from server.models.device import Boot, Device, Exchange, StreamHead, user_of
from server.models.reference import STAMP_QUERY
from server.models.scope import Scope, lock_scope
from server.models.user import Assignment, User
from server.models.watermark import counted_query
from server.models.window import first_silent
from server.rules.duties.reporting import Counted
from sync_protocol import stream as streams
from sync_protocol.intervals import BootTies

T = TypeVar("T")

_DEVICE: Any = Device.__table__
_SCOPE: Any = Scope.__table__
_HEAD: Any = StreamHead.__table__
_BOOT: Any = Boot.__table__
_EXCHANGE: Any = Exchange.__table__


class Named(NamedTuple):
    """What a request names, to be looked up. `scope_ids`: of sites, whether its user has them or not."""

    device_id: str
    nonce: str
    scope_ids: Collection[str] = ()
    beacons: Collection[str] = ()
    boots: Collection[str] = ()


class KnownBoot(NamedTuple):
    """A boot by the number that log rows have, and its ties."""

    number: int
    ties: BootTies


@dataclass(slots=True)
class OpenScope:
    """A locked scope and the sender's stream in it, as copies: what the push changes of them is written by `save`.
    `counted`: who reports there; `silent_ms`: the first deadline of its silent windows that the stream may decide, None:
    there is none."""

    scope: Scope
    head: StreamHead
    counted: list[Counted]
    silent_ms: int | None = None
    is_new: bool = False  # the stream: the device was not heard of here before
    _scope_before: dict[str, Any] = field(default_factory=dict)
    _head_before: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._scope_before = _values(self.scope, _SCOPE)
        self._head_before = {} if self.is_new else _values(self.head, _HEAD)

    def save(self, writes: Writes) -> None:
        """Write what has changed."""
        scope_id, device_id = self.scope.scope_id, self.head.device_id
        after, head = _values(self.scope, _SCOPE), _values(self.head, _HEAD)
        writes.update(_SCOPE, {"scope_id": scope_id}, _changed(self._scope_before, after))
        if self.is_new:
            writes.insert(_HEAD, head)
        else:
            key = {"scope_id": scope_id, "device_id": device_id}
            writes.update(_HEAD, key, _changed(self._head_before, head))
        self._scope_before, self._head_before, self.is_new = after, head, False


@dataclass(slots=True)
class Opened:
    """What is known when a push begins. The objects are copies outside the session: what they come to is in `writes`."""

    device: Device
    disabled_ms: int | None  # since when the device's user is
    is_repeated: bool  # the nonce was used before
    stamp: str  # of the reference data
    assigned: dict[str, Assignment]  # by site, ended ones included
    beacons: dict[str, tuple[int, str]]  # when this device got them, and in answer to what
    boots: dict[str, KnownBoot]
    highest_boot: int
    scopes: dict[str, OpenScope]  # by id
    writes: Writes = field(default_factory=Writes)
    _device_before: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._device_before = _values(self.device, _DEVICE)

    @property
    def stopped_ms(self) -> int | None:
        """When the device was stopped: revoked, or its user disabled; None: it works."""
        known = [at_ms for at_ms in (self.device.revoked_ms, self.disabled_ms) if at_ms is not None]
        return min(known, default=None)

    def forget_changes(self, before: Mapping[str, Any]) -> None:
        """The device is again as `known_device` gave it: what changed it was taken back."""
        for name, value in before.items():
            setattr(self.device, name, value)

    def known_device(self) -> dict[str, Any]:
        """What is known of the device now."""
        return _values(self.device, _DEVICE)

    def save_device(self) -> None:
        """Write what has changed of the device since it was looked up."""
        after = self.known_device()
        self.writes.update(_DEVICE, {"id": self.device.id}, _changed(self._device_before, after))


def lock_sender(session: Session, named: Named, is_guarded: bool) -> set[str]:
    """Lock the device, then the scopes of its user among those that it names, in the one order in which everybody does.
    Gives the named scopes that are not locked: their locks did not come for a passing cause (without `is_guarded` that
    raises), or they are not the user's, as far as is known before the locks are there.

    On SQLite the transaction holds the one lock already. One statement, or, when the locks do not come, one each.
    """
    if not is_postgresql(session):
        return set()
    mine = sa.select(_SCOPE.c.scope_id).join(Assignment, Assignment.site_id == _SCOPE.c.scope_id)
    mine = mine.join(Device, Device.user_id == Assignment.user_id)
    wanted = mine.where(Device.id == named.device_id, _SCOPE.c.scope_id.in_(named.scope_ids))
    both = wanted.order_by(_SCOPE.c.scope_id).with_for_update(of=(Device, _SCOPE))
    try:
        with session.begin_nested() if is_guarded else nullcontext():
            locked = set(session.scalars(both))
            if not locked:
                _lock_device(session, named.device_id)
            return {*named.scope_ids} - locked
    except OperationalError as error:
        _raise_unless_passing(session, error)
        if not is_guarded:
            raise
    _lock_device(session, named.device_id)
    locked = set()
    for scope_id in session.scalars(wanted.order_by(_SCOPE.c.scope_id)).all():
        try:
            with session.begin_nested():
                lock_scope(session, scope_id)
            locked.add(scope_id)
        except OperationalError as error:
            _raise_unless_passing(session, error)
    return {*named.scope_ids} - locked


def _lock_device(session: Session, device_id: str) -> None:
    session.execute(sa.select(_DEVICE.c.id).where(_DEVICE.c.id == device_id).with_for_update())


def _raise_unless_passing(session: Session, error: OperationalError) -> None:
    raise_if_lost(error)
    if not is_transaction_open(session):
        raise error


def open_exchange(session: Session, named: Named, now_ms: int, unsent: int | None = None) -> Opened | None:
    """Look all of this up in one statement. It also records that the device was seen now and how much it has unsent (None:
    it was not seen). Gives None for a device that is not there. The caller has locked device and scopes."""
    session.flush()
    row = _LOOK_UP.first(
        session,
        device=named.device_id,
        nonce=named.nonce,
        scopes=list(named.scope_ids),
        beacons=list(named.beacons),
        boots=list(named.boots),
        seen_ms=now_ms if unsent is not None else None,
        unsent=unsent,
    )
    if row is None:
        return None
    device = _copy(Device, _DEVICE, row)
    found = _LOOKED_UP.read(row[-1])
    stamp = str(found["stamp"][0][0]["value"]) if found["stamp"] else ""
    assigned = {
        site_id: Assignment(site_id=site_id, user_id=device.user_id, since_ms=since_ms, ended_ms=ended_ms)
        for site_id, since_ms, ended_ms in found["assigned"]
    }
    return Opened(
        device,
        found["user"][0][0],
        bool(found["repeated"]),
        stamp,
        assigned,
        {token: (at_ms, verb) for token, owner, at_ms, verb in found["beacons"] if owner == device.id},
        {boot: KnownBoot(number, boot_ties(lower, upper)) for boot, number, lower, upper in found["boots"]},
        found["highest_boot"][0][0] or 0,
        _open_scopes(device, now_ms, found),
    )


def _open_scopes(device: Device, now_ms: int, found: dict[str, list[Row]]) -> dict[str, OpenScope]:
    counted: dict[str, list[Counted]] = {}
    for scope_id, *values in sorted(found["counted"], key=lambda row: (row[0], row[1])):
        counted.setdefault(scope_id, []).append(Counted._make(values))
    heads = {row[0]: _copy(StreamHead, _HEAD, row) for row in found["heads"]}
    silent = {row[0]: row[-1] for row in found["heads"]}
    opened = {}
    for row in found["scopes"]:
        scope = _copy(Scope, _SCOPE, row)
        known = heads.get(scope.scope_id)
        head = known if known is not None else new_head(scope.scope_id, device.id, now_ms)
        reporters = counted.get(scope.scope_id, [])
        opened[scope.scope_id] = OpenScope(
            scope, head, reporters, silent.get(scope.scope_id), is_new=known is None
        )
    return opened


def new_head(scope_id: str, device_id: str, now_ms: int) -> StreamHead:
    """The row of a stream that was never heard of."""
    head = StreamHead(scope_id=scope_id, device_id=device_id, forked=False, floors=[], pending=[])
    head.head, head.heard_ms, head.since_ms = streams.to_json(streams.Stream()), now_ms, now_ms
    return head


def boot_ties(lower: Iterable[Iterable[int]], upper: Iterable[Iterable[int]]) -> BootTies:
    """The ties of a boot as they are stored."""
    return BootTies(
        tuple(sorted((up_ms, at_ms) for up_ms, at_ms in lower)),
        tuple(sorted((up_ms, at_ms) for up_ms, at_ms in upper)),
    )


def record_exchange(writes: Writes, exchange: Exchange) -> None:
    """Keep the exchange with all that was answered. Its nonce is taken when the writes are sent."""
    writes.insert(
        _EXCHANGE, {name: value for name, value in _values(exchange, _EXCHANGE).items() if value is not None}
    )


def forget_copies(session: Session) -> None:
    """What the session knows of rows that were written outside of it is read again when it is needed."""
    session.flush()
    for known in list(session.identity_map.values()):
        if isinstance(known, Scope | StreamHead | Device):
            session.expire(known)


def _copy(model: type[T], table: sa.Table, row: Row) -> T:
    """A row as an object outside the session, made as the session makes them: its columns come first in `row`."""
    made: T = manager_of_class(model).new_instance()
    made.__dict__.update(zip(_NAMES[table], row, strict=False))
    return made


def _values(row: Any, table: sa.Table) -> dict[str, Any]:
    """The columns of a copy, which has no others than it was made with or given."""
    return dict(zip(_NAMES[table], map(row.__dict__.get, _NAMES[table]), strict=True))


def _changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in after.items() if value != before[name]}


_NAMES = {table: tuple(table.columns.keys()) for table in (_DEVICE, _SCOPE, _HEAD, _EXCHANGE)}
_device = sa.bindparam("device", type_=_DEVICE.c.id.type)
_user_id = user_of(_device)
_LOOKED_UP = Together(
    user=sa.select(User.disabled_ms).where(User.id == _user_id),
    repeated=sa.select(_EXCHANGE.c.at_ms).where(
        _EXCHANGE.c.device_id == _device, _EXCHANGE.c.nonce == sa.bindparam("nonce", type_=sa.String())
    ),
    highest_boot=sa.select(
        sa.select(sa.func.max(_BOOT.c.number)).where(_BOOT.c.device_id == _device).scalar_subquery()
    ),
    stamp=STAMP_QUERY,
    assigned=sa.select(Assignment.site_id, Assignment.since_ms, Assignment.ended_ms).where(
        Assignment.user_id == _user_id
    ),
    # By beacon alone, so that no database goes through all that the device ever exchanged.
    beacons=sa.select(_EXCHANGE.c.beacon, _EXCHANGE.c.device_id, _EXCHANGE.c.at_ms, _EXCHANGE.c.verb).where(
        Among(_EXCHANGE.c.beacon, "beacons")
    ),
    boots=sa.select(_BOOT.c.boot, _BOOT.c.number, _BOOT.c.lower, _BOOT.c.upper).where(
        _BOOT.c.device_id == _device,
        Among(_BOOT.c.boot, "boots"),
    ),
    scopes=sa.select(_SCOPE).where(Among(_SCOPE.c.scope_id, "scopes")),
    heads=sa.select(_HEAD, first_silent(_HEAD.c.scope_id, _HEAD.c.complete_ms)).where(
        _HEAD.c.device_id == _device, Among(_HEAD.c.scope_id, "scopes")
    ),
    counted=counted_query().where(Among(_HEAD.c.scope_id, "scopes")),
)


def _look_up(session: Session) -> sa.UpdateBase:
    big, small = sa.BigInteger(), sa.Integer()
    seen_ms = sa.func.coalesce(sa.cast(sa.bindparam("seen_ms", type_=big), big), _DEVICE.c.seen_ms)
    unsent = sa.func.coalesce(sa.cast(sa.bindparam("unsent", type_=small), small), _DEVICE.c.unsent)
    found = sa.select(_LOOKED_UP.column(session).label("everything")).cte("found")
    update = sa.update(_DEVICE).where(_DEVICE.c.id == _device).values(seen_ms=seen_ms, unsent=unsent)
    return update.returning(*_DEVICE.c, sa.select(found.c.everything).scalar_subquery())


_LOOK_UP = Prepared(_look_up)

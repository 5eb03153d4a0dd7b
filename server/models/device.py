"""Devices, their exchanges with the server, and how far each of their streams is known."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, aliased, mapped_column

from server.base.db import Base, Id, Json

OWN_CLASS = "server"  # of the server's own devices, which are in no watermark


class Device(Base):
    """A tablet or a gate machine, known by its Ed25519 key. Its class says which kinds it may write
    (device_classes.json)."""

    __tablename__ = "device"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    platform: Mapped[str] = mapped_column(sa.String(100))
    public_key: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    device_class: Mapped[str] = mapped_column(sa.String(16), default="tablet")
    state: Mapped[str] = mapped_column(sa.String(10), default="active")  # active, revoked
    enrolled_ms: Mapped[int] = mapped_column(sa.BigInteger)
    revoked_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    seen_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    unsent: Mapped[int | None] = mapped_column(
        sa.Integer
    )  # entries that it said it still held, over all scopes
    # Sealed: what opens the tablet for somebody who forgot its PIN; None: it has none.
    unlock_code: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    # The first and the last of consecutive local dates on which its clock contradicted what is proved.
    doubted_from: Mapped[str | None] = mapped_column(sa.String(10))
    doubted_to: Mapped[str | None] = mapped_column(sa.String(10))


class Boot(Base):
    """What the pushes of one boot say of its times, and the number by which log rows name it. `lower`, `upper`: as
    BootTies in sync_protocol/intervals.py; both are empty while no push shares the boot."""

    __tablename__ = "boot"
    __table_args__ = (sa.Index("ix_boot_at", "at_ms"),)  # the tick: what may be forgotten

    device_id: Mapped[str] = mapped_column(Id, primary_key=True)
    boot: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    number: Mapped[int] = mapped_column(sa.Integer)
    lower: Mapped[list[list[int]]] = mapped_column(Json)
    upper: Mapped[list[list[int]]] = mapped_column(Json)
    at_ms: Mapped[int] = mapped_column(sa.BigInteger)  # when it was heard of last


class Exchange(Base):
    """One signed request and what was answered: the nonce (never twice), the beacon handed out, the
    attestations that the device signed and the receipt that the server signed. The evidence behind every
    time bound."""

    __tablename__ = "exchange"
    __table_args__ = (
        sa.Index("ix_exchange_beacon", "beacon"),  # push: when was this beacon handed out
        sa.Index("ix_exchange_device_at", "device_id", "at_ms"),  # push: the pushes around an entry
        sa.Index("ix_exchange_at", "at_ms"),  # the tick: what may be forgotten
    )

    device_id: Mapped[str] = mapped_column(Id, primary_key=True)
    nonce: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    id: Mapped[str] = mapped_column(Id)
    verb: Mapped[str] = mapped_column(sa.String(8))  # enrol, push, pull
    at_ms: Mapped[int] = mapped_column(sa.BigInteger)
    # Of a push: its T, and the clocks that were read between that and `at_ms`.
    t_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    wall_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    brought: Mapped[bool | None] = mapped_column(
        sa.Boolean
    )  # whether it brought lines; None: from before this was kept
    beacon: Mapped[str] = mapped_column(sa.String(32))
    attested: Mapped[dict[str, Any] | None] = mapped_column(
        Json
    )  # the header's `streams`, as the device signed them
    receipt: Mapped[dict[str, Any] | None] = mapped_column(
        Json
    )  # {"at", "sig", "streams": {scope: [n, hash]}}


class StreamHead(Base):
    """How far one device's stream in one scope is known, and through when it is complete.

    A device counts in a scope from its first signed pull of it or push to it, when this row is made, until `left_ms`
    (`left_why`: released, and DEVICE_REASONS of server/rules/duties/judge.py). `floors` and `pending` are as Floor in
    sync_protocol/intervals.py and Declared in sync_protocol/watermark.py; `tail_ms`: no later entry of the whole part
    was written after it.
    """

    __tablename__ = "stream"

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    device_id: Mapped[str] = mapped_column(Id, primary_key=True)
    head: Mapped[dict[str, Any]] = mapped_column(Json)  # sync_protocol.stream as JSON
    forked: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    fork_closed_ms: Mapped[int | None] = mapped_column(sa.BigInteger)  # when a person closed it
    floors: Mapped[list[list[int]]] = mapped_column(Json, default=list)
    pending: Mapped[list[list[Any]]] = mapped_column(Json, default=list)
    tail_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    loose_n: Mapped[int | None] = mapped_column(sa.BigInteger)
    unsent: Mapped[int | None] = mapped_column(sa.Integer)
    heard_ms: Mapped[int] = mapped_column(sa.BigInteger)
    complete_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    since_ms: Mapped[int] = mapped_column(sa.BigInteger)  # from when it counts
    gone_ms: Mapped[int | None] = mapped_column(sa.BigInteger)  # when it pulled `gone`
    left_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    left_why: Mapped[str | None] = mapped_column(sa.String(16))
    attested: Mapped[dict[str, Any] | None] = mapped_column(
        Json
    )  # {"n", "hash", "sig"} of the last good attestation
    mark: Mapped[str | None] = mapped_column(
        sa.String(24)
    )  # `bad_attestation`, when the last one did not verify


class EnrolCode(Base):
    """A single-use code, stored hashed. It is valid for ten minutes, and no longer after five wrong tries from anyone."""

    __tablename__ = "enrol_code"
    __table_args__ = (sa.Index("ix_enrol_code_expires", "expires_ms"),)  # the tick: what may be forgotten

    code_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    prefix: Mapped[str] = mapped_column(
        sa.String(8), index=True
    )  # the code's public half: a wrong try counts against it
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"))
    device_class: Mapped[str] = mapped_column(sa.String(16), default="tablet")
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)
    expires_ms: Mapped[int] = mapped_column(sa.BigInteger)
    tries: Mapped[int] = mapped_column(sa.Integer, default=0)
    used_ms: Mapped[int | None] = mapped_column(sa.BigInteger)


def user_of(device_id: sa.ColumnElement[str]) -> sa.ScalarSelect[str]:
    """Whose device this is, for a statement that looks up more of it."""
    sender = aliased(Device)
    return sa.select(sender.user_id).where(sender.id == device_id).scalar_subquery()

"""What of a site goes into its archive package: kinds of records that name nobody, their photos, and each device's lines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.book import FormBook
from server.actions.sync.log_lines import logged_lines
from server.actions.sync.read_push import prev_of
from server.base.seal import Seals
from server.files.verify_archive import KEPT, LEFT_OUT, fingerprint
from server.models.device import Device, Exchange, StreamHead
from server.models.entry import ANY_KIND, LogEntry
from server.models.erasure import ErasedLine
from server.models.flag import Flag, FlagEvent, of_flag
from server.models.media import Media, MediaPromise
from server.models.receipt import StreamReceipt
from server.models.record import Record
from server.models.scope import Scope
from sync_protocol import stream as streams
from sync_protocol.outcomes import EFFECTIVE
from sync_protocol.signatures import to_base64url


@dataclass(slots=True)
class Left:
    """Lines of which only the hash goes into a package, by kind."""

    lines: int
    by_kind: Counter[str]


def open_kinds(book: FormBook) -> set[str]:
    """Kinds that hold neither identity nor health data, in any of their versions."""
    return {name for name in book.kinds if not any(one.sealed for one in book.versions(name))}


def archived_kinds(session: Session, book: FormBook, site_id: str) -> list[str]:
    """The kinds of records that people wrote at a site and that name nobody."""
    kinds = {name for name in open_kinds(book) if book.kinds[name].nature != "server"}
    mine = sa.and_(Record.scope_id == site_id, Record.kind.in_(sorted(kinds)))
    return sorted(session.scalars(sa.select(Record.kind).where(mine).distinct()))


def photos_of(session: Session, book: FormBook, site_id: str) -> list[tuple[str, str]]:
    """The photos that records of these kinds promise and nobody else's do: (SHA-256, type)."""
    promised = (
        sa.select(MediaPromise.sha256)
        .join(
            LogEntry,
            sa.and_(LogEntry.scope_id == MediaPromise.scope_id, LogEntry.id == MediaPromise.entry_id),
        )
        .where(MediaPromise.scope_id == site_id)
    )
    others = promised.where(LogEntry.kind.not_in(sorted(open_kinds(book))))
    query = sa.select(Media.sha256, Media.type).where(
        Media.scope_id == site_id,
        Media.state == "kept",
        Media.sha256.in_(promised),
        Media.sha256.not_in(others),
    )
    return [(sha256, kind) for sha256, kind in session.execute(query.order_by(Media.sha256))]


def flag_photos(session: Session, site_id: str, flag_id: str | None) -> set[tuple[str, str]]:
    """The photos and documents that were written to a site's flags, or to one of them: (SHA-256, type)."""
    query = sa.select(FlagEvent.detail).where(FlagEvent.scope_id == site_id)
    if flag_id is not None:
        query = query.where(FlagEvent.flag_id == flag_id)
    hashes = {sha256 for detail in session.scalars(query) for sha256 in detail.get("media", ())}
    kept = sa.select(Media.sha256, Media.type).where(
        Media.scope_id == site_id, Media.state == "kept", Media.sha256.in_(sorted(hashes))
    )
    return {(sha256, kind) for sha256, kind in session.execute(kept)}


def history_lines(session: Session, flag: Flag) -> list[bytes]:
    """What happened to a flag, one event a line, as its hashes follow from it."""
    query = sa.select(FlagEvent).where(of_flag(FlagEvent, flag)).order_by(FlagEvent.n)
    fields = ("n", "at_ms", "actor", "action", "detail", "prev", "hash")
    return [
        json.dumps({name: getattr(event, name) for name in fields}, ensure_ascii=False).encode() + b"\n"
        for event in session.scalars(query)
    ]


def streams_of(session: Session, site_id: str) -> list[dict[str, Any]]:
    """Each device's stream: its key, how far it goes, what the device signed of it, and the receipts of the server."""
    scope = session.get_one(Scope, site_id)
    query = sa.select(StreamHead, Device).join(Device, Device.id == StreamHead.device_id)
    found = []
    for head, device in session.execute(query.where(StreamHead.scope_id == site_id).order_by(Device.id)):
        n, own = streams.highest(streams.from_json(head.head))
        said = {"device": device.id, "name": device.name, "class": device.device_class, "n": n, "hash": own}
        said |= {"public_key": to_base64url(device.public_key), "fingerprint": fingerprint(device.public_key)}
        said |= {"forked": head.forked or bool(head.head["islands"]), "attested": head.attested}
        found.append({**said, "receipts": list(_receipts(session, scope, device.id))})
    return found


def _receipts(session: Session, scope: Scope, device_id: str) -> Iterator[Any]:
    """Of the exchanges that brought lines of it, and the newest of those that were forgotten."""
    brought = sa.select(LogEntry.exchange_id).where(
        LogEntry.scope_id == scope.scope_id, LogEntry.device_id == device_id
    )
    query = sa.select(Exchange.receipt).where(Exchange.id.in_(brought)).order_by(Exchange.at_ms)
    yield from (receipt for receipt in session.scalars(query) if receipt and scope.name in receipt["streams"])
    kept = session.get(StreamReceipt, (scope.scope_id, device_id))
    if kept is not None:
        yield kept.receipt


def log_lines(
    session: Session, seals: Seals, book: FormBook, site_id: str, device_id: str, left: Left
) -> Iterator[bytes]:
    """A device's lines in order, each as a line of the log file. Of lines about people, of refused and of erased ones only
    number, hash, hash before and kind stay; `left` counts them."""
    shown = open_kinds(book)
    mine = sa.and_(LogEntry.scope_id == site_id, LogEntry.device_id == device_id)
    query = sa.select(LogEntry).where(mine).order_by(LogEntry.n, LogEntry.hash)
    erased = sa.select(ErasedLine.entry_id, ErasedLine.prev).where(ErasedLine.scope_id == site_id)
    before = dict(session.execute(erased).all())
    for rows in session.scalars(query.execution_options(yield_per=500)).partitions():
        for row, raw in zip(rows, logged_lines(session, seals, rows), strict=True):
            if raw and row.kind in shown and row.outcome in EFFECTIVE:
                yield b"%s %s\n" % (KEPT.encode(), raw)
                continue
            left.lines += 1
            left.by_kind[row.kind or ANY_KIND] += 1
            prev = (prev_of(raw) if raw else before.get(row.id, "")) or "-"
            yield f"{LEFT_OUT} {row.n} {row.hash.hex()} {prev} {row.kind or '-'}\n".encode()

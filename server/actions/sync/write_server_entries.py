"""Entries that the server writes on behalf of a user who works without a tablet: through the same log, the same chain
and the same validation as those of any tablet."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session
from uuid_utils import uuid7

from schemas.book import FormBook
from schemas.compiled import FastAt, FastEntry
from server.actions.devices.authenticate_device import Sender, new_exchange
from server.actions.devices.own_device import PLATFORM, add_own_device
from server.actions.reference.load_reference import rules_of_stamp
from server.actions.sync.accept_push import close_exchange, sign_receipt
from server.actions.sync.append_scope import append_scope
from server.actions.sync.estimate_times import own_dates
from server.actions.sync.open_exchange import Named, open_exchange
from server.actions.sync.read_push import Line, own_line, validate_line
from server.actions.sync.values import Arrived, Pushing
from server.base.clock import to_iso
from server.base.seal import Seals
from server.models.device import Device
from server.models.scope import lock_scope, scope_name
from server.models.user import Assignment
from sync_protocol import stream as streams
from sync_protocol.header import Attested
from sync_protocol.signatures import attestation_text, sign_text

_AT_ONCE = 10_000  # entries taken in together: more gain nothing, and fill memory


class Draft(NamedTuple):
    """An entry to be written: `act` add (a record of its own, under an id just drawn; that of a fact, or of a form's record,
    is its entry's too), edit (of `record`, from the version `base`), amend (the fact `record`, by a whole body) or void (of
    `record`, with `reason`).
    `form`: the version by which it is written. `media`: what it promises (sha256, bytes, type). `observed_ms`: when the work
    was done, of an addition that is written down later (补录)."""

    kind: str
    act: str
    record: str
    body: dict[str, Any]
    base: int | None = None
    reason: str | None = None
    form: int | None = None
    media: tuple[dict[str, Any], ...] = ()
    observed_ms: int | None = None


def write_server_entries(
    session: Session, seals: Seals, user_id: str, site_id: str, drafts: Sequence[Draft], now_ms: int
) -> list[dict[str, Any]]:
    """Write these entries into a site's log as `user_id`, in one transaction. Gives their outcomes, in order.

    The device is the server itself: its key signs the attestation. Its class is in no watermark.
    """
    # The site first, as whoever decides about it has locked it before: no other order waits for this one.
    scope = lock_scope(session, site_id)
    assert scope is not None, "entries are written into the log of a site"
    device = _device(session, seals, user_id, now_ms)
    return write_as(session, seals, Author(device, seals.signing_key), site_id, drafts, now_ms)


class Author(NamedTuple):
    """A device as which the server writes, and the key that signs for it."""

    device: Device
    key: Ed25519PrivateKey


def write_as(
    session: Session, seals: Seals, author: Author, site_id: str, drafts: Sequence[Draft], now_ms: int
) -> list[dict[str, Any]]:
    """Write these entries into a site's log as a device whose key the server holds. The caller has locked the site. Gives
    their outcomes, in order."""
    device, user_id = author.device, author.device.user_id
    sender = Sender(device.id, device.public_key, secrets.token_urlsafe(16))
    opened = open_exchange(session, Named(device.id, sender.nonce, [site_id]), now_ms)
    assert opened is not None, "the device is there, and locked"
    exchange = new_exchange(sender, "roster", now_ms)
    exchange.brought = True
    dates, book = own_dates(now_ms), rules_of_stamp(session, opened.stamp)
    pushing = Pushing(
        session,
        seals,
        opened.device,
        device.id,
        user_id,
        exchange.id,
        dates,
        now_ms,
        book,
        is_own=True,
    )
    # It stays out of the session.
    assignment = Assignment(site_id=site_id, user_id=user_id, since_ms=0, ended_ms=None)
    outcomes: list[dict[str, Any]] = []
    taken: list[str] = []
    name, mine = scope_name("site", site_id), opened.scopes[site_id]
    chain = _Chain(seals, book.kinds, name, streams.from_json(mine.head.head), exchange.beacon, now_ms)
    lines = chain.lines(drafts)
    while part := list(islice(lines, _AT_ONCE)):
        attested = _attested(author.key, device.id, name, part[-1])
        by_number, answer = append_scope(pushing, mine, Arrived(part, assignment, attested, True))
        outcomes += [by_number[line.number] for line in part]
        taken += answer.taken
        sign_receipt(seals, exchange, {name: attested}, {name: replace(answer, taken=taken)}, now_ms)
    mine.save(opened.writes)
    close_exchange(session, opened, exchange)
    return outcomes


def own_device(user_id: str) -> str:
    """The id of the server's own device for a user."""
    return str(uuid5(UUID(user_id), PLATFORM))


def _device(session: Session, seals: Seals, user_id: str, now_ms: int) -> Device:
    """The server's own device for this user."""
    device_id = own_device(user_id)
    found = session.get(Device, device_id, with_for_update=True, populate_existing=True)
    if found is not None:
        return found
    return add_own_device(session, seals, device_id, user_id, "控制台", now_ms)


class _Chain(NamedTuple):
    """Where drafts become lines: behind what is known of the stream, each validated as any line is."""

    seals: Seals
    kinds: FormBook
    scope: str
    known: streams.Stream
    beacon: str
    now_ms: int

    def lines(self, drafts: Sequence[Draft]) -> Iterator[Line]:
        n, prev = streams.highest(self.known)
        for number, draft in enumerate(drafts, start=1):
            n += 1
            line = self._line(number, draft, n, prev)
            prev = line.hash
            yield line

    def _line(self, number: int, draft: Draft, n: int, prev: str) -> Line:
        body = msgspec.json.encode(draft.body)
        kind = self.kinds.kinds[draft.kind]
        is_its_own = draft.act == "add" and (kind.nature == "fact" or draft.form is not None)
        key = draft.record if is_its_own else str(uuid7())
        extras = "" if draft.base is None else f',"base":{draft.base}'
        record = draft.record
        if draft.act == "amend":  # a fact of its own
            record, extras = key, f',"amends":"{draft.record}"'
        if draft.reason is not None:
            extras += f',"reason":{json.dumps(draft.reason)}'
        if draft.form is not None:
            extras += f',"form":{draft.form}'
        if draft.media:
            extras += f',"media":{msgspec.json.encode(draft.media).decode()}'
        at = FastAt(to_iso(self.now_ms), beacon=self.beacon, wall_ms=self.now_ms)
        later = "" if draft.observed_ms is None else f',"observed":"{to_iso(draft.observed_ms)}"'
        at_text = f'{{"wall":"{at.wall}","beacon":"{at.beacon}"{later}}}'
        head = (
            f'{{"id":"{key}","scope":"{self.scope}","n":{n},"prev":"{prev}","kind":"{draft.kind}"'
            f',"record":"{record}"{extras},"act":"{draft.act}","at":{at_text},"body":'
        )
        raw = b"".join((head.encode(), body, b"}"))
        if draft.act != "add" or draft.media or later:
            return validate_line(number, raw, self.kinds)
        named = (key, self.scope, n, prev, draft.kind, draft.record)
        entry = FastEntry(*named, "add", at, msgspec.Raw(body), form=draft.form)
        return own_line(number, raw, entry, draft.body, self.kinds)


def _attested(key: Ed25519PrivateKey, device_id: str, scope: str, last: Line) -> Attested:
    assert last.entry is not None, "the server writes entries that can be read"
    text = attestation_text(device_id, scope, last.entry.n, last.hash)
    return Attested(last.entry.n, last.hash, 0, sign_text(key, text))

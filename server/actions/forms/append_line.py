"""The server's own signed chain in scope `ref`: a line for each version of a form."""

from __future__ import annotations

import hashlib
import secrets
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.forms.definition import Form, written
from server.actions.accounts.log_in import HASHER
from server.actions.devices.authenticate_device import Sender, new_exchange
from server.actions.devices.own_device import add_own_device
from server.actions.reference.publish_reference import form_id
from server.actions.sync.accept_push import close_exchange, sign_receipt
from server.actions.sync.count_lines import count_lines
from server.actions.sync.open_exchange import Named, open_exchange
from server.actions.sync.values import ScopeAnswer
from server.base.clock import to_iso
from server.base.seal import Seals
from server.models.device import Device
from server.models.entry import LogEntry
from server.models.scope import REF
from server.models.user import SERVER_ROLE, User
from sync_protocol import stream as streams
from sync_protocol.header import Attested
from sync_protocol.intervals import ANCHORED
from sync_protocol.signatures import attestation_text, sign_text

KIND = "form"
_NAME = "ref"  # of the scope
_SPACE = uuid.UUID(REF)
OWN_USER = str(uuid.uuid5(_SPACE, "server"))
OWN_DEVICE = str(uuid.uuid5(_SPACE, "device"))


def append_line(session: Session, seals: Seals, form: Form, now_ms: int) -> LogEntry:
    """Write a form as the next line of the chain. The caller holds the scope's lock, and gives the record to tablets."""
    device = _device(session, seals, now_ms)
    sender = Sender(device.id, device.public_key, secrets.token_urlsafe(16))
    opened = open_exchange(session, Named(device.id, sender.nonce, [REF]), now_ms)
    assert opened is not None, "the device is there"
    exchange = new_exchange(sender, "form", now_ms)
    exchange.brought = True
    mine = opened.scopes[REF]
    known = streams.from_json(mine.head.head)
    n, prev = streams.highest(known)
    key, wall = form_id(form.code, form.version), to_iso(now_ms)
    head = (
        f'{{"id":"{key}","scope":"{_NAME}","n":{n + 1},"prev":"{prev}","kind":"{KIND}","record":"{key}"'
        f',"act":"add","at":{{"wall":"{wall}","beacon":"{exchange.beacon}"}},"body":'
    )
    raw = b"".join((head.encode(), written(form), b"}"))
    line_hash = hashlib.sha256(raw).hexdigest()
    row = LogEntry(scope_id=REF, id=key, device_id=device.id, n=n + 1, kind=KIND, record_id=key, act="add")
    row.hash, row.raw, row.outcome, row.form = bytes.fromhex(line_hash), raw, "applied", form.version
    row.exchange_id, row.received_ms, row.claimed_ms, row.event_ms = exchange.id, now_ms, now_ms, now_ms
    row.earliest_ms = row.latest_ms = row.not_before_ms = now_ms
    row.bound_ms, row.grade, row.backfilled, row.doubt = 0, ANCHORED, False, False
    session.add(row)
    text = attestation_text(device.id, _NAME, n + 1, line_hash)
    attested = Attested(n + 1, line_hash, 0, sign_text(seals.signing_key, text))
    mine.head.head = streams.to_json(streams.extend(known, [streams.Link(n + 1, prev, line_hash)]))
    mine.head.heard_ms = now_ms
    mine.head.attested = {"n": n + 1, "hash": line_hash, "sig": attested.sig}
    session.flush()
    count_lines(session, seals, mine.scope, [line_hash])
    answer = ScopeAnswer(n + 1, line_hash, [], [line_hash])
    sign_receipt(seals, exchange, {_NAME: attested}, {_NAME: answer}, now_ms)
    mine.save(opened.writes)
    close_exchange(session, opened, exchange)
    return row


def _device(session: Session, seals: Seals, now_ms: int) -> Device:
    """The server's device of this chain. Nobody knows its token, and its user can't log in."""
    query = sa.select(Device).where(Device.id == OWN_DEVICE).with_for_update()
    found = session.execute(query, execution_options={"populate_existing": True}).scalar_one_or_none()
    if found is not None:
        return found
    make_own_user(session, now_ms)
    return add_own_device(session, seals, OWN_DEVICE, OWN_USER, "表单", now_ms)


def make_own_user(session: Session, now_ms: int) -> None:
    """The user as which the server writes what nobody asked for; nobody logs in as it. Does nothing where it is there."""
    if session.get(User, OWN_USER) is not None:
        return
    user = User(id=OWN_USER, name="@server", display_name="系统", role=SERVER_ROLE)
    user.password_hash = HASHER.hash(secrets.token_urlsafe(32))
    user.active, user.disabled_ms, user.made_ms = False, None, now_ms
    session.add(user)
    session.flush()

"""Notices leave once, together, and by another way when one is broken: against real servers on this machine."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from apprise.plugins.wecombot import NotifyWeComBot
from flask import Flask
from standardwebhooks.webhooks import Webhook

from server.actions.notices.digest import LEASE_MS
from server.actions.notices.edit_channels import NewChannel, add_channel, remove_channel
from server.actions.notices.outgoing import Outgoing
from server.base.db import read, write
from server.base.egress import is_public
from server.models import Channel, Digest, Notice, User
from server.workflows.deliver_notices import deliver_due, sender
from server.workflows.scheduler import tick
from tests.live import POLL_S
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import at, missed_flag, moved, notices, planned_field, show

HOUR_MS = 3_600_000


class Mailbox:
    """An SMTP server that keeps what it gets; `code` refuses everything."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.code = "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.code.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return self.code


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    kept = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    yield kept, f"mailto://127.0.0.1:{port}?from=gongdi@example.com&to=section@example.com&mode=insecure"
    controller.stop()


class Hook(BaseHTTPRequestHandler):
    """An HTTP server that keeps what is posted to it."""

    got: list[tuple[dict[str, str], bytes]]
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((dict(self.headers.items()), body))
        self.send_response(self.status)
        self.send_header("Location", "http://169.254.169.254/")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"errcode": 0}')

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[tuple[type[Hook], str]]:
    handler = type("OneHook", (Hook,), {"got": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,))
    thread.start()
    yield handler, f"http://localhost:{server.server_port}/hook?a=1"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def _channel(field: Field, name: str, new: NewChannel) -> str:
    with field.app.app_context(), write() as session:
        user = session.get_one(User, field.cast.users[name])
        return add_channel(
            session, field.app.extensions["gongdi"].seals, user, new, field.cast.clock.now_ms()
        )[1]


def _deliver(field: Field, send: Any = None, after_ms: int = 0) -> dict[str, int]:
    field.cast.clock.advance(after_ms)
    with field.app.app_context():
        seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
        return deliver_due(seals, now_ms, send or sender(frozenset({"localhost"})), "https://gongdi.test")


def _digest(field: Field) -> Digest:
    with field.app.app_context(), read() as session:
        return session.scalars(sa.select(Digest).order_by(Digest.made_ms, Digest.id)).all()[-1]


def test_what_happens_together_leaves_in_one_mail(field: Field, mailbox: tuple[Mailbox, str]) -> None:
    kept, address = mailbox
    _channel(field, "section", NewChannel("mail", address))
    missed_flag(field)
    assert _deliver(field)["digests"] == 0, "what is not severe waits for others"
    assert _deliver(field, after_ms=6 * 60_000) == {"digests": 1, "sent": 1, "failed": 0}
    (mail,) = kept.mails
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "牧野花园 · 消毒" in text and "牧野花园 · 每日测温" in text
    assert "https://gongdi.test/console/notices" in text
    assert mail["Subject"].startswith("现场检查: ")
    assert _deliver(field, after_ms=HOUR_MS)["sent"] == 0
    assert len(kept.mails) == 1


def test_a_sender_that_dies_after_sending_is_followed_with_the_same_key(
    field: Field, mailbox: tuple[Mailbox, str]
) -> None:
    kept, address = mailbox
    _channel(field, "section", NewChannel("mail", address))
    missed_flag(field)
    real = sender(frozenset())

    def dies(outgoing: Outgoing) -> bool:
        real(outgoing)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _deliver(field, dies, after_ms=6 * 60_000)
    assert _deliver(field)["sent"] == 0, "somebody may still be sending"
    assert _deliver(field, after_ms=LEASE_MS)["sent"] == 1
    assert _digest(field).state == "sent"
    first, again = kept.mails
    assert first["Message-ID"] == again["Message-ID"]


def test_what_fails_is_tried_again_ever_later_and_then_goes_another_way(
    field: Field, mailbox: tuple[Mailbox, str], hook: tuple[type[Hook], str]
) -> None:
    kept, address = mailbox
    kept.code = "554 no"
    _channel(field, "section", NewChannel("mail", address))
    missed_flag(field)
    field.cast.clock.advance(6 * 60_000)
    waits = []
    for _ in range(12):
        now_ms = field.cast.clock.now_ms()
        assert _deliver(field)["failed"] == 1
        waits.append((_digest(field).next_ms - now_ms) // 60_000)
        if _digest(field).state == "pending":
            assert _deliver(field)["failed"] == 0
            _channel(field, "section", NewChannel("webhook", hook[1])) if len(waits) == 11 else None
            field.cast.clock.set(_digest(field).next_ms)
    assert waits[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360]
    with field.app.app_context(), read() as session:
        assert session.scalars(sa.select(Digest.state)).all() == ["failed"]
    assert "channel_failed" in notices(field, "admin")
    assert _deliver(field)["sent"] == 1
    assert len(hook[0].got) == 1


def test_a_webhook_is_signed_and_its_receiver_can_check_it(
    field: Field, hook: tuple[type[Hook], str]
) -> None:
    secret = _channel(field, "section", NewChannel("webhook", hook[1]))
    missed_flag(field)
    assert _deliver(field, after_ms=6 * 60_000)["sent"] == 1
    ((headers, body),) = hook[0].got
    named = {name.lower(): value for name, value in headers.items()}
    assert named["webhook-id"] == _digest(field).id
    signature = Webhook(secret).sign(
        named["webhook-id"], datetime.fromtimestamp(int(named["webhook-timestamp"]), UTC), body.decode()
    )
    assert named["webhook-signature"] == signature
    assert secret not in str(headers)


def test_a_webhook_never_reaches_inside_nor_follows_others_there(
    field: Field, hook: tuple[type[Hook], str]
) -> None:
    _channel(field, "section", NewChannel("webhook", hook[1]))
    missed_flag(field)
    assert _deliver(field, sender(frozenset()), after_ms=6 * 60_000)["failed"] == 1
    assert hook[0].got == []
    hook[0].status = 307
    assert _deliver(field, after_ms=HOUR_MS)["failed"] == 1
    assert len(hook[0].got) == 1


def test_a_robot_gets_the_digest_as_text(
    field: Field, hook: tuple[type[Hook], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NotifyWeComBot, "notify_url", hook[1].partition("?")[0] + "?key={key}")
    _channel(field, "section", NewChannel("wecom", "wecombot://abcdefghijklmnop"))
    missed_flag(field)
    assert _deliver(field, after_ms=6 * 60_000)["sent"] == 1
    assert "牧野花园" in str(json.loads(hook[0].got[0][1]))


def test_in_quiet_hours_only_what_is_severe_leaves(field: Field, mailbox: tuple[Mailbox, str]) -> None:
    kept, address = mailbox
    _channel(field, "contractor", NewChannel("mail", address, quiet_from=12 * 60, quiet_to=14 * 60))
    flag = missed_flag(field)  # at 12:40
    section = field.cast.client("section")
    moved(section, flag, "order_rectification")
    assert _deliver(field, after_ms=30 * 60_000)["sent"] == 0
    moved(field.cast.client("brigade"), flag, "order_stop_work")
    assert _deliver(field)["sent"] == 1
    assert "责令停工" in kept.mails[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert _deliver(field, after_ms=HOUR_MS)["sent"] == 1
    assert "责令限期整改" in kept.mails[1].get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_no_notice_is_written_twice_for_one_event(field: Field, mailbox: tuple[Mailbox, str]) -> None:
    _channel(field, "section", NewChannel("mail", mailbox[1]))
    missed_flag(field)
    for _ in range(3):
        at(field, "18:00")
    with field.app.app_context(), read() as session:
        rows = session.execute(
            sa.select(Notice.flag_id, Notice.what, Notice.user_id, Notice.channel_id)
        ).all()
    assert len(rows) == len(set(rows))


def test_addresses_are_sealed_at_rest(field: Field) -> None:
    _channel(field, "section", NewChannel("mail", "mailtos://user:secret@mail.example.com"))
    with field.app.app_context(), read() as session:
        assert b"secret" not in b"".join(session.scalars(sa.text("SELECT address FROM channel")))


def test_several_senders_at_once_send_each_digest_once(field: Field, second_app: Flask) -> None:
    for name in ("section", "brigade", "contractor"):
        for number in range(4):
            _channel(field, name, NewChannel("webhook", f"https://{name}{number}.example.com/"))
    flag = missed_flag(field)
    moved(field.cast.client("brigade"), flag, "order_stop_work")
    field.cast.clock.advance(6 * 60_000)
    sent: list[str] = []

    def run(app: Flask) -> None:
        with app.app_context():
            deliver_due(app.extensions["gongdi"].seals, field.cast.clock.now_ms(), send)

    def send(outgoing: Outgoing) -> bool:
        sent.append(outgoing.key)
        return True

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, (field.app, second_app, field.app, second_app)))
    assert len(sent) == len(set(sent)) == 8, "the section and the contractor, four channels each"


def test_notices_are_forgotten_by_rule_and_the_flags_history_stays(field: Field) -> None:
    flag = missed_flag(field)
    now_ms = (
        field.cast.clock.now_ms()
    )  # ids carry the time of the machine, so the rule is asked far ahead of both
    far_ms = max(now_ms, time.time_ns() // 1_000_000) + 181 * 24 * HOUR_MS
    assert notices(field, "section") != []
    tick(field.app, far_ms)
    sent = notices(field, "section")
    field.cast.clock.set(far_ms)
    assert len(show(field.cast.client("section"), flag)["events"]) > 2
    assert all(what.startswith("step_") for what in sent), "only what this very tick sent"


def test_a_channel_whose_seal_is_broken_stops_nobody_elses_notices(
    field: Field, hook: tuple[type[Hook], str], caplog: pytest.LogCaptureFixture
) -> None:
    _channel(field, "section", NewChannel("webhook", "https://broken.example.com/secret"))
    with field.app.app_context(), write() as session:
        broken = session.scalars(sa.select(Channel)).one()
        broken.address = broken.address[:-1] + bytes([broken.address[-1] ^ 1])
        broken_id = broken.id
    _channel(field, "contractor", NewChannel("webhook", hook[1]))
    missed_flag(field)
    assert _deliver(field, after_ms=6 * 60_000) == {"digests": 2, "sent": 1, "failed": 1}
    with field.app.app_context(), read() as session:
        failed = session.scalars(sa.select(Digest).where(Digest.channel_id == broken_id)).one()
        assert (failed.tries, failed.state) == (1, "pending")
        assert failed.next_ms > field.cast.clock.now_ms(), "it waits like any other failure"
        assert session.get_one(Channel, broken_id).failed_ms is not None
    assert "does not open" in caplog.text and "secret" not in caplog.text


def test_whatever_a_sender_raises_is_a_failed_try(field: Field, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("section", "contractor"):
        _channel(field, name, NewChannel("webhook", f"https://{name}.example.com/secret"))
    missed_flag(field)

    def raises(outgoing: Outgoing) -> bool:
        if "section" in str(outgoing.address):
            raise LookupError(outgoing.address)
        return True

    assert _deliver(field, raises, after_ms=6 * 60_000) == {"digests": 2, "sent": 1, "failed": 1}
    assert "secret" not in caplog.text


def test_a_channel_that_is_taken_away_while_it_is_sent_to_stops_nothing(field: Field) -> None:
    for name in ("section", "contractor"):
        _channel(field, name, NewChannel("webhook", f"https://{name}.example.com/"))
    missed_flag(field)

    def takes_away(outgoing: Outgoing) -> bool:
        with field.app.app_context(), write() as session:
            if (digest := session.get(Digest, outgoing.key)) is not None:
                remove_channel(session, digest.channel_id, 0)
        return True

    assert _deliver(field, takes_away, after_ms=6 * 60_000)["sent"] == 2


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1"),
        *("::1", "fe80::1%eth0", "fd00::1", "fec0::1", "ff0e::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1"),
        *("::10.0.0.1", "2002:a00:1::1", "64:ff9b::a00:1", "64:ff9b:1::808:808", "2002:e000:1::1"),
    ],
)
def test_an_address_that_leads_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"])
def test_a_public_address_is(address: str) -> None:
    assert is_public(address)

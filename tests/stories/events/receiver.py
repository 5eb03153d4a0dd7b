"""A system of others that receives events at a real port of this machine, or reads the feed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import sqlalchemy as sa
from flask import Flask
from standardwebhooks.webhooks import Webhook

from server.actions.accounts.service_accounts import EVENTS, NewService, add_service, open_service
from server.actions.events.sinks import add_sink
from server.actions.reference.load_reference import tx_of
from server.base.db import read, write
from server.models import EventSink, Site, SiteEvent
from server.workflows.deliver_events import deliver_events
from tests.server.cast import Cast
from tests.stories.field import Field


@dataclass
class Receiver:
    """What it got, in order: whoever sends a message twice finds it once. `is_down`: it answers nobody."""

    address: str = ""
    is_down: bool = False
    tries: int = 0
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def ids(self) -> list[str]:
        return list(dict.fromkeys(headers["webhook-id"] for headers, _ in self.got))

    def messages(self) -> list[dict[str, Any]]:
        by_id = {headers["webhook-id"]: json.loads(body) for headers, body in self.got}
        return [by_id[one] for one in self.ids()]


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.tries += 1
            if not receiver.is_down:
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(503 if receiver.is_down else 204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    receiver.address = f"http://127.0.0.1:{server.server_port}/events"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Other:
    app: Flask
    cast: Cast
    field: Field
    receiver: Receiver
    key: str = ""
    secret: str = ""

    def let_in(self) -> None:
        with self.app.app_context(), write() as session:
            site = session.get_one(Site, self.cast.site_a)
            self.key = add_service(self._tx(session), NewService("省平台", [EVENTS], [site]))[1]

    def listen(self, *types: str) -> str:
        """From now on events are sent to the receiver; gives the address's id."""
        with self.app.app_context(), write() as session:
            tx = self._tx(session)
            sink, self.secret = add_sink(tx, open_service(session, "省平台"), self.receiver.address, types)
            return sink.id

    def deliver(self) -> dict[str, int]:
        return deliver_events(self.app, self.cast.clock.now_ms())

    def feed(self, cursor: str = "0", **asked: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.key}"}
        query = {"cursor": cursor, **asked}
        answer = self.app.test_client().get("/api/v1/events", query_string=query, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def stored(self) -> list[SiteEvent]:
        """All that site A has, in order."""
        with self.app.app_context(), read() as session:
            query = sa.select(SiteEvent).where(SiteEvent.scope_id == self.cast.site_a)
            return list(session.scalars(query.order_by(SiteEvent.number)))

    def sink(self) -> EventSink:
        with self.app.app_context(), read() as session:
            return session.scalars(sa.select(EventSink)).one()

    def is_signed(self, headers: dict[str, str], body: bytes) -> bool:
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        return headers["webhook-signature"] == Webhook(self.secret).sign(
            headers["webhook-id"], at, body.decode()
        )

    def _tx(self, session: Any) -> Any:
        return tx_of(session, self.app.extensions["gongdi"].seals, self.cast.clock.now_ms())

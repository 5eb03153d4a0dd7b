"""Events are sent to the addresses of programs, one message an event, signed as Standard Webhooks asks. No transaction is
open meanwhile. What does not arrive waits, with all that follows it, until it does: nothing is passed by."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection

from flask import Flask

from server.actions.events.read_events import as_message
from server.actions.events.sinks import Delivery, claim_delivery, due_sinks, settle_delivery
from server.actions.reference.load_reference import tx_of
from server.base.db import read, write
from server.base.egress import pinned
from server.base.runtime import Runtime
from server.base.webhook_signature import signed_headers
from server.models.event import SiteEvent

TIMEOUT_S = 8.0
RUN_S = 20.0  # of one run, so that no receiver delays the next
_log = logging.getLogger("gongdi.events")

Send = Callable[[str, str, SiteEvent, int], bool]


def deliver_events(app: Flask, now_ms: int, send: Send | None = None) -> dict[str, int]:
    """Send what is due. Gives how many events were sent, and how many addresses failed."""
    runtime: Runtime = app.extensions["gongdi"]
    sending = send or sender(runtime.config.webhook_hosts)
    did = {"sent": 0, "failed": 0}
    until_s = time.monotonic() + RUN_S
    with app.app_context():
        with read() as session:
            due = due_sinks(session, now_ms)
        for sink_id in due:
            while time.monotonic() < until_s:
                with write() as session:
                    delivery = claim_delivery(tx_of(session, runtime.seals, now_ms), sink_id)
                if delivery is None:
                    break
                sent = _send_all(sending, delivery, now_ms)
                with write() as session:
                    settle_delivery(tx_of(session, runtime.seals, now_ms), delivery, sent)
                did["sent"] += sent
                did["failed"] += sent < len(delivery.events)
    return did


def sender(private_hosts: Collection[str]) -> Send:
    """Sends by POST; the host is resolved once and checked, and what was found is connected to."""

    def send(address: str, secret: str, event: SiteEvent, now_ms: int) -> bool:
        found = pinned(address, private_hosts, TIMEOUT_S)
        if found is None:
            _log.warning("a receiver's address is not allowed", extra={"fields": {"event": event.id}})
            return False
        body = json.dumps(as_message(event), ensure_ascii=False, separators=(",", ":")).encode()
        return found.post_json(body, signed_headers(secret, event.id, now_ms, body))

    return send


def _send_all(send: Send, delivery: Delivery, now_ms: int) -> int:
    """How many arrived, in their order; the first that does not ends it. Only an error's type is logged: its message may
    hold the address."""
    for sent, event in enumerate(delivery.events):
        try:
            if not send(delivery.address, delivery.secret, event, now_ms):
                return sent
        except Exception as error:
            fields = {"sink": delivery.sink_id, "event": event.id, "error": type(error).__name__}
            _log.warning("an event was not delivered", extra={"fields": fields})
            return sent
    return len(delivery.events)

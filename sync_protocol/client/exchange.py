"""One signed request and its answer: headers, signature, the server's time, and problems as values."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sync_protocol.client.answers import BadAnswer, load_object
from sync_protocol.client.backoff import retry_after_s
from sync_protocol.client.clock import TabletClock, parse_ms
from sync_protocol.client.ids import nonce
from sync_protocol.client.reports import ExchangeFailed, TabletError, Trouble, trouble_of
from sync_protocol.client.store import Identity, Store
from sync_protocol.client.transport import NoAnswerInTime, Request, Response, Transport
from sync_protocol.signatures import sign_request

_BODY_SHOWN_MAX = 64 * 1024


class Exchange:
    """What push and pull share: who we are, which clock, which wire."""

    def __init__(self, store: Store, clock: TabletClock, transport: Transport, rng: random.Random) -> None:
        self.store = store
        self.clock = clock
        self.rng = rng
        self._transport = transport

    def identity(self) -> Identity:
        """Raises TabletError `not_enrolled`."""
        identity = self.store.identity()
        if identity is None or not identity.device:
            raise TabletError("not_enrolled")
        return identity

    def now_ms(self) -> int:
        """Server time as this tablet knows it: its wall clock, corrected by what the last answer said."""
        return self.clock.wall_ms() + self.store.int_note("server_offset_ms")

    def post(
        self,
        path: str,
        make_body: Callable[[], bytes],
        headers: Mapping[str, str],
        within_ms: int | None = None,
    ) -> Response:
        """Signs and sends; the answer is 2xx. Raises ExchangeFailed for everything else, also when nobody
        answers, or not `within_ms` of the moment when making the body began.

        A `clock_skew` is answered once, with the server's time: the body is made again too, because it
        has the tablet's clocks at the moment of sending.
        """
        answer = self._send_signed(path, make_body, headers, within_ms)
        trouble = self._trouble(answer)
        if (
            trouble is not None
            and trouble.code == "clock_skew"
            and self.note_time(trouble.members.get("server_time"))
        ):
            answer = self._send_signed(path, make_body, headers, within_ms)
            trouble = self._trouble(answer)
        if trouble is not None:
            raise ExchangeFailed(trouble)
        return answer

    def post_unsigned(self, url: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """JSON to JSON, for enrolment: the device has no token yet. Raises ExchangeFailed."""
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        answer = self._send(Request("POST", url, headers, json.dumps(document).encode()))
        trouble = self._trouble(answer)
        if trouble is not None:
            raise ExchangeFailed(trouble)
        try:
            return load_object(answer.body)
        except BadAnswer as error:
            raise ExchangeFailed(trouble_of("bad_answer")) from error

    def note_time(self, server_time: object) -> bool:
        """Remembers how far the wall clock is off. False when the text is no instant."""
        server_ms = parse_ms(server_time)
        if server_ms is None:
            return False
        with self.store.transaction():
            self.store.set_note("server_offset_ms", server_ms - self.clock.wall_ms())
        return True

    def _send_signed(
        self, path: str, make_body: Callable[[], bytes], headers: Mapping[str, str], within_ms: int | None
    ) -> Response:
        began_ms = self.clock.up_ms()
        body = make_body()
        identity = self.identity()
        bare = {**headers, "Accept-Encoding": "gzip", "Authorization": f"Bearer {identity.token}"}
        request = Request("POST", identity.url + path, bare, body)
        at_s = self.now_ms() // 1000
        signed = sign_request(identity.private_key, identity.device, request, at_s, nonce(self.rng))
        within_s = None if within_ms is None else (began_ms + within_ms - self.clock.up_ms()) / 1000
        return self._send(replace(request, headers=signed, within_s=within_s))

    def _send(self, request: Request) -> Response:
        try:
            return self._transport.send(request)
        except NoAnswerInTime as error:
            raise ExchangeFailed(trouble_of("no_answer")) from error
        except OSError as error:
            raise ExchangeFailed(trouble_of("offline")) from error

    def _trouble(self, answer: Response) -> Trouble | None:
        """What a non-2xx answer says, whether or not it is a problem document."""
        if 200 <= answer.status < 300:
            return None
        try:
            document = load_object(answer.body[:_BODY_SHOWN_MAX])
        except BadAnswer:
            document = {}
        code = document.get("code")
        title, detail = document.get("title"), document.get("detail")
        return Trouble(
            code=code if isinstance(code, str) else f"http_{answer.status}",
            detail=" ".join(text for text in (title, detail) if isinstance(text, str)),
            status=answer.status,
            retry_after_s=retry_after_s(answer.headers.get("retry-after"), self.now_ms()),
            members=document,
        )

"""A gate machine of a vendor, which knows nothing of our protocol: it posts plain JSON with a key, from its own clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from server.actions.accounts.service_accounts import GATE_PASSES, ROSTER, NewService, add_service
from server.actions.records.segments import read_bodies
from server.actions.reference.load_reference import tx_of
from server.actions.sync.write_server_entries import Draft, write_server_entries
from server.base.clock import to_iso
from server.base.db import read, write
from server.models import Quarantine, Record, Site, StreamHead
from server.rules.calendar import instant_ms
from tests.server.cast import Cast, identity
from tests.stories.field import WORKER

DAY = "2026-11-24"  # a Tuesday
MINUTE_MS = 60_000
ZHOU, WU, LEFT = identity("zhou"), identity("wu"), identity("left")
NUMBERS = {ZHOU: "410702199003072332", WU: "411023197105188104", LEFT: "410702199001010015"}


@dataclass
class Gate:
    """One gate of site A, on a clock that the test moves. `skew_ms`: how wrong the machine's clock is."""

    app: Flask
    cast: Cast
    key: str = ""
    account: str = ""
    device: str = ""
    skew_ms: int = 0

    def now(self, time: str, date: str = DAY) -> int:
        self.cast.clock.set(instant_ms(date, time))
        return self.cast.clock.now_ms()

    def let_in(self, name: str = "东门闸机", *scopes: str, system: str = "") -> str:
        """An account of site A; gives its key, which is the gate's from now on."""
        with self.app.app_context(), write() as session:
            tx = tx_of(session, self.app.extensions["gongdi"].seals, self.cast.clock.now_ms())
            site = session.get_one(Site, self.cast.site_a)
            new = NewService(name, scopes or (GATE_PASSES, ROSTER), [site], system=system)
            account, self.key = add_service(tx, new)
            self.account, self.device = account.id, account.device_id or ""
        return self.key

    def enrol_people(self) -> None:
        """Zhou and Wu are on the roster of site A; a third one left."""
        with self.app.app_context(), write() as session:
            seals, now_ms = self.app.extensions["gongdi"].seals, self.cast.clock.now_ms()
            bodies = [{**WORKER, "certificate_number": NUMBERS[key]} for key in (ZHOU, WU)]
            gone = {**WORKER, "certificate_number": NUMBERS[LEFT], "exited_on": "2026-11-20"}
            drafts = [
                Draft("worker", "add", key, body)
                for key, body in zip((ZHOU, WU, LEFT), (*bodies, gone), strict=True)
            ]
            user = self.cast.users["inspector"]
            outcomes = write_server_entries(session, seals, user, self.cast.site_a, drafts, now_ms)
            assert [one["outcome"] for one in outcomes] == ["applied"] * 3, outcomes

    def at(self, time: str, date: str = DAY) -> str:
        """A moment as the machine's clock shows it."""
        return to_iso(instant_ms(date, time) + self.skew_ms)

    def passed(self, event: str, time: str, person: Any, **said: Any) -> dict[str, Any]:
        row = {"event": event, "at": self.at(time), "person": person, "direction": "in", "method": "face"}
        return {**row, **said}

    def send(self, *rows: Any, unsent: int = 0, site: str = "", key: str = "") -> TestResponse:
        sent_at = to_iso(self.cast.clock.now_ms() + self.skew_ms)
        body = {"sent_at": sent_at, "unsent": unsent, "passes": list(rows)}
        return self.post(f"{site or self.cast.site_a}/gate-passes", body, key)

    def post(self, path: str, body: Any, key: str = "", **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return self.app.test_client().post(f"/api/v1/sites/{path}", json=body, headers=headers, **options)

    def get(self, path: str, key: str = "", **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {key or self.key}", **options.pop("headers", {})}
        return self.app.test_client().get(f"/api/v1/{path}", headers=headers, **options)

    def outcomes(self, *rows: Any, **options: Any) -> list[dict[str, Any]]:
        answer = self.send(*rows, **options)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.get_json()["outcomes"]
        return found

    def records(self) -> list[Any]:
        """The passes that count, with their bodies, in the order of time."""
        import msgspec

        with self.app.app_context(), read() as session:
            query = sa.select(Record).where(Record.kind == "gate_pass", Record.scope_id == self.cast.site_a)
            rows = session.scalars(query.order_by(Record.event_ms, Record.id)).all()
            seals = self.app.extensions["gongdi"].seals
            bodies = read_bodies(session, seals, self.cast.site_a, rows)
            return [(row.event_ms, msgspec.json.decode(body)) for row, body in zip(rows, bodies, strict=True)]

    def quarantined(self) -> list[Quarantine]:
        with self.app.app_context(), read() as session:
            return list(session.scalars(sa.select(Quarantine).order_by(Quarantine.at_ms)))

    def complete_ms(self) -> int | None:
        with self.app.app_context(), read() as session:
            return session.get_one(StreamHead, (self.cast.site_a, self.device)).complete_ms

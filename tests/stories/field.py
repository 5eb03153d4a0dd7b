"""Tablets in the field: a real client on the test's clock, calling the app in this process."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask

from server.actions.accounts.manage_users import NewUser, add_user
from server.actions.devices.enrol_code import make_code
from server.actions.sites.assign_site import assign_site
from server.base.clock import FakeClock
from server.base.db import write
from server.models import Site, User
from sync_protocol.client.store import FILE_NAME
from sync_protocol.client.tablet import Tablet
from sync_protocol.client.transport import Transport, WsgiTransport
from tests.server.cast import COMPANY_A, PASSWORD, Cast
from tests.stages import reach

WORKER = {
    "name": "买买提·吐尔逊",
    "certificate_type": "id_card",
    "certificate_number": "411023197105188104",
    "company": COMPANY_A,
    "team": "钢筋一班",
    "trade": "020",
    "role": "worker",
    "phone": "13812345678",
    "entered_on": "2026-11-01",
}


class FieldClock:
    """A tablet's clocks: they follow the test's time, the wall clock off by `skew_ms`."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._start_ms = clock.now_ms() - 60_000
        self.boot: str | None = "boot-1"
        self.skew_ms = 0

    def wall_ms(self) -> int:
        return self._clock.now_ms() + self.skew_ms

    def up_ms(self) -> int:
        return self._clock.now_ms() - self._start_ms

    def restart(self) -> None:
        self._start_ms = self._clock.now_ms() - 1_000
        self.boot = f"{self.boot}+"


@dataclass
class Field:
    """Makes tablets for inspectors of the cast's site A."""

    cast: Cast
    folder: Path
    clocks: dict[str, FieldClock] = field(default_factory=dict)

    @property
    def app(self) -> Flask:
        return self.cast.app

    @property
    def scope(self) -> str:
        return f"site:{self.cast.site_a}"

    def tablet(self, name: str, user: str = "inspector", transport: Transport | None = None) -> Tablet:
        """An enrolled tablet of this user, that has pulled what it needs."""
        self.clocks[name] = FieldClock(self.cast.clock)
        rng = random.Random(name)
        home = self.folder / name
        if transport is not None or home.exists():
            return self._enrolled(name, user, rng, transport)

        def enrol() -> tuple[bytes, Any]:
            with self._enrolled(name, user, rng, None):
                pass  # the last to close a file puts everything into it
            return (home / FILE_NAME).read_bytes(), rng.getstate()

        content, state = reach(self.app, ("tablet", name, user), enrol)
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / FILE_NAME).write_bytes(content)
        rng.setstate(state)
        return Tablet(home, self.clocks[name], WsgiTransport(self.app), rng)

    def _enrolled(self, name: str, user: str, rng: random.Random, transport: Transport | None) -> Tablet:
        way = transport or WsgiTransport(self.app)
        tablet = Tablet(self.folder / name, self.clocks[name], way, rng)
        tablet.enrol("http://gongdi.test", self.code(user), name, "test")
        self.cast.clock.advance(1)
        assert tablet.sync().ok
        return tablet

    def code(self, user: str) -> str:
        with self.app.app_context(), write() as session:
            return make_code(session, session.get_one(User, self.cast.users[user]), self.cast.clock.now_ms())

    def second_inspector(self) -> str:
        """Another inspector of site A."""
        seals = self.app.extensions["gongdi"].seals
        with self.app.app_context(), write() as session:
            new = NewUser("inspector2", "inspector", PASSWORD, "检查员韩梅", unit="zhijianzhan")
            user = add_user(session, new, self.cast.clock.now_ms())
            site = session.get_one(Site, self.cast.site_a)
            assign_site(session, seals, user, site, self.cast.clock.now_ms())
            self.cast.users["inspector2"] = user.id
        return "inspector2"

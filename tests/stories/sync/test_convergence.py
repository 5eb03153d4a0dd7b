"""Whatever the network loses, repeats, reorders or cuts: tablets and server agree, and each entry is there once."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_exchanges, verify_scope
from server.app import create_app
from server.base.clock import FakeClock
from server.base.config import Config
from server.base.db import db, read
from server.models import LogEntry
from server.models.scope import Scope
from sync_protocol.client.tablet import Tablet
from sync_protocol.client.transport import Request, Response, TransportError, WsgiTransport
from tests.server.cast import NOW_MS, make_cast
from tests.stories.field import WORKER, Field

LOG = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}
KINDS = ("worker", "disinfection_log", "temperature_check", "case")
FAULTS = ("none", "none", "lose_request", "lose_answer", "twice", "late", "cut")


class FaultyTransport:
    """A network that does to each request what `chance` says, until it is healed."""

    def __init__(self, inner: WsgiTransport, chance: random.Random) -> None:
        self._inner, self._chance, self._late = inner, chance, list[Request]()
        self.healed = False

    def send(self, request: Request) -> Response:
        fault = "none" if self.healed else self._chance.choice(FAULTS)
        if fault == "late":  # it arrives after a later one
            self._late.append(request)
        if fault in ("late", "lose_request"):
            raise TransportError("no answer")
        answer = self._inner.send(request)
        if fault == "twice":
            self._inner.send(request)
        for late in self._late:
            self._inner.send(late)
        self._late.clear()
        if fault == "lose_answer":
            raise TransportError("the line went dead")
        if fault == "cut" and request.url.endswith("/pull") and answer.status == 200:
            cut = self._chance.randrange(len(answer.body) + 1)
            return Response(answer.status, answer.headers, answer.body[:cut], complete=False)
        return answer


class Rig:
    """A server on a database of its own, and tablets that can crash."""

    def __init__(self, folder: Path, template: Path, tablets: int, seed: int) -> None:
        url = f"sqlite:///{shutil.copy(template, folder / 'gongdi.sqlite3')}"
        config = Config.from_env({"GONGDI_DATABASE_URL": url, "GONGDI_DATA_DIR": str(folder)})
        self.clock, self.chance = FakeClock(NOW_MS), random.Random(seed)
        self.app = create_app(config, self.clock)
        self.field = Field(make_cast(self.app, self.clock), folder)
        users = ["inspector", self.field.second_inspector()]
        self.networks = [FaultyTransport(WsgiTransport(self.app), self.chance) for _ in range(tablets)]
        self.tablets: list[Tablet] = []
        for number, network in enumerate(self.networks):
            network.healed = True
            self.tablets.append(self.field.tablet(f"t{number}", users[number % 2], network))
            network.healed = False

    def crash(self, number: int) -> None:
        """The tablet's process dies and starts again on the same files."""
        self.tablets[number].close()
        clock = self.field.clocks[f"t{number}"]
        home, network = self.field.folder / f"t{number}", self.networks[number]
        fresh = random.Random(self.chance.random())  # a nonce is never used again, whatever crashes
        self.tablets[number] = Tablet(home, clock, network, fresh)

    def settle(self) -> None:
        for network in self.networks:
            network.healed = True
        for _ in range(4):
            for tablet in self.tablets:
                assert tablet.sync().ok
                self.clock.advance(7_200_000)  # past every pause that a tablet takes

    def close(self) -> None:
        for tablet in self.tablets:
            tablet.close()
        with self.app.app_context():
            db.engine.dispose()


def _write(rig: Rig, tablet: Tablet, scope: str) -> None:
    tablet.add(scope, "disinfection_log", LOG)


def _enter(rig: Rig, tablet: Tablet, scope: str) -> None:
    worker = tablet.add(scope, "worker", WORKER)
    body = {"worker": worker, "celsius": 36.5, "slot": "before_work", "point": "gate"}
    tablet.add(scope, "temperature_check", body, needs=(worker,))


def _edit(rig: Rig, tablet: Tablet, scope: str) -> None:
    workers = tablet.list("worker", scope)
    if workers:
        team = rig.chance.choice(["木工班", "架子班", "砼班"])
        tablet.edit(scope, rig.chance.choice(workers).id, {"team": team})


def _open_case(rig: Rig, tablet: Tablet, scope: str) -> None:
    workers = tablet.list("worker", scope)
    if workers:
        body = {"worker": rig.chance.choice(workers).id, "cause": "symptom"}
        tablet.add(scope, "case", body, needs=(body["worker"],))


def _edit_case(rig: Rig, tablet: Tablet, scope: str) -> None:
    cases = tablet.list("case", scope)
    if cases:
        room = rig.chance.choice(["隔离室 1", "隔离室 2"])
        tablet.edit(scope, rig.chance.choice(cases).id, {"isolation_place": room})


def _amend(rig: Rig, tablet: Tablet, scope: str) -> None:
    logs = [item for item in tablet.list("disinfection_log", scope) if not item.body.get("voided")]
    if logs:
        tablet.amend(scope, rig.chance.choice(logs).id, {**LOG, "concentration_mg_l": 500})


def _void(rig: Rig, tablet: Tablet, scope: str) -> None:
    logs = tablet.list("disinfection_log", scope)
    if logs:
        tablet.void(scope, rig.chance.choice(logs).id, "写错了")


def _push(rig: Rig, tablet: Tablet, scope: str) -> None:
    tablet.push()


def _pull(rig: Rig, tablet: Tablet, scope: str) -> None:
    tablet.pull(max_bytes=rig.chance.choice([600, 4_000, 1_000_000]))


WORK: tuple[Callable[[Rig, Tablet, str], None], ...] = (
    _write,
    _enter,
    _edit,
    _open_case,
    _edit_case,
    _amend,
    _void,
    _push,
    _push,
    _pull,
)
actions = st.tuples(st.integers(0, 3), st.integers(0, len(WORK)))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(tablets=st.integers(2, 4), work=st.lists(actions, max_size=40), seed=st.integers(0, 2**32))
def test_tablets_and_server_agree_whatever_happened_on_the_way(
    sqlite_template: Path, tablets: int, work: list[tuple[int, int]], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), sqlite_template, tablets, seed)
        try:
            for which, what in work:
                number = which % tablets
                rig.clock.advance(rig.chance.randrange(1, 600_000))
                if what == len(WORK):
                    rig.crash(number)
                else:
                    WORK[what](rig, rig.tablets[number], rig.field.scope)
            rig.settle()
            _check(rig)
        finally:
            rig.close()


def _check(rig: Rig) -> None:
    first, *others = [_held(tablet) for tablet in rig.tablets]
    assert all(other == first for other in others)
    for tablet in rig.tablets:
        assert tablet.status().unsent == 0
        assert list(tablet.refused()) == []
    seals = rig.app.extensions["gongdi"].seals
    with rig.app.app_context(), read() as session:
        ids = list(session.scalars(sa.select(LogEntry.id)))
        assert len(ids) == len(set(ids))
        assert set(session.scalars(sa.select(LogEntry.outcome))) <= {"applied", "merged", "contested"}
        assert list(verify_scope(session, seals, session.get_one(Scope, rig.field.cast.site_a))) == []
        assert list(verify_exchanges(session, seals)) == []
        assert list(check_scope(session, seals, rig.field.cast.site_a)) == []


def _held(tablet: Tablet) -> dict[tuple[str, str], Any]:
    return {
        (kind, item.id): (item.rev, item.body, item.state) for kind in KINDS for item in tablet.list(kind)
    }

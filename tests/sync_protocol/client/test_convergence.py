"""Whatever was written in whatever order, and whatever failed on the way: in the end all devices agree."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_protocol.client.tablet import Tablet
from tests.sync_protocol.client.cast import (
    CHECK,
    OTHER_SITE,
    SITE,
    FakeTabletClock,
    FaultyTransport,
    Killed,
    cut_after,
    die_after,
    die_before,
    lose_answer,
    lose_request,
    send_twice,
)
from tests.sync_protocol.client.fake_server import POISON, FakeServer

FAULTS = {
    "lose_request": lose_request,
    "lose_answer": lose_answer,
    "die_before": die_before,
    "die_after": die_after,
    "send_twice": send_twice,
    "cut_1": cut_after(1),
    "cut_4": cut_after(4, 5),
}
WRITES = ("check", "worker", "edit", "amend", "void", "poison")
STEPS = st.tuples(
    st.integers(0, 1),
    st.sampled_from([*WRITES, *WRITES, "push", "pull", "sync", "reset", "hole", "413", "retry", "wait"]),
    st.sampled_from([None, None, *FAULTS]),
    st.integers(0, 5),
)


class Field:
    """Two tablets of one inspector at two sites, and everything that they ever wrote."""

    def __init__(self, folder: Path) -> None:
        self.server = FakeServer()
        self.server.assign(SITE, OTHER_SITE)
        self.wires = [FaultyTransport(self.server) for _ in range(2)]
        self.clocks = [FakeTabletClock() for _ in range(2)]
        self.homes = [folder / "one", folder / "two"]
        self.written: list[str] = []
        self.seed = 0
        self.tablets = [self.open(which) for which in range(2)]
        for which, tablet in enumerate(self.tablets):
            tablet.enrol("https://sync.test", f"CODE-{which + 1}", "平板", "test")

    def open(self, which: int) -> Tablet:
        self.seed += 1
        return Tablet(self.homes[which], self.clocks[which], self.wires[which], random.Random(self.seed))

    def step(self, which: int, what: str, fault: str | None, pick: int) -> None:
        self.wires[which].faults = [FAULTS[fault]] if fault else []
        try:
            self.act(which, what, pick)
        except Killed:
            self.tablets[which].close()
            self.tablets[which] = self.open(which)
        self.wires[which].faults = []
        self.server.limit_entries = 500
        self.server.retrying.clear()

    def act(self, which: int, what: str, pick: int) -> None:
        tablet, scope = self.tablets[which], (SITE, OTHER_SITE)[pick % 2]
        if what in WRITES:
            self.write(tablet, scope, what, pick)
        elif what == "wait":
            self.clocks[which].advance(4 * 24 * 3600 * 1000)
            self.server.now_ms = max(clock.wall_ms() for clock in self.clocks)
        elif what == "reset":
            self.server.epoch += 1
        elif what == "hole":
            self.server.forgotten.add((scope, pick + 1))
        elif what == "413":
            self.server.limit_entries = 1 + pick
            tablet.push()
        elif what == "retry":
            self.server.retrying.add(scope)
            tablet.push()
        else:
            getattr(tablet, what)()

    def write(self, tablet: Tablet, scope: str, what: str, pick: int) -> None:
        checks = [item for item in tablet.list("temperature_check", scope) if "voided" not in item.body]
        workers = tablet.list("worker", scope)
        if what == "edit" and workers:
            entry = tablet.edit(scope, workers[pick % len(workers)].id, {"team": f"{pick} 班"})
        elif what == "amend" and checks:
            entry = tablet.amend(scope, checks[pick % len(checks)].id, {**CHECK, "celsius": 36.0})
        elif what == "void" and checks:
            entry = tablet.void(scope, checks[pick % len(checks)].id, "量错了人")
        elif what == "worker":
            entry = tablet.add(scope, "worker", {"name": "李·小龙", "team": "一班"})
        else:
            body = {**CHECK, **(POISON if what == "poison" else {}), "celsius": 36.0 + pick / 10}
            entry = tablet.add(scope, "temperature_check", body)
        self.written.append(entry)

    def settle(self) -> None:
        """The network is well again: everybody syncs until nothing changes."""
        self.server.forgotten.clear()
        for _ in range(2):
            for tablet in self.tablets:
                report = tablet.sync()
                assert report.ok, report

    def check(self) -> None:
        for tablet in self.tablets:
            assert tablet.status().unsent == 0
            assert all(scope.trouble is None for scope in tablet.status().scopes)
            for scope in (SITE, OTHER_SITE):
                items = [
                    item for kind in ("worker", "temperature_check") for item in tablet.list(kind, scope)
                ]
                shown = {item.id: (item.rev, item.body) for item in items if item.state != "held"}
                assert shown == self.server.state(scope)
                # what builds on a refused entry waits for a person; everything else has arrived
                assert {item.state for item in items} <= {"synced", "held"}
        assert set(self.server.entries) == set(self.written)
        for server_scope in self.server.scopes.values():
            for stream in server_scope.streams.values():
                assert sorted(stream) == list(range(1, len(stream) + 1)), "a hole was not refilled"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, min_size=5, max_size=40))
def test_tablets_and_server_agree_after_any_work_and_any_faults(
    steps: list[tuple[int, str, str | None, int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        field = Field(Path(folder))
        try:
            for step in steps:
                field.step(*step)
            field.settle()
            field.check()
        finally:
            for tablet in field.tablets:
                tablet.close()

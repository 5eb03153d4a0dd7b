"""Whatever people do with a flag, in any order, and however often a sender dies: no illegal move, no forgotten clock,
no notice twice."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from server.actions.accounts.log_in import SESSION_MS
from server.actions.audit.verify_log import verify_scope
from server.actions.flags.list_flags import flags_waiting_for
from server.actions.flags.move_flag import asked_of
from server.actions.notices.digest import LEASE_MS
from server.actions.notices.edit_channels import NewChannel, add_channel
from server.actions.notices.outgoing import Outgoing
from server.actions.reference.load_reference import rules_in_force
from server.app import create_app
from server.base.clock import FakeClock
from server.base.config import Config
from server.base.db import db, read, write
from server.models import Flag, FlagStep, Notice, Site, User
from server.models.access import viewer_of
from server.models.scope import Scope
from server.rules.flags.moves import CONTRACTOR, MOVES, TABLE, allowed
from server.workflows import deliver_notices
from server.workflows.deliver_notices import deliver_due
from server.workflows.scheduler import tick
from tests.server.cast import NOW_MS, Caller, Cast, make_cast
from tests.stories.flags.cast import missed_flag, planned_field

HOUR_MS = 3_600_000
ONWARD = (
    "acknowledge",
    "order_rectification",
    "submit_rectification",
    "pass_recheck",
    "fail_recheck",
    "reopen",
)
OWNERS = ("section", "brigade", "contractor")  # whose users the clocks run for
PEOPLE = ("section", "brigade", "contractor", "inspector", "admin")


class Died(BaseException):
    """A process ends, wherever it is."""


@dataclass(frozen=True)
class Prepared:
    """A folder with a database in which a window was missed, and who is in it: made once, copied for each run."""

    folder: Path
    cast: Cast
    flag_id: str
    at_ms: int


def _app(folder: Path, clock: FakeClock) -> Flask:
    url = f"sqlite:///{folder / 'gongdi.sqlite3'}"
    app = create_app(Config.from_env({"GONGDI_DATABASE_URL": url, "GONGDI_DATA_DIR": str(folder)}), clock)
    with app.app_context():  # processes die here, the power does not fail
        sa.event.listen(db.engine, "connect", lambda made, _: made.execute("PRAGMA synchronous=OFF"))
    return app


def _prepare(template: Path, folder: Path) -> Prepared:
    shutil.copy(template, folder / "gongdi.sqlite3")
    clock = FakeClock(NOW_MS)
    app = _app(folder, clock)
    cast = make_cast(app, clock)
    field = planned_field(app, cast, folder)
    with app.app_context(), write() as session:
        for name in OWNERS:
            new = NewChannel("webhook", f"https://{name}.example.com/")
            user = session.get_one(User, cast.users[name])
            add_channel(session, app.extensions["gongdi"].seals, user, new, clock.now_ms())
    flag_id = missed_flag(field)
    with app.app_context():
        db.engine.dispose()
    return Prepared(folder, cast, flag_id, clock.now_ms())


class Flags(RuleBasedStateMachine):
    """A site's flag, the people around it, a scheduler and a sender that sometimes dies."""

    prepared: Prepared

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(self.prepared.folder, self.folder, dirs_exist_ok=True)
        self.app = _app(self.folder, FakeClock(self.prepared.at_ms))
        self.seals = self.app.extensions["gongdi"].seals
        self.cast = replace(self.prepared.cast, app=self.app, clock=self.app.extensions["gongdi"].clock)
        self.flag_id = self.prepared.flag_id
        self.callers: dict[str, tuple[int, Caller]] = {}
        self.sent: Counter[str] = Counter()
        self.deaths_after_sending = 0

    @rule(name=st.sampled_from(PEOPLE), action=st.sampled_from([move.action for move in TABLE]))
    def somebody_tries(self, name: str, action: str) -> None:
        self._move(name, lambda _allowed: action)

    @rule(name=st.sampled_from(("section", "brigade", "contractor")), choice=st.integers(0, 7))
    def somebody_moves_on(self, name: str, choice: int) -> None:
        """What is allowed, and rather what leads on than what ends it."""

        def choose(allowed: list[str]) -> str:
            onward = [action for action in allowed if action in ONWARD]
            return onward[choice % len(onward)] if onward else allowed[choice % len(allowed)]

        self._move(name, choose)

    def _move(self, name: str, choose: Callable[[list[str]], str]) -> None:
        caller = self._caller(name)
        before = caller.get(f"/api/v1/flags/{self.flag_id}").get_json()
        allowed = [move["action"] for move in before["moves"]]
        action = choose(allowed)
        asked = {"action": action, "note": "因故", "rev": before["rev"]}
        answer = caller.post(f"/api/v1/flags/{self.flag_id}/actions", json=asked)
        assert (answer.status_code == 200) == (action in allowed), answer.text
        after = answer.get_json()
        if action in allowed:
            assert after["state"] == MOVES[action].routes[before["state"]]
            assert action in [event["action"] for event in after["events"] if event["n"] > before["rev"]]
        else:
            assert answer.status_code in (403, 409)
            assert caller.get(f"/api/v1/flags/{self.flag_id}").get_json() == before

    def _caller(self, name: str) -> Caller:
        """Logged in for a working day: a password is hashed slowly on purpose."""
        now_ms = self.cast.clock.now_ms()
        since_ms, caller = self.callers.get(name, (0, None))
        if caller is None or now_ms >= since_ms + SESSION_MS:
            since_ms, caller = now_ms, self.cast.client(name)
            self.callers[name] = since_ms, caller
        return caller

    @rule(hours=st.sampled_from((1, 3, 30)))
    def time_passes(self, hours: int) -> None:
        self.cast.clock.advance(hours * HOUR_MS)
        tick(self.app, self.cast.clock.now_ms())

    @rule(death=st.sampled_from(("none", "gather", "claim", "before", "after", "settle", "fails")))
    def notices_leave(self, death: str) -> None:
        """A process dies while it gathers, claims or settles, or before or after it sends."""

        def send(outgoing: Outgoing) -> bool:
            if death == "before":
                raise Died
            if death != "fails":
                self.sent[outgoing.key] += 1
            if death in ("after", "settle"):
                self.deaths_after_sending += 1
            if death == "after":
                raise Died
            return death != "fails"

        with self.app.app_context(), pytest.MonkeyPatch.context() as patch:
            if death in ("gather", "claim", "settle"):
                patch.setattr(deliver_notices, death, self._dying(getattr(deliver_notices, death)))
            try:
                deliver_due(self.seals, self.cast.clock.now_ms(), send)
            except Died:
                self.cast.clock.advance(LEASE_MS)

    def _dying(self, part: Callable[..., object]) -> Callable[..., object]:
        """The part does its work, and the process ends before its transaction does."""

        def dies(*given: object) -> object:
            part(*given)
            raise Died

        return dies

    @invariant()
    def the_owner_of_every_clock_can_move_the_flag_and_has_it_in_the_list(self) -> None:
        now_ms = self.cast.clock.now_ms()
        with self.app.app_context(), read() as session:
            book = rules_in_force(session)
            viewers = [viewer_of(session, session.get_one(User, self.cast.users[name])) for name in OWNERS]
            owners = {CONTRACTOR if viewer.role == CONTRACTOR else viewer.unit: viewer for viewer in viewers}
            lists = {
                unit: {row.flag.id for row in flags_waiting_for(session, viewer, now_ms, 100)[0]}
                for unit, viewer in owners.items()
            }
            asked = sa.select(FlagStep).where(FlagStep.asks, FlagStep.done_ms.is_(None))
            steps = list(session.scalars(asked))
            live = list(session.scalars(sa.select(Flag).where(Flag.closed_ms.is_(None))))
            by_id = {flag.id: flag for flag in live}
            assert {step.flag_id for step in steps} == by_id.keys(), (
                "each live flag has a clock, no other has"
            )
            for step in steps:
                flag, viewer = by_id[step.flag_id], owners[step.unit]
                moves = asked_of(session, viewer, flag, session.get_one(Site, flag.scope_id), book)
                others = {move.action for move in allowed(replace(moves, rectifiers=()))}
                assert others - {"comment", "note", "assign"}, (step.step, flag.state)
                assert flag.id in lists[step.unit], (step.step, flag.state)

    @invariant()
    def nothing_is_notified_twice(self) -> None:
        assert sum(count - 1 for count in self.sent.values()) <= self.deaths_after_sending
        with self.app.app_context(), read() as session:
            keys = list(session.scalars(sa.select(Notice.key)))
        assert len(keys) == len(set(keys))

    @invariant()
    def the_history_is_whole(self) -> None:
        with self.app.app_context(), read() as session:
            assert list(verify_scope(session, self.seals, session.get_one(Scope, self.cast.site_a))) == []

    def teardown(self) -> None:
        self._everything_leaves_in_the_end()
        with self.app.app_context():
            db.engine.dispose()
        shutil.rmtree(self.folder)

    def _everything_leaves_in_the_end(self) -> None:
        """A sender that lives delivers what others left, each digest once more at most."""
        self.cast.clock.advance(24 * HOUR_MS)
        self.notices_leave("none")
        with self.app.app_context(), read() as session:
            waiting = sa.select(Notice.id).where(Notice.channel_id.is_not(None), Notice.digest_id.is_(None))
            assert session.scalars(waiting).all() == []


def test_no_illegal_move_no_forgotten_clock_no_notice_twice(sqlite_template: Path, tmp_path: Path) -> None:
    Flags.prepared = _prepare(sqlite_template, tmp_path)
    run_state_machine_as_test(
        Flags,
        settings=settings(
            max_examples=10, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )

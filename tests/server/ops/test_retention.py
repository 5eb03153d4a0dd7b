"""What retention deletes, what stays, and what the log still proves afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.verify_log import Fault, verify_exchanges, verify_scope
from server.actions.ops import retention
from server.actions.ops.retention import NONCE_MS_MIN, RETAINED, forget_exchanges, forget_windows
from server.actions.reference.load_reference import load_reference, rules_in_force
from server.base.db import Base, read, write
from server.models import (
    AuditEvent,
    Boot,
    EnrolCode,
    Exchange,
    LogEntry,
    PersonRequest,
    Quarantine,
    Record,
    Scope,
    SiteEvent,
    StreamReceipt,
    User,
    Window,
)
from server.rules.calendar import DAY_MS
from server.workflows.scheduler import tick
from sync_protocol.client.tablet import Tablet
from tests.server.cast import NOW_MS, Cast, identity
from tests.server.planning import MIDNIGHT_MS, make, new_site, seals_of, windows
from tests.stages import reach_reference
from tests.stories.field import Field

LOG = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}


@pytest.fixture
def field(cast: Cast, tmp_path: Path) -> Field:
    reach_reference(cast.app, NOW_MS)
    return Field(cast, tmp_path)


def test_a_week_later_heartbeats_are_gone_and_receipts_still_prove_every_line(field: Field) -> None:
    tablet = field.tablet("t1")
    for _ in range(5):
        tablet.add(field.scope, "disinfection_log", LOG)
        _sync(field, tablet)
    _sync(field, tablet)  # brings nothing
    _pass_days(field, 8)
    _sync(field, tablet)
    before = _count(field.app, Exchange)
    assert tick(field.app, field.cast.clock.now_ms())["retention"]["exchange"] > 0
    assert _count(field.app, Exchange) < before
    assert _count(field.app, StreamReceipt) == 1
    assert _faults(field) == []


@pytest.mark.parametrize("n", [1, 3, 5])
def test_a_line_that_is_lost_is_missed_though_its_week_is_over(field: Field, n: int) -> None:
    tablet = field.tablet("t1")
    for _ in range(5):
        tablet.add(field.scope, "disinfection_log", LOG)
    _sync(field, tablet)
    _sync(field, tablet)  # brings nothing: its receipt is kept by itself
    _pass_days(field, 8)
    tick(field.app, field.cast.clock.now_ms())
    assert _faults(field) == []
    _lose_line(field.app, n)
    assert _faults(field)


def test_a_receipt_that_was_kept_and_then_changed_is_not_the_servers(field: Field) -> None:
    tablet = field.tablet("t1")
    tablet.add(field.scope, "disinfection_log", LOG)
    _sync(field, tablet)
    _sync(field, tablet)  # brings nothing: its receipt is kept by itself
    _pass_days(field, 8)
    tick(field.app, field.cast.clock.now_ms())
    with field.app.app_context(), write() as session:
        kept = session.scalars(sa.select(StreamReceipt)).one()
        kept.receipt = {**kept.receipt, "at": "2026-11-23T08:00:00.000+08:00"}
    assert ["not the server's" in fault.what for fault in _faults(field)] == [True]


def test_a_beacon_is_known_as_long_as_an_entry_may_carry_it(field: Field) -> None:
    tablet = field.tablet("t1")
    handed_out_ms = _newest_exchange_ms(field.app)
    entry_id = tablet.add(field.scope, "disinfection_log", LOG)  # carries it, and stays for three weeks
    for _ in range(3):
        _pass_days(field, 7)
        tick(field.app, field.cast.clock.now_ms())
    _sync(field, tablet)
    with field.app.app_context(), read() as session:
        entry = session.scalars(sa.select(LogEntry).where(LogEntry.id == entry_id)).one()
        assert entry.not_before_ms == handed_out_ms
    _pass_days(field, 181)
    tick(field.app, field.cast.clock.now_ms())
    assert _count(field.app, Exchange) == 1  # the one that brought the line
    assert _faults(field) == []


def test_heartbeats_of_a_tablet_with_nothing_unsent_go_after_a_week(field: Field) -> None:
    tablet = field.tablet("t1")
    for _ in range(12):
        _pass_days(field, 1)
        _sync(field, tablet)
        tick(field.app, field.cast.clock.now_ms())
    assert _count(field.app, Exchange) <= 2 * 9  # a push and a pull a day


def test_a_nonce_is_known_for_ten_minutes_whatever_the_rules_say(field: Field) -> None:
    field.tablet("t1")
    newest_ms = _newest_exchange_ms(field.app)
    assert _forget(field.app, newest_ms + NONCE_MS_MIN - 1) < _count(field.app, Exchange)
    with field.app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.max(Exchange.at_ms))) == newest_ms


ROWS: dict[str, Callable[[Cast, int], Base]] = {
    "audit_event": lambda _, at_ms: AuditEvent(
        id=identity(f"deed {at_ms}"), at_ms=at_ms, what="x", subject="", subject_id="", changes={}, reason=""
    ),
    "boot": lambda _, at_ms: Boot(
        device_id=identity("d"), boot=str(at_ms), number=at_ms - NOW_MS, lower=[], upper=[], at_ms=at_ms
    ),
    "enrol_code": lambda cast, at_ms: EnrolCode(
        code_hash=at_ms.to_bytes(32), prefix="x", user_id=cast.users["inspector"], made_ms=0, expires_ms=at_ms
    ),
    "person_request": lambda cast, at_ms: PersonRequest(
        id=identity(f"request {at_ms}"),
        kind="see",
        said=b"",
        received_by=cast.users["section"],
        received_ms=0,
        due_ms=0,
        answered_ms=at_ms,
    ),
    "quarantine": lambda cast, at_ms: _refused(cast, at_ms, "dismissed"),
    "site_event": lambda cast, at_ms: SiteEvent(
        scope_id=cast.site_a, number=at_ms, id=identity(f"e {at_ms}"), at_ms=at_ms, type="x", data={}
    ),
}


def test_every_table_that_only_ages_has_a_row_here() -> None:
    assert ROWS.keys() == {kept.model.__tablename__ for kept in RETAINED}


@pytest.mark.parametrize("kept", RETAINED, ids=lambda kept: str(kept.model.__tablename__))
def test_a_row_goes_when_its_time_is_over_and_not_before(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, kept: retention.Retained
) -> None:
    app, make_row = cast.app, ROWS[kept.model.__tablename__]
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr("server.workflows.scheduler.ROWS_AT_ONCE", 2)
    with app.app_context(), write() as session:
        session.add_all([make_row(cast, NOW_MS + at_ms) for at_ms in (0, 1, 2, 3, 1000)])
        session.add(_refused(cast, NOW_MS - DAY_MS, "open"))
    stored = _count(app, kept.model)
    assert (
        tick(app, NOW_MS + 5000 * DAY_MS)["retention"].get(kept.model.__tablename__, 0) == 0
    )  # no rule is loaded
    with app.app_context(), write() as session:
        load_reference(session, seals_of(app), NOW_MS)
        days = rules_in_force(session).number(kept.days, "2026-11-23")
    over_ms = NOW_MS + round(days) * DAY_MS
    assert tick(app, over_ms - 1)["retention"].get(kept.model.__tablename__, 0) == 0
    assert tick(app, over_ms + 3)["retention"][kept.model.__tablename__] == 4
    assert _count(app, kept.model) == stored - 4


def test_settled_windows_without_a_flag_go_also_from_tablets(app: Flask) -> None:
    site = new_site(app)
    make(app, MIDNIGHT_MS)
    with app.app_context(), write() as session:
        load_reference(session, seals_of(app), MIDNIGHT_MS)
        settled, flagged, still_open, *_ = session.scalars(
            sa.select(Window).where(Window.scope_id == site).order_by(Window.opens_ms)
        )
        settled.state, settled.check_ms = "met", None
        flagged.state, flagged.check_ms, flagged.flag_id = "missed", None, identity("flag")
        gone, kept = settled.id, {flagged.id, still_open.id}
        days = round(rules_in_force(session).number("window_days", "2026-11-23"))
    for at_ms, expected in ((MIDNIGHT_MS, 0), (MIDNIGHT_MS + (days + 3) * DAY_MS, 1)):
        with app.app_context(), write() as session:
            done = forget_windows(session, seals_of(app), at_ms, rules_in_force(session))
        assert done == expected
    assert kept <= {window.id for window in windows(app, site)}
    with app.app_context(), read() as session:
        assert session.get(Window, (site, gone)) is None
        assert session.get_one(Record, (site, gone)).deleted_ms is not None
        live = sa.select(sa.func.count()).where(Record.scope_id == site, Record.deleted_ms.is_(None))
        assert session.scalar(live) == session.get_one(Scope, site).live


@pytest.mark.parametrize("tick_s", [30, 60, 120, 3600])
def test_all_sites_have_their_turn_whatever_the_time_between_ticks(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tick_s: int
) -> None:
    monkeypatch.setattr(retention, "SCOPES_AT_ONCE", 2)
    sites = [new_site(app, f"牧野花园{number}期") for number in range(3)]
    make(app, MIDNIGHT_MS)
    with app.app_context(), write() as session:
        load_reference(session, seals_of(app), MIDNIGHT_MS)
        session.execute(sa.update(Window).values(state="met", check_ms=None))
        days = round(rules_in_force(session).number("window_days", "2026-11-23"))
    reached = []
    for turn in range(8):
        at_ms = MIDNIGHT_MS + (days + 3) * DAY_MS + turn * tick_s * 1000
        with app.app_context(), write() as session:
            forget_windows(session, seals_of(app), at_ms, rules_in_force(session))
        reached.append(sum(not windows(app, site) for site in sites))
    assert reached[0] < len(sites) and reached[-1] == len(sites)


def test_metrics_say_how_many_rows_each_table_has(cast: Cast) -> None:
    figures = cast.app.test_client().get("/metrics").text
    assert f'gongdi_table_rows{{table="user_account"}} {_count(cast.app, User)}.0' in figures
    assert all(f'table="{name}"' in figures for name in Base.metadata.tables)


class _Nothing:
    """Rules by which everything goes at once."""

    def number(self, _code: str, _local_date: str) -> float:
        return 0.0


def _forget(app: Flask, now_ms: int) -> int:
    nothing: Any = _Nothing()
    with app.app_context(), write() as session:
        return forget_exchanges(session, now_ms, nothing)


def _refused(cast: Cast, at_ms: int, state: str) -> Quarantine:
    settled_ms = None if state == "open" else at_ms
    key = identity(f"{at_ms} {state}")
    columns: dict[str, Any] = {
        "device_id": identity("d"),
        "raw": b"",
        "code": "x",
        "errors": {},
        "at_ms": at_ms,
    }
    return Quarantine(scope_id=cast.site_a, id=key, state=state, settled_ms=settled_ms, **columns)


def _sync(field: Field, tablet: Tablet) -> None:
    field.cast.clock.advance(60_000)
    assert tablet.sync().ok


def _pass_days(field: Field, days: int) -> None:
    field.cast.clock.advance(days * DAY_MS)


def _faults(field: Field) -> list[Fault]:
    seals = seals_of(field.app)
    with field.app.app_context(), read() as session:
        scope = session.get_one(Scope, field.cast.site_a)
        return [*verify_scope(session, seals, scope), *verify_exchanges(session, seals)]


def _lose_line(app: Flask, n: int) -> None:
    with app.app_context(), write() as session:
        session.execute(sa.delete(LogEntry).where(LogEntry.n == n))


def _newest_exchange_ms(app: Flask) -> int:
    with app.app_context(), read() as session:
        return session.scalars(sa.select(sa.func.max(Exchange.at_ms))).one() or 0


def _count(app: Flask, model: type[Base]) -> int:
    with app.app_context(), read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0

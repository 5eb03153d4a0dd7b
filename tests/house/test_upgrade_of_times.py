"""A database from before times were intervals: judged windows stay and name their rules, what was known of times is
kept, and devices that were waited for still are."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import command

from server.base.config import Config
from server.base.migrate import alembic_config, upgrade
from server.models import Boot, Device, KeptEvidence, LogEntry, Record, StreamHead, User, Window
from tests.server.cast import identity

BEFORE = "0006"
T = 1_790_000_000_000
SITE, USER, GONE = identity("site"), identity("user"), identity("gone")


def insert(connection: sa.Connection, table: str, **row: Any) -> None:
    values = {
        name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in row.items()
    }
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)


def old_database(connection: sa.Connection) -> None:
    for user_id, active in ((USER, True), (GONE, False)):
        insert(
            connection, "user_account", id=user_id, name=user_id, display_name="", role="inspector",
            password_hash="", active=active, made_ms=T,
        )  # fmt: skip
        insert(
            connection, "device", id=identity(f"tablet of {user_id}"), user_id=user_id, name="t", platform="android",
            public_key=bytes(32), token_hash=user_id.encode()[:32].ljust(32), state="active", enrolled_ms=T,
        )  # fmt: skip
    insert(connection, "assignment", site_id=SITE, user_id=USER, since_ms=T)
    tablet, other = identity(f"tablet of {USER}"), identity(f"tablet of {GONE}")
    for device_id in (tablet, other):
        insert(
            connection, "stream", scope_id=SITE, device_id=device_id, head={}, forked=False, heard_ms=T + 5,
            complete_ms=T + 5,
        )  # fmt: skip
    insert(connection, "anchor", device_id=tablet, boot="b", offset_ms=T - 100, bound_ms=1_000, at_ms=T)
    for name, outcome, backfilled in (
        ("fact", "applied", False),
        ("late", "applied", True),
        ("bad", "refused", False),
    ):
        insert(
            connection, "entry", scope_id=SITE, id=identity(name), device_id=tablet, n=len(name), kind="gate_pass",
            record_id=identity(name), act="add", hash=bytes(32), raw=b"", outcome=outcome,
            exchange_id=identity("x"), received_ms=T + 2_000, claimed_ms=T - 50_000, event_ms=T, bound_ms=3_000,
            grade="anchored", not_before_ms=T - 1_000, backfilled=backfilled,
        )  # fmt: skip
        if outcome == "applied":
            event_ms = T - 50_000 if backfilled else T
            insert(
                connection, "record", scope_id=SITE, id=identity(name), kind="gate_pass", rev=1, seq=1, body=b"",
                event_ms=event_ms, counts=True, backfilled=backfilled,
            )  # fmt: skip
    insert(
        connection, "quarantine", scope_id=SITE, id=identity("q"), device_id=tablet, entry_id=identity("bad"),
        raw=b"", code="body_invalid", errors={}, at_ms=T, state="open",
    )  # fmt: skip
    for state in ("met", "missed", "silent", "open"):
        insert(
            connection, "duty_window", scope_id=SITE, id=identity(state), duty="DISINFECT", place="toilet",
            local_date="2026-09-21", slot="morning", opens_ms=T, due_ms=T, grace_s=0, closes_ms=T, state=state,
        )  # fmt: skip


def test_what_was_judged_and_known_before_stays(blank_database_url: str) -> None:
    engine = sa.create_engine(Config.from_env({"GONGDI_DATABASE_URL": blank_database_url}).database_url)
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), BEFORE)
        old_database(connection)
    upgrade(engine)
    with engine.begin() as connection:
        windows = dict(connection.execute(sa.select(Window.state, Window.rules)).all())
        assert windows == {"met": 1, "missed": 1, "silent": 2, "open": 2}
        times = sa.select(LogEntry.earliest_ms, LogEntry.latest_ms, LogEntry.observed_ms)
        fact = connection.execute(times.where(LogEntry.id == identity("fact"))).one()
        assert tuple(fact) == (T - 1_000, T + 2_000, None)
        late = connection.execute(times.where(LogEntry.id == identity("late"))).one()
        assert late.observed_ms == T - 50_000
        shown = sa.select(Record.event_ms, Record.earliest_ms, Record.observed_ms)
        assert tuple(connection.execute(shown.where(Record.id == identity("late"))).one()) == (
            T - 50_000,
            T - 1_000,
            T - 50_000,
        )
        assert connection.scalars(sa.select(KeptEvidence.entry_id)).all() == [identity("bad")]
        left = dict(connection.execute(sa.select(StreamHead.device_id, StreamHead.left_why)).all())
        assert left == {identity(f"tablet of {USER}"): None, identity(f"tablet of {GONE}"): "released"}
        (boot,) = connection.execute(sa.select(Boot.number, Boot.lower, Boot.upper)).all()
        assert tuple(boot) == (1, [[100, T - 1_000]], [[100, T + 1_000]])
        disabled = dict(connection.execute(sa.select(User.id, User.disabled_ms)).all())
        assert disabled[USER] is None and disabled[GONE] is not None
        assert set(connection.scalars(sa.select(Device.device_class))) == {"tablet"}
        command.downgrade(alembic_config(connection), BEFORE)
    engine.dispose()

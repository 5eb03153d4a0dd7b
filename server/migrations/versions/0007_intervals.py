"""Times as intervals, watermarks per kind, devices' classes, evidence that is kept

Verdicts that were given before stay, and say so (`rules` 1). Entries get the intervals that their estimates with their
bounds gave; what was taken for written down later keeps the time that it claims. Devices whose user was not
assigned any more counted no longer, and do not count now.
"""

from __future__ import annotations

import json
import time

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_WIDE = sa.text("latest_ms - earliest_ms > 3600000")
_AMENDS = sa.text("amends IS NOT NULL")
_TIMED = sa.text("timed_by IS NOT NULL")
_REVIEW = sa.text("state = 'review'")


def upgrade() -> None:
    _devices()
    _streams()
    _log()
    _records()
    _windows()
    op.execute(
        "UPDATE entry SET earliest_ms = event_ms - bound_ms, latest_ms = event_ms + bound_ms,"
        " observed_ms = CASE WHEN backfilled THEN claimed_ms END"
    )
    op.execute("UPDATE entry SET latest_ms = received_ms WHERE latest_ms > received_ms")
    op.execute(
        "UPDATE entry SET earliest_ms = not_before_ms WHERE not_before_ms IS NOT NULL"
        " AND earliest_ms < not_before_ms AND not_before_ms <= latest_ms"
    )
    op.execute("UPDATE entry SET earliest_ms = latest_ms WHERE earliest_ms > latest_ms")
    _own = "FROM entry WHERE entry.scope_id = record.scope_id AND entry.id = record.id"
    op.execute(
        f"UPDATE record SET earliest_ms = (SELECT earliest_ms {_own}), latest_ms = (SELECT latest_ms {_own})"
        " WHERE event_ms IS NOT NULL"
    )
    with op.batch_alter_table("held_entry") as batch_op:
        batch_op.alter_column("reason", existing_type=sa.String(16), type_=sa.String(40))
    op.execute("UPDATE record SET observed_ms = event_ms WHERE event_ms IS NOT NULL AND backfilled")
    # A correction counts at the time of what it corrects, which is not its own.
    op.execute(
        "UPDATE record SET earliest_ms = event_ms, latest_ms = event_ms WHERE event_ms IS NOT NULL"
        " AND NOT backfilled AND (event_ms < earliest_ms OR event_ms > latest_ms)"
    )
    waiting = (
        "entry.scope_id, entry.id, entry.kind, NULL, NULL, entry.earliest_ms, entry.received_ms FROM entry"
    )
    into = (
        "INSERT INTO kept_evidence (scope_id, entry_id, kind, subject, slot, earliest_ms, latest_ms) SELECT"
    )
    op.execute(
        f"{into} {waiting} JOIN held_entry ON held_entry.scope_id = entry.scope_id"
        " AND held_entry.entry_id = entry.id"
    )
    op.execute(
        f"{into} {waiting} WHERE entry.outcome = 'refused' AND EXISTS (SELECT 1 FROM quarantine"
        " WHERE quarantine.scope_id = entry.scope_id AND quarantine.entry_id = entry.id"
        " AND quarantine.state = 'open')"
    )


def _devices() -> None:
    with op.batch_alter_table("device") as batch_op:
        batch_op.add_column(
            sa.Column("device_class", sa.String(length=16), nullable=False, server_default="tablet")
        )
        for name in ("doubted_from", "doubted_to"):
            batch_op.add_column(sa.Column(name, sa.String(length=10), nullable=True))
    _drop("device", "wall_offset_ms")
    op.execute("UPDATE device SET device_class = 'server' WHERE platform = 'server'")
    with op.batch_alter_table("enrol_code") as batch_op:
        batch_op.add_column(
            sa.Column("device_class", sa.String(length=16), nullable=False, server_default="tablet")
        )
    with op.batch_alter_table("user_account") as batch_op:
        batch_op.add_column(sa.Column("disabled_ms", sa.BigInteger(), nullable=True))
    op.execute(
        sa.text("UPDATE user_account SET disabled_ms = :now WHERE NOT active").bindparams(
            now=time.time_ns() // 1_000_000
        )
    )
    boot = op.create_table(
        "boot",
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("boot", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lower", Json, nullable=False),
        sa.Column("upper", Json, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "boot", name=op.f("pk_boot")),
    )
    numbers: dict[str, int] = {}
    rows = []
    known = op.get_bind().execute(
        sa.text("SELECT device_id, boot, offset_ms, bound_ms, at_ms FROM anchor ORDER BY device_id, at_ms")
    )
    for device_id, name, offset_ms, bound_ms, at_ms in known:
        numbers[device_id] = number = numbers.get(device_id, 0) + 1
        up_ms = at_ms - offset_ms
        rows.append(
            {
                "device_id": str(device_id),
                "boot": name,
                "number": number,
                "lower": [[up_ms, at_ms - bound_ms]],
                "upper": [[up_ms, at_ms + bound_ms]],
                "at_ms": at_ms,
            }
        )
    op.bulk_insert(boot, rows)
    op.drop_table("anchor")
    with op.batch_alter_table("exchange") as batch_op:
        batch_op.add_column(sa.Column("t_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("wall_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("brought", sa.Boolean(), nullable=True))
    op.create_index("ix_exchange_device_at", "exchange", ["device_id", "at_ms"])


def _streams() -> None:
    with op.batch_alter_table("stream") as batch_op:
        batch_op.add_column(sa.Column("fork_closed_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("floors", Json, nullable=False, server_default=json.dumps([])))
        batch_op.add_column(sa.Column("pending", Json, nullable=False, server_default=json.dumps([])))
        batch_op.add_column(sa.Column("tail_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("loose_n", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("since_ms", sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("gone_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("left_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("left_why", sa.String(length=16), nullable=True))
    op.execute("UPDATE stream SET since_ms = heard_ms, tail_ms = heard_ms")
    op.execute(
        "UPDATE stream SET left_ms = heard_ms, left_why = 'released' WHERE NOT EXISTS (SELECT 1 FROM assignment"
        " JOIN device ON device.user_id = assignment.user_id WHERE device.id = stream.device_id"
        " AND assignment.site_id = stream.scope_id AND assignment.ended_ms IS NULL)"
    )


def _log() -> None:
    with op.batch_alter_table("entry") as batch_op:
        for name in ("earliest_ms", "latest_ms"):
            batch_op.add_column(sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("doubt", sa.Boolean(), nullable=False, server_default=sa.false()))
        for name in ("floor_ms", "observed_ms", "up_ms"):
            batch_op.add_column(sa.Column(name, sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("boot_number", sa.Integer(), nullable=True))
    op.create_index("ix_entry_chain", "entry", ["scope_id", "device_id", "n"])
    op.create_table(
        "kept_evidence",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("entry_id", Id(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=True),
        sa.Column("slot", sa.String(length=16), nullable=True),
        sa.Column("earliest_ms", sa.BigInteger(), nullable=False),
        sa.Column("latest_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "entry_id", name=op.f("pk_kept_evidence")),
    )
    op.create_index("ix_kept_evidence_kind", "kept_evidence", ["scope_id", "kind", "latest_ms"])


def _records() -> None:
    with op.batch_alter_table("record") as batch_op:
        for name in ("earliest_ms", "latest_ms", "observed_ms"):
            batch_op.add_column(sa.Column(name, sa.BigInteger(), nullable=True))
        for name in ("amends", "timed_by"):
            batch_op.add_column(sa.Column(name, Id(), nullable=True))
    op.create_index(
        "ix_record_amends", "record", ["scope_id", "amends"], postgresql_where=_AMENDS, sqlite_where=_AMENDS
    )
    op.create_index(
        "ix_record_timed", "record", ["scope_id", "timed_by"], postgresql_where=_TIMED, sqlite_where=_TIMED
    )
    op.create_index(
        "ix_record_wide", "record", ["scope_id", "kind"], postgresql_where=_WIDE, sqlite_where=_WIDE
    )


def _windows() -> None:
    with op.batch_alter_table("duty_window") as batch_op:
        batch_op.add_column(sa.Column("rules", sa.SmallInteger(), nullable=False, server_default="1"))
    op.execute("UPDATE duty_window SET rules = 2 WHERE state IN ('open', 'silent')")
    op.create_index(
        "ix_duty_window_review",
        "duty_window",
        ["scope_id", "opens_ms"],
        postgresql_where=_REVIEW,
        sqlite_where=_REVIEW,
    )


def downgrade() -> None:
    """What only intervals know is lost: ties of boots, kept evidence, who was waited for. Verdicts stay."""
    op.execute("UPDATE held_entry SET reason = 'needs' WHERE length(reason) > 16")
    with op.batch_alter_table("held_entry") as batch_op:
        batch_op.alter_column("reason", existing_type=sa.String(40), type_=sa.String(16))
    op.drop_index("ix_duty_window_review", table_name="duty_window")
    _drop("duty_window", "rules")
    op.drop_index("ix_record_wide", table_name="record")
    op.drop_index("ix_record_timed", table_name="record")
    op.drop_index("ix_record_amends", table_name="record")
    _drop("record", "earliest_ms", "latest_ms", "observed_ms", "amends", "timed_by")
    op.drop_table("kept_evidence")
    op.drop_index("ix_entry_chain", table_name="entry")
    _drop("entry", "earliest_ms", "latest_ms", "doubt", "floor_ms", "observed_ms", "up_ms", "boot_number")
    _drop("stream", "fork_closed_ms", "floors", "pending", "tail_ms", "loose_n")
    _drop("stream", "since_ms", "gone_ms", "left_ms", "left_why")
    op.drop_index("ix_exchange_device_at", table_name="exchange")
    _drop("exchange", "t_ms", "wall_ms", "brought")
    op.create_table(
        "anchor",
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("boot", sa.String(length=64), nullable=False),
        sa.Column("offset_ms", sa.BigInteger(), nullable=False),
        sa.Column("bound_ms", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "boot", name=op.f("pk_anchor")),
    )
    op.drop_table("boot")
    _drop("user_account", "disabled_ms")
    _drop("enrol_code", "device_class")
    _drop("device", "device_class")
    with op.batch_alter_table("device") as batch_op:
        batch_op.add_column(sa.Column("wall_offset_ms", sa.BigInteger(), nullable=True))


def _drop(table: str, *columns: str) -> None:
    """Without making the table again, as a batch would on SQLite: others refer to it."""
    for column in columns:
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")

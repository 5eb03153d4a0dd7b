"""The initial schema"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "anchor",
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("boot", sa.String(length=64), nullable=False),
        sa.Column("offset_ms", sa.BigInteger(), nullable=False),
        sa.Column("bound_ms", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "boot", name=op.f("pk_anchor")),
    )
    op.create_table(
        "company",
        sa.Column("code", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_company")),
    )
    op.create_table(
        "contest",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("entry_id", Id(), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("kept_entry", Id(), nullable=False),
        sa.Column("other_entry", Id(), nullable=False),
        sa.Column("values", sa.LargeBinary(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "entry_id", "field", name=op.f("pk_contest")),
    )
    op.create_table(
        "duty_window",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("duty", sa.String(length=24), nullable=False),
        sa.Column("place", sa.String(length=24), nullable=False),
        sa.Column("local_date", sa.String(length=10), nullable=False),
        sa.Column("slot", sa.String(length=24), nullable=False),
        sa.Column("opens_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("grace_s", sa.Integer(), nullable=False),
        sa.Column("closes_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("need", sa.Integer(), nullable=True),
        sa.Column("have", sa.Integer(), nullable=True),
        sa.Column("evidence", Id(), nullable=True),
        sa.Column("evidence_ms", sa.BigInteger(), nullable=True),
        sa.Column("check_ms", sa.BigInteger(), nullable=True),
        sa.Column("judged_ms", sa.BigInteger(), nullable=True),
        sa.Column("judged_watermark_ms", sa.BigInteger(), nullable=True),
        sa.Column("flag_id", Id(), nullable=True),
        sa.PrimaryKeyConstraint("scope_id", "id", name=op.f("pk_duty_window")),
    )
    with op.batch_alter_table("duty_window", schema=None) as batch_op:
        batch_op.create_index(
            "ix_duty_window_check",
            ["check_ms"],
            unique=False,
            postgresql_where=sa.text("check_ms IS NOT NULL"),
            sqlite_where=sa.text("check_ms IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_duty_window_flag",
            ["scope_id", "flag_id"],
            unique=False,
            postgresql_where=sa.text("flag_id IS NOT NULL"),
            sqlite_where=sa.text("flag_id IS NOT NULL"),
        )
        batch_op.create_index("ix_duty_window_opens", ["scope_id", "opens_ms"], unique=False)

    op.create_table(
        "entry",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("act", sa.String(length=8), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("rev", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("exchange_id", Id(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("claimed_ms", sa.BigInteger(), nullable=False),
        sa.Column("event_ms", sa.BigInteger(), nullable=False),
        sa.Column("bound_ms", sa.BigInteger(), nullable=False),
        sa.Column("grade", sa.String(length=8), nullable=False),
        sa.Column("not_before_ms", sa.BigInteger(), nullable=True),
        sa.Column("backfilled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "id", name=op.f("pk_entry")),
    )
    op.create_table(
        "exchange",
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("verb", sa.String(length=8), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("beacon", sa.String(length=32), nullable=False),
        sa.Column("attested", Json, nullable=True),
        sa.Column("receipt", Json, nullable=True),
        sa.PrimaryKeyConstraint("device_id", "nonce", name=op.f("pk_exchange")),
    )
    with op.batch_alter_table("exchange", schema=None) as batch_op:
        batch_op.create_index("ix_exchange_beacon", ["beacon"], unique=False)

    op.create_table(
        "flag",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("duty", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=12), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("windows", sa.Integer(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("previous_id", Id(), nullable=True),
        sa.Column("policy", Json, nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "id", name=op.f("pk_flag")),
    )
    with op.batch_alter_table("flag", schema=None) as batch_op:
        batch_op.create_index("ix_flag_id", ["id"], unique=False)
        batch_op.create_index("ix_flag_opened", ["opened_ms", "id"], unique=False)
        batch_op.create_index(
            "uq_flag_open",
            ["scope_id", "duty"],
            unique=True,
            postgresql_where=sa.text("closed_ms IS NULL"),
            sqlite_where=sa.text("closed_ms IS NULL"),
        )

    op.create_table(
        "flag_event",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("flag_id", Id(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=36), nullable=False),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.Column("prev", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "flag_id", "n", name=op.f("pk_flag_event")),
    )
    op.create_table(
        "flag_step",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("flag_id", Id(), nullable=False),
        sa.Column("step", sa.String(length=24), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("scope_id", "flag_id", "step", name=op.f("pk_flag_step")),
    )
    with op.batch_alter_table("flag_step", schema=None) as batch_op:
        batch_op.create_index(
            "ix_flag_step_due",
            ["due_ms"],
            unique=False,
            postgresql_where=sa.text("done_ms IS NULL"),
            sqlite_where=sa.text("done_ms IS NULL"),
        )

    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("took_ms", sa.BigInteger(), nullable=False),
        sa.Column("did", Json, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "held_entry",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("entry_id", Id(), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("waits_for", Json, nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("scope_id", "entry_id", name=op.f("pk_held_entry")),
    )
    with op.batch_alter_table("held_entry", schema=None) as batch_op:
        batch_op.create_index("ix_held_entry_until_ms", ["until_ms"], unique=False)

    op.create_table(
        "quarantine",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("entry_id", Id(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("errors", Json, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "id", name=op.f("pk_quarantine")),
    )
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.create_index(
            "ix_quarantine_open",
            ["scope_id", "at_ms"],
            unique=False,
            postgresql_where=sa.text("state = 'open'"),
            sqlite_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "record",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("deleted_ms", sa.BigInteger(), nullable=True),
        sa.Column("event_ms", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.String(length=36), nullable=True),
        sa.Column("slot", sa.String(length=16), nullable=True),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("backfilled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "id", name=op.f("pk_record")),
    )
    with op.batch_alter_table("record", schema=None) as batch_op:
        batch_op.create_index(
            "ix_record_deleted",
            ["deleted_ms"],
            unique=False,
            postgresql_where=sa.text("deleted_ms IS NOT NULL"),
            sqlite_where=sa.text("deleted_ms IS NOT NULL"),
        )
        batch_op.create_index("ix_record_event", ["scope_id", "kind", "event_ms"], unique=False)
        batch_op.create_index("ix_record_seq", ["scope_id", "seq"], unique=False)

    op.create_table(
        "reference",
        sa.Column("noun", sa.String(length=24), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        sa.Column("valid_to", sa.String(length=10), nullable=True),
        sa.Column("data", Json, nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("noun", "code", "valid_from", name=op.f("pk_reference")),
    )
    op.create_table(
        "scope",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("floor_seq", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("watermark_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("scope_id", name=op.f("pk_scope")),
    )
    op.create_table(
        "site",
        sa.Column("id", Id(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("district", sa.String(length=9), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("alert", sa.String(length=8), nullable=False),
        sa.Column("inhabited", sa.Boolean(), nullable=False),
        sa.Column("places", Json, nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("planned_until", sa.String(length=10), nullable=False),
        sa.Column("planned_stamp", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
    )
    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_site_district"), ["district"], unique=False)
        batch_op.create_index("ix_site_planned_until", ["planned_until"], unique=False)

    op.create_table(
        "stream",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("head", Json, nullable=False),
        sa.Column("forked", sa.Boolean(), nullable=False),
        sa.Column("unsent", sa.Integer(), nullable=True),
        sa.Column("heard_ms", sa.BigInteger(), nullable=False),
        sa.Column("complete_ms", sa.BigInteger(), nullable=True),
        sa.Column("attested", Json, nullable=True),
        sa.Column("mark", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint("scope_id", "device_id", name=op.f("pk_stream")),
    )
    op.create_table(
        "tally",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tally")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", Id(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=True),
        sa.Column("company", sa.String(length=18), nullable=True),
        sa.Column("district", sa.String(length=64), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("name", name=op.f("uq_user_account_name")),
    )
    op.create_table(
        "worker",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("stamps", Json, nullable=False),
        sa.Column("certificate_digest", sa.String(length=32), nullable=False),
        sa.Column("company", sa.String(length=18), nullable=False),
        sa.Column("canteen_staff", sa.Boolean(), nullable=False),
        sa.Column("entered_on", sa.String(length=10), nullable=False),
        sa.Column("exited_on", sa.String(length=10), nullable=True),
        sa.PrimaryKeyConstraint("scope_id", "id", name=op.f("pk_worker")),
    )
    with op.batch_alter_table("worker", schema=None) as batch_op:
        batch_op.create_index("ix_worker_certificate", ["certificate_digest"], unique=False)
        batch_op.create_index("ix_worker_company", ["scope_id", "company"], unique=False)

    op.create_table(
        "assignment",
        sa.Column("site_id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_assignment_user_id")),
        sa.PrimaryKeyConstraint("site_id", "user_id", name=op.f("pk_assignment")),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assignment_user_id"), ["user_id"], unique=False)

    op.create_table(
        "device",
        sa.Column("id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("platform", sa.String(length=100), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("enrolled_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.Column("seen_ms", sa.BigInteger(), nullable=True),
        sa.Column("unsent", sa.Integer(), nullable=True),
        sa.Column("wall_offset_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_device_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_device_token_hash")),
    )
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_device_user_id"), ["user_id"], unique=False)

    op.create_table(
        "enrol_code",
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("prefix", sa.String(length=8), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_enrol_code_user_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_enrol_code")),
    )
    with op.batch_alter_table("enrol_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_enrol_code_prefix"), ["prefix"], unique=False)

    op.create_table(
        "login_token",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_login_token_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_login_token")),
    )
    with op.batch_alter_table("login_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_token_user_id"), ["user_id"], unique=False)

    op.create_table(
        "site_company",
        sa.Column("site_id", Id(), nullable=False),
        sa.Column("company", sa.String(length=18), nullable=False),
        sa.Column("role", sa.String(length=3), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_site_company_site_id")),
        sa.PrimaryKeyConstraint("site_id", "company", name=op.f("pk_site_company")),
    )
    with op.batch_alter_table("site_company", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_site_company_company"), ["company"], unique=False)

    op.create_table(
        "suspension",
        sa.Column("site_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=True),
        sa.Column("approved_by", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_suspension_site_id")),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_suspension")),
    )

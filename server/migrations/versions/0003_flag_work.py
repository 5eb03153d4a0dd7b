"""The flags' workflow, notices, signals, and what people settle"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NOT_DONE = sa.text("done_ms IS NULL")
_WAITING = sa.text("taken_ms IS NULL AND done_ms IS NULL")
_ASKED = sa.text("asks AND done_ms IS NULL")
_UNSENT = sa.text("digest_id IS NULL AND channel_id IS NOT NULL")
_OPEN = sa.text("state = 'open'")
_PENDING = sa.text("state = 'pending'")


def upgrade() -> None:
    op.drop_index("ix_flag_step_due", table_name="flag_step")
    with op.batch_alter_table("flag_step") as batch_op:
        batch_op.add_column(sa.Column("taken_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("asks", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE flag_step SET taken_ms = done_ms")
    op.create_index(
        "ix_flag_step_asks",
        "flag_step",
        ["unit", "due_ms"],
        postgresql_where=_ASKED,
        sqlite_where=_ASKED,
    )
    op.create_index(
        "ix_flag_step_due", "flag_step", ["due_ms"], postgresql_where=_WAITING, sqlite_where=_WAITING
    )
    with op.batch_alter_table("flag") as batch_op:
        batch_op.add_column(sa.Column("assignee_id", Id(), nullable=True))
    op.create_table(
        "channel",
        sa.Column("id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=False),
        sa.Column("quiet_to", sa.Integer(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("failed_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_channel_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
    )
    op.create_index(op.f("ix_channel_user_id"), "channel", ["user_id"])
    op.create_table(
        "digest",
        sa.Column("id", Id(), nullable=False),
        sa.Column("channel_id", Id(), nullable=False),
        sa.Column("notices", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=False),
        sa.Column("sent_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_digest_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest")),
    )
    op.create_index("ix_digest_next", "digest", ["next_ms"], postgresql_where=_PENDING, sqlite_where=_PENDING)
    op.create_table(
        "notice",
        sa.Column("id", Id(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("channel_id", Id(), nullable=True),
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("flag_id", Id(), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("severe", sa.Boolean(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("digest_id", Id(), nullable=True),
        sa.Column("read_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_notice_channel_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_notice_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("key", name=op.f("uq_notice_key")),
    )
    op.create_index("ix_notice_user", "notice", ["user_id", "made_ms", "id"])
    op.create_index("ix_notice_due", "notice", ["due_ms"], postgresql_where=_UNSENT, sqlite_where=_UNSENT)
    op.create_index("ix_notice_digest", "notice", ["digest_id"])
    with op.batch_alter_table("site") as batch_op:
        batch_op.add_column(sa.Column("watched_on", sa.String(length=10), nullable=False, server_default=""))
    op.create_index("ix_site_watched_on", "site", ["watched_on"])
    op.create_table(
        "site_signal",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("local_date", sa.String(length=10), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("figures", Json, nullable=False),
        sa.Column("found_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "local_date", "n", name=op.f("pk_site_signal")),
    )
    with op.batch_alter_table("quarantine") as batch_op:
        batch_op.add_column(sa.Column("settled_by", Id(), nullable=True))
        batch_op.add_column(sa.Column("settled_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("reason", sa.String(length=200), nullable=True))
    with op.batch_alter_table("contest") as batch_op:
        batch_op.add_column(sa.Column("settled_entry", Id(), nullable=True))
    op.create_index(
        "ix_contest_open", "contest", ["scope_id", "at_ms"], postgresql_where=_OPEN, sqlite_where=_OPEN
    )


def downgrade() -> None:
    op.drop_index("ix_contest_open", table_name="contest")
    with op.batch_alter_table("contest") as batch_op:
        batch_op.drop_column("settled_entry")
    with op.batch_alter_table("quarantine") as batch_op:
        batch_op.drop_column("reason")
        batch_op.drop_column("settled_ms")
        batch_op.drop_column("settled_by")
    op.drop_table("site_signal")
    op.drop_index("ix_site_watched_on", table_name="site")
    with op.batch_alter_table("site") as batch_op:
        batch_op.drop_column("watched_on")
    op.drop_table("notice")
    op.drop_table("digest")
    op.drop_table("channel")
    with op.batch_alter_table("flag") as batch_op:
        batch_op.drop_column("assignee_id")
    op.drop_index("ix_flag_step_asks", table_name="flag_step")
    op.drop_index("ix_flag_step_due", table_name="flag_step")
    op.execute("UPDATE flag_step SET done_ms = taken_ms WHERE done_ms IS NULL")
    with op.batch_alter_table("flag_step") as batch_op:
        batch_op.drop_column("asks")
        batch_op.drop_column("taken_ms")
    op.create_index(
        "ix_flag_step_due", "flag_step", ["due_ms"], postgresql_where=_NOT_DONE, sqlite_where=_NOT_DONE
    )
